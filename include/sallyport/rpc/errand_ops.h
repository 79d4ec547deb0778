/*
 * errand_ops.h - messages between the monitor and its errands: one that runs a
 * program, one that looks up the client's name
 *
 * All are plain: one may go there, one comes back, the errand ends.
 */
#ifndef SALLYPORT_RPC_ERRAND_OPS_H
#define SALLYPORT_RPC_ERRAND_OPS_H

#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/messages.h"

enum errand_note {
	ERRAND_RUN = 120,  /* runner_msg */
	ERRAND_END = 121,  /* runner_end_msg */
	ERRAND_NAME = 122, /* lookup_msg */
	/* a monitor to its spawner, over the channel that all monitors of a
	 * generation share: what an errand's program printed */
	ERRAND_OUTPUT = 123, /* output_msg */
	ERRAND_ASK = 124,    /* netgroups_msg */
	ERRAND_ANSWER = 125  /* netgroups_rep */
};

#endif
