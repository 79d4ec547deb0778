/*
 * penalties.c - PerSourcePenalties: who behaved badly stays out for a while
 *
 * A table for each family, keyed by the address block of PerSourceNetBlockSize:
 * chains by a keyed hash, and a heap by the time at which an entry is
 * over, so that the earliest is at hand when the table is full. What an entry
 * costs is bounded by max-sources4 and max-sources6, however many come.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/base/wr.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ROOM_LEAST     64 /* entries of a table that was just begun */
#define EXPORT_VERSION 1

struct entry {
	struct entry *next; /* in its chain */
	uint64_t expires_ms;
	uint32_t place;     /* in the heap */
	uint8_t octets[16]; /* of the block */
	uint8_t why;        /* enum penalty: the last one */
	bool active;        /* the sum once exceeded min */
};

struct table {
	uint8_t family;
	struct entry **chains; /* room of them */
	struct entry **heap;   /* room; the earliest first */
	uint32_t n, room;
};

struct penalties {
	struct table tables[2];
};

/* clang-format off */
static const struct class {
	const char *reason; /* for the log */
	size_t amount;      /* where its milliseconds stand */
} classes[PENALTY_CLASSES] = {
#define CLASS(member, text) \
	{"penalty: " text, offsetof(struct conf_penalties, member)}
	[PENALTY_CRASH] = CLASS(crash_ms, "caused crash"),
	[PENALTY_AUTHFAIL] = CLASS(authfail_ms, "failed authentication"),
	[PENALTY_NOAUTH] = CLASS(noauth_ms,
	    "connections without attempting authentication"),
	[PENALTY_INVALIDUSER] = CLASS(invaliduser_ms,
	    "attempted authentication by invalid user"),
	[PENALTY_REFUSED] = CLASS(refuseconnection_ms,
	    "connection prohibited by RefuseConnection"),
	[PENALTY_GRACE] = CLASS(grace_exceeded_ms, "exceeded LoginGraceTime"),
#undef CLASS
};
/* clang-format on */

static const char table_full[] = "too many penalised addresses";

struct penalties *
penalties_new(void)
{
	struct penalties *p = mem_new(sizeof(*p));

	p->tables[0].family = 4;
	p->tables[1].family = 6;
	return p;
}

/* ---- the heap -------------------------------------------------------------- */

static void
put(struct table *t, uint32_t place, struct entry *e)
{
	t->heap[place] = e;
	e->place = place;
}

static void
rise(struct table *t, struct entry *e)
{
	uint32_t i = e->place;

	for (; i > 0 && t->heap[(i - 1) / 2]->expires_ms > e->expires_ms;
	     i = (i - 1) / 2)
		put(t, i, t->heap[(i - 1) / 2]);
	put(t, i, e);
}

static void
sink(struct table *t, struct entry *e)
{
	uint32_t i = e->place, child;

	while ((child = 2 * i + 1) < t->n) {
		if (child + 1 < t->n &&
		    t->heap[child + 1]->expires_ms < t->heap[child]->expires_ms)
			child++;
		if (t->heap[child]->expires_ms >= e->expires_ms)
			break;
		put(t, i, t->heap[child]);
		i = child;
	}
	put(t, i, e);
}

/* ---- the table ------------------------------------------------------------- */

static struct entry **
chain_of(const struct listener *l, const struct table *t,
    const uint8_t octets[16])
{
	return &t->chains[admit_hash(l, octets) & (t->room - 1)];
}

static struct entry *
find(const struct listener *l, const struct table *t, const uint8_t octets[16])
{
	struct entry *e;

	if (t->n == 0)
		return NULL;
	e = *chain_of(l, t, octets);
	while (e != NULL && memcmp(e->octets, octets, sizeof(e->octets)) != 0)
		e = e->next;
	return e;
}

/* Twice the room; what is in the chains is put into the new ones. */
static void
grow(const struct listener *l, struct table *t)
{
	uint32_t room = t->room == 0 ? ROOM_LEAST : 2 * t->room;

	t->heap = mem_resize(t->heap, t->room, room, sizeof(*t->heap));
	mem_free(t->chains);
	t->chains = mem_array(room, sizeof(*t->chains));
	t->room = room;
	for (uint32_t i = 0; i < t->n; i++) {
		struct entry **chain = chain_of(l, t, t->heap[i]->octets);

		t->heap[i]->next = *chain;
		*chain = t->heap[i];
	}
}

