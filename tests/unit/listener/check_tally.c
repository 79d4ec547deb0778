#include "house.h"

#include "sallyport/base/mem.h"

#include <string.h>

static const struct facts_msg alice = {.user = {(const uint8_t *)"alice", 5},
    .method = {(const uint8_t *)"publickey", 9},
    .kex = {(const uint8_t *)"curve25519-sha256", 17},
    .hostkey = {(const uint8_t *)"ssh-ed25519", 11},
    .cipher = {(const uint8_t *)"aes128-ctr", 10},
    .wait_ms = 3,
    .kex_ms = 70000,
    .failed_password = 2};

static bool
says(struct house *h, bool openmetrics, const char *line)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(128 << 10);
	struct slice rest, one;

	ck_assert_int_eq(tally_write(&h->l, openmetrics, &text), OK);
	for (rest = buf_slice(&text); slice_next(&rest, '\n', &one);)
		if (slice_is(one, line))
			return true;
	return false;
}

START_TEST(a_login_counts_once_in_each_family)
{
	struct house h;

	house_init(&h, "");
	tally_facts(&h.l.tally, &alice);
	ck_assert(says(&h, true,
	    "sallyport_logins_total{method=\"publickey\","
	    "result=\"accepted\"} 1"));
	ck_assert(says(&h, true,
	    "sallyport_logins_total{method=\"password\",result=\"failed\"} "
	    "2"));
	ck_assert(says(&h, true,
	    "sallyport_handshakes_total{kind=\"cipher\","
	    "algorithm=\"aes128-ctr\"} 1"));
	ck_assert(says(&h, true,
	    "sallyport_login_phase_seconds_bucket{phase=\"waiting\","
	    "le=\"0.002\"} 0"));
	ck_assert(says(&h, true,
	    "sallyport_login_phase_seconds_bucket{phase=\"waiting\","
	    "le=\"0.005\"} 1"));
	ck_assert(says(&h, true,
	    "sallyport_login_phase_seconds_bucket{phase=\"key_exchange\","
	    "le=\"60.0\"} 0"));
	ck_assert(says(&h, true,
	    "sallyport_login_phase_seconds_sum{phase=\"key_exchange\"} "
	    "70.000"));
	house_clear(&h);
}
END_TEST

/* Who isn't let in has no times, and names no method. */
START_TEST(a_refusal_is_no_login)
{
	struct facts_msg f = {.refusal = SLICE_STR("allow_users")};
	struct house h;

	house_init(&h, "");
	tally_facts(&h.l.tally, &f);
	ck_assert(says(&h, true,
	    "sallyport_refused_accounts_total{reason=\"allow_users\"} 1"));
	ck_assert(says(&h, true,
	    "sallyport_login_phase_seconds_count{phase=\"waiting\"} 0"));
	house_clear(&h);
}
END_TEST

/* However many words come, the text doesn't grow without end. */
START_TEST(reasons_are_bounded)
{
	struct house h;
	uint64_t sum = 0;

	house_init(&h, "");
	for (int i = 0; i < 1000; i++) {
		SCOPED(mem_free_at) char *word = mem_format("word%d", i);
		struct facts_msg f = {.refusal = slice_cstr(word)};

		tally_facts(&h.l.tally, &f);
	}
	for (size_t i = 0; i < TALLY_REASONS; i++)
		sum += h.l.tally.reasons[i].n;
	ck_assert_uint_eq(sum, 1000);
	ck_assert_str_eq(h.l.tally.reasons[TALLY_REASONS - 1].word, "other");
	house_clear(&h);
}
END_TEST

START_TEST(unknown_names_count_nowhere)
{
	struct facts_msg f = alice;
	struct house h;

	house_init(&h, "");
	f.kex = SLICE_STR("a\"b\n");
	f.method = SLICE_STR("x\"y");
	tally_facts(&h.l.tally, &f);
	ck_assert_uint_eq(h.l.tally.accepted[TALLY_OTHER], 1);
	ck_assert(!says(&h, true, "a\"b"));
	house_clear(&h);
}
END_TEST

START_TEST(the_two_formats_differ_in_what_they_must)
{
	struct house h;

	house_init(&h, "");
	ck_assert(says(&h, true, "# EOF"));
	ck_assert(!says(&h, false, "# EOF"));
	ck_assert(says(&h, true, "# TYPE sallyport_logins counter"));
	ck_assert(says(&h, false, "# TYPE sallyport_logins_total counter"));
	ck_assert(says(&h, true, "# UNIT sallyport_session_bytes bytes"));
	ck_assert(says(&h, true, "# TYPE sallyport_build info"));
	house_clear(&h);
}
END_TEST

START_TEST(all_of_it_survives_a_reload)
{
	const struct outcome_msg end = {.outcome = OUTCOME_OK,
	    .sent = 1,
	    .received = 2};
	struct facts_msg f = {.refusal = SLICE_STR("locked")};
	SCOPED(buf_clear) struct buf state = BUF_EMPTY;
	struct wr w = wr_into(&state);
	struct tally t = {.reloads = 3, .connections = 4}, got = {0};
	struct rd r;

	tally_begin(&t);
	tally_facts(&t, &alice);
	tally_facts(&t, &f);
	tally_outcome(&t, &end);
	tally_export(&t, &w);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	r = rd_from(buf_slice(&state));
	tally_import(&got, &r);
	ck_assert_int_eq(rd_end(&r), OK);
	ck_assert_int_eq(memcmp(&t, &got, sizeof(t)), 0);
}
END_TEST

/* Of another image: its numbers are dropped, what follows them isn't. */
START_TEST(another_version_is_passed_over)
{
	static const char other[] = "\0\0\0\5\0\0\0\x63xEND";
	struct rd r = rd_from(SLICE_STR(other));
	struct tally t = {.reloads = 3};

	tally_import(&t, &r);
	ck_assert_uint_eq(t.reloads, 3);
	ck_assert(slice_is(rd_rest(&r), "END"));
}
END_TEST

TCase *
check_tally(void)
{
	TCase *tc = tcase_create("listener/tally");

	tcase_add_test(tc, a_login_counts_once_in_each_family);
	tcase_add_test(tc, a_refusal_is_no_login);
	tcase_add_test(tc, reasons_are_bounded);
	tcase_add_test(tc, unknown_names_count_nowhere);
	tcase_add_test(tc, the_two_formats_differ_in_what_they_must);
	tcase_add_test(tc, all_of_it_survives_a_reload);
	tcase_add_test(tc, another_version_is_passed_over);
	return tc;
}
