#include "world.h"

#include "sallyport/base/io.h"

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

static void
hang_up(void)
{
	if (w.out != w.in)
		io_close(&w.out);
	io_close(&w.in);
	w.out = -1;
}

#define PEER "192.0.2.7 port 4711"

/* ---- before there are packets ---- */

static const struct {
	const char *sent;
	const char *answer; /* plain text, or NULL */
	const char *lines[2];
} openings[] = {
    {"GET / HTTP/1.0\r\n", "Invalid SSH identification string.\r\n",
	{"VERBOSE kex_exchange_identification: client sent invalid protocol "
	 "identifier \"GET / HTTP/1.0\"",
	    "INFO banner exchange: Connection from " PEER ": invalid format"}},
    {"SSH-1.5-old\n", "Protocol major versions differ.\r\n",
	{"ERROR Protocol major versions differ: 2 vs. 1",
	    "INFO banner exchange: Connection from " PEER
	    ": could not read protocol version"}},
    {"SSH-2.0-Probe-3\r\n", NULL,
	{"INFO probed from " PEER " with SSH-2.0-Probe-3.  Don't panic.",
	    "INFO Connection closed by " PEER}},
    {"SSH-1.99-x_SSH_Version_Mapper\r\n", NULL,
	{"INFO scanned from " PEER
	 " with SSH-1.99-x_SSH_Version_Mapper.  Don't panic.",
	    "INFO Connection closed by " PEER}},
};

START_TEST(who_does_not_speak_ssh_is_told_so)
{
	w.raw = true;
	world_start(&w, false);
	world_write(&w, slice_cstr(openings[_i].sent));
	ck_assert_int_eq(world_end(&w), 1);
	for (size_t i = 0; i < 2; i++)
		ck_assert_msg(world_logged(&w, openings[_i].lines[i]), "%.*s",
		    (int)w.monitor.log.n, (const char *)w.monitor.log.p);
	if (openings[_i].answer != NULL)
		ck_assert(
		    slice_is(buf_slice(&w.client.in), openings[_i].answer));
	else
		ck_assert_uint_eq(w.client.in.n, 0);
}
END_TEST

START_TEST(over_pipes_it_is_the_same)
{
	w.raw = true;
	world_start(&w, true);
	ck_assert_int_eq(buf_append_cstr(&w.client.wire, openings[_i].sent),
	    OK);
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert(world_logged(&w, openings[_i].lines[1]));
}
END_TEST

START_TEST(closed_before_a_word)
{
	world_start(&w, false);
	hang_up();
	ck_assert_int_eq(world_end(&w), 0);
	ck_assert(world_logged(&w,
	    "VERBOSE kex_exchange_identification: Connection closed by remote "
	    "host"));
	ck_assert(world_logged(&w, "INFO Connection closed by " PEER));
}
END_TEST

/* A Unix socket tells a reset where octets were left unread. */
START_TEST(reset_before_a_word)
{
	w.planted = "unread";
	world_start(&w, false);
	hang_up();
	ck_assert_int_eq(world_end(&w), 0);
	ck_assert(world_logged(&w,
	    "ERROR kex_exchange_identification: read: Connection reset by "
	    "peer"));
	ck_assert(world_logged(&w, "INFO Connection reset by " PEER));
}
END_TEST

/* ---- negotiation ---- */