static struct entry *
add(const struct listener *l, struct table *t, const uint8_t octets[16],
    uint64_t expires_ms)
{
	struct entry *e = mem_new(sizeof(*e)), **chain;

	if (t->n == t->room)
		grow(l, t);
	memcpy(e->octets, octets, sizeof(e->octets));
	e->expires_ms = expires_ms;
	chain = chain_of(l, t, octets);
	e->next = *chain;
	*chain = e;
	e->place = t->n++;
	rise(t, e);
	return e;
}

static void
drop(const struct listener *l, struct table *t, struct entry *e)
{
	struct entry **at = chain_of(l, t, e->octets);
	struct entry *last = t->heap[--t->n];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	if (last != e) {
		put(t, e->place, last);
		rise(t, last);
		sink(t, last);
	}
	mem_free(e);
	if (t->n > 0)
		return;
	/* the flood is over: its memory goes back */
	mem_free(take(&t->heap));
	mem_free(take(&t->chains));
	t->room = 0;
}

static void
expire(const struct listener *l, struct table *t, uint64_t now)
{
	while (t->n > 0 && t->heap[0]->expires_ms <= now)
		drop(l, t, t->heap[0]);
}

void
penalties_free(struct listener *l)
{
	if (l->penalties == NULL)
		return;
	for (int i = 0; i < 2; i++)
		while (l->penalties->tables[i].n > 0)
			drop(l, &l->penalties->tables[i],
			    l->penalties->tables[i].heap[0]);
	mem_free(take(&l->penalties));
}

static struct table *
table_of(const struct listener *l, uint8_t family)
{
	return &l->penalties->tables[family == 4 ? 0 : 1];
}

static const char *
family_name(const struct table *t)
{
	return t->family == 4 ? "ipv4" : "ipv6";
}

/* ---- what the configuration says ------------------------------------------- */

static uint32_t
bits_of(const struct listener *l, uint8_t family)
{
	return family == 4 ? l->conf->netblock4 : l->conf->netblock6;
}

static bool
is_full(const struct listener *l, const struct table *t)
{
	const struct conf_penalties *c = &l->conf->penalties;

	return t->n >= (t->family == 4 ? c->max_sources4 : c->max_sources6);
}

static bool
denies_all(const struct listener *l, const struct table *t)
{
	const struct conf_penalties *c = &l->conf->penalties;

	return t->family == 4 ? c->deny4 : c->deny6;
}

static bool
is_exempt(const struct listener *l, const char *ip)
{
	enum pattern_result r;

	return l->conf->penalty_exempt != NULL &&
	       pattern_addr_list(slice_cstr(l->conf->penalty_exempt),
		   slice_cstr(ip), &r) == OK &&
	       r == PATTERN_HIT;
}

/* The table and block of an address; false where nothing applies to it. */
static bool
block_of(const struct listener *l, const char *ip, struct table **t,
    struct addr *net)
{
	if (!l->conf->penalties.enabled || l->penalties == NULL ||
	    addr_parse(slice_cstr(ip), net) != OK || is_exempt(l, ip))
		return false;
	addr_mask(net, bits_of(l, net->family));
	*t = table_of(l, net->family);
	return true;
}

static void
block_text(const struct listener *l, uint8_t family, const uint8_t octets[16],
    char *room, size_t size)
{
	struct addr a = {.family = family};
	char text[64];

	memcpy(a.octets, octets, sizeof(a.octets));
	addr_text(&a, text);
	snprintf(room, size, "%s/%u", text, (unsigned int)bits_of(l, family));
}

/* ---- asked at accept --------------------------------------------------------- */

bool
penalties_refuse(struct listener *l, const char *ip, const char **why)
{
	const struct entry *e;
	struct table *t;
	struct addr net;

	if (!block_of(l, ip, &t, &net))
		return false;
	expire(l, t, clock_mono_ms());
	if ((e = find(l, t, net.octets)) != NULL && e->active) {
		*why = classes[e->why].reason;
		return true;
	}
	if (!is_full(l, t) || !denies_all(l, t))
		return false;
	*why = table_full;
	return true;
}

