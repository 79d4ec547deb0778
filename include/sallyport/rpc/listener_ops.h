/*
 * listener_ops.h - messages between listener, spawner and a monitor's lifeline
 *
 * All are notes (nobody waits for an answer): sent with rpc_send, received in
 * the loop with rpc_receive and rpc_decode.
 */
#ifndef SALLYPORT_RPC_LISTENER_OPS_H
#define SALLYPORT_RPC_LISTENER_OPS_H

#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/messages.h"

enum listener_note {
	/* listener to spawner */
	SPAWNER_START = 200, /* spawner_start_msg */
	SPAWNER_TAKE,        /* conn_msg */
	SPAWNER_KILL,        /* forked_msg: end this one, it is before login */
	/* spawner to listener */
	SPAWNER_READY,  /* spawner_ready_msg */
	SPAWNER_FORKED, /* forked_msg */
	SPAWNER_REAPED, /* reaped_msg */
	/* -t, to the listener that tries a new program before it is executed */
	PROBED, /* probe_msg */
	/* monitor to listener over its lifeline; EOF without OUTCOME: it
	 * was killed */
	LIFELINE_LOGGED_IN, /* facts_msg: frees its place of MaxStartups */
	LIFELINE_LINE,      /* line_msg */
	LIFELINE_OUTCOME,   /* outcome_msg, the last */
	LIFELINE_REFUSED,   /* facts_msg, before OUTCOME: nobody came in */
	LIFELINE_STATS,     /* stats_msg: the answer to LOOK */
	/* listener to monitor, whose user is in */
	LIFELINE_LOOK, /* empty_msg: tell STATS; one at a time */
	LIFELINE_END,  /* empty_msg: close the session */
	/* monitor to listener, whose user is in */
	LIFELINE_LISTENS, /* listens_msg */
	/* both ways: a question from one monitor to others of its user's, and
	 * each one's answer back (listener/claims.c) */
	LIFELINE_RECLAIM,  /* reclaim_msg */
	LIFELINE_RECLAIMED /* reclaimed_msg */
};

#endif
