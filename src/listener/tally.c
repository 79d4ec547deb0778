/*
 * tally.c - what there is to count
 */
#include "tally.h"

#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/crypto/algo.h"

#include <stdio.h>
#include <string.h>

#define TALLY_VERSION 1

/* ---- counting ------------------------------------------------------------ */

static const char *const methods[TALLY_METHODS] = {
    [TALLY_PUBLICKEY] = "publickey",
    [TALLY_PASSWORD] = "password",
    [TALLY_KBDINT] = "keyboard-interactive",
    [TALLY_OTHER] = "other",
};

/* Upper bounds in milliseconds, and as the text has them. A login over a fast
 * line takes some 10; a password typed by hand, 10,000. */
static const struct {
	uint32_t ms;
	const char *seconds;
} bounds[TALLY_BUCKETS] = {{2, "0.002"}, {5, "0.005"}, {10, "0.01"},
    {25, "0.025"}, {50, "0.05"}, {100, "0.1"}, {250, "0.25"}, {1000, "1.0"},
    {5000, "5.0"}, {20000, "20.0"}, {60000, "60.0"}, {UINT32_MAX, "+Inf"}};

void
tally_begin(struct tally *t)
{
	t->started_s = (uint64_t)clock_wall_s();
	t->started_ms = clock_mono_ms();
}

static void
count_time(struct tally_times *t, uint32_t ms)
{
	size_t i = 0;

	while (ms > bounds[i].ms)
		i++;
	t->in[i]++;
	t->count++;
	t->sum_ms += ms;
}

static void
count_algorithm(struct tally *t, enum algo_kind kind, struct slice name)
{
	const struct algo *a = algo_find(kind, name);

	if (a != NULL && a->number < TALLY_ALGORITHMS)
		t->algorithms[a->number]++;
}

static enum tally_method
method_of(struct slice name)
{
	for (size_t i = 0; i < TALLY_OTHER; i++)
		if (slice_is(name, methods[i]))
			return (enum tally_method)i;
	return TALLY_OTHER;
}

static void
count_reason(struct tally *t, struct slice word, uint64_t n)
{
	struct tally_reason *r = t->reasons;
	struct tally_reason *last = r + TALLY_REASONS - 1;

	while (r < last && r->word[0] != '\0' && !slice_is(word, r->word))
		r++;
	if (r->word[0] == '\0' &&
	    (r == last || !slice_to_cstr(word, r->word, sizeof(r->word))))
		memcpy(r->word, "other", sizeof("other"));
	r->n += n;
}

void
tally_facts(struct tally *t, const struct facts_msg *f)
{
	count_algorithm(t, ALGO_KEX, f->kex);
	count_algorithm(t, ALGO_KEY, f->hostkey);
	count_algorithm(t, ALGO_CIPHER, f->cipher);
	t->failed[TALLY_PUBLICKEY] += f->failed_publickey;
	t->failed[TALLY_PASSWORD] += f->failed_password;
	t->failed[TALLY_KBDINT] += f->failed_kbdint;
	t->failed[TALLY_OTHER] += f->failed_other;
	if (f->refusal.n > 0)
		count_reason(t, f->refusal, 1);
	if (f->user.n == 0)
		return; /* half a way isn't a time of the whole */
	t->accepted[method_of(f->method)]++;
	count_time(&t->phases[TALLY_WAIT], f->wait_ms);
	count_time(&t->phases[TALLY_VERSION], f->version_ms);
	count_time(&t->phases[TALLY_KEX], f->kex_ms);
	count_time(&t->phases[TALLY_AUTH], f->auth_ms);
}

void
tally_outcome(struct tally *t, const struct outcome_msg *m)
{
	if (m->outcome < TALLY_OUTCOMES)
		t->outcomes[m->outcome]++;
	t->sent += m->sent;
	t->received += m->received;
}

/* ---- writing ------------------------------------------------------------- */

enum kind { COUNTER, GAUGE, HISTOGRAM };

/* Where text goes; the first error stays. */
struct page {
	struct buf *out;
	bool openmetrics;
	enum err err;
	const char *name; /* of the family that is being written */
	enum kind kind;
};

#define ADD(page, ...)                                                         \
	do {                                                                   \
		if ((page)->err == OK)                                         \
			(page)->err = buf_printf((page)->out, __VA_ARGS__);    \
	} while (0)

