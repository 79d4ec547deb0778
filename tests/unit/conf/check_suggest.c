#include "suggest.h"

#include "keywords.h"
#include "suite.h"

#include "sallyport/base/mem.h"

static const struct {
	const char *typed;
	const char *meant; /* NULL: nothing is near */
} cases[] = {
    {"Prot", "Port"}, {"PermitRotLogin", "PermitRootLogin"},
    {"permitrootloginn", "PermitRootLogin"},
    {"PasswordAuthetication", "PasswordAuthentication"},
    {"PubkeyAuthentification", "PubkeyAuthentication"}, {"Cipher", "Ciphers"},
    {"LogLvel", "LogLevel"}, {"Mtach", "Match"}, {"Includ", "Include"},
    {"AllowUser", "AllowUsers"}, {"MaxAuth", "MaxAuthTries"}, /* begins so */
    {"Xyzzy", NULL}, {"Po", NULL}, {"", NULL},
    {"PasswordAuthenticationPasswordAuthentication", NULL},
    {"StrictHostKeyChecking", NULL}, /* the client's */
};

START_TEST(tells_what_was_meant)
{
	const char *meant = suggest_keyword(slice_cstr(cases[_i].typed));

	if (cases[_i].meant == NULL)
		ck_assert_ptr_null(meant);
	else
		ck_assert_pstr_eq(meant, cases[_i].meant);
}
END_TEST

/* Whichever letter is left out of a long name, it is found again. */
START_TEST(finds_a_name_without_one_of_its_letters)
{
	const struct keywords_row *row = keywords_row((size_t)_i);

	if (row == NULL || row->what != KEYWORDS_SETTING || row->text.n < 6)
		return;
	for (size_t i = 0; i < row->text.n; i++) {
		SCOPED(mem_free_at) char *typed = mem_strdup(row->name);
		const char *meant;

		memmove(typed + i, typed + i + 1, row->text.n - i);
		meant = suggest_keyword(slice_cstr(typed));

		ck_assert_msg(keywords_find(slice_cstr(typed)) != NULL ||
				  (meant != NULL &&
				      strcmp(meant, row->name) == 0),
		    "%s: %s", typed, meant);
	}
}
END_TEST

TCase *check_suggest(void);

TCase *
check_suggest(void)
{
	TCase *tc = tcase_create("conf/suggest");

	tcase_add_loop_test(tc, tells_what_was_meant, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tc, finds_a_name_without_one_of_its_letters, 0,
	    KEYWORDS_MAX);
	return tc;
}
