#include "house.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define START_MS 5000000u

static void
at(uint64_t ms)
{
	clock_fake(START_MS + ms, 0);
}

static void
open_house(struct house *h, const char *lines)
{
	house_init(h, lines);
	at(0);
}

static void
close_house(struct house *h)
{
	clock_fake(0, 0);
	house_clear(h);
}

static bool
refused(struct house *h, const char *ip)
{
	const char *why;

	return penalties_refuse(&h->l, ip, &why);
}

/* ---- what is listed ---------------------------------------------------------- */

struct seen {
	const char *block;
	struct penalties_row row;
	size_t n;
};

static void
see(void *ctx, const struct penalties_row *row)
{
	struct seen *s = ctx;

	if (strcmp(row->block, s->block) != 0)
		return;
	s->row = *row;
	s->n++;
}

/* The row of a block; n is how often it is listed. */
static struct seen
listed(struct house *h, const char *block)
{
	struct seen s = {.block = block};

	penalties_list(&h->l, see, &s);
	return s;
}

/* ---- classes ------------------------------------------------------------------- */

static const struct {
	enum penalty why;
	const char *key, *preset, *reason;
} kinds[] = {
    {PENALTY_CRASH, "crash", "90.000", "caused crash"},
    {PENALTY_AUTHFAIL, "authfail", "5.000", "failed authentication"},
    {PENALTY_NOAUTH, "noauth", "1.000",
	"connections without attempting authentication"},
    {PENALTY_INVALIDUSER, "invaliduser", "5.000",
	"attempted authentication by invalid user"},
    {PENALTY_REFUSED, "refuseconnection", "10.000",
	"connection prohibited by RefuseConnection"},
    {PENALTY_GRACE, "grace-exceeded", "10.000", "exceeded LoginGraceTime"},
};
#define KINDS (int)(sizeof(kinds) / sizeof(kinds[0]))

START_TEST(every_class_has_its_amount_and_reason)
{
	char line[200], configuration[100];
	const char *why = "";
	struct house h;

	open_house(&h, "PerSourcePenalties min:0\n");
	penalties_charge(&h.l, "192.0.2.7", kinds[_i].why);
	snprintf(line, sizeof(line),
	    "INFO srclimit_penalise: ipv4: new 192.0.2.7/32 active penalty "
	    "of %s seconds for penalty: %s",
	    kinds[_i].preset, kinds[_i].reason);
	ck_assert(house_logged(&h, line));
	ck_assert(penalties_refuse(&h.l, "192.0.2.7", &why));
	ck_assert_str_eq(why + strlen("penalty: "), kinds[_i].reason);
	close_house(&h);

	snprintf(configuration, sizeof(configuration),
	    "PerSourcePenalties min:0 %s:7.25\n", kinds[_i].key);
	open_house(&h, configuration);
	penalties_charge(&h.l, "192.0.2.7", kinds[_i].why);
	ck_assert_uint_eq(listed(&h, "192.0.2.7/32").row.left_ms, 7250);
	close_house(&h);

	/* a class of no weight isn't one */
	snprintf(configuration, sizeof(configuration),
	    "PerSourcePenalties min:0 %s:0\n", kinds[_i].key);
	open_house(&h, configuration);
	penalties_charge(&h.l, "192.0.2.7", kinds[_i].why);
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	close_house(&h);
}
END_TEST

/* ---- sums ------------------------------------------------------------------------ */

