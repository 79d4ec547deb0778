#include "desk.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static enum err
find(struct desk *d, struct slice user, struct user_rep *rep)
{
	struct user_req req = {.user = user,
	    .service = SLICE_STR("ssh-connection")};

	*rep = (struct user_rep){.banner = {-1}};
	d->m.phase = PHASE_KEX;
	return on_find_user(&d->m, &req, rep);
}

static struct slice
myself(void)
{
	const struct passwd *p = getpwuid(getuid());

	ck_assert_ptr_nonnull(p);
	return slice_cstr(p->pw_name);
}

START_TEST(the_user_of_this_daemon_may_try)
{
	struct user_rep rep;
	struct desk d;

	desk_init(&d, "UsePAM no\nPermitRootLogin yes\n");
	ck_assert_int_eq(find(&d, myself(), &rep), OK);
	ck_assert(d.m.valid && d.m.account.known && !rep.refused);
	ck_assert_uint_eq(d.m.phase, PHASE_AUTH);
	ck_assert_ptr_nonnull(d.m.keycheck);
	ck_assert(
	    slice_is(rep.methods, "publickey,password,keyboard-interactive"));
	desk_clear(&d);
}
END_TEST

/* The same methods and processes for one who isn't there. */
START_TEST(an_unknown_one_is_answered_alike)
{
	struct user_rep rep;
	struct desk d;

	desk_init(&d, "UsePAM no\n");
	ck_assert_int_eq(find(&d, SLICE_STR("no such user"), &rep), OK);
	ck_assert(!d.m.valid && !d.m.account.known && !rep.refused);
	ck_assert_ptr_nonnull(d.m.keycheck);
	ck_assert(
	    slice_is(rep.methods, "publickey,password,keyboard-interactive"));
	desk_clear(&d);
}
END_TEST

START_TEST(a_style_is_cut_off)
{
	SCOPED(mem_free_at) char *name = mem_text(myself());
	SCOPED(mem_free_at) char *sent = mem_format("%s:style", name);
	struct user_rep rep;
	struct desk d;

	desk_init(&d, "UsePAM no\n");
	ck_assert_int_eq(find(&d, slice_cstr(sent), &rep), OK);
	ck_assert_str_eq(d.m.user, name);
	ck_assert_str_eq(d.m.user_sent, sent);
	ck_assert(d.m.valid);
	desk_clear(&d);
}
END_TEST

START_TEST(a_name_with_a_nul_or_without_end_ends_it)
{
	static char huge[USER_MAX + 1];
	struct user_rep rep;
	struct desk d;

	memset(huge, 'x', sizeof(huge));
	desk_init(&d, "UsePAM no\n");
	ck_assert_int_eq(find(&d, SLICE_STR("root\0x"), &rep), ERR_FORMAT);
	ck_assert_int_eq(find(&d, slice_make(huge, sizeof(huge)), &rep),
	    ERR_FORMAT);
	ck_assert_uint_eq(d.m.phase, PHASE_KEX);
	desk_clear(&d);
}
END_TEST

START_TEST(another_service_has_no_users)
{
	struct user_req req = {.user = myself(),
	    .service = SLICE_STR("ssh-other")};
	struct user_rep rep = {.banner = {-1}};
	struct desk d;

	desk_init(&d, "UsePAM no\n");
	ck_assert_int_eq(on_find_user(&d.m, &req, &rep), OK);
	ck_assert(!d.m.valid);
	desk_clear(&d);
}
END_TEST

START_TEST(match_decides_for_this_user)
{
	struct user_rep rep;
	struct desk d;

	desk_init(&d, "UsePAM no\nMatch User nosuch\nMaxAuthTries 2\n"
		      "PubkeyAuthentication no\n"
		      "Match Address 192.0.2.0/24 LocalPort 22\n"
		      "MaxAuthTries 9\nForceCommand x\n");
	ck_assert_int_eq(find(&d, SLICE_STR("nosuch"), &rep), OK);
	ck_assert_uint_eq(d.m.conf.max_auth_tries, 2);
	ck_assert_str_eq(d.m.conf.force_command, "x");
	ck_assert(slice_is(rep.methods, "password,keyboard-interactive"));
	ck_assert_ptr_null(d.m.keycheck);
	ck_assert_uint_gt(rep.matched.n, 0);
	desk_clear(&d);
}
END_TEST

/* The gate is told to end it; one that doesn't gets nobody in. */
START_TEST(a_refused_connection_stays_refused)
{
	struct user_rep rep;
	struct desk d;

	desk_init(&d, "UsePAM no\nRefuseConnection yes\n");
	ck_assert_int_eq(find(&d, myself(), &rep), OK);
	ck_assert(rep.refused);
	ck_assert(!d.m.valid);
	ck_assert(desk_said(&d, "administratively prohibited connection"));
	desk_clear(&d);
}
END_TEST

