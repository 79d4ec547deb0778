#include "house.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- blocks ------------------------------------------------------------------- */

START_TEST(a_block_is_a_net_of_the_configured_size)
{
	static const struct {
		const char *lines, *a, *b;
		bool same;
	} pairs[] = {
	    {"", "192.0.2.1", "192.0.2.1", true},
	    {"", "192.0.2.1", "192.0.2.2", false},
	    {"PerSourceNetBlockSize 24:64\n", "192.0.2.1", "192.0.2.254", true},
	    {"PerSourceNetBlockSize 24:64\n", "192.0.2.1", "192.0.3.1", false},
	    {"PerSourceNetBlockSize 24:64\n", "2001:db8::1", "2001:db8::ffff:1",
		true},
	    {"PerSourceNetBlockSize 24:64\n", "2001:db8::1", "2001:db8:0:1::1",
		false},
	    {"PerSourceNetBlockSize 0:0\n", "192.0.2.1", "203.0.113.9", true},
	    {"PerSourceNetBlockSize 0:0\n", "192.0.2.1", "2001:db8::1", false},
	    {"", "UNKNOWN", "UNKNOWN", true},
	};
	struct house h;
	struct client *a, *b;

	house_init(&h, pairs[_i].lines);
	a = house_client(&h, pairs[_i].a, CLIENT_SILENT);
	b = house_client(&h, pairs[_i].b, CLIENT_SILENT);
	ck_assert((a->block == b->block) == pairs[_i].same);
	house_clear(&h);
}
END_TEST

/* ---- counting: against a model, whatever happens in which order ------------------ */

#define SOURCES 7

struct model {
	uint32_t silent[SOURCES], speaking[SOURCES];
};

static void
compare(struct house *h, const struct model *m)
{
	uint32_t silent = 0, speaking = 0;
	char ip[32];

	for (int i = 0; i < SOURCES; i++) {
		const struct block *b;

		silent += m->silent[i];
		speaking += m->speaking[i];
		if (m->silent[i] + m->speaking[i] == 0)
			continue;
		snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		b = admit_block(&h->l, ip);
		ck_assert_uint_eq(b->silent, m->silent[i]);
		ck_assert_uint_eq(b->before_login,
		    m->silent[i] + m->speaking[i]);
	}
	ck_assert_uint_eq(h->l.silent, silent);
	ck_assert_uint_eq(h->l.speaking, speaking);
}

static int
source_of(const struct client *c)
{
	return c->peer_ip[strlen(c->peer_ip) - 1] - '0';
}

static struct client *
any_client(struct house *h, uint32_t which)
{
	struct link *it = h->l.clients.next;

	for (; which > 0 && it->next != &h->l.clients; which--)
		it = it->next;
	return it == &h->l.clients ? NULL : LIST_ITEM(it, struct client, all);
}

static void
one_event(struct house *h, struct model *m, uint32_t random)
{
	struct client *c = any_client(h, random / 8 % 40);
	char ip[32];
	int i;

	if (random % 8 < 4 || c == NULL) {
		i = (int)(random / 8 % SOURCES);
		snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		house_client(h, ip, CLIENT_SILENT);
		m->silent[i]++;
		return;
	}
	i = source_of(c);
	if (random % 8 < 6 && c->state == CLIENT_SILENT) {
		admit_silent_over(&h->l, c);
		c->state = CLIENT_QUEUED;
		m->silent[i]--;
		m->speaking[i]++;
		return;
	}
	if (c->state == CLIENT_SILENT)
		m->silent[i]--;
	else
		m->speaking[i]--;
	waiting_free(c);
}

START_TEST(counts_are_right_whatever_happens)
{
	uint32_t random = 12345;
	struct model m = {0};
	struct house h;

	house_init(&h, "");
	for (int i = 0; i < 3000; i++) {
		random = random * 1664525u + 1013904223u;
		one_event(&h, &m, random >> 8);
		if (i % 10 == 0)
			compare(&h, &m);
	}
	compare(&h, &m);
	while (!list_empty(&h.l.clients))
		waiting_free(any_client(&h, 0));
	ck_assert_uint_eq(h.l.silent, 0);
	ck_assert_uint_eq(h.l.speaking, 0);
	house_clear(&h);
}
END_TEST

/* ---- whom to give up ------------------------------------------------------------- */