/* OpenMetrics names a counter's family without the "_total" of its samples. */
static void
family(struct page *p, const char *name, enum kind kind, const char *unit,
    const char *help)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};
	const char *end = kind == COUNTER && !p->openmetrics ? "_total" : "";

	p->name = name;
	p->kind = kind;
	ADD(p, "# HELP sallyport_%s%s %s\n", name, end, help);
	ADD(p, "# TYPE sallyport_%s%s %s\n", name, end, kinds[kind]);
	if (unit != NULL && p->openmetrics)
		ADD(p, "# UNIT sallyport_%s %s\n", name, unit);
}

/* label, if not NULL, is name="value" without quotes to be escaped. */
static void
sample(struct page *p, const char *label, uint64_t value)
{
	ADD(p, "sallyport_%s%s", p->name, p->kind == COUNTER ? "_total" : "");
	if (label != NULL)
		ADD(p, "{%s}", label);
	ADD(p, " %llu\n", (unsigned long long)value);
}

static void
sample_of(struct page *p, const char *name, const char *word, uint64_t value)
{
	char label[128];

	snprintf(label, sizeof(label), "%s=\"%.64s\"", name, word);
	sample(p, label, value);
}

static void
write_logins(struct page *p, const struct tally *t)
{
	char label[96];

	family(p, "logins", COUNTER, NULL,
	    "Attempts to authenticate, by method.");
	for (size_t i = 0; i < TALLY_METHODS; i++) {
		snprintf(label, sizeof(label),
		    "method=\"%s\",result=\"accepted\"", methods[i]);
		sample(p, label, t->accepted[i]);
		snprintf(label, sizeof(label),
		    "method=\"%s\",result=\"failed\"", methods[i]);
		sample(p, label, t->failed[i]);
	}
}

static void
write_refusals(struct page *p, const struct listener *l)
{
	static const char *const drops[DROP_KINDS] = {[DROP_STARTUPS] =
							  "max_startups",
	    [DROP_PER_SOURCE] = "per_source_max_startups",
	    [DROP_PENALTY] = "per_source_penalties"};
	const struct tally_reason *r = l->tally.reasons;

	family(p, "dropped_connections", COUNTER, NULL,
	    "Connections that weren't let in, by the rule.");
	for (size_t i = 0; i < DROP_KINDS; i++)
		sample_of(p, "reason", drops[i], l->drops[i]);
	family(p, "refused_accounts", COUNTER, NULL,
	    "Accounts that were not allowed to log in, by the reason.");
	for (; r < l->tally.reasons + TALLY_REASONS && r->word[0] != '\0'; r++)
		sample_of(p, "reason", r->word, r->n);
}

static void
write_phases(struct page *p, const struct tally *t)
{
	static const char *const names[TALLY_PHASES] = {[TALLY_WAIT] =
							    "waiting",
	    [TALLY_VERSION] = "identification",
	    [TALLY_KEX] = "key_exchange",
	    [TALLY_AUTH] = "authentication"};

	family(p, "login_phase_seconds", HISTOGRAM, "seconds",
	    "How long the phases of logins took.");
	for (size_t i = 0; i < TALLY_PHASES; i++) {
		const struct tally_times *times = &t->phases[i];
		uint64_t below = 0;

		for (size_t k = 0; k < TALLY_BUCKETS; k++) {
			below += times->in[k];
			ADD(p,
			    "sallyport_login_phase_seconds_bucket{phase=\"%s\","
			    "le=\"%s\"} %llu\n",
			    names[i], bounds[k].seconds,
			    (unsigned long long)below);
		}
		ADD(p,
		    "sallyport_login_phase_seconds_sum{phase=\"%s\"} "
		    "%llu.%03u\n",
		    names[i], (unsigned long long)(times->sum_ms / 1000),
		    (unsigned int)(times->sum_ms % 1000));
		ADD(p,
		    "sallyport_login_phase_seconds_count{phase=\"%s\"} %llu\n",
		    names[i], (unsigned long long)times->count);
	}
}

