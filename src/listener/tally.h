/*
 * tally.h - what there is to count, for `sallyportctl metrics` and
 * MetricsListen; private to this room
 *
 * Gathered from the lifelines, a message or two for a connection: nothing is
 * counted per packet. Names come from processes of ours, but their number is
 * bounded all the same.
 */
#ifndef SALLYPORT_LISTENER_TALLY_H
#define SALLYPORT_LISTENER_TALLY_H

#include "sallyport/base/buf.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/rpc/messages.h"

#include <stdbool.h>
#include <stdint.h>

#define TALLY_ALGORITHMS 192 /* rows of crypto/algo.c, and some */
#define TALLY_REASONS    32  /* of refused accounts; more count as "other" */
#define TALLY_BUCKETS    12
#define TALLY_OUTCOMES   (OUTCOME_REFUSED + 1)

enum tally_method {
	TALLY_PUBLICKEY,
	TALLY_PASSWORD,
	TALLY_KBDINT,
	TALLY_OTHER,
	TALLY_METHODS
};

enum tally_phase {
	TALLY_WAIT,
	TALLY_VERSION,
	TALLY_KEX,
	TALLY_AUTH,
	TALLY_PHASES
};

struct tally_times {
	uint64_t in[TALLY_BUCKETS]; /* by the least bound that isn't below */
	uint64_t count;
	uint64_t sum_ms;
};

struct tally_reason {
	char word[33]; /* empty: free, like those behind it */
	uint64_t n;
};

struct tally {
	uint64_t started_s;  /* wall clock, of the first image */
	uint64_t started_ms; /* the same, monotonic */
	uint64_t reloads;
	uint64_t connections;
	uint64_t accepted[TALLY_METHODS];
	uint64_t failed[TALLY_METHODS];
	uint64_t outcomes[TALLY_OUTCOMES];
	uint64_t sent, received;
	uint64_t algorithms[TALLY_ALGORITHMS]; /* by struct algo's number */
	struct tally_times phases[TALLY_PHASES];
	struct tally_reason reasons[TALLY_REASONS];
};

/* A fresh start: the time. */
void tally_begin(struct tally *t);

/* The way in is over; somebody is in where facts name a user. */
void tally_facts(struct tally *t, const struct facts_msg *facts);
void tally_outcome(struct tally *t, const struct outcome_msg *m);

struct listener;

/*
 * Everything as text: the format of Prometheus 0.0.4, or OpenMetrics 1.0.
 * ERR_TOO_LONG where out is too small.
 */
MUST_USE enum err
tally_write(struct listener *l, bool openmetrics, struct buf *out);

/* Across a reload: one string, with a version of its own. Import drops what it
 * doesn't know; it fails r only where there is no string. */
void tally_export(const struct tally *t, struct wr *w);
void tally_import(struct tally *t, struct rd *r);

#endif