/* offers of a client that lacks something; and what the log says it was */
static const struct {
	struct client_options o;
	const char *line;
} offers[] = {
    {{.kex = "diffie-hellman-group1-sha1",
	 .hostkeys = "ssh-ed25519",
	 .ciphers = "aes128-ctr",
	 .macs = "hmac-sha2-256",
	 .comp = "none",
	 .version = CLIENT_VERSION},
	"INFO Unable to negotiate with " PEER
	": no matching key exchange method found. Their offer: "
	"diffie-hellman-group1-sha1"},
    {{.kex = "curve25519-sha256",
	 .hostkeys = "ecdsa-sha2-nistp256",
	 .ciphers = "aes128-ctr",
	 .macs = "hmac-sha2-256",
	 .comp = "none",
	 .version = CLIENT_VERSION},
	"INFO Unable to negotiate with " PEER
	": no matching host key type found. Their offer: "
	"ecdsa-sha2-nistp256"},
    {{.kex = "curve25519-sha256",
	 .hostkeys = "ssh-ed25519",
	 .ciphers = "aes128-cbc",
	 .macs = "hmac-sha2-256",
	 .comp = "none",
	 .version = CLIENT_VERSION},
	"INFO Unable to negotiate with " PEER
	": no matching cipher found. Their offer: aes128-cbc"},
    {{.kex = "curve25519-sha256",
	 .hostkeys = "ssh-ed25519",
	 .ciphers = "aes128-ctr",
	 .macs = "hmac-md5",
	 .comp = "none",
	 .version = CLIENT_VERSION},
	"INFO Unable to negotiate with " PEER
	": no matching MAC found. Their offer: hmac-md5"},
};

START_TEST(nothing_in_common)
{
	w.raw = true;
	w.client.o = offers[_i].o;
	world_start(&w, false);
	client_start(&w.client);
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert_msg(world_logged(&w, offers[_i].line), "%.*s",
	    (int)w.monitor.log.n, (const char *)w.monitor.log.p);
}
END_TEST

/* ---- goodbyes ---- */

START_TEST(closed_by_somebody_with_a_name)
{
	world_start(&w, false);
	world_service(&w);
	world_request(&w, "alice:style", "none", SLICE_NONE);
	hang_up();
	ck_assert_int_eq(world_end(&w), 0);
	ck_assert(world_logged(&w,
	    "INFO Connection closed by authenticating user alice " PEER));
}
END_TEST

START_TEST(a_name_cannot_pretend_to_be_a_line)
{
	world_start(&w, false);
	world_service(&w);
	world_request(&w, "a\nb\x1b", "none", SLICE_NONE);
	hang_up();
	ck_assert_int_eq(world_end(&w), 0);
	ck_assert_msg(world_logged(&w,
			  "INFO Connection closed by authenticating user "
			  "a\\nb\\033 " PEER),
	    "%.*s", (int)w.monitor.log.n, (const char *)w.monitor.log.p);
}
END_TEST

static void
check_disconnect(struct slice payload, const char *line)
{
	world_start(&w, false);
	world_service(&w);
	world_request(&w, NULL, "none", SLICE_NONE);
	client_send(&w.client, payload);
	ck_assert_int_eq(world_end(&w), 0);
	ck_assert_msg(world_logged(&w, line), "%.*s", (int)w.monitor.log.n,
	    (const char *)w.monitor.log.p);
	ck_assert(world_logged(&w,
	    "INFO Disconnected from authenticating user alice " PEER));
}

START_TEST(a_goodbye_is_no_error)
{
	check_disconnect(SLICE_STR("\1\0\0\0\13\0\0\0\3bye\0\0\0\0"),
	    "INFO Received disconnect from " PEER ":11: bye");
}
END_TEST

START_TEST(another_reason_is_one)
{
	check_disconnect(SLICE_STR("\1\0\0\0\2\0\0\0\3b\ne\0\0\0\0"),
	    "ERROR Received disconnect from " PEER ":2: b\\ne");
}
END_TEST

/* ---- we say goodbye ---- */

/* code and text of the SSH_MSG_DISCONNECT that came last */
static void
check_told(uint32_t code, const char *text)
{
	struct slice got, last = SLICE_NONE;
	struct rd r;

	while ((got = client_got(&w.client)).n > 0)
		last = got;
	r = rd_from(last);
	ck_assert_uint_eq(rd_u8(&r), MSG_DISCONNECT);
	ck_assert_uint_eq(rd_u32(&r), code);
	ck_assert(slice_is(rd_string(&r), text));
}

START_TEST(too_many_failures)
{
	world_start(&w, false);
	world_service(&w);
	w.monitor.verdict = VERDICT_TOO_MANY;
	world_request(&w, NULL, "none", SLICE_NONE);
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert(world_logged(&w,
	    "INFO Disconnecting authenticating user alice " PEER
	    ": Too many authentication failures"));
	check_told(2, "Too many authentication failures");
}
END_TEST

