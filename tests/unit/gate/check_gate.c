#include "world.h"

#include "sallyport/base/io.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/sandbox.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct world w;

static void
set_up(void)
{
	world_init(&w, NULL);
}

static void
tear_down(void)
{
	world_clear(&w);
}

static const char password[] = "\0\0\0\0\6secret";

static void
log_in(bool pipes)
{
	world_start(&w, pipes);
	world_service(&w);
	world_request(&w, NULL, "none", SLICE_NONE);
	ck_assert_uint_eq(client_got(&w.client).p[0], MSG_USERAUTH_FAILURE);
	w.monitor.verdict = VERDICT_SUCCESS;
	world_request(&w, NULL, "password", SLICE_STR(password));
	ck_assert_uint_eq(client_got(&w.client).p[0], MSG_USERAUTH_SUCCESS);
}

/* The transport that was handed over. */
static struct transport *
imported(const struct transport_offer *offer, const struct transport_ops *ops)
{
	SCOPED(buf_clear) struct buf state = BUF_EMPTY;
	struct transport *t;

	ck_assert_int_ge(w.monitor.state, 0);
	ck_assert_int_eq(memfile_read(w.monitor.state, &state), OK);
	ck_assert_int_eq(transport_import(buf_slice(&state), offer, ops, &t),
	    OK);
	return t;
}

START_TEST(a_login_ends_with_the_transport_handed_over)
{
	struct transport_offer offer = {.version = SLICE_STR(SERVER_VERSION)};
	struct transport_ops ops = {.ctx = NULL};
	struct transport *t;
	struct slice payload;
	struct bytes room;

	log_in(false);
	ck_assert_int_eq(world_end(&w), 0);
	ck_assert_str_eq(world_asked(&w),
	    "find_user:alice none password:secret hand_over ");
	t = imported(&offer, &ops);
	ck_assert_int_eq(transport_next(t, 1, &payload), ERR_MORE);
	client_send(&w.client, SLICE_STR("\120hello"));
	ck_assert_int_eq(ring_room(transport_input(t), w.client.wire.n, &room),
	    OK);
	ring_filled(transport_input(t),
	    slice_copy(buf_slice(&w.client.wire), room));
	ck_assert_int_eq(transport_next(t, 1, &payload), OK);
	ck_assert(slice_is(payload, "Phello"));
	transport_free(t);
}
END_TEST

/* What was read behind the last request belongs to the session. */
START_TEST(octets_read_too_early_are_handed_over)
{
	struct transport_offer offer = {.version = SLICE_STR(SERVER_VERSION)};
	struct transport_ops ops = {.ctx = NULL};
	struct transport *t;
	struct slice payload;

	world_start(&w, false);
	world_service(&w);
	w.monitor.verdict = VERDICT_SUCCESS;
	client_send(&w.client,
	    SLICE_STR("\62\0\0\0\5alice\0\0\0\16ssh-connection"
		      "\0\0\0\4none"));
	client_send(&w.client, SLICE_STR("\120early"));
	ck_assert_int_eq(world_end(&w), 0);
	t = imported(&offer, &ops);
	ck_assert_int_eq(transport_next(t, 1, &payload), OK);
	ck_assert(slice_is(payload, "Pearly"));
	transport_free(t);
}
END_TEST

START_TEST(nothing_is_read_before_the_sandbox)
{
	world_start(&w, false);
	world_service(&w);
	ck_assert(sandbox_is_filtered(w.gate));
}
END_TEST

