/*
 * keycheck.h - keycheck's state; private to the room
 */
#ifndef SALLYPORT_SRC_KEYCHECK_KEYCHECK_H
#define SALLYPORT_SRC_KEYCHECK_KEYCHECK_H

#include "files.h"

#include "sallyport/base/buf.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/key/keyopts.h"
#include "sallyport/rpc/keycheck_ops.h"

/* What listed a key: a line, or trust in the CA of a certificate. */
struct listed {
	struct buf blob; /* as offered; empty: none yet */
	struct keyopts opts;
	struct buf at; /* "PATH:LINE", or the CA keys' "PATH" */
	bool trusted;  /* the latter: by TrustedUserCAKeys */
};

/* A key that waits for a program's output. */
struct waiting {
	struct buf blob; /* as offered */
	enum judge_want want;
	uint32_t
	    which; /* line of AuthorizedKeysCommand, the next to be asked */
};

/* What was asked about netgroups, for the request at hand. */
struct inquiry {
	struct buf questions; /* of netgroups_msg */
	struct buf answers;   /* of netgroups_rep; empty: none yet */
	size_t n;             /* questions */
};

struct keycheck {
	const struct common *common;
	const struct conn *conn;
	const struct keycheck_start *start;
	struct rpc *rpc;
	struct serve serve;
	struct files files;

	/* A client asks about a key and then signs with it: the files needn't
	 * be searched twice. */
	struct listed listed;
	struct waiting waiting;
	struct inquiry asked; /* netgroups.c */

	/* texts of the answer; they live until the next request */
	struct buf key_text;
	struct buf why;
	enum judge_rule rule; /* that says so */
	struct buf authinfo;
	uint8_t identity[HASH_MAX];
	struct buf tokens;
};

#endif
