/*
 * suite.h - the frame of a unit test program: one program a room
 *
 * tests/unit/ROOM/suite.c lists the cases and calls suite_run; each
 * check_NAME.c gives one TCase *check_NAME(void).
 */
#ifndef SALLYPORT_TESTS_SUITE_H
#define SALLYPORT_TESTS_SUITE_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

typedef TCase *case_fn(void);

/* Each check_NAME.c shows one function, which suite.c alone declares. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static inline int
suite_run(const char *room, case_fn *const *cases, size_t n)
{
	Suite *s = suite_create(room);
	SRunner *sr;
	int failed;

	for (size_t i = 0; i < n; i++)
		suite_add_tcase(s, cases[i]());
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
