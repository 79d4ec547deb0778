#include "client.h"

#include <fcntl.h>

static struct slice
number_of(uint32_t n, uint8_t room[4])
{
	struct wr w = wr_to(bytes_make(room, 4));

	wr_u32(&w, n);
	return slice_make(room, 4);
}

static uint32_t
add(struct handles *h, enum err expected)
{
	struct handle new = {.kind = HANDLE_FILE,
	    .fd = open("/dev/null", O_RDONLY)};
	uint32_t number = 0;

	ck_assert_int_eq(handles_add(h, &new, "x", &number), expected);
	return number;
}

START_TEST(a_handle_that_was_closed_is_none_any_more)
{
	struct handles h;
	uint32_t old, new;
	uint8_t room[4];

	handles_init(&h);
	old = add(&h, OK);
	ck_assert_ptr_nonnull(handles_any(&h, number_of(old, room)));
	ck_assert_ptr_null(
	    handles_get(&h, number_of(old, room), HANDLE_FOLDER));
	ck_assert_int_eq(handles_close(&h,
			     handles_any(&h, number_of(old, room))),
	    0);
	ck_assert_ptr_null(handles_any(&h, number_of(old, room)));
	new = add(&h, OK);
	ck_assert_uint_ne(new, old);
	ck_assert_ptr_null(handles_any(&h, number_of(old, room)));
	ck_assert_ptr_nonnull(handles_any(&h, number_of(new, room)));
	handles_close(&h, handles_any(&h, number_of(new, room)));
	free(h.v);
}
END_TEST

START_TEST(numbers_that_nobody_gave_are_none)
{
	struct handles h;
	uint8_t room[4];

	handles_init(&h);
	ck_assert_ptr_null(handles_any(&h, number_of(0, room)));
	(void)add(&h, OK);
	ck_assert_ptr_null(handles_any(&h, number_of(1, room)));
	ck_assert_ptr_null(handles_any(&h, number_of(UINT32_MAX, room)));
	ck_assert_ptr_null(handles_any(&h, SLICE_NONE));
	ck_assert_ptr_null(handles_any(&h, SLICE_STR("\0\0\0\0\0")));
	handles_close(&h, &h.v[0]);
	free(h.v);
}
END_TEST

START_TEST(there_are_as_many_as_the_limit_allows)
{
	struct handles h;

	handles_init(&h);
	h.max = 5;
	for (int i = 0; i < 5; i++)
		(void)add(&h, OK);
	(void)add(&h, ERR_FULL);
	handles_close(&h, &h.v[2]);
	(void)add(&h, OK);
	(void)add(&h, ERR_FULL);
	for (int i = 0; i < 5; i++)
		handles_close(&h, &h.v[i]);
	free(h.v);
}
END_TEST

TCase *
check_handles(void)
{
	TCase *tc = tcase_create("handles");

	tcase_add_test(tc, a_handle_that_was_closed_is_none_any_more);
	tcase_add_test(tc, numbers_that_nobody_gave_are_none);
	tcase_add_test(tc, there_are_as_many_as_the_limit_allows);
	return tc;
}
