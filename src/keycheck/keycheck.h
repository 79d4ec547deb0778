/*
 * keycheck.h - keycheck's state; private to the room
 */
#ifndef SALLYPORT_SRC_KEYCHECK_KEYCHECK_H
#define SALLYPORT_SRC_KEYCHECK_KEYCHECK_H

#include "files.h"

#include "sallyport/base/buf.h"
#include "sallyport/key/keyopts.h"
#include "sallyport/rpc/keycheck_ops.h"

/* The line that listed a key. */
struct listed {
	struct buf blob; /* empty: none yet */
	struct keyopts opts;
	struct buf at; /* "PATH:LINE" */
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

	/* texts of the answer; they live until the next request */
	struct buf key_text;
	struct buf why;
	struct buf authinfo;
};

#endif