START_TEST(below_the_bound_nobody_is_given_up)
{
	struct house h;

	house_init(&h, "");
	h.l.silent_max = 3;
	for (int i = 0; i < 3; i++) {
		ck_assert_ptr_null(admit_victim(&h.l));
		house_client(&h, "192.0.2.1", CLIENT_SILENT);
	}
	ck_assert_ptr_nonnull(admit_victim(&h.l));
	house_clear(&h);
}
END_TEST

/* Thousands of one block, and one each of others: the others stay. */
START_TEST(the_fullest_blocks_oldest_goes_first)
{
	struct client *first, *lone;
	char ip[32];
	struct house h;

	house_init(&h, "");
	h.l.silent_max = 100;
	lone = house_client(&h, "203.0.113.9", CLIENT_SILENT);
	first = house_client(&h, "192.0.2.1", CLIENT_SILENT);
	for (int i = 0; i < 98; i++)
		house_client(&h, "192.0.2.1", CLIENT_SILENT);
	ck_assert_ptr_eq(admit_victim(&h.l), first);
	for (int i = 0; i < 90; i++) {
		struct client *victim = admit_victim(&h.l);

		ck_assert_ptr_nonnull(victim);
		ck_assert_str_eq(victim->peer_ip, "192.0.2.1");
		ck_assert_ptr_ne(victim, lone);
		waiting_free(victim);
		snprintf(ip, sizeof(ip), "198.51.100.%d", i);
		house_client(&h, ip, CLIENT_SILENT);
	}
	house_clear(&h);
}
END_TEST

/* Above a few hundred, blocks count as equally full; still one of them. */
START_TEST(more_than_the_places_by_count)
{
	struct house h;

	house_init(&h, "");
	h.l.silent_max = 700;
	for (int i = 0; i < 400; i++)
		house_client(&h, "192.0.2.1", CLIENT_SILENT);
	for (int i = 0; i < 299; i++)
		house_client(&h, "192.0.2.2", CLIENT_SILENT);
	house_client(&h, "203.0.113.9", CLIENT_SILENT);
	ck_assert_ptr_nonnull(admit_victim(&h.l));
	ck_assert_str_ne(admit_victim(&h.l)->peer_ip, "203.0.113.9");
	house_clear(&h);
}
END_TEST

START_TEST(who_spoke_isnt_given_up)
{
	struct client *c;
	struct house h;

	house_init(&h, "");
	h.l.silent_max = 2;
	c = house_client(&h, "192.0.2.1", CLIENT_SILENT);
	house_client(&h, "192.0.2.1", CLIENT_SILENT);
	admit_silent_over(&h.l, c);
	c->state = CLIENT_QUEUED;
	ck_assert_ptr_null(admit_victim(&h.l));
	house_client(&h, "192.0.2.1", CLIENT_SILENT);
	ck_assert_ptr_ne(admit_victim(&h.l), c);
	house_clear(&h);
}
END_TEST

/* ---- MaxStartups, PerSourceMaxStartups --------------------------------------------- */

/* Of 1000 who drew, how many come in while n speak? */
static int
admitted(struct house *h, uint32_t n)
{
	struct admit_refusal why;
	int in = 0;

	for (int i = 0; i < 1000; i++) {
		struct client *c = house_client(h, "192.0.2.1", CLIENT_SILENT);
		bool later;

		h->l.speaking = n;
		in += admit_at_accept(&h->l, c, &why);
		/* asked again at its first octet, the answer is the same */
		later = admit_at_first_octet(&h->l, c, &why);
		ck_assert(later == admit_at_accept(&h->l, c, &why));
		h->l.speaking = 0;
		waiting_free(c);
	}
	return in;
}

START_TEST(max_startups_has_a_begin_a_rate_and_an_end)
{
	struct house h;

	house_init(&h, "MaxStartups 10:30:60\n");
	ck_assert_int_eq(admitted(&h, 0), 1000);
	ck_assert_int_eq(admitted(&h, 9), 1000);
	ck_assert_int_le(abs(admitted(&h, 10) - 700), 100);
	ck_assert_int_le(abs(admitted(&h, 35) - 350), 100);
	ck_assert_int_eq(admitted(&h, 60), 0);
	ck_assert_int_eq(admitted(&h, 100000), 0);
	house_clear(&h);
}
END_TEST

