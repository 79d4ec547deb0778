/*
 * match.h - conditions of Match blocks, compiled; which hold for these facts
 *
 * A block's conditions are a list of tests, all of which must hold. A block
 * inside an included file holds only if the block that includes it holds
 * (parent). Behind an Include that made blocks, the including block goes on as
 * a new one (same): the first value in the order of the text wins.
 */
#ifndef SALLYPORT_CONF_MATCH_H
#define SALLYPORT_CONF_MATCH_H

#include "origin.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/conf/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct match_criterion;

/* An address or a block of addresses of a list */
struct match_net {
	struct addr addr;
	unsigned int bits;
	bool negated;
};

struct match_test {
	struct match_test *next;
	const struct match_criterion *criterion;
	struct slice pattern;
	bool literal; /* one name without wildcards: compared as it is */
	const struct match_net *nets; /* where all elements are such; or NULL */
	size_t nnets;
	int port;
};

/* A value that a block sets; its octets are in the shape of struct conf's. */
struct match_value {
	struct match_value *next;
	uint32_t place; /* of the keyword's row */
	void *value;
	struct origins origins;
};

/* What a test looks at, in the order of match.c's table. */
enum match_what {
	MATCH_ALL,
	MATCH_INVALID_USER,
	MATCH_USER,
	MATCH_GROUP,
	MATCH_HOST,
	MATCH_ADDRESS,
	MATCH_LOCALADDRESS,
	MATCH_LOCALPORT,
	MATCH_RDOMAIN,
	MATCH_VERSION
};
enum match_what match_what(const struct match_test *t);

/* Can it be told without a connection? */
enum match_state { MATCH_DEPENDS, MATCH_ALWAYS, MATCH_NEVER };

struct match_block {
	const struct match_test *tests;
	struct match_value *values; /* in the order of the text */
	struct match_value *last;
	int32_t parent; /* block that must hold, too; -1: none */
	int32_t same;   /* block that this one continues; -1: none */
	enum match_state state;
	bool early;            /* depends on nothing but addresses */
	struct conf_origin at; /* its Match line */
};

/* The block's value of the keyword at that place; or NULL */
struct match_value *match_value(const struct match_block *b, uint32_t place);

/* Is block i in the set? */
static inline bool
match_has(const uint8_t *blocks, int32_t i)
{
	return (blocks[i / 8] >> (i % 8) & 1) != 0;
}

#define MATCH_WHY_MAX 768

/* What compiling conditions gives besides the tests. */
struct match_compiled {
	const struct match_test *tests; /* in arena */
	enum match_state state;
	bool wants_groups;
	bool early; /* all of them are known before the key exchange */
	char note[MATCH_WHY_MAX]; /* what is wrong */
	char why[MATCH_WHY_MAX];  /* the same with the line's place before it */
	const char *wants;        /* what should have stood there */
};

/* Compile the words behind "Match". False with note and why if they are bad. */
bool match_compile(struct arena *arena, const char *const *words, size_t n,
    unsigned int line, struct match_compiled *out);

/* Facts made ready for many blocks */
struct match_facts {
	const struct conf_facts *facts;
	struct slice user, host, address, local_address, rdomain;
	struct addr peer, local; /* family 0: not an address */
};
void match_prepare(const struct conf_facts *facts, struct match_facts *out);

/* Do all tests of the list hold? */
bool
match_holds(const struct match_test *tests, const struct match_facts *facts);

#endif
