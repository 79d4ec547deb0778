/*
 * fixture.h - a configuration made from texts, for the tests of this room
 *
 *     struct fixture f = FIXTURE;
 *     fixture_file(&f, "main", "Port 2200\n");
 *     fixture_parse(&f);
 *     ck_assert_str_eq(fixture_value(&f, NULL, "port"), "2200");
 *     fixture_clear(&f);
 */
#ifndef SALLYPORT_TESTS_CONF_FIXTURE_H
#define SALLYPORT_TESTS_CONF_FIXTURE_H

#include "sallyport/base/buf.h"
#include "sallyport/conf/conf.h"

#define FIXTURE_TEXT 4096

struct fixture {
	struct buf bundle;
	struct buf said; /* "LEVEL: line\n" for every complaint */
	struct buf dump;
	struct conf_set *set;
	struct conf conf; /* of the last fixture_apply */
	enum err err;
	char room[FIXTURE_TEXT];
};

#define FIXTURE ((struct fixture){0})

/* Records of the bundle, in the order of the calls */
void fixture_line(struct fixture *f, const char *line);
void fixture_file(struct fixture *f, const char *name, const char *text);
void fixture_glob(struct fixture *f, const char *pattern, const char *numbers);

void fixture_parse(struct fixture *f);

/* One file and nothing else; must be a good one. */
void fixture_main(struct fixture *f, const char *text);

/* Apply Match for these facts (NULL: nothing known) to f->conf. */
void fixture_apply(struct fixture *f, const struct conf_facts *facts);

/* After fixture_apply: the dump; one keyword's lines, joined by '|' without
 * the keyword. Valid until the next call. */
const char *fixture_dump(struct fixture *f);
const char *fixture_value(struct fixture *f, const struct conf_facts *facts,
    const char *keyword);

/* Was this said (as a part of "LEVEL: line")? */
bool fixture_said(const struct fixture *f, const char *text);

void fixture_clear(struct fixture *f);

#endif
