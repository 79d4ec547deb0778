#include "suite.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <signal.h>

START_TEST(holds_what_was_appended_in_order)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;

	for (int i = 0; i < 500; i++) {
		uint8_t octet = (uint8_t)(i * 7);

		ck_assert_int_eq(buf_append(&b, SLICE_OF(octet)), OK);
	}
	ck_assert_uint_eq(b.n, 500);
	for (int i = 0; i < 500; i++)
		ck_assert_uint_eq(b.p[i], (uint8_t)(i * 7));
}
END_TEST

/* At the limit there is room for nothing, and nothing was changed. */
START_TEST(grows_to_its_limit_and_not_beyond)
{
	static const size_t limits[] = {1, 2, 63, 64, 65, 127, 128, 200};
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(limits[_i]);
	struct bytes room;

	while (b.n < limits[_i])
		ck_assert_int_eq(buf_append(&b, SLICE_STR("x")), OK);
	ck_assert_int_eq(buf_append(&b, SLICE_STR("y")), ERR_TOO_LONG);
	ck_assert_int_eq(buf_printf(&b, "%c", 'y'), ERR_TOO_LONG);
	ck_assert_int_eq(buf_reserve(&b, SIZE_MAX, &room), ERR_TOO_LONG);
	ck_assert_uint_eq(room.n, 0);
	ck_assert_int_eq(buf_append(&b, SLICE_NONE), OK);
	ck_assert_uint_eq(b.n, limits[_i]);
}
END_TEST

START_TEST(prints_up_to_its_limit)
{
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(5);

	ck_assert_int_eq(buf_printf(&b, "%03d", 7), OK);
	ck_assert_int_eq(buf_printf(&b, "%s", "abc"), ERR_TOO_LONG);
	ck_assert_int_eq(buf_printf(&b, "%s", "ab"), OK);
	ck_assert(slice_is(buf_slice(&b), "007ab"));
}
END_TEST

START_TEST(gives_exactly_the_room_asked_for)
{
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(1000);
	struct bytes room;

	ck_assert_int_eq(buf_reserve(&b, 100, &room), OK);
	ck_assert_uint_eq(room.n, 100);
	ck_assert_uint_eq(b.n, 0);
	memset(room.p, 'a', 40);
	buf_filled(&b, 40);
	ck_assert_uint_eq(b.n, 40);
	ck_assert_int_eq(buf_reserve(&b, 960, &room), OK);
	ck_assert_int_eq(b.p[39], 'a');
}
END_TEST

static void
hush(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

START_TEST(cannot_be_filled_beyond_its_room)
{
	struct buf b = BUF_EMPTY;
	struct bytes room;

	log_to_function(hush, NULL);
	ck_assert_int_eq(buf_reserve(&b, 1, &room), OK);
	buf_filled(&b, b.cap + 1);
}
END_TEST

START_TEST(drops_octets_off_the_front)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;

	ck_assert_int_eq(buf_append_cstr(&b, "abcdef"), OK);
	buf_consume(&b, 0);
	ck_assert(slice_is(buf_slice(&b), "abcdef"));
	buf_consume(&b, 4);
	ck_assert(slice_is(buf_slice(&b), "ef"));
	buf_consume(&b, 3);
	ck_assert_uint_eq(b.n, 0);
	buf_consume(&b, 1);
	ck_assert_int_eq(buf_append_cstr(&b, "g"), OK);
	ck_assert(slice_is(buf_slice(&b), "g"));
}
END_TEST

static bool
is_wiped(const struct buf *b, size_t from)
{
	for (size_t i = from; i < b->cap; i++) {
		if (b->p[i] != 0)
			return false;
	}
	return true;
}

START_TEST(wipes_a_secret_where_it_is_dropped)
{
	SCOPED(buf_clear) struct buf b = BUF_SECRET(64);
	struct bytes room;

	ck_assert_int_eq(buf_reserve(&b, 64, &room), OK);
	memset(room.p, 's', room.n);
	buf_filled(&b, 32);
	buf_reset(&b);
	ck_assert_uint_eq(b.n, 0);
	ck_assert(is_wiped(&b, 0));
	ck_assert_int_eq(buf_append_cstr(&b, "secret"), OK);
	buf_consume(&b, 4);
	ck_assert(slice_is(buf_slice(&b), "et"));
	ck_assert(is_wiped(&b, 2));
}
END_TEST

START_TEST(keeps_a_secret_whole_while_it_grows)
{
	static uint8_t secret[100000];
	SCOPED(buf_clear) struct buf b = BUF_SECRET(sizeof(secret));
	struct slice rest = SLICE_OF(secret);

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(i % 251);
	for (; rest.n > 0; rest = slice_skip(rest, 77))
		ck_assert_int_eq(buf_append(&b, slice_first(rest, 77)), OK);
	ck_assert(slice_equal(buf_slice(&b), SLICE_OF(secret)));
}
END_TEST

START_TEST(is_usable_again_after_clear)
{
	struct buf b = BUF_LIMIT(3);

	buf_clear(&b);
	ck_assert_int_eq(buf_append_cstr(&b, "abc"), OK);
	buf_clear(&b);
	ck_assert_ptr_null(b.p);
	ck_assert_int_eq(buf_append_cstr(&b, "abcd"), ERR_TOO_LONG);
	ck_assert_int_eq(buf_append_cstr(&b, "abc"), OK);
	buf_clear(&b);
}
END_TEST

TCase *
check_buf(void)
{
	TCase *tc = tcase_create("base/buf");

	tcase_add_test(tc, holds_what_was_appended_in_order);
	tcase_add_loop_test(tc, grows_to_its_limit_and_not_beyond, 0, 8);
	tcase_add_test(tc, prints_up_to_its_limit);
	tcase_add_test(tc, gives_exactly_the_room_asked_for);
	tcase_add_test_raise_signal(tc, cannot_be_filled_beyond_its_room,
	    SIGABRT);
	tcase_add_test(tc, drops_octets_off_the_front);
	tcase_add_test(tc, wipes_a_secret_where_it_is_dropped);
	tcase_add_test(tc, keeps_a_secret_whole_while_it_grows);
	tcase_add_test(tc, is_usable_again_after_clear);
	return tc;
}
