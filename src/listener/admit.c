/*
 * admit.c - MaxStartups, PerSourceMaxStartups, and whom to give up of the
 * silent: decided by address, load and penalties (penalties.c) alone
 *
 * MaxStartups counts those who have spoken and not logged in. The silent ones
 * cost next to nothing and have a bound of their own; when it is reached, the
 * oldest of the address block that holds most goes first, so that thousands
 * of them never shut out a newcomer. PerSourceMaxStartups counts both.
 */
#include "listener.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/crypto/rng.h"

#include <string.h>
#include <sys/resource.h>

#define BLOCKS       4096  /* hash chains */
#define SILENT_MOST  16384 /* 16k sockets: what a small machine may hold */
#define SILENT_LEAST 64
#define RESERVED_FDS 512 /* spawners, lifelines and listening sockets */
#define COUNT_TOP    256 /* above, blocks count as equally full */
#define LEVEL_TOP    60  /* a minute after the last drop all is told again */

void
admit_init(struct listener *l)
{
	struct rlimit r = {.rlim_cur = 1024, .rlim_max = 1024};
	rlim_t room;

	/* what OpenSSH's administrators are used to */
	l->drop_logs[0] = (struct drop_log){.name = "Maxstartups",
	    .from = 4,
	    .every_ms = 300 * 1000};
	l->drop_logs[1] = (struct drop_log){.name = "PerSourcePenalties",
	    .from = 8,
	    .every_ms = 120 * 1000};
	rng_bytes(bytes_make(l->hash_key, sizeof(l->hash_key)));
	l->penalties = penalties_new();
	l->blocks = mem_array(BLOCKS, sizeof(*l->blocks));
	for (size_t i = 0; i < BLOCKS; i++)
		list_init(&l->blocks[i]);
	for (size_t i = 0; i <= COUNT_TOP; i++)
		list_init(&l->silent_by_count[i]);
	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		r.rlim_max = 1024;
	/* half of what the limit allows: each login holds two of ours */
	room = r.rlim_max > RESERVED_FDS ? (r.rlim_max - RESERVED_FDS) / 2 : 0;
	l->silent_max = room > SILENT_MOST    ? SILENT_MOST
			: room < SILENT_LEAST ? SILENT_LEAST
					      : (uint32_t)room;
}

/* Multiply-shift over four words: strongly universal, so chains stay short
 * whichever addresses come. */
uint32_t
admit_hash(const struct listener *l, const uint8_t octets[16])
{
	uint64_t sum = l->hash_key[4];
	uint32_t word;

	for (size_t i = 0; i < 4; i++) {
		memcpy(&word, octets + 4 * i, sizeof(word));
		sum += l->hash_key[i] * word;
	}
	return (uint32_t)(sum >> 32);
}

struct block *
admit_block(struct listener *l, const char *ip)
{
	struct addr net;
	struct link *chain;
	struct block *b;

	if (addr_parse(slice_cstr(ip), &net) != OK)
		memset(&net, 0, sizeof(net));
	memset(net.scope, 0, sizeof(net.scope));
	addr_mask(&net,
	    net.family == 4 ? l->conf->netblock4 : l->conf->netblock6);
	chain = &l->blocks[admit_hash(l, net.octets) % BLOCKS];
	LIST_EACH (it, chain) {
		b = LIST_ITEM(it, struct block, all);
		if (b->net.family == net.family &&
		    memcmp(b->net.octets, net.octets, sizeof(net.octets)) == 0)
			return b;
	}
	b = mem_new(sizeof(*b));
	b->net = net;
	list_init(&b->by_count);
	list_init(&b->waiting);
	list_add_tail(chain, &b->all);
	return b;
}

static void
block_release(struct block *b)
{
	if (b->before_login > 0)
		return;
	list_remove(&b->all);
	list_remove(&b->by_count);
	mem_free(b);
}

static void
place_by_count(struct listener *l, struct block *b)
{
	uint32_t place = b->silent > COUNT_TOP ? COUNT_TOP : b->silent;

	list_remove(&b->by_count);
	list_add_tail(&l->silent_by_count[place], &b->by_count);
}

void
admit_count(struct listener *l, struct client *c)
{
	struct block *b = c->block;

	b->before_login++;
	if (c->state != CLIENT_SILENT) {
		l->speaking++;
		return;
	}
	b->silent++;
	l->silent++;
	list_add_tail(&b->waiting, &c->group);
	place_by_count(l, b);
}

/* It spoke: from the silent to those whom MaxStartups counts. */
void
admit_silent_over(struct listener *l, struct client *c)
{
	must(c->state == CLIENT_SILENT);
	c->block->silent--;
	l->silent--;
	list_remove(&c->group);
	place_by_count(l, c->block);
	l->speaking++;
}

void
admit_uncount(struct listener *l, struct client *c)
{
	struct block *b = c->block;

	if (b == NULL)
		return;
	if (c->state == CLIENT_SILENT)
		admit_silent_over(l, c); /* counts it as speaking */
	l->speaking--;
	b->before_login--;
	c->block = NULL;
	block_release(b);
}

