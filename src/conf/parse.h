/*
 * parse.h - a bundle's lines become a configuration
 *
 * The lines of the start come first, then the main file and what it includes,
 * in the order of the text. Outside of Match blocks a line sets a global
 * value; inside, one of the block's. A block that needs no connection to be
 * known as holding ("Match all") sets both: it is used to end another block.
 */
#ifndef SALLYPORT_CONF_PARSE_H
#define SALLYPORT_CONF_PARSE_H

#include "bundle.h"
#include "keywords.h"
#include "match.h"

#include "sallyport/conf/conf.h"

/* All of it lies in arena, itself included. */
struct conf_set {
	struct arena *arena;
	struct arena *scratch; /* never sealed: what conf_apply joins */
	struct conf global;
	struct origins origins[KEYWORDS_MAX]; /* of global's values */
	const struct match_block *blocks;
	size_t nblocks;
	const char *any_pubkey; /* conf_any_pubkey_algorithms */
	const char *any_kex;
	bool wants_groups;
	bool early; /* a block decides about the key exchange */
};

#define PARSE_INCLUDE_DEPTH 16
#define PARSE_INCLUSIONS    4096 /* of the same files, again and again */

/* Fill in set->global and its blocks. ERR_CONFIG after a complaint. */
MUST_USE enum err parse_bundle(const struct bundle *b, struct conf_set *set,
    conf_complain *complain, void *ctx);

#endif
