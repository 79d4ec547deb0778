/*
 * rhosts.h - lines of hosts.equiv, shosts.equiv, .rhosts and .shosts
 *
 * Private to keycheck; no I/O. Source: hosts.equiv(5), but that nothing stands
 * for everybody: a lone "+" names no host and no user.
 *
 *      [+|-]HOST [[+|-]USER]      either may be @NETGROUP
 *
 * Without a user, the one at the client has to be called as the account is.
 * The first line that holds decides: with a '-', against.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_RHOSTS_H
#define SALLYPORT_SRC_KEYCHECK_RHOSTS_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>

struct rhosts_line {
	bool negated;
	bool host_is_group; /* a netgroup, like the next */
	bool user_is_group;
	struct slice host;
	struct slice user; /* empty: the account's name */
};

/*
 * Parse a line; slices borrow from it. ERR_NOT_FOUND: blank, a comment, or
 * NO_PLUS, which is the rule here anyway; ERR_FORMAT: more than two words, a
 * sign with nothing behind it, NUL.
 */
MUST_USE enum err rhosts_parse(struct slice text, struct rhosts_line *l);

/* Who claims to be there, and which account they want. */
struct rhosts_claim {
	struct slice host;
	struct slice address; /* of the host; or its name once more */
	struct slice client_user;
	struct slice account;
};

enum rhosts_answer { RHOSTS_SAYS_NO, RHOSTS_SAYS_YES, RHOSTS_UNKNOWN };

/* Is this host, or this user (the other is empty), in a netgroup? */
typedef enum rhosts_answer
rhosts_ask(void *ctx, struct slice group, struct slice host, struct slice user);

enum rhosts_result {
	RHOSTS_NOTHING,  /* no line holds */
	RHOSTS_ACCEPTED, /* by line *line */
	RHOSTS_DENIED,
	RHOSTS_WAITS /* for an answer; everything was asked for that a line up
		      * to the file's end may need */
};

/* What do the lines of text say of the claim? line: its number, from 1. */
enum rhosts_result rhosts_search(struct slice text,
    const struct rhosts_claim *claim, rhosts_ask *ask, void *ctx, size_t *line);

#endif