START_TEST(nothing_is_enforced_until_the_sum_exceeds_min)
{
	struct house h;
	const char *why;
	uint64_t left;

	open_house(&h, "PerSourcePenalties authfail:5s min:15s\n");
	ck_assert(!penalties_look(&h.l, "192.0.2.7", &why, &left));
	ck_assert_uint_eq(left, 0);
	for (int i = 0; i < 3; i++) {
		penalties_charge(&h.l, "192.0.2.7", PENALTY_AUTHFAIL);
		ck_assert(!refused(&h, "192.0.2.7"));
	}
	ck_assert_uint_eq(penalties_count(&h.l, false), 1);
	ck_assert_uint_eq(penalties_count(&h.l, true), 0);
	ck_assert(!penalties_look(&h.l, "192.0.2.7", &why, &left));
	ck_assert_uint_eq(left, 15000);
	ck_assert_str_eq(why, "penalty: failed authentication");
	ck_assert(house_logged(&h,
	    "VERBOSE srclimit_penalise: ipv4: new 192.0.2.7/32 deferred "
	    "penalty of 5.000 seconds for penalty: failed authentication"));
	at(1);
	penalties_charge(&h.l, "192.0.2.7", PENALTY_NOAUTH);
	ck_assert(refused(&h, "192.0.2.7"));
	ck_assert(house_logged(&h,
	    "INFO srclimit_penalise: 192.0.2.7/32: activating ipv4 penalty of "
	    "15.999 seconds for penalty: connections without attempting "
	    "authentication"));
	ck_assert(penalties_look(&h.l, "192.0.2.7", &why, &left));
	ck_assert_uint_eq(left, 15999);
	/* once enforced, to its end */
	at(15999);
	ck_assert(refused(&h, "192.0.2.7"));
	at(16000);
	ck_assert(!refused(&h, "192.0.2.7"));
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	close_house(&h);
}
END_TEST

START_TEST(a_sum_has_a_ceiling)
{
	struct house h;

	open_house(&h, "PerSourcePenalties crash:40s max:100s\n");
	for (int i = 0; i < 20; i++)
		penalties_charge(&h.l, "2001:db8::7", PENALTY_CRASH);
	ck_assert_uint_eq(listed(&h, "2001:db8::7/128").row.left_ms, 100000);
	close_house(&h);
	/* of a single one, too */
	open_house(&h, "PerSourcePenalties crash:500s max:100s\n");
	penalties_charge(&h.l, "2001:db8::7", PENALTY_CRASH);
	ck_assert_uint_eq(listed(&h, "2001:db8::7/128").row.left_ms, 100000);
	close_house(&h);
}
END_TEST

/* ---- whom ------------------------------------------------------------------------- */

START_TEST(a_block_is_penalised_as_one)
{
	struct house h;

	open_house(&h, "PerSourceNetBlockSize 24:64\n");
	penalties_charge(&h.l, "192.0.2.7", PENALTY_CRASH);
	penalties_charge(&h.l, "2001:db8:0:1::7", PENALTY_CRASH);
	ck_assert(refused(&h, "192.0.2.200"));
	ck_assert(!refused(&h, "192.0.3.7"));
	ck_assert(refused(&h, "2001:db8:0:1:ffff::1"));
	ck_assert(!refused(&h, "2001:db8:0:2::7"));
	ck_assert_uint_eq(listed(&h, "192.0.2.0/24").n, 1);
	ck_assert_uint_eq(listed(&h, "2001:db8:0:1::/64").n, 1);
	close_house(&h);
}
END_TEST

START_TEST(the_exempt_are_never_penalised_nor_refused)
{
	struct house h;

	open_house(&h,
	    "PerSourcePenalties max-sources4:1 overflow:deny-all\n"
	    "PerSourcePenaltyExemptList 192.0.2.0/24,2001:db8::/32\n");
	penalties_charge(&h.l, "192.0.2.7", PENALTY_CRASH);
	penalties_charge(&h.l, "2001:db8::7", PENALTY_CRASH);
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	penalties_charge(&h.l, "203.0.113.9", PENALTY_CRASH);
	ck_assert(refused(&h, "203.0.113.10"));
	ck_assert(!refused(&h, "192.0.2.7"));
	close_house(&h);
}
END_TEST

START_TEST(switched_off_it_does_nothing)
{
	struct house h;

	open_house(&h, "PerSourcePenalties no\n");
	penalties_charge(&h.l, "192.0.2.7", PENALTY_CRASH);
	ck_assert(!refused(&h, "192.0.2.7"));
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	close_house(&h);
}
END_TEST

/* Two pipes have no address: nobody is to be blamed. */
START_TEST(who_has_no_address_is_nobody)
{
	struct house h;

	open_house(&h, "");
	penalties_charge(&h.l, "UNKNOWN", PENALTY_CRASH);
	ck_assert(!refused(&h, "UNKNOWN"));
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	close_house(&h);
}
END_TEST

