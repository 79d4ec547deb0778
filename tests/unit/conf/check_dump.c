#include "fixture.h"
#include "keywords.h"
#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

/* Values that are awkward to write down again */
static const char *const texts[] = {
    "",
    "Port 1\nPort 2\nListenAddress ::1\nListenAddress n:5\nPort 3\n"
    "AddressFamily inet\n",
    "Banner \"/a b\"\nPidFile none\nHostKey none\nModuliFile '#x'\n",
    "Banner \"/a\\\"b\\\\c'd\"\nXAuthLocation \"=x\"\n",
    "ForceCommand = =a \"b #c\" 'x'\nVersionAddendum ==\n",
    "AuthorizedKeysFile none\nRevokedKeys none\nChannelTimeout none\n",
    "AuthorizedKeysFile \"a b\" '#c' =d ~/e\nRevokedKeys /x \"/y z\"\n",
    "AllowUsers \"a b\" '#c' =d\nDenyGroups \"\\\"\"\nAcceptEnv LC_* \\#x\n",
    "SetEnv A=1 \"B=2 3\" C=\"\\\"\" D=\n",
    "Subsystem sftp \"/a b\" -x '#y' z\nSubsystem \"n m\" x # c\n",
    "PerSourcePenalties crash:1.5 overflow:deny-all max-sources6:1\n",
    "PerSourcePenalties no\nPerSourceMaxStartups 3\nMaxStartups 5\n",
    "IPQoS 16 none\nRekeyLimit 1.5G 1w\nStreamLocalBindMask 0\n",
    "AuthenticationMethods publickey,password keyboard-interactive:pam\n"
    "PubkeyAuthOptions touch-required verify-required\n",
    "PermitOpen none\nPermitListen 80 [::1]:* Host:1\nPermitTunnel yes\n",
    "PermitUserEnvironment LANG,LC_*\nLogVerbose a:b:1 c\nLogLevel debug2\n",
    "Ciphers +aes128-cbc\nMACs ^hmac-md5\nHostKeyAlgorithms +ssh-rsa\n"
    "KexAlgorithms -sntrup*\nCASignatureAlgorithms ssh-ed25519\n",
    "AuthorizedKeysCommand /x \"%u\" %%\nAuthorizedKeysCommandUser u\n"
    "RDomain none\nHostKeyAgent SSH_AUTH_SOCK\nSecurityKeyProvider none\n",
    "Match all\nBanner /x\nPort 9\n",
};

START_TEST(a_dump_is_a_configuration_that_dumps_the_same)
{
	SCOPED(fixture_clear) struct fixture first = FIXTURE;
	SCOPED(fixture_clear) struct fixture again = FIXTURE;

	fixture_main(&first, texts[_i]);
	fixture_apply(&first, NULL);
	fixture_main(&again, fixture_dump(&first));
	fixture_apply(&again, NULL);
	ck_assert_str_eq(fixture_dump(&again), fixture_dump(&first));
}
END_TEST

START_TEST(keywords_are_in_lower_case_and_in_the_tables_order)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const struct keywords_row *row;
	struct slice rest;
	struct slice line;
	size_t last = 0;

	fixture_main(&f, "");
	fixture_apply(&f, NULL);
	rest = slice_cstr(fixture_dump(&f));
	while (slice_next(&rest, '\n', &line)) {
		struct slice name = slice_first(line, slice_find(line, ' '));
		SCOPED(mem_free_at) char *lower = mem_text(name);

		text_lower(lower);
		ck_assert(slice_is(name, lower));
		row = keywords_find(name);
		ck_assert_ptr_nonnull(row);
		ck_assert_uint_ge(keywords_place(row), last);
		last = keywords_place(row);
	}
}
END_TEST

/* Every setting that has a default is there, even where it is none. */
START_TEST(every_setting_with_a_default_is_printed)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const struct keywords_row *row;

	fixture_main(&f, "");
	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		SCOPED(mem_free_at) char *name = mem_strdup(row->name);

		text_lower(name);
		if (row->what == KEYWORDS_SETTING && row->preset != NULL)
			ck_assert_msg(fixture_value(&f, NULL, name)[0] != '\0',
			    "%s", name);
	}
}
END_TEST

START_TEST(stops_where_the_buffer_is_full)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(buf_clear) struct buf small = BUF_LIMIT(100);

	fixture_main(&f, "");
	ck_assert_int_eq(conf_dump(conf_global(f.set), &small), ERR_TOO_LONG);
}
END_TEST

TCase *check_dump(void);

TCase *
check_dump(void)
{
	TCase *tc = tcase_create("conf/dump");

	tcase_add_loop_test(tc, a_dump_is_a_configuration_that_dumps_the_same,
	    0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tc, keywords_are_in_lower_case_and_in_the_tables_order);
	tcase_add_test(tc, every_setting_with_a_default_is_printed);
	tcase_add_test(tc, stops_where_the_buffer_is_full);
	return tc;
}
