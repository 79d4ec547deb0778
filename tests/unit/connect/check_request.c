#include "peer.h"

/* A request's head, up to want_reply. */
static struct wr
begin(struct peer *p, uint32_t id, const char *name, bool want_reply)
{
	struct wr w = peer_begin(p, MSG_CHANNEL_REQUEST);

	wr_u32(&w, id);
	wr_cstr(&w, name);
	wr_bool(&w, want_reply);
	return w;
}

static void
write_pty(struct peer *p, uint32_t id)
{
	struct wr w = begin(p, id, "pty-req", true);

	wr_cstr(&w, "xterm");
	wr_u32(&w, 80);
	wr_u32(&w, 24);
	wr_u32(&w, 640);
	wr_u32(&w, 480);
	wr_cstr(&w, "modes");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

START_TEST(a_terminal_is_asked_for_with_all_its_fields)
{
	struct peer *p = peer_new(10);

	write_pty(p, channel_id(peer_session(p, 0)));
	ck_assert_int_eq(peer_give(p), OK);
	(void)peer_expect(p, MSG_CHANNEL_SUCCESS);
	ck_assert_int_eq(p->request.kind, REQUEST_PTY);
	ck_assert_uint_eq(p->request.cols, 80);
	ck_assert_uint_eq(p->request.rows, 24);
	ck_assert_uint_eq(p->request.width_pixels, 640);
	ck_assert_uint_eq(p->request.height_pixels, 480);
	ck_assert(slice_is(buf_slice(&p->names), "xterm|modes"));
	peer_free(p);
}
END_TEST

START_TEST(a_second_terminal_ends_the_connection)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));

	write_pty(p, id);
	ck_assert_int_eq(peer_give(p), OK);
	write_pty(p, id);
	ck_assert_int_eq(peer_give(p), ERR_PHASE);
	ck_assert_str_eq(connect_reason(p->c, ERR_PHASE),
	    "Protocol error: you already have a pty.");
	peer_free(p);
}
END_TEST

START_TEST(a_refused_terminal_may_be_asked_for_again)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));

	p->yes = false;
	for (int i = 0; i < 3; i++) {
		write_pty(p, id);
		ck_assert_int_eq(peer_give(p), OK);
		(void)peer_expect(p, MSG_CHANNEL_FAILURE);
	}
	peer_free(p);
}
END_TEST

/* Requests with one text or none, and when they are asked of the owner. */
static const struct {
	const char *name;
	const char *text; /* NULL: no field */
	enum request_kind kind;
	bool before, after;
} simple[] = {
    {"shell", NULL, REQUEST_SHELL, true, false},
    {"exec", "true", REQUEST_EXEC, true, false},
    {"subsystem", "sftp", REQUEST_SUBSYSTEM, true, false},
    {"signal", "TERM", REQUEST_SIGNAL, false, true},
    {"auth-agent-req@openssh.com", NULL, REQUEST_AGENT, true, false},
    {"agent-req", NULL, REQUEST_AGENT_CONNECT, true, false},
    {"eow@openssh.com", NULL, REQUEST_EOW, true, true},
};

static void
ask_simple(struct peer *p, uint32_t id, int i, bool asked)
{
	unsigned int before = p->requests;
	struct wr w = begin(p, id, simple[i].name, true);

	if (simple[i].text != NULL)
		wr_cstr(&w, simple[i].text);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_uint_eq(p->requests, before + (asked ? 1 : 0));
	(void)peer_expect(p, asked ? MSG_CHANNEL_SUCCESS : MSG_CHANNEL_FAILURE);
	if (asked)
		ck_assert_int_eq(p->request.kind, simple[i].kind);
}

START_TEST(requests_have_their_time)
{
	struct peer *p = peer_new(10);
	uint32_t before = channel_id(peer_session(p, 0));
	uint32_t after = channel_id(peer_session(p, 0));

	ck_assert_int_eq(peer_request(p, after, "shell"), OK);
	(void)peer_expect(p, MSG_CHANNEL_SUCCESS);
	ask_simple(p, before, _i, simple[_i].before);
	ask_simple(p, after, _i, simple[_i].after);
	peer_free(p);
}
END_TEST