/* ---- full tables --------------------------------------------------------------------- */

static const char *
numbered(char room[64], bool six, unsigned int i)
{
	if (six)
		snprintf(room, 64, "2001:db8::%x:%x", i >> 16, i & 0xffff);
	else
		snprintf(room, 64, "10.%u.%u.%u", i >> 16, i >> 8 & 255,
		    i & 255);
	return room;
}

/* However many come, there are never more; who is over first makes room. */
START_TEST(a_permissive_table_drops_the_earliest)
{
	char ip[64];
	struct house h;

	open_house(&h,
	    "PerSourcePenalties max-sources4:100 max-sources6:100 min:0\n");
	for (unsigned int i = 0; i < 5000; i++) {
		at(i);
		penalties_charge(&h.l, numbered(ip, _i, i), PENALTY_GRACE);
		ck_assert_uint_le(penalties_count(&h.l, false), 100);
	}
	for (unsigned int i = 4800; i < 5000; i++)
		ck_assert(refused(&h, numbered(ip, _i, i)) == (i >= 4900));
	close_house(&h);
}
END_TEST

START_TEST(a_full_table_may_refuse_everybody)
{
	const char *why = "";
	char ip[64];
	struct house h;

	open_house(&h, "PerSourcePenalties max-sources4:10 max-sources6:10 "
		       "overflow:deny-all overflow6:permissive\n");
	for (unsigned int i = 0; i < 50; i++) {
		penalties_charge(&h.l, numbered(ip, false, i), PENALTY_CRASH);
		penalties_charge(&h.l, numbered(ip, true, i), PENALTY_CRASH);
	}
	ck_assert_uint_eq(penalties_count(&h.l, false), 20);
	ck_assert(penalties_refuse(&h.l, "203.0.113.1", &why));
	ck_assert_str_eq(why, "too many penalised addresses");
	/* those who are in it keep their reason */
	ck_assert(penalties_refuse(&h.l, "10.0.0.0", &why));
	ck_assert_str_eq(why, "penalty: caused crash");
	/* the other family has a rule of its own */
	ck_assert(!refused(&h, "2001:db8:1::1"));
	at(90000);
	ck_assert(!refused(&h, "203.0.113.1"));
	close_house(&h);
}
END_TEST

/* ---- against a model, whatever happens in which order ----------------------------------- */

#define SOURCES 60
#define MIN_MS  15000u
#define MAX_MS  60000u

struct model {
	uint64_t until[SOURCES];
	bool active[SOURCES];
};

static const uint64_t amounts[PENALTY_CLASSES] = {[PENALTY_CRASH] = 90000,
    [PENALTY_AUTHFAIL] = 5000,
    [PENALTY_NOAUTH] = 1000,
    [PENALTY_INVALIDUSER] = 5000,
    [PENALTY_REFUSED] = 10000,
    [PENALTY_GRACE] = 10000};

static void
model_charge(struct model *m, unsigned int who, enum penalty why, uint64_t now)
{
	if (m->until[who] <= now) {
		m->until[who] = now;
		m->active[who] = false;
	}
	m->until[who] += amounts[why];
	if (m->until[who] > now + MAX_MS)
		m->until[who] = now + MAX_MS;
	if (m->until[who] - now > MIN_MS)
		m->active[who] = true;
}

static void
model_compare(struct house *h, const struct model *m, uint64_t now)
{
	char ip[64], block[80];
	size_t n = 0;

	for (unsigned int i = 0; i < SOURCES; i++) {
		struct seen s;

		snprintf(block, sizeof(block), "%s/32", numbered(ip, false, i));
		s = listed(h, block);
		ck_assert_uint_eq(s.n, m->until[i] > now);
		n += s.n;
		ck_assert(
		    refused(h, ip) == (m->until[i] > now && m->active[i]));
		if (s.n == 1)
			ck_assert_uint_eq(s.row.left_ms, m->until[i] - now);
	}
	ck_assert_uint_eq(penalties_count(&h->l, false), n);
}

