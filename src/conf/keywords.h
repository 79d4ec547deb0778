/*
 * keywords.h - every keyword of sshd_config: one table
 *
 * A row tells the name, the member of struct conf, the value kind, the default
 * as an administrator would write it, and where it may stand. The order of the
 * rows is the order of -T. Adding a keyword is a row here, a member in
 * conf/conf.h, a paragraph in man/sshd_config.5 and a line in
 * sshd_config.example.
 */
#ifndef SALLYPORT_CONF_KEYWORDS_H
#define SALLYPORT_CONF_KEYWORDS_H

#include "values.h"

#include "sallyport/base/slice.h"

#include <stdint.h>

enum keywords_what {
	KEYWORDS_SETTING,
	KEYWORDS_ALIAS,       /* another name of a setting */
	KEYWORDS_DEPRECATED,  /* had a meaning once; told, without effect */
	KEYWORDS_UNSUPPORTED, /* has one elsewhere; told, without effect */
	KEYWORDS_IGNORED,     /* nobody is told */
	KEYWORDS_INCLUDE,
	KEYWORDS_MATCH
};

#define KEYWORDS_IN_MATCH 1u  /* may stand in a Match block */
#define KEYWORDS_LATER    2u  /* isn't acted upon yet: a warning */
#define KEYWORDS_PORT     8u  /* files' lines give way to -p */
#define KEYWORDS_ABSENT   16u /* not in this build: told, without effect */
#define KEYWORDS_EARLY                                                         \
	32u               /* acts before the user is known: may stand in
			       * blocks that depend on addresses alone */
#define KEYWORDS_OURS 64u /* OpenSSH has none of that name */

struct keywords_row {
	const char *name;
	struct slice text; /* the same */
	enum keywords_what what;
	unsigned int flags;
	const struct values_kind *kind; /* settings only, like the next ones */
	size_t offset;                  /* of the value in struct conf */
	size_t size;                    /* of its members */
	const char *preset; /* default; NULL: nothing (zero octets) */
	const char *target; /* KEYWORDS_ALIAS: whose other name it is */
};

/* By place: for (i = 0; (row = keywords_row(i)) != NULL; i++) */
const struct keywords_row *keywords_row(size_t i);

/* A row's place, less than KEYWORDS_MAX. */
#define KEYWORDS_MAX 192
size_t keywords_place(const struct keywords_row *row);

/* By name, whatever its case; aliases give their setting's row. NULL. */
const struct keywords_row *keywords_find(struct slice name);

/* The row of a setting by its member's offset in struct conf; never NULL. */
const struct keywords_row *keywords_of(size_t offset);

/* Where its value lies in c */
void *keywords_value(const struct keywords_row *row, struct conf *c);
const void *
keywords_value_of(const struct keywords_row *row, const struct conf *c);

#endif
