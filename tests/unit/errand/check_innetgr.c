#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/wr.h"

#include "errand/innetgr.h"

/* Netgroup "users" has the users called "a…", "hosts" every host. */
static int
database(const char *group, const char *host, const char *user,
    const char *domain)
{
	ck_assert_ptr_null(domain);
	ck_assert((host == NULL) != (user == NULL));
	if (strcmp(group, "hosts") == 0)
		return host != NULL;
	return strcmp(group, "users") == 0 && user != NULL && user[0] == 'a';
}

static void
put(struct buf *b, const char *group, const char *host, const char *user)
{
	struct wr w = wr_into(b);

	wr_cstr(&w, group);
	wr_cstr(&w, host);
	wr_cstr(&w, user);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

START_TEST(each_question_has_an_octet_of_answer)
{
	SCOPED(buf_clear) struct buf questions = BUF_EMPTY;
	SCOPED(buf_clear) struct buf answers = BUF_EMPTY;

	put(&questions, "hosts", "h", "");
	put(&questions, "users", "", "anna");
	put(&questions, "users", "", "bert");
	put(&questions, "none", "h", "");
	ck_assert_int_eq(innetgr_answer(database, buf_slice(&questions),
			     &answers),
	    OK);
	ck_assert(slice_equal(buf_slice(&answers), SLICE_STR("\1\1\0\0")));
}
END_TEST

static const struct {
	const char *group, *host, *user;
} wrong[] = {{"", "h", ""}, {"g", "", ""}, {"g", "h", "u"}};

/* "Anybody" is a question whose answer would let in anybody. */
START_TEST(a_question_is_about_one_host_or_one_user)
{
	SCOPED(buf_clear) struct buf questions = BUF_EMPTY;
	SCOPED(buf_clear) struct buf answers = BUF_EMPTY;

	put(&questions, wrong[_i].group, wrong[_i].host, wrong[_i].user);
	ck_assert_int_eq(innetgr_answer(database, buf_slice(&questions),
			     &answers),
	    ERR_FORMAT);
}
END_TEST

START_TEST(what_is_no_list_has_no_answers)
{
	SCOPED(buf_clear) struct buf questions = BUF_EMPTY;
	SCOPED(buf_clear) struct buf answers = BUF_EMPTY;

	put(&questions, "hosts", "h", "");
	for (size_t n = 1; n < questions.n; n++)
		ck_assert_int_ne(innetgr_answer(database,
				     slice_first(buf_slice(&questions), n),
				     &answers),
		    OK);
	answers = BUF_LIMIT(1);
	put(&questions, "hosts", "i", "");
	ck_assert_int_eq(innetgr_answer(database, buf_slice(&questions),
			     &answers),
	    ERR_TOO_LONG);
}
END_TEST

TCase *
check_innetgr(void)
{
	TCase *tc = tcase_create("errand/innetgr");

	tcase_add_test(tc, each_question_has_an_octet_of_answer);
	tcase_add_loop_test(tc, a_question_is_about_one_host_or_one_user, 0,
	    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, what_is_no_list_has_no_answers);
	return tc;
}