START_TEST(max_startups_without_a_rate_is_a_wall)
{
	struct house h;

	house_init(&h, "MaxStartups 5\n");
	ck_assert_int_eq(admitted(&h, 4), 1000);
	ck_assert_int_eq(admitted(&h, 5), 0);
	house_clear(&h);
	house_init(&h, "MaxStartups 10:30:60\n");
	h.l.speaking = 9;
	ck_assert_uint_eq(admit_chance(&h.l), 0);
	h.l.speaking = 10;
	ck_assert_uint_eq(admit_chance(&h.l), 30);
	h.l.speaking = 60;
	ck_assert_uint_eq(admit_chance(&h.l), 100);
	h.l.speaking = 0;
	house_clear(&h);
	house_init(&h, "MaxStartups 5:100:50\n");
	ck_assert_int_eq(admitted(&h, 4), 1000);
	ck_assert_int_eq(admitted(&h, 5), 0);
	house_clear(&h);
}
END_TEST

/* The silent have their own bound: they shut nobody out. */
START_TEST(the_silent_arent_counted_by_max_startups)
{
	struct admit_refusal why;
	struct client *c;
	struct house h;

	house_init(&h, "MaxStartups 5\n");
	for (int i = 0; i < 500; i++)
		house_client(&h, "192.0.2.1", CLIENT_SILENT);
	c = house_client(&h, "192.0.2.1", CLIENT_SILENT);
	ck_assert(admit_at_accept(&h.l, c, &why));
	ck_assert(admit_at_first_octet(&h.l, c, &why));
	h.l.speaking = 5;
	ck_assert(!admit_at_first_octet(&h.l, c, &why));
	ck_assert_str_eq(why.reason, "Maxstartups");
	ck_assert_int_eq(why.kind, DROP_STARTUPS);
	h.l.speaking = 0;
	house_clear(&h);
}
END_TEST

/* Would one more of this address come in? */
static bool
comes_in(struct house *h, const char *ip, struct admit_refusal *why)
{
	struct client c = {.block = admit_block(&h->l, ip), .draw = 99};

	snprintf(c.peer_ip, sizeof(c.peer_ip), "%s", ip);
	return admit_at_accept(&h->l, &c, why);
}

START_TEST(a_source_has_its_bound)
{
	struct admit_refusal why = {0};
	struct house h;

	house_init(&h, "PerSourceMaxStartups 3\n");
	house_client(&h, "192.0.2.1", CLIENT_SILENT);
	house_client(&h, "192.0.2.1", CLIENT_FORKED);
	ck_assert(comes_in(&h, "192.0.2.1", &why));
	house_client(&h, "192.0.2.1", CLIENT_SILENT);
	ck_assert(!comes_in(&h, "192.0.2.1", &why));
	ck_assert_str_eq(why.reason, "PerSourceMaxStartups");
	ck_assert_int_eq(why.kind, DROP_PER_SOURCE);
	ck_assert(comes_in(&h, "192.0.2.2", &why));
	ck_assert_uint_eq(admit_here(&h.l, "192.0.2.1"), 3);
	ck_assert_uint_eq(admit_here(&h.l, "192.0.2.3"), 0);
	house_clear(&h);
}
END_TEST

/* A penalty comes before all counts. */
START_TEST(who_is_penalised_stays_out)
{
	struct admit_refusal why = {0};
	struct house h;

	house_init(&h, "MaxStartups 1\n");
	penalties_charge(&h.l, "192.0.2.1", PENALTY_CRASH);
	h.l.speaking = 1;
	ck_assert(!comes_in(&h, "192.0.2.1", &why));
	ck_assert_int_eq(why.kind, DROP_PENALTY);
	ck_assert_str_eq(why.reason, "penalty: caused crash");
	ck_assert(!comes_in(&h, "192.0.2.2", &why));
	ck_assert_int_eq(why.kind, DROP_STARTUPS);
	h.l.speaking = 0;
	ck_assert(comes_in(&h, "192.0.2.2", &why));
	house_clear(&h);
}
END_TEST

/* ---- the log ---------------------------------------------------------------------------- */

static size_t
lines(const struct house *h, const char *part)
{
	struct slice rest = buf_slice(&h->log), one;
	size_t n = 0;

	while (slice_next(&rest, '\n', &one))
		n += memmem(one.p, one.n, part, strlen(part)) != NULL;
	return n;
}

static const struct {
	enum drop kind;
	const char *reason, *name;
	size_t told;     /* at once, before lines are withheld */
	uint64_t sum_ms; /* how long until a sum of the others */
} drops[] = {
    {DROP_STARTUPS, "Maxstartups", "Maxstartups", 3, 300000},
    {DROP_PER_SOURCE, "PerSourceMaxStartups", "Maxstartups", 3, 300000},
    {DROP_PENALTY, "penalty: caused crash", "PerSourcePenalties", 7, 120000},
};

