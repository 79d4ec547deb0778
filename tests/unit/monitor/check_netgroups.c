#include "desk.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/wr.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/spawn.h"

static struct desk d;
static struct buf questions;

static void
begin(const char *group, const char *host, const char *user)
{
	struct wr w = wr_into(&questions);

	ck_assert_int_eq(spawn_image_open(), OK);
	wr_cstr(&w, group);
	wr_cstr(&w, host);
	wr_cstr(&w, user);
	wr_cstr(&w, group);
	wr_cstr(&w, "no");
	wr_cstr(&w, "");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	desk_questions.questions = buf_slice(&questions);
	desk_init(&d, "HostbasedAuthentication yes\n");
	ops_key_start(&d.m);
}

static void
end(void)
{
	desk_clear(&d);
	buf_clear(&questions);
}

START_TEST(an_errand_answers)
{
	SCOPED(buf_clear) struct buf answers = BUF_LIMIT(64);
	SCOPED(io_close) int fd = -1;

	begin("group", "yes", "");
	ck_assert_int_eq(netgroups_run(&d.m, &fd), OK);
	ck_assert_int_eq(memfile_read(fd, &answers), OK);
	ck_assert(slice_equal(buf_slice(&answers), SLICE_STR("\1\0")));
	end();
}
END_TEST

START_TEST(one_that_dies_has_no_answer)
{
	int fd = 77;

	begin("crash", "yes", "");
	ck_assert_int_eq(netgroups_run(&d.m, &fd), OK);
	ck_assert_int_eq(fd, -1);
	ck_assert(desk_said(&d, "ERROR netgroups: "));
	end();
}
END_TEST

/* Whoever asks may be broken: it isn't carried further. */
START_TEST(what_are_no_words_is_not_asked)
{
	static const char *const words[] = {"a b", "a\nb", "\177", "\t"};
	int fd = -1;

	begin(words[_i], "yes", "");
	ck_assert_int_eq(netgroups_run(&d.m, &fd), ERR_RPC);
	end();
}
END_TEST

START_TEST(a_login_waits_for_them)
{
	const struct hostbased_req req = {.alg = SLICE_STR("ssh-ed25519"),
	    .blob = SLICE_STR("group"),
	    .client_host = SLICE_STR("host"),
	    .client_user = SLICE_STR("carol"),
	    .sig = SLICE_STR("sig")};
	struct verdict_rep rep;

	begin("group", "", "yes");
	ck_assert_int_eq(on_auth_hostbased(&d.m, &req, &rep), OK);
	ck_assert_int_eq(rep.verdict, VERDICT_SUCCESS);
	end();
}
END_TEST

TCase *
check_netgroups(void)
{
	TCase *tc = tcase_create("monitor/netgroups");

	tcase_add_test(tc, an_errand_answers);
	tcase_add_test(tc, one_that_dies_has_no_answer);
	tcase_add_loop_test(tc, what_are_no_words_is_not_asked, 0, 4);
	tcase_add_test(tc, a_login_waits_for_them);
	return tc;
}