START_TEST(a_program_that_did_not_start_may_be_tried_again)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));

	p->yes = false;
	ck_assert_int_eq(peer_request(p, id, "shell"), OK);
	(void)peer_expect(p, MSG_CHANNEL_FAILURE);
	p->yes = true;
	ck_assert_int_eq(peer_request(p, id, "shell"), OK);
	(void)peer_expect(p, MSG_CHANNEL_SUCCESS);
	peer_free(p);
}
END_TEST

START_TEST(variables_sizes_and_breaks_arrive)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));
	struct wr w = begin(p, id, "env", false);

	wr_cstr(&w, "LANG");
	wr_cstr(&w, "C.UTF-8");
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert(slice_is(buf_slice(&p->names), "LANG|C.UTF-8"));

	w = begin(p, id, "window-change", false);
	for (uint32_t i = 1; i <= 4; i++)
		wr_u32(&w, i);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_uint_eq(p->request.cols, 1);
	ck_assert_uint_eq(p->request.height_pixels, 4);

	w = begin(p, id, "break", false);
	wr_u32(&w, 500);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert_uint_eq(p->request.break_ms, 500);

	w = begin(p, id, "x11-req", false);
	wr_bool(&w, true);
	wr_cstr(&w, "MIT");
	wr_cstr(&w, "00ff");
	wr_u32(&w, 3);
	ck_assert_int_eq(peer_give(p), OK);
	ck_assert(slice_is(buf_slice(&p->names), "MIT|00ff"));
	ck_assert_uint_eq(p->request.screen, 3);
	peer_expect_nothing(p); /* nobody wanted an answer */
	peer_free(p);
}
END_TEST

START_TEST(an_unknown_request_fails_whatever_it_holds)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));
	struct wr w = begin(p, id, "xon-xoff", true);

	wr_raw(&w, SLICE_STR("\0\1\2 anything"));
	ck_assert_int_eq(peer_give(p), OK);
	(void)peer_expect(p, MSG_CHANNEL_FAILURE);
	w = begin(p, id, "keepalive@openssh.com", true);
	ck_assert_int_eq(peer_give(p), OK);
	(void)peer_expect(p, MSG_CHANNEL_FAILURE);
	w = begin(p, id, "nothing@example.org", false);
	ck_assert_int_eq(peer_give(p), OK);
	peer_expect_nothing(p);
	ck_assert_uint_eq(p->requests, 0);
	peer_free(p);
}
END_TEST

START_TEST(names_with_a_nul_are_refused)
{
	struct peer *p = peer_new(10);
	uint32_t id = channel_id(peer_session(p, 0));
	struct wr w = begin(p, id, "exec", true);

	wr_string(&w, SLICE_STR("true\0; false"));
	ck_assert_int_eq(peer_give(p), ERR_FORMAT);
	ck_assert_uint_eq(p->requests, 0);
	peer_free(p);
}
END_TEST

START_TEST(every_prefix_is_refused_and_so_is_more)
{
	struct peer *p = peer_new(10);
	struct buf whole = BUF_EMPTY;

	write_pty(p, channel_id(peer_session(p, 0)));
	ck_assert_int_eq(buf_append(&whole, buf_slice(&p->m)), OK);
	for (size_t n = 1; n < whole.n; n++)
		ck_assert_int_eq(connect_take(p->c,
				     slice_first(buf_slice(&whole), n)),
		    ERR_SHORT);
	ck_assert_int_eq(buf_append_cstr(&whole, "x"), OK);
	ck_assert_int_eq(connect_take(p->c, buf_slice(&whole)), ERR_TRAILING);
	ck_assert_uint_eq(p->requests, 0);
	buf_clear(&whole);
	peer_free(p);
}
END_TEST

TCase *
check_request(void)
{
	TCase *tc = tcase_create("connect/request");

	tcase_add_test(tc, a_terminal_is_asked_for_with_all_its_fields);
	tcase_add_test(tc, a_second_terminal_ends_the_connection);
	tcase_add_test(tc, a_refused_terminal_may_be_asked_for_again);
	tcase_add_loop_test(tc, requests_have_their_time, 0,
	    sizeof(simple) / sizeof(simple[0]));
	tcase_add_test(tc, a_program_that_did_not_start_may_be_tried_again);
	tcase_add_test(tc, variables_sizes_and_breaks_arrive);
	tcase_add_test(tc, an_unknown_request_fails_whatever_it_holds);
	tcase_add_test(tc, names_with_a_nul_are_refused);
	tcase_add_test(tc, every_prefix_is_refused_and_so_is_more);
	return tc;
}
