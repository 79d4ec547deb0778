/*
 * values_cases.h - lines and what becomes of them, for the tests of value kinds
 */
#ifndef SALLYPORT_TESTS_CONF_VALUES_CASES_H
#define SALLYPORT_TESTS_CONF_VALUES_CASES_H

#include "fixture.h"

#include <check.h>

struct good_line {
	const char *text;
	const char *keyword; /* in lower case */
	const char *value;   /* lines of the dump, joined by '|' */
};

struct bad_line {
	const char *text;
	const char *why; /* a part of what is said */
};

static inline void
good_line(const struct good_line *g)
{
	struct fixture f = FIXTURE;

	fixture_main(&f, g->text);
	ck_assert_str_eq(fixture_value(&f, NULL, g->keyword), g->value);
	fixture_clear(&f);
}

/* In a block that never holds it is wrong all the same. */
static inline void
bad_line(const struct bad_line *b)
{
	struct fixture f = FIXTURE;

	fixture_file(&f, "main", b->text);
	fixture_parse(&f);
	ck_assert_msg(f.err == ERR_CONFIG, "%s", b->text);
	ck_assert_msg(fixture_said(&f, b->why), "%s: %.*s", b->text,
	    (int)f.said.n, (const char *)f.said.p);
	fixture_clear(&f);
}

#endif
