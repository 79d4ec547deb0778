/*
 * parser.h - the parser's state, which parse.c, assign.c and complain.c share
 */
#ifndef SALLYPORT_CONF_PARSER_H
#define SALLYPORT_CONF_PARSER_H

#include "line.h"
#include "parse.h"
#include "values.h"

/* Where a line stands: which block its values belong to. */
struct scope {
	int32_t block; /* -1: none */
	bool always;   /* that block holds without a connection */
};

/* Where the parser is: what an Include saves and puts back. */
struct place {
	const char *file;
	unsigned int number; /* of the line */
	unsigned int errors; /* counted in this file */
	struct scope scope;  /* of the line */
	struct scope outer;  /* of the Include that led here */
};

struct parser {
	const struct bundle *bundle;
	struct conf_set *set;
	conf_complain *complain;
	void *ctx;
	struct line line;
	struct values_line values;

	struct place at;
	const char *keyword; /* of the line, as typed; made visible */
	unsigned int depth;
	const struct bundle_part *open[PARSE_INCLUDE_DEPTH + 2]; /* by depth */
	unsigned int inclusions;
	bool over; /* no line can change anything any more */

	struct match_block *blocks; /* the set's, until they are all there */
	size_t nblocks;
	bool given[KEYWORDS_MAX];  /* has a global value */
	bool warned[KEYWORDS_MAX]; /* that it isn't acted upon */
	struct conf presets;
};

#endif
