/*
 * errand_ops.h - messages between the monitor and its errands: one that runs a
 * program, one that looks up the client's name, those of GSSAPI
 *
 * All are plain: what goes there is answered by one that comes back.
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
	ERRAND_ANSWER = 125, /* netgroups_rep */

	/* GSSAPI: the acceptor says gss_answer_msg once it is confined; then it
	 * is asked for one token, and for one MIC, and answers each. kuserok is
	 * asked once. */
	ERRAND_GSS_TOKEN = 126,  /* gss_token_msg */
	ERRAND_GSS_MIC = 127,    /* gss_mic_msg */
	ERRAND_GSS_ANSWER = 128, /* gss_answer_msg, of both */
	ERRAND_KUSEROK = 129     /* kuserok_msg */
};

#endif
