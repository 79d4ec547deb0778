/*
 * admit.c - MaxStartups, PerSourceMaxStartups, and whom to give up of the
 * silent: decided by address and load alone
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
#define DROP_QUIET   4   /* drops within a second each before lines stop */

void
admit_init(struct listener *l)
{
	struct rlimit r = {.rlim_cur = 1024, .rlim_max = 1024};
	rlim_t room;

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

/* start:rate:full, as sshd_config(5) has it. */
static bool
startups_drop(const struct listener *l)
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
	return rng_below(100) < rate;
}

bool
admit_at_accept(struct listener *l, struct block *b, const char **why)
{
	if (startups_drop(l)) {
		*why = "Maxstartups";
		return false;
	}
	if (b->before_login >= l->conf->per_source_startups) {
		*why = "PerSourceMaxStartups";
		return false;
	}
	return true;
}

/* Thousands who were silent may speak at once: the hard limit holds then. */
bool
admit_at_first_octet(struct listener *l, const char **why)
{
	if (l->speaking < l->conf->startups_full)
		return true;
	*why = "Maxstartups";
	return false;
}

/* A line for each drop, until there are too many: then a sum now and then. */
void
admit_log_drop(struct listener *l, const struct client *c, const char *why)
{
	uint64_t now = clock_mono_ms();
	uint64_t calm = (now - l->dropped_at_ms) / 1000;

	l->dropped = calm >= l->dropped ? 0 : l->dropped - (uint32_t)calm;
	if (calm > 0)
		l->dropped_at_ms = now;
	if (++l->dropped > DROP_QUIET) {
		l->dropped_unlogged++;
		if (l->dropped_unlogged % 1000 != 1)
			return;
		log_info("[%s] logging rate-limited: additional %u "
			 "connections dropped",
		    why, (unsigned int)l->dropped_unlogged);
		return;
	}
	log_info("drop connection #%u from [%s]:%u on [%s]:%u %s",
	    (unsigned int)l->speaking, c->peer_ip, (unsigned int)c->peer_port,
	    c->local_ip, (unsigned int)c->local_port, why);
}