bool
penalties_look(struct listener *l, const char *ip, const char **why,
    uint64_t *left_ms)
{
	bool refused = penalties_refuse(l, ip, why);
	const struct entry *e;
	struct table *t;
	struct addr net;
	uint64_t now;

	*left_ms = 0;
	if (!block_of(l, ip, &t, &net) || (e = find(l, t, net.octets)) == NULL)
		return refused;
	*why = classes[e->why].reason;
	now = clock_mono_ms();
	*left_ms = e->expires_ms > now ? e->expires_ms - now : 1;
	return refused;
}

/* ---- told at a connection's end ---------------------------------------------- */

static uint64_t
amount_of(const struct listener *l, enum penalty why)
{
	uint64_t ms;

	memcpy(&ms, (const uint8_t *)&l->conf->penalties + classes[why].amount,
	    sizeof(ms));
	return ms;
}

static void
tell(const struct listener *l, const struct table *t, const struct entry *e,
    bool new, uint64_t left_ms)
{
	enum log_level level = e->active ? LEVEL_INFO : LEVEL_VERBOSE;
	unsigned long long s = left_ms / 1000, ms = left_ms % 1000;
	char block[80];

	block_text(l, t->family, e->octets, block, sizeof(block));
	if (new)
		log_at(level,
		    "srclimit_penalise: %s: new %s %s penalty of %llu.%03llu "
		    "seconds for %s",
		    family_name(t), block, e->active ? "active" : "deferred", s,
		    ms, classes[e->why].reason);
	else
		log_at(level,
		    "srclimit_penalise: %s: activating %s penalty of "
		    "%llu.%03llu seconds for %s",
		    block, family_name(t), s, ms, classes[e->why].reason);
}

/* Room for one more: the entry that is over first goes. False: none. */
static bool
make_room(const struct listener *l, struct table *t)
{
	if (!is_full(l, t))
		return true;
	if (denies_all(l, t)) {
		log_verbose("srclimit_penalise: %s: table is full, a source "
			    "isn't added",
		    family_name(t));
		return false;
	}
	while (is_full(l, t))
		drop(l, t, t->heap[0]);
	return true;
}

void
penalties_charge(struct listener *l, const char *ip, enum penalty why)
{
	const struct conf_penalties *c = &l->conf->penalties;
	uint64_t now = clock_mono_ms(), ms = amount_of(l, why);
	struct table *t;
	struct addr net;
	struct entry *e;
	bool new, was_active;

	if (ms == 0 || !block_of(l, ip, &t, &net))
		return;
	expire(l, t, now);
	new = (e = find(l, t, net.octets)) == NULL;
	if (new && !make_room(l, t))
		return;
	if (new)
		e = add(l, t, net.octets, now);
	e->expires_ms += ms;
	if (e->expires_ms > now + c->max_ms)
		e->expires_ms = now + c->max_ms;
	e->why = (uint8_t)why;
	was_active = e->active;
	e->active = was_active || e->expires_ms - now > c->min_ms;
	if (new || e->active != was_active)
		tell(l, t, e, new, e->expires_ms - now);
	/* a smaller max than before may have moved it either way */
	rise(t, e);
	sink(t, e);
}

/* ---- for the administrator ----------------------------------------------------- */

size_t
penalties_count(struct listener *l, bool active_only)
{
	size_t n = 0;

	for (int i = 0; l->penalties != NULL && i < 2; i++) {
		struct table *t = &l->penalties->tables[i];

		expire(l, t, clock_mono_ms());
		for (uint32_t k = 0; k < t->n; k++)
			n += !active_only || t->heap[k]->active;
	}
	return n;
}

void
penalties_list(struct listener *l, penalties_each *each, void *ctx)
{
	uint64_t now = clock_mono_ms();

	for (int i = 0; l->penalties != NULL && i < 2; i++) {
		struct table *t = &l->penalties->tables[i];

		expire(l, t, now);
		for (uint32_t k = 0; k < t->n; k++) {
			const struct entry *e = t->heap[k];
			struct penalties_row row = {.active = e->active,
			    .reason = classes[e->why].reason,
			    .left_ms = e->expires_ms - now};

			block_text(l, t->family, e->octets, row.block,
			    sizeof(row.block));
			each(ctx, &row);
		}
	}
}