static void
write_handshakes(struct page *p, const struct tally *t)
{
	static const struct {
		enum algo_kind kind;
		const char *word;
	} kinds[] = {{ALGO_KEX, "kex"}, {ALGO_KEY, "hostkey"},
	    {ALGO_CIPHER, "cipher"}};
	const struct algo *a;
	char label[160];

	family(p, "handshakes", COUNTER, NULL,
	    "First key exchanges, by the algorithms that were agreed on.");
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
			if (a->kind != kinds[k].kind ||
			    a->number >= TALLY_ALGORITHMS ||
			    t->algorithms[a->number] == 0)
				continue;
			snprintf(label, sizeof(label),
			    "kind=\"%s\",algorithm=\"%s\"", kinds[k].word,
			    a->name);
			sample(p, label, t->algorithms[a->number]);
		}
}

static void
write_outcomes(struct page *p, const struct tally *t)
{
	static const char *const names[TALLY_OUTCOMES] = {[OUTCOME_OK] =
							      "session",
	    [OUTCOME_NOAUTH] = "no_attempt",
	    [OUTCOME_AUTHFAIL] = "failed",
	    [OUTCOME_INVALIDUSER] = "invalid_user",
	    [OUTCOME_CRASH] = "crash",
	    [OUTCOME_REFUSED] = "refused"};

	family(p, "ended_connections", COUNTER, NULL,
	    "Connections that had a process and ended, by what they came to.");
	for (size_t i = OUTCOME_OK; i < TALLY_OUTCOMES; i++)
		sample_of(p, "outcome", names[i], t->outcomes[i]);
	family(p, "session_bytes", COUNTER, "bytes",
	    "Octets of the sessions that ended.");
	sample_of(p, "direction", "sent", t->sent);
	sample_of(p, "direction", "received", t->received);
}

static uint64_t
count_sessions(const struct listener *l)
{
	uint64_t n = 0;

	LIST_EACH (it, &l->clients)
		if (LIST_ITEM(it, struct client, all)->state == CLIENT_IN)
			n++;
	return n;
}

static uint64_t
count_generations(const struct listener *l)
{
	uint64_t n = 0;

	LIST_EACH (it, &l->generations)
		n++;
	return n;
}

static void
write_present(struct page *p, struct listener *l)
{
	size_t enforced = penalties_count(l, true);

	family(p, "start_time_seconds", GAUGE, "seconds",
	    "When the service was started, since 1970; a reload is no start.");
	sample(p, NULL, l->tally.started_s);
	family(p, "connections", COUNTER, NULL, "Connections accepted.");
	sample(p, NULL, l->tally.connections);
	family(p, "connections_before_login", GAUGE, NULL,
	    "Connections whose user isn't in.");
	sample_of(p, "state", "silent", l->silent);
	sample_of(p, "state", "speaking", l->speaking);
	family(p, "sessions", GAUGE, NULL, "Connections whose user is in.");
	sample(p, NULL, count_sessions(l));
	family(p, "penalised_sources", GAUGE, NULL,
	    "Address blocks with a penalty.");
	sample_of(p, "state", "enforced", enforced);
	sample_of(p, "state", "counted", penalties_count(l, false) - enforced);
	family(p, "generations", COUNTER, NULL, "Spawners that were started.");
	sample(p, NULL, l->last_generation);
	family(p, "generations_alive", GAUGE, NULL,
	    "Spawners that are there, retired ones included.");
	sample(p, NULL, count_generations(l));
	family(p, "reloads", COUNTER, NULL, "Reloads of the configuration.");
	sample(p, NULL, l->tally.reloads);
}

enum err
tally_write(struct listener *l, bool openmetrics, struct buf *out)
{
	struct page p = {.out = out, .openmetrics = openmetrics};

	ADD(&p,
	    "# HELP sallyport_build%s The version of the program.\n"
	    "# TYPE sallyport_build%s\n"
	    "sallyport_build_info{version=\"%s\"} 1\n",
	    openmetrics ? "" : "_info", openmetrics ? " info" : "_info gauge",
	    SALLYPORT_VERSION);
	write_present(&p, l);
	write_logins(&p, &l->tally);
	write_refusals(&p, l);
	write_handshakes(&p, &l->tally);
	write_phases(&p, &l->tally);
	write_outcomes(&p, &l->tally);
	if (openmetrics)
		ADD(&p, "# EOF\n");
	return p.err;
}

/* ---- across a reload ------------------------------------------------------- */

static void
times_write(struct wr *w, const struct tally_times *t)
{
	for (size_t i = 0; i < TALLY_BUCKETS; i++)
		wr_u64(w, t->in[i]);
	wr_u64(w, t->count);
	wr_u64(w, t->sum_ms);
}

