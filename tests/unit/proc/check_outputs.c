#include "suite.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct outputs o;
static uint8_t octets[OUTPUTS_KEY];

static void
clear(void)
{
	outputs_clear(&o);
	ck_assert_uint_eq(o.n, 0);
}

static struct slice
key(uint8_t n)
{
	octets[OUTPUTS_KEY - 1] = n;
	return SLICE_OF(octets);
}

static int
output(const char *text)
{
	int fd;

	ck_assert_int_eq(memfile_make("x", slice_cstr(text), &fd), OK);
	return fd;
}

static void
put(uint8_t n, uint64_t until, uint64_t now)
{
	ck_assert_int_eq(outputs_put(&o, key(n), until, now, output("text")),
	    OK);
}

static bool
is_closed(int fd)
{
	return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

START_TEST(what_was_put_is_found_until_its_end)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;

	put(1, 100, 0);
	put(2, 200, 0);
	ck_assert_int_ge(outputs_find(&o, key(1), 99), 0);
	ck_assert_int_eq(outputs_find(&o, key(1), 100), -1);
	ck_assert_int_ge(outputs_find(&o, key(2), 100), 0);
	ck_assert_int_eq(outputs_find(&o, key(3), 0), -1);
	ck_assert_int_eq(outputs_find(&o, SLICE_STR("short"), 0), -1);
	ck_assert_int_eq(memfile_read(outputs_find(&o, key(1), 0), &text), OK);
	ck_assert(slice_is(buf_slice(&text), "text"));
}
END_TEST

START_TEST(a_new_one_replaces_the_old)
{
	int old;

	put(1, 100, 0);
	old = o.v[0].fd;
	put(2, 100, 0);
	put(1, 300, 0);
	ck_assert_uint_eq(o.n, 2);
	ck_assert_int_ge(outputs_find(&o, key(1), 250), 0);
	ck_assert_int_eq(outputs_find(&o, key(2), 250), -1);
	ck_assert(old == o.v[1].fd || is_closed(old));
}
END_TEST

START_TEST(what_has_ended_makes_room)
{
	for (uint8_t i = 0; i < OUTPUTS_MAX; i++)
		put(i, 100, 0);
	put(200, 300, 100);
	ck_assert_uint_eq(o.n, 1);
}
END_TEST

START_TEST(the_first_to_end_gives_way)
{
	for (uint8_t i = 0; i < OUTPUTS_MAX; i++)
		put(i, i == 7 ? 50 : 100, 0);
	put(200, 60, 0);
	ck_assert_uint_eq(o.n, OUTPUTS_MAX);
	ck_assert_int_eq(outputs_find(&o, key(7), 0), -1);
	ck_assert_int_ge(outputs_find(&o, key(200), 0), 0);
	ck_assert_int_ge(outputs_find(&o, key(8), 0), 0);
}
END_TEST

START_TEST(nothing_else_is_kept)
{
	SCOPED(mem_free_at) char *large = mem_new(OUTPUTS_OCTETS_MAX + 2);
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = output("x");

	ck_assert_int_eq(outputs_put(&o, key(1), 9, 0, file), ERR_FORMAT);
	ck_assert(is_closed(file));
	ck_assert_int_eq(outputs_put(&o, SLICE_STR("k"), 9, 0, fd), ERR_FORMAT);
	ck_assert(is_closed(fd));
	ck_assert_int_eq(outputs_put(&o, key(1), 9, 0, -1), ERR_FORMAT);
	memset(large, 'x', OUTPUTS_OCTETS_MAX);
	ck_assert_int_eq(outputs_put(&o, key(1), 9, 0, output(large)), OK);
	large[OUTPUTS_OCTETS_MAX] = 'x';
	ck_assert_int_eq(outputs_put(&o, key(2), 9, 0, output(large)),
	    ERR_FORMAT);
	ck_assert_uint_eq(o.n, 1);
	ck_assert_int_eq(outputs_put(&o, key(3), 9, 0, output("")), OK);
}
END_TEST

TCase *
check_outputs(void)
{
	TCase *tc = tcase_create("proc/outputs");

	tcase_add_checked_fixture(tc, NULL, clear);
	tcase_add_test(tc, what_was_put_is_found_until_its_end);
	tcase_add_test(tc, a_new_one_replaces_the_old);
	tcase_add_test(tc, what_has_ended_makes_room);
	tcase_add_test(tc, the_first_to_end_gives_way);
	tcase_add_test(tc, nothing_else_is_kept);
	return tc;
}