START_TEST(the_table_is_right_whatever_happens)
{
	uint64_t now = START_MS;
	uint32_t random = 4711;
	struct model m = {0};
	struct house h;
	char ip[64];

	open_house(&h, "PerSourcePenalties max:60s\n");
	for (int i = 0; i < 4000; i++) {
		unsigned int who;
		enum penalty why;

		random = random * 1664525u + 1013904223u;
		who = random >> 8 & 63;
		why = (enum penalty)((random >> 16) % PENALTY_CLASSES);
		now += (random >> 24) * 8;
		at(now - START_MS);
		if (who < SOURCES) {
			penalties_charge(&h.l, numbered(ip, false, who), why);
			model_charge(&m, who, why, now);
		}
		if (i % 20 == 0)
			model_compare(&h, &m, now);
	}
	close_house(&h);
}
END_TEST

/* ---- clearing ------------------------------------------------------------------------------ */

START_TEST(penalties_are_cleared_by_block)
{
	static const struct {
		const char *text;
		size_t cleared;
	} cases[] = {
	    {"", 300},
	    {"10.0.0.5", 1},
	    {"10.0.0.0/24", 256},
	    {"10.0.0.0/16", 300},
	    {"0.0.0.0/0", 300},
	    {"10.9.0.0/16", 0},
	    {"::/0", 0},
	    {"10.0.0.77/32", 1},
	};
	char ip[64];
	struct house h;
	size_t n = 99;

	open_house(&h, "");
	for (unsigned int i = 0; i < 300; i++) {
		at(i * 7 % 31);
		penalties_charge(&h.l, numbered(ip, false, i), PENALTY_CRASH);
	}
	ck_assert_int_eq(penalties_clear(&h.l, slice_cstr(cases[_i].text), &n),
	    OK);
	ck_assert_uint_eq(n, cases[_i].cleared);
	ck_assert_uint_eq(penalties_count(&h.l, false), 300 - n);
	ck_assert(refused(&h, "10.0.0.5") != (n == 300 || n == 256 || _i == 1));
	close_house(&h);
}
END_TEST

START_TEST(nonsense_clears_nothing)
{
	static const char *const texts[] = {"x", "10.0.0.0/33", "10.0.0.0/",
	    "10.0.0.0/x", "/8", "2001:db8::/129", "10.0.0.0/8/8"};
	struct house h;
	size_t n = 99;

	open_house(&h, "");
	penalties_charge(&h.l, "10.0.0.5", PENALTY_CRASH);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_int_ne(penalties_clear(&h.l, slice_cstr(texts[i]),
				     &n),
		    OK);
		ck_assert_uint_eq(n, 0);
	}
	ck_assert(refused(&h, "10.0.0.5"));
	close_house(&h);
}
END_TEST

/* ---- across a reload ------------------------------------------------------------------------ */

static void export(struct house *h, struct buf *to)
{
	struct wr w = wr_into(to);

	penalties_export(&h->l, &w);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

static void
import(struct house *h, struct slice from, enum err expected)
{
	struct rd r = rd_from(from);

	penalties_import(&h->l, &r);
	ck_assert_int_eq(rd_end(&r), expected);
}

/* A house with some penalties, exported. */
static void
exported(struct buf *out)
{
	struct house h;
	char ip[64];

	open_house(&h, "");
	for (unsigned int i = 0; i < 200; i++) {
		at(i);
		penalties_charge(&h.l, numbered(ip, i & 1, i),
		    (enum penalty)(i % PENALTY_CLASSES));
	}
	export(&h, out);
	close_house(&h);
}

static void
gather(void *ctx, const struct penalties_row *row)
{
	uint64_t *sum = ctx;

	/* the same for the same rows, in whatever order */
	for (const char *p = row->block; *p != '\0'; p++)
		*sum += (uint64_t)*p * row->left_ms;
	*sum += row->active + (uint64_t)row->reason[strlen(row->reason) - 3];
}

START_TEST(penalties_survive_a_reload)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(1 << 20);
	SCOPED(buf_clear) struct buf again = BUF_LIMIT(1 << 20);
	uint64_t before = 0, after = 0;
	struct house h;

	exported(&text);
	open_house(&h, "");
	at(200);
	import(&h, buf_slice(&text), OK);
	ck_assert_uint_eq(penalties_count(&h.l, false), 200);
	penalties_list(&h.l, gather, &before);
	export(&h, &again);
	close_house(&h);
	open_house(&h, "");
	at(200);
	import(&h, buf_slice(&again), OK);
	penalties_list(&h.l, gather, &after);
	ck_assert(before == after);
	close_house(&h);
}
END_TEST