/* O_NONBLOCK is in the open file, which with -i is somebody else's, too. */
START_TEST(pipes_are_left_as_they_were_found)
{
	log_in(true);
	ck_assert_int_eq(world_end(&w), 0);
	ck_assert_int_eq(fcntl(w.gate_in, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(w.gate_out, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(the_monitor_gone_the_gate_goes)
{
	world_start(&w, false);
	world_service(&w);
	rpc_free(w.channel);
	w.channel = NULL;
	w.channel_open = false;
	ck_assert_int_eq(world_end(&w), 1);
}
END_TEST

START_TEST(a_login_may_arrive_octet_by_octet)
{
	world_start(&w, false);
	client_start(&w.client);
	while (w.client.wire.n > 0) {
		size_t n;

		ck_assert_int_eq(io_write(w.out,
				     slice_first(buf_slice(&w.client.wire), 1),
				     &n),
		    OK);
		buf_consume(&w.client.wire, 1);
	}
	client_send(&w.client, SLICE_STR("\5\0\0\0\14ssh-userauth"));
	world_run(&w);
	ck_assert_uint_eq(client_got(&w.client).p[0], MSG_SERVICE_ACCEPT);
}
END_TEST

/* After a pause the buffers are new ones; what was half there isn't lost. */
START_TEST(a_pause_changes_nothing)
{
	SCOPED(buf_clear) struct buf rest = BUF_EMPTY;

	world_start(&w, false);
	world_service(&w);
	client_send(&w.client,
	    SLICE_STR("\62\0\0\0\5alice\0\0\0\16ssh-connection"
		      "\0\0\0\4none"));
	ck_assert_int_eq(buf_append(&rest,
			     slice_skip(buf_slice(&w.client.wire), 20)),
	    OK);
	w.client.wire.n = 20;
	world_run(&w);
	usleep(300000);
	ck_assert_uint_eq(w.client.got.n, 0);
	world_write(&w, buf_slice(&rest));
	ck_assert_uint_eq(client_got(&w.client).p[0], MSG_USERAUTH_FAILURE);
}
END_TEST

/* Each of these packets wants an answer; the peer reads none of them. */
START_TEST(a_peer_that_does_not_read_is_not_read_from)
{
	size_t written = 0, n;

	world_start(&w, false);
	world_service(&w);
	for (int quiet = 0; quiet < 100 && written < 64u << 20;) {
		while (w.client.wire.n < 65536)
			client_send(&w.client, SLICE_STR("\310?"));
		if (io_write(w.out, buf_slice(&w.client.wire), &n) == OK) {
			buf_consume(&w.client.wire, n);
			written += n;
			quiet = 0;
		} else {
			usleep(10000);
			quiet++;
		}
	}
	ck_assert_uint_lt(written, 8u << 20);
	ck_assert_int_eq(waitpid(w.gate, NULL, WNOHANG), 0); /* it waits */
	w.client.wire.n = 0; /* it never gets there */
}
END_TEST

START_TEST(a_dialogue_goes_through_and_can_be_given_up)
{
	struct slice got;

	world_start(&w, false);
	world_service(&w);
	w.monitor.verdict = VERDICT_PROMPT;
	world_request(&w, NULL, "keyboard-interactive",
	    SLICE_STR("\0\0\0\0\0\0\0\0"));
	got = client_got(&w.client);
	ck_assert(
	    slice_equal(got, SLICE_STR("\74\0\0\0\4Name\0\0\0\0\0\0\0\0\0\0\0\1"
				       "\0\0\0\5Code?\1")));
	client_send(&w.client, SLICE_STR("\75\0\0\0\1\0\0\0\0011"));
	world_run(&w);
	ck_assert_uint_eq(client_got(&w.client).p[0],
	    MSG_USERAUTH_INFO_REQUEST);
	w.monitor.verdict = VERDICT_FAILED;
	world_request(&w, NULL, "none", SLICE_NONE);
	ck_assert_uint_eq(client_got(&w.client).p[0], MSG_USERAUTH_FAILURE);
	ck_assert_str_eq(world_asked(&w),
	    "find_user:alice start answer cancel none ");
}
END_TEST

TCase *
check_gate(void)
{
	TCase *tc = tcase_create("gate/gate");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_login_ends_with_the_transport_handed_over);
	tcase_add_test(tc, octets_read_too_early_are_handed_over);
	tcase_add_test(tc, nothing_is_read_before_the_sandbox);
	tcase_add_test(tc, pipes_are_left_as_they_were_found);
	tcase_add_test(tc, the_monitor_gone_the_gate_goes);
	tcase_add_test(tc, a_login_may_arrive_octet_by_octet);
	tcase_add_test(tc, a_pause_changes_nothing);
	tcase_add_test(tc, a_peer_that_does_not_read_is_not_read_from);
	tcase_add_test(tc, a_dialogue_goes_through_and_can_be_given_up);
	return tc;
}