START_TEST(a_change_of_name)
{
	world_start(&w, false);
	world_service(&w);
	world_request(&w, "alice", "none", SLICE_NONE);
	world_request(&w, "root", "none", SLICE_NONE);
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert(world_logged(&w,
	    "INFO Disconnecting authenticating user alice " PEER
	    ": Change of username or service not allowed: "
	    "(alice,ssh-connection) -> (root,ssh-connection)"));
}
END_TEST

START_TEST(a_foreign_service)
{
	world_start(&w, false);
	client_start(&w.client);
	client_send(&w.client, SLICE_STR("\5\0\0\0\3ftp"));
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert(world_logged(&w,
	    "INFO Disconnecting " PEER ": bad service request ftp"));
	check_told(7, "bad service request ftp");
}
END_TEST

START_TEST(a_damaged_packet)
{
	world_start(&w, false);
	world_service(&w);
	client_send(&w.client, SLICE_STR("\2\0\0\0\4pad!"));
	w.client.wire.p[w.client.wire.n - 1] ^= 1;
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert(world_logged(&w, "INFO Corrupted MAC on input."));
	ck_assert(world_logged(&w,
	    "INFO ssh_dispatch_run_fatal: Connection from " PEER
	    ": message authentication code incorrect"));
	check_told(5, "Packet corrupt");
}
END_TEST

/* SEC-31: the peer isn't told what was wrong with it. */
START_TEST(a_damaged_length_is_answered_alike)
{
	struct client_options o = client_usual;

	o.ciphers = "aes128-gcm@openssh.com"; /* length in clear */
	w.client.o = o;
	world_start(&w, false);
	world_service(&w);
	client_send(&w.client, SLICE_STR("\2\0\0\0\4pad!"));
	w.client.wire.p[0] = 0x7f;
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert_msg(memmem(w.monitor.log.p, w.monitor.log.n,
			  "INFO Bad packet length 21", 25) != NULL,
	    "%.*s", (int)w.monitor.log.n, (const char *)w.monitor.log.p);
	check_told(5, "Packet corrupt");
}
END_TEST

START_TEST(a_message_out_of_its_phase)
{
	w.raw = true;
	world_start(&w, false);
	client_start(&w.client);
	client_put(&w.client, SLICE_STR("\2\0\0\0\0"));
	ck_assert_int_eq(world_end(&w), 1);
	ck_assert_msg(world_logged(&w,
			  "INFO Disconnecting " PEER
			  ": strict KEX violation: unexpected packet type 2 "
			  "(seqnr 1)"),
	    "%.*s", (int)w.monitor.log.n, (const char *)w.monitor.log.p);
}
END_TEST

TCase *
check_farewell(void)
{
	TCase *tc = tcase_create("gate/farewell");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, who_does_not_speak_ssh_is_told_so, 0,
	    sizeof(openings) / sizeof(openings[0]));
	tcase_add_loop_test(tc, over_pipes_it_is_the_same, 0,
	    sizeof(openings) / sizeof(openings[0]));
	tcase_add_test(tc, closed_before_a_word);
	tcase_add_test(tc, reset_before_a_word);
	tcase_add_loop_test(tc, nothing_in_common, 0,
	    sizeof(offers) / sizeof(offers[0]));
	tcase_add_test(tc, closed_by_somebody_with_a_name);
	tcase_add_test(tc, a_name_cannot_pretend_to_be_a_line);
	tcase_add_test(tc, a_goodbye_is_no_error);
	tcase_add_test(tc, another_reason_is_one);
	tcase_add_test(tc, too_many_failures);
	tcase_add_test(tc, a_change_of_name);
	tcase_add_test(tc, a_foreign_service);
	tcase_add_test(tc, a_damaged_packet);
	tcase_add_test(tc, a_damaged_length_is_answered_alike);
	tcase_add_test(tc, a_message_out_of_its_phase);
	return tc;
}