START_TEST(a_new_configuration_rules_what_survives)
{
	static const struct {
		const char *lines;
		size_t left;
	} cases[] = {
	    {"PerSourcePenalties no\n", 0},
	    /* one of 100 addresses that are one block now, of each family */
	    {"PerSourceNetBlockSize 16:64\n", 2},
	    {"PerSourcePenalties max-sources4:20 max-sources6:30\n", 50},
	    {"PerSourcePenalties max-sources4:20 max-sources6:30 "
	     "overflow:deny-all\n",
		50},
	};
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(1 << 20);
	struct house h;

	exported(&text);
	open_house(&h, cases[_i].lines);
	at(200);
	import(&h, buf_slice(&text), OK);
	ck_assert_uint_eq(penalties_count(&h.l, false), cases[_i].left);
	close_house(&h);
}
END_TEST

/* Whether 192.0.2.7 or another one was it isn't known any more. */
START_TEST(larger_blocks_of_before_are_forgotten)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(1 << 20);
	struct house h;

	open_house(&h, "PerSourceNetBlockSize 24\n");
	penalties_charge(&h.l, "192.0.2.7", PENALTY_CRASH);
	export(&h, &text);
	close_house(&h);
	open_house(&h, "");
	import(&h, buf_slice(&text), OK);
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	close_house(&h);
}
END_TEST

/* Cut anywhere, or of another version: no harm is done. */
START_TEST(what_cant_be_read_is_left_out)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(1 << 20);
	struct house h;

	exported(&text);
	open_house(&h, "");
	at(200);
	for (size_t n = 4; n < text.n; n += 13) {
		SCOPED(buf_clear) struct buf cut = BUF_LIMIT(1 << 20);
		struct wr w = wr_into(&cut);

		wr_string(&w, slice_make(text.p + 4, n - 4));
		ck_assert_int_eq(wr_end(&w, NULL), OK);
		import(&h, buf_slice(&cut), OK);
		ck_assert_uint_le(penalties_count(&h.l, false), 200);
	}
	close_house(&h);
	open_house(&h, "");
	text.p[7]++; /* the version's last octet */
	import(&h, buf_slice(&text), OK);
	ck_assert_uint_eq(penalties_count(&h.l, false), 0);
	import(&h, SLICE_NONE, ERR_SHORT);
	close_house(&h);
}
END_TEST

TCase *
check_penalties(void)
{
	TCase *tc = tcase_create("listener/penalties");

	tcase_add_loop_test(tc, every_class_has_its_amount_and_reason, 0,
	    KINDS);
	tcase_add_test(tc, nothing_is_enforced_until_the_sum_exceeds_min);
	tcase_add_test(tc, a_sum_has_a_ceiling);
	tcase_add_test(tc, a_block_is_penalised_as_one);
	tcase_add_test(tc, the_exempt_are_never_penalised_nor_refused);
	tcase_add_test(tc, switched_off_it_does_nothing);
	tcase_add_test(tc, who_has_no_address_is_nobody);
	tcase_add_loop_test(tc, a_permissive_table_drops_the_earliest, 0, 2);
	tcase_add_test(tc, a_full_table_may_refuse_everybody);
	tcase_add_test(tc, the_table_is_right_whatever_happens);
	tcase_add_loop_test(tc, penalties_are_cleared_by_block, 0, 8);
	tcase_add_test(tc, nonsense_clears_nothing);
	tcase_add_test(tc, penalties_survive_a_reload);
	tcase_add_loop_test(tc, a_new_configuration_rules_what_survives, 0, 4);
	tcase_add_test(tc, larger_blocks_of_before_are_forgotten);
	tcase_add_test(tc, what_cant_be_read_is_left_out);
	return tc;
}
