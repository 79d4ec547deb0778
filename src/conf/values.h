/*
 * values.h - value kinds: how a keyword's argument is parsed, printed, merged
 *
 * A kind is one object; a row of keywords.c names it. A value lies in the
 * member (or in several that follow each other) of struct conf which the row
 * tells, and in the same shape in a Match block's list; what it points to is
 * in an arena. All zero octets mean "none given".
 *
 * Here is what those who write kinds use, and the kinds of numbers and of the
 * log; values_text.h, values_net.h, values_ssh.h and values_session.h have the
 * others.
 */
#ifndef SALLYPORT_CONF_VALUES_H
#define SALLYPORT_CONF_VALUES_H

#include "sallyport/base/buf.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/slice.h"
#include "sallyport/conf/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUES_WHY_MAX 768

/* Octets of the largest value: a room for one that is only checked */
#define VALUES_SIZE_MAX 640

/* A line as a kind's parse sees it. */
struct values_line {
	struct arena *arena;      /* what a value points to goes here */
	const char *keyword;      /* as typed */
	const char *const *words; /* at least one */
	size_t nwords;
	struct slice raw; /* the arguments as they stand */
	const char *cwd;  /* of the start: base of relative paths */
	const char *home; /* what "~" means */
	bool again;       /* a growing value had a line before this one */
	bool counted;     /* out: an error that doesn't end the parsing */
	bool moot;        /* out: good, but an earlier line says it all: */
	size_t moot_by;   /* that of this element */
	char note[VALUES_WHY_MAX]; /* out: a line of its own before why */
	char why[VALUES_WHY_MAX];  /* out: what is wrong, without the place */
};

/* Where a kind's print writes; the first error stays. */
struct values_out {
	struct buf *buf;
	const char *name;        /* the keyword, in lower case */
	const struct conf *conf; /* whose value it is */
	enum err err;

	/* Called before each line's end, if not NULL; element tells which of
	 * a growing value the line is of. */
	void (*mark)(struct values_out *out);
	const void *mark_ctx;
	size_t element;
};

/* What becomes of a second line for the same keyword. */
enum values_how {
	VALUES_FIRST, /* it is checked and dropped */
	VALUES_LAST,  /* it replaces the first */
	VALUES_GROWS  /* it adds to the first */
};

struct values_kind {
	size_t size;      /* octets of the value */
	size_t words_max; /* 0: any number, or the kind takes raw */
	enum values_how how;
	bool keeps_global; /* a Match block's value adds to the global one */

	/* Fill in *value. False with l->why (and l->note) on a bad one. */
	bool (*parse)(const struct values_kind *k, struct values_line *l,
	    void *value);

	/* As lines "name value": none, one or several */
	void (*print)(const struct values_kind *k, struct values_out *out,
	    const void *value);

	/* VALUES_GROWS: add *more to *value, in memory of arena */
	void (*merge)(struct arena *arena, void *value, const void *more);

	/* VALUES_GROWS, one line of the dump an element: what stays the same
	 * of the i-th however the value is merged; NULL behind the last */
	const void *(*element)(const void *value, size_t i);

	const char *wants; /* what must stand there; NULL: a word of arg */
	const void *arg;   /* what parse and print want to know */
};

/* ---- for those who write kinds ------------------------------------------ */

/* Say what is wrong with the line; returns false. */
bool values_bad(struct values_line *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first word, and whether it is this one, whatever its case */
struct slice values_first(const struct values_line *l);
bool values_is(const struct values_line *l, const char *word);

/* "yes, no or patterns": what must stand there, for who wrote another thing */
void values_wants(const struct values_kind *k, char *room, size_t size);

/* Add text, which isn't copied, behind the list's last. */
void
values_list_add(struct arena *arena, struct conf_list *list, const char *text);

/* element for lists */
const void *values_list_element(const void *value, size_t i);

/* merge for lists; new array, texts shared */
void values_list_merge(struct arena *arena, void *value, const void *more);

/* "name TEXT" with printf's TEXT */
void values_print(struct values_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "name TEXT" with a text that is written as it stands */
void values_print_text(struct values_out *out, struct slice text);

/* A word after "name ", quoted where it has to be; NULL is "none". */
void values_print_word(struct values_out *out, const char *word);

/* "name WORD TEXT": the text as it stands */
void
values_print_pair(struct values_out *out, const char *word, const char *text);

/* "name WORD WORD": all of a list on one line, "none" if it has none */
void values_print_words(struct values_out *out, const struct conf_list *list);

/* A word and what it means; the first word of a meaning is printed. */
struct values_choice {
	const char *word; /* NULL: the end of the table */
	uint32_t value;
};
bool values_choice_find(const struct values_choice *table, const char *word,
    bool exact, uint32_t *value);
const char *
values_choice_word(const struct values_choice *table, uint32_t value);

/* parse and print of kinds whose arg is a table of struct values_choice; the
 * value is an uint32_t, an enum, or a bool (size 1). */
bool values_choice_parse(const struct values_kind *k, struct values_line *l,
    void *value);
void values_choice_print(const struct values_kind *k, struct values_out *out,
    const void *value);

#define VALUES_CHOICE(type, table)                                             \
	{                                                                      \
		.size = sizeof(type), .words_max = 1,                          \
		.parse = values_choice_parse, .print = values_choice_print,    \
		.arg = (table)                                                 \
	}

/* Lists printed on one line, for kinds with a parse of their own */
void values_list_print(const struct values_kind *k, struct values_out *out,
    const void *value);
/* Lists printed as one line an element */
void values_lines_print(const struct values_kind *k, struct values_out *out,
    const void *value);
void values_count_print(const struct values_kind *k, struct values_out *out,
    const void *value);

/* ---- kinds -------------------------------------------------------------- */

extern const struct values_kind values_flag;  /* bool: yes, no */
extern const struct values_kind values_count; /* uint32_t: 0 to INT32_MAX */
extern const struct values_kind values_generation; /* 1 to 65535 */
extern const struct values_kind values_octal;      /* 0 to 0777; last wins */
extern const struct values_kind values_time;       /* uint32_t seconds */
extern const struct values_kind values_time_none;  /* the same; "none" is 0 */

extern const struct values_kind values_log_level;
extern const struct values_kind values_facility;

#endif