START_TEST(the_banner_is_a_sealed_file)
{
	char path[] = "/tmp/check-banner-XXXXXX";
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(1000);
	SCOPED(mem_free_at) char *lines = NULL;
	int fd = mkstemp(path);
	struct user_rep rep;
	struct desk d;

	ck_assert_int_eq(io_write_all(fd, SLICE_STR("Keep out\n")), OK);
	io_close(&fd);
	lines = mem_format("UsePAM no\nBanner %s\n", path);
	desk_init(&d, lines);
	ck_assert_int_eq(find(&d, SLICE_STR("x"), &rep), OK);
	ck_assert_int_ge(rep.banner.fd, 0);
	ck_assert_int_eq(memfile_read(rep.banner.fd, &text), OK);
	ck_assert(slice_is(buf_slice(&text), "Keep out\n"));
	io_close(&rep.banner.fd);
	unlink(path);
	desk_clear(&d);
	desk_init(&d, lines); /* gone now */
	ck_assert_int_eq(find(&d, SLICE_STR("x"), &rep), OK);
	ck_assert_int_eq(rep.banner.fd, -1);
	desk_clear(&d);
}
END_TEST

/* The table: a name is asked once, and nothing of the session before it. */
START_TEST(a_name_is_asked_once)
{
	struct user_req req = {.user = SLICE_STR("x"),
	    .service = SLICE_STR("ssh-connection")};
	struct desk d;

	desk_init(&d, "UsePAM no\n");
	desk_gate(&d);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(rpc_send(d.gate, MONITOR_find_user,
				     &layout_user_req, &req),
		    OK);
	d.m.phase = PHASE_KEX;
	ck_assert_int_eq(desk_serve(&d), OK);
	ck_assert_int_eq(desk_serve(&d), ERR_PHASE);
	desk_clear(&d);
}
END_TEST

START_TEST(a_gate_gets_nothing_of_a_sessions)
{
	static const uint32_t asked[] = {MONITOR_open_pty, MONITOR_login_record,
	    MONITOR_pty_done, MONITOR_prove_key, MONITOR_hand_over,
	    MONITOR_OP_COUNT, UINT32_MAX};
	struct empty_msg empty = {0};
	struct desk d;

	desk_init(&d, "UsePAM no\n");
	desk_gate(&d);
	ck_assert_int_eq(rpc_send(d.gate, asked[_i], &layout_empty_msg, &empty),
	    OK);
	ck_assert_int_eq(desk_serve(&d), ERR_PHASE);
	desk_clear(&d);
}
END_TEST

/* An empty password is looked for once a connection, and not where "none"
 * isn't due. */
START_TEST(none_is_tried_once_and_in_its_turn)
{
	static const struct none_req none;
	struct verdict_rep rep;
	struct desk d;

	desk_init(&d, _i ? "UsePAM no\nPermitEmptyPasswords yes\n"
			   "AuthenticationMethods publickey\n"
			 : "UsePAM no\nPermitEmptyPasswords yes\n");
	d.m.account.known = false;
	for (int turn = 0; turn < 2; turn++) {
		desk_forget_log(&d);
		ck_assert_int_eq(on_auth_none(&d.m, &none, &rep), OK);
		ck_assert_uint_eq(rep.verdict, VERDICT_FAILED);
		ck_assert_int_eq(desk_said(&d, "shadow information"),
		    _i == 0 && turn == 0);
	}
	desk_clear(&d);
}
END_TEST

TCase *
check_ops_user(void)
{
	TCase *tc = tcase_create("monitor/ops_user");

	tcase_add_test(tc, the_user_of_this_daemon_may_try);
	tcase_add_test(tc, an_unknown_one_is_answered_alike);
	tcase_add_test(tc, a_style_is_cut_off);
	tcase_add_test(tc, a_name_with_a_nul_or_without_end_ends_it);
	tcase_add_test(tc, another_service_has_no_users);
	tcase_add_test(tc, match_decides_for_this_user);
	tcase_add_test(tc, a_refused_connection_stays_refused);
	tcase_add_test(tc, the_banner_is_a_sealed_file);
	tcase_add_test(tc, a_name_is_asked_once);
	tcase_add_loop_test(tc, none_is_tried_once_and_in_its_turn, 0, 2);
	tcase_add_loop_test(tc, a_gate_gets_nothing_of_a_sessions, 0, 7);
	return tc;
}