/* "ADDR", which stands for its block, or "ADDR/BITS". */
static enum err
parse_block(const struct listener *l, struct slice text, struct addr *net,
    unsigned int *bits)
{
	size_t at = slice_find(text, '/');
	uint64_t n;
	enum err e;

	if ((e = addr_parse(slice_first(text, at), net)) != OK)
		return e;
	n = bits_of(l, net->family);
	if (at < text.n && (e = text_number(slice_skip(text, at + 1), 0,
				net->family == 4 ? 32 : 128, &n)) != OK)
		return e;
	*bits = (unsigned int)n;
	addr_mask(net, *bits);
	memset(net->scope, 0, sizeof(net->scope));
	return OK;
}

/* Those of a table that lie in the net, gathered before the heap moves. */
static size_t
clear_table(const struct listener *l, struct table *t, const struct addr *net,
    unsigned int bits)
{
	SCOPED(mem_free_at)
	struct entry **hit = mem_array(t->n + 1, sizeof(struct entry *));
	size_t n = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		struct addr a = {.family = t->family};

		memcpy(a.octets, t->heap[i]->octets, sizeof(a.octets));
		if (net->family == 0 || addr_in(&a, net, bits))
			hit[n++] = t->heap[i];
	}
	for (size_t i = 0; i < n; i++)
		drop(l, t, hit[i]);
	return n;
}

enum err
penalties_clear(struct listener *l, struct slice block, size_t *n)
{
	struct addr net = {0}; /* without a family: all */
	unsigned int bits = 0;
	enum err e;

	*n = 0;
	if (block.n > 0 && (e = parse_block(l, block, &net, &bits)) != OK)
		return e;
	for (int i = 0; l->penalties != NULL && i < 2; i++)
		*n += clear_table(l, &l->penalties->tables[i], &net, bits);
	return OK;
}

/* ---- across a reload ------------------------------------------------------------ */

void
penalties_export(struct listener *l, struct wr *w)
{
	size_t mark = wr_begin(w);
	size_t n = penalties_count(l, false);

	wr_u32(w, EXPORT_VERSION);
	wr_u32(w, (uint32_t)n);
	for (int i = 0; n > 0 && i < 2; i++) {
		const struct table *t = &l->penalties->tables[i];

		for (uint32_t k = 0; k < t->n; k++) {
			const struct entry *e = t->heap[k];

			wr_u8(w, t->family);
			wr_u8(w, (uint8_t)bits_of(l, t->family));
			wr_raw(w, slice_make(e->octets, sizeof(e->octets)));
			wr_u64(w, e->expires_ms);
			wr_u8(w, e->why);
			wr_bool(w, e->active);
		}
	}
	wr_finish(w, mark);
}

/* Blocks that were larger than they are now can't be told apart any more and
 * are dropped; smaller ones become one. */
static void
import_entry(struct listener *l, const struct addr *net, unsigned int bits,
    const struct entry *from)
{
	struct table *t = table_of(l, net->family);
	struct addr masked = *net;
	struct entry *e;

	if (bits < bits_of(l, net->family))
		return;
	addr_mask(&masked, bits_of(l, net->family));
	if ((e = find(l, t, masked.octets)) == NULL) {
		if (!make_room(l, t))
			return;
		e = add(l, t, masked.octets, from->expires_ms);
		e->why = from->why;
	}
	e->active = e->active || from->active;
	if (from->expires_ms > e->expires_ms) {
		e->expires_ms = from->expires_ms;
		e->why = from->why;
		sink(t, e);
	}
}

void
penalties_import(struct listener *l, struct rd *r)
{
	struct rd in = rd_from(rd_string(r));
	uint32_t version = rd_u32(&in), n = rd_u32(&in);

	if (version != EXPORT_VERSION || !l->conf->penalties.enabled)
		return;
	for (; n > 0 && rd_status(&in) == OK; n--) {
		struct addr net = {.family = rd_u8(&in)};
		unsigned int bits = rd_u8(&in);
		struct entry e = {0};

		(void)slice_copy(rd_raw(&in, sizeof(net.octets)),
		    bytes_make(net.octets, sizeof(net.octets)));
		e.expires_ms = rd_u64(&in);
		e.why = rd_u8(&in);
		e.active = rd_bool(&in);
		if (rd_status(&in) == OK && e.why < PENALTY_CLASSES &&
		    (net.family == 4 || net.family == 6))
			import_entry(l, &net, bits, &e);
	}
}