static void
drop(struct house *h, int n)
{
	struct admit_refusal why = {drops[h->cmd.argc].kind,
	    drops[h->cmd.argc].reason};
	struct client *c = house_client(h, "192.0.2.7", CLIENT_SILENT);

	h->l.speaking = 100;
	while (n-- > 0)
		admit_drop(&h->l, c, &why);
	h->l.speaking = 0;
	waiting_free(c);
}

START_TEST(drops_are_told_until_there_are_too_many)
{
	char line[200];
	uint64_t now = 1000000;
	struct house h;

	house_init(&h, "");
	h.cmd.argc = _i; /* which of drops */
	clock_fake(now, 0);
	drop(&h, 500);
	snprintf(line, sizeof(line),
	    "INFO drop connection #100 from [192.0.2.7]:4711 on "
	    "[192.0.2.1]:22 %s",
	    drops[_i].reason);
	ck_assert_uint_eq(lines(&h, line), drops[_i].told);
	ck_assert_uint_eq(h.l.drops[drops[_i].kind], 500);
	/* as long as it lasts, a sum of them now and then */
	for (uint64_t end = now + drops[_i].sum_ms; now < end; now += 10000) {
		clock_fake(now, 0);
		loop_turn(h.l.loop, 0);
		ck_assert_uint_eq(lines(&h, "rate-limited"), 0);
		drop(&h, 100);
	}
	clock_fake(now, 0);
	loop_turn(h.l.loop, 0);
	snprintf(line, sizeof(line),
	    "INFO [%s] logging rate-limited: additional %u connections dropped",
	    drops[_i].name,
	    (unsigned int)(500 - drops[_i].told + drops[_i].sum_ms / 100));
	ck_assert(house_logged(&h, line));
	/* and when it is over; then each is told again */
	drop(&h, 1);
	clock_fake(now + 61000, 0);
	loop_turn(h.l.loop, 0);
	ck_assert_uint_eq(lines(&h, "additional 1 connections"), 1);
	drop(&h, 1);
	ck_assert_uint_eq(lines(&h, "drop connection"), drops[_i].told + 1);
	clock_fake(0, 0);
	house_clear(&h);
}
END_TEST

START_TEST(a_drop_now_and_then_is_always_told)
{
	struct house h;

	house_init(&h, "");
	h.cmd.argc = 0;
	for (unsigned int i = 0; i < 300; i++) {
		clock_fake(1000000 + i * 1000, 0);
		drop(&h, 1);
		loop_turn(h.l.loop, 0);
	}
	ck_assert_uint_eq(lines(&h, "drop connection"), 300);
	clock_fake(0, 0);
	house_clear(&h);
}
END_TEST

START_TEST(what_was_withheld_is_told_at_the_end)
{
	struct house h;

	house_init(&h, "");
	h.cmd.argc = 0;
	admit_drops_over(&h.l);
	ck_assert(!house_said(&h, "rate-limited"));
	drop(&h, 13);
	admit_drops_over(&h.l);
	ck_assert(house_said(&h, "additional 10 connections dropped"));
	house_clear(&h);
}
END_TEST

TCase *
check_admit(void)
{
	TCase *tc = tcase_create("listener/admit");

	tcase_add_loop_test(tc, a_block_is_a_net_of_the_configured_size, 0, 9);
	tcase_add_test(tc, counts_are_right_whatever_happens);
	tcase_add_test(tc, below_the_bound_nobody_is_given_up);
	tcase_add_test(tc, the_fullest_blocks_oldest_goes_first);
	tcase_add_test(tc, more_than_the_places_by_count);
	tcase_add_test(tc, who_spoke_isnt_given_up);
	tcase_add_test(tc, max_startups_has_a_begin_a_rate_and_an_end);
	tcase_add_test(tc, max_startups_without_a_rate_is_a_wall);
	tcase_add_test(tc, the_silent_arent_counted_by_max_startups);
	tcase_add_test(tc, a_source_has_its_bound);
	tcase_add_test(tc, who_is_penalised_stays_out);
	tcase_add_loop_test(tc, drops_are_told_until_there_are_too_many, 0, 3);
	tcase_add_test(tc, a_drop_now_and_then_is_always_told);
	tcase_add_test(tc, what_was_withheld_is_told_at_the_end);
	return tc;
}