static void
times_read(struct rd *r, struct tally_times *t)
{
	for (size_t i = 0; i < TALLY_BUCKETS; i++)
		t->in[i] = rd_u64(r);
	t->count = rd_u64(r);
	t->sum_ms = rd_u64(r);
}

/* By name: another image may have other numbers. */
static void
algorithms_write(struct wr *w, const struct tally *t)
{
	const struct algo *a;
	size_t mark = wr_begin(w);

	for (size_t i = 0; (a = algo_row(i)) != NULL; i++) {
		if (a->number >= TALLY_ALGORITHMS ||
		    t->algorithms[a->number] == 0)
			continue;
		wr_u32(w, (uint32_t)a->kind);
		wr_cstr(w, a->name);
		wr_u64(w, t->algorithms[a->number]);
	}
	wr_finish(w, mark);
}

static void
algorithms_read(struct rd *all, struct tally *t)
{
	struct rd r = rd_from(rd_string(all));

	while (r.left.n > 0 && rd_status(&r) == OK) {
		uint32_t kind = rd_u32(&r);
		struct slice name = rd_string(&r);
		uint64_t n = rd_u64(&r);
		const struct algo *a =
		    kind <= ALGO_COMP ? algo_find((enum algo_kind)kind, name)
				      : NULL;

		if (a != NULL && a->number < TALLY_ALGORITHMS)
			t->algorithms[a->number] = n;
	}
	if (rd_end(&r) != OK)
		rd_fail(all, ERR_FORMAT);
}

static void
reasons_write(struct wr *w, const struct tally *t)
{
	size_t mark = wr_begin(w);

	for (size_t i = 0; i < TALLY_REASONS && t->reasons[i].word[0]; i++) {
		wr_cstr(w, t->reasons[i].word);
		wr_u64(w, t->reasons[i].n);
	}
	wr_finish(w, mark);
}

static void
reasons_read(struct rd *all, struct tally *t)
{
	struct rd r = rd_from(rd_string(all));

	while (r.left.n > 0 && rd_status(&r) == OK) {
		struct slice word = rd_string(&r);

		count_reason(t, word, rd_u64(&r));
	}
	if (rd_end(&r) != OK)
		rd_fail(all, ERR_FORMAT);
}

void
tally_export(const struct tally *t, struct wr *w)
{
	size_t mark = wr_begin(w);

	wr_u32(w, TALLY_VERSION);
	wr_u64(w, t->started_s);
	wr_u64(w, t->started_ms);
	wr_u64(w, t->reloads);
	wr_u64(w, t->connections);
	for (size_t i = 0; i < TALLY_METHODS; i++) {
		wr_u64(w, t->accepted[i]);
		wr_u64(w, t->failed[i]);
	}
	for (size_t i = 0; i < TALLY_OUTCOMES; i++)
		wr_u64(w, t->outcomes[i]);
	wr_u64(w, t->sent);
	wr_u64(w, t->received);
	for (size_t i = 0; i < TALLY_PHASES; i++)
		times_write(w, &t->phases[i]);
	algorithms_write(w, t);
	reasons_write(w, t);
	wr_finish(w, mark);
}

static void
read_all(struct tally *t, struct rd *r)
{
	t->started_s = rd_u64(r);
	t->started_ms = rd_u64(r);
	t->reloads = rd_u64(r);
	t->connections = rd_u64(r);
	for (size_t i = 0; i < TALLY_METHODS; i++) {
		t->accepted[i] = rd_u64(r);
		t->failed[i] = rd_u64(r);
	}
	for (size_t i = 0; i < TALLY_OUTCOMES; i++)
		t->outcomes[i] = rd_u64(r);
	t->sent = rd_u64(r);
	t->received = rd_u64(r);
	for (size_t i = 0; i < TALLY_PHASES; i++)
		times_read(r, &t->phases[i]);
	algorithms_read(r, t);
	reasons_read(r, t);
}

void
tally_import(struct tally *t, struct rd *all)
{
	struct tally got = {0};
	struct rd r = rd_from(rd_string(all));

	if (rd_u32(&r) != TALLY_VERSION)
		return; /* of another image: begin anew */
	read_all(&got, &r);
	if (rd_end(&r) == OK)
		*t = got;
}
