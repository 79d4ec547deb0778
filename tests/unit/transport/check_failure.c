#include "client.h"
#include "failure.h"
#include "inside.h"
#include "sallyport/base/mem.h"
#include "suite.h"

static const char *
text_of(struct pair *p, enum err e)
{
	const char *text;

	(void)transport_fail(p->t, e, &text);
	return text;
}

START_TEST(uses_the_logs_words)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	p.t->in.fault = 1349676916;
	ck_assert_str_eq(text_of(&p, ERR_PACKET_LENGTH),
	    "Bad packet length 1349676916.");
	p.t->in.fault = 13;
	p.t->in.unaligned = true;
	ck_assert_str_eq(text_of(&p, ERR_PACKET_LENGTH),
	    "padding error: need 13 block 8 mod 5");
	ck_assert_str_eq(text_of(&p, ERR_MAC), "Corrupted MAC on input.");
	ck_assert_str_eq(text_of(&p, ERR_PADDING),
	    "Corrupted padlen 13 on input.");
	ck_assert_str_eq(text_of(&p, ERR_NO_CIPHER),
	    "no matching cipher found");
}
END_TEST

START_TEST(names_the_message_that_was_not_allowed)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	p.t->fault_message = 94;
	p.t->in_seq = 7;
	ck_assert_str_eq(text_of(&p, ERR_PHASE),
	    "protocol error: rcvd type 94");
	ck_assert_str_eq(text_of(&p, ERR_STRICT_KEX),
	    "strict KEX violation: unexpected packet type 94 (seqnr 7)");
	p.t->phase = WHEN_REKEY;
	ck_assert_str_eq(text_of(&p, ERR_PHASE),
	    "non-transport message 94 received from peer during key exchange");
	p.t->late_kexinit = true;
	ck_assert_str_eq(text_of(&p, ERR_STRICT_KEX),
	    "strict KEX violation: KEXINIT was not the first packet");
}
END_TEST

START_TEST(says_nothing_in_packets_before_there_are_any)
{
	SCOPED(pair_clear) struct pair p;
	const char *text;

	pair_init(&p, NULL);
	ck_assert_uint_eq(transport_fail(p.t, ERR_VERSION, &text),
	    DISCONNECT_NONE);
	p.t->identified = true;
	ck_assert_uint_eq(transport_fail(p.t, ERR_MAC, &text),
	    DISCONNECT_MAC_ERROR);
	ck_assert_uint_eq(transport_fail(p.t, ERR_PEER_CLOSED, &text),
	    DISCONNECT_NONE);
}
END_TEST

START_TEST(has_a_text_for_every_error)
{
	SCOPED(pair_clear) struct pair p;

	pair_init(&p, NULL);
	for (int e = 0; e < ERR_COUNT; e++)
		ck_assert_uint_gt(strlen(text_of(&p, (enum err)e)), 0);
}
END_TEST

TCase *
check_failure(void)
{
	TCase *tc = tcase_create("transport/failure");

	tcase_add_test(tc, uses_the_logs_words);
	tcase_add_test(tc, names_the_message_that_was_not_allowed);
	tcase_add_test(tc, says_nothing_in_packets_before_there_are_any);
	tcase_add_test(tc, has_a_text_for_every_error);
	return tc;
}