struct client *
admit_victim(struct listener *l)
{
	if (l->silent < l->silent_max)
		return NULL;
	for (size_t i = COUNT_TOP; i > 0; i--) {
		struct block *b;

		if (list_empty(&l->silent_by_count[i]))
			continue;
		b = LIST_ITEM(l->silent_by_count[i].next, struct block,
		    by_count);
		return LIST_ITEM(b->waiting.next, struct client, group);
	}
	return NULL;
}

/* start:rate:full, as sshd_config(5) has it; draw: this one's, of 100. */
static bool
startups_drop(const struct listener *l, uint8_t draw)
{
	const struct conf *c = l->conf;
	uint32_t n = l->speaking, rate;

	if (n < c->startups_begin)
		return false;
	if (n >= c->startups_full || c->startups_rate >= 100)
		return true;
	rate = c->startups_rate + (100 - c->startups_rate) *
				      (n - c->startups_begin) /
				      (c->startups_full - c->startups_begin);
	return draw < rate;
}

uint32_t
admit_chance(const struct listener *l)
{
	uint32_t n = 0;

	for (uint8_t draw = 0; draw < 100; draw++)
		n += startups_drop(l, draw);
	return n;
}

uint32_t
admit_here(struct listener *l, const char *ip)
{
	struct block *b = admit_block(l, ip);
	uint32_t n = b->before_login;

	block_release(b);
	return n;
}

static bool
refuse(struct admit_refusal *why, enum drop kind, const char *reason)
{
	*why = (struct admit_refusal){kind, reason};
	return false;
}

bool
admit_at_accept(struct listener *l, const struct client *c,
    struct admit_refusal *why)
{
	const char *reason;

	if (penalties_refuse(l, c->peer_ip, &reason))
		return refuse(why, DROP_PENALTY, reason);
	if (c->block->before_login >= l->conf->per_source_startups)
		return refuse(why, DROP_PER_SOURCE, "PerSourceMaxStartups");
	return admit_at_first_octet(l, c, why);
}

/* Thousands who were silent may speak at once: they count from now on. */
bool
admit_at_first_octet(const struct listener *l, const struct client *c,
    struct admit_refusal *why)
{
	return !startups_drop(l, c->draw) ||
	       refuse(why, DROP_STARTUPS, "Maxstartups");
}

/* ---- telling ---------------------------------------------------------------- */

static void
level_fall(struct drop_log *d, uint64_t now)
{
	uint64_t calm = (now - d->level_ms) / 1000;

	d->level = calm >= d->level ? 0 : d->level - (uint32_t)calm;
	d->level_ms = d->level == 0 ? now : d->level_ms + calm * 1000;
}

static void
tell_withheld(struct drop_log *d, uint64_t now)
{
	if (d->withheld > 0)
		log_info("[%s] logging rate-limited: additional %u "
			 "connections dropped",
		    d->name, (unsigned int)d->withheld);
	d->withheld = 0;
	d->told_ms = now;
}

/* The next moment at which something may be due: the end, or a sum. */
static void
wait_on(struct loop *loop, struct drop_log *d)
{
	uint64_t end = d->level_ms + (d->level - d->from + 1) * 1000ull;
	uint64_t sum = d->told_ms + d->every_ms;

	if (loop != NULL)
		loop_timer(loop, &d->timer, end < sum ? end : sum);
}

static void
on_drops(struct timer *t)
{
	struct drop_log *d = t->ctx;
	uint64_t now = clock_mono_ms();

	level_fall(d, now);
	if (d->level < d->from || now >= d->told_ms + d->every_ms)
		tell_withheld(d, now);
	if (d->level >= d->from)
		wait_on(t->loop, d);
}

/* A line for each drop, until there are too many: then a sum now and then. */
static bool
worth_a_line(struct listener *l, struct drop_log *d)
{
	uint64_t now = clock_mono_ms();

	level_fall(d, now);
	if (d->level < LEVEL_TOP)
		d->level++;
	if (d->level < d->from)
		return true;
	d->withheld++;
	if (d->timer.place == 0) {
		d->told_ms = now;
		d->timer = (struct timer){.on = on_drops, .ctx = d};
		wait_on(l->loop, d);
	}
	return false;
}

void
admit_drop(struct listener *l, const struct client *c,
    const struct admit_refusal *why)
{
	l->drops[why->kind]++;
	if (!worth_a_line(l, &l->drop_logs[why->kind == DROP_PENALTY]))
		return;
	log_info("drop connection #%u from [%s]:%u on [%s]:%u %s",
	    (unsigned int)l->speaking, c->peer_ip, (unsigned int)c->peer_port,
	    c->local_ip, (unsigned int)c->local_port, why->reason);
}

void
admit_drops_over(struct listener *l)
{
	for (size_t i = 0; i < 2; i++) {
		loop_timer_cancel(&l->drop_logs[i].timer);
		tell_withheld(&l->drop_logs[i], clock_mono_ms());
	}
}
