#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/ring.h"

#define KIB ((size_t)1024)

/* Octet i of an endless stream that repeats late */
static uint8_t
octet(size_t i)
{
	return (uint8_t)(i * 31 + i / 251);
}

/* Read n octets of the stream, from *at on. */
static void
feed(struct ring *r, size_t *at, size_t n)
{
	struct bytes room;

	ck_assert_int_eq(ring_room(r, n, &room), OK);
	ck_assert_uint_ge(room.n, n);
	for (size_t i = 0; i < n; i++)
		room.p[i] = octet((*at)++);
	ring_filled(r, n);
}

/* Take n octets and see that they are the stream's, from *at on. */
static void
drain(struct ring *r, size_t *at, size_t n)
{
	struct bytes data = ring_data(r);
	size_t same = 0;

	ck_assert_uint_ge(data.n, n);
	while (same < n && data.p[same] == octet(*at + same))
		same++;
	ck_assert_uint_eq(same, n);
	*at += n;
	ring_consume(r, n);
}

START_TEST(has_no_memory_before_the_first_use)
{
	SCOPED(ring_clear) struct ring r = RING_LIMIT(64 * KIB);

	ck_assert_uint_eq(ring_data(&r).n, 0);
	ck_assert_ptr_null(r.p);
	ring_consume(&r, 0);
	ring_idle(&r);
}
END_TEST

START_TEST(begins_small_and_grows_as_needed)
{
	SCOPED(ring_clear) struct ring r = RING_LIMIT(100 * KIB);
	struct bytes room;

	ck_assert_int_eq(ring_room(&r, 1, &room), OK);
	ck_assert_uint_eq(r.cap, 16 * KIB);
	ck_assert_int_eq(ring_room(&r, 17 * KIB, &room), OK);
	ck_assert_uint_eq(r.cap, 32 * KIB);
	ck_assert_int_eq(ring_room(&r, 99 * KIB, &room), OK);
	ck_assert_uint_eq(r.cap, 100 * KIB);
}
END_TEST

START_TEST(never_holds_more_than_its_limit)
{
	SCOPED(ring_clear) struct ring r = RING_LIMIT(20 * KIB);
	struct bytes room;
	size_t in = 0;
	size_t out = 0;

	ck_assert_int_eq(ring_room(&r, 20 * KIB + 1, &room), ERR_FULL);
	ck_assert_int_eq(ring_room(&r, SIZE_MAX, &room), ERR_FULL);
	feed(&r, &in, 20 * KIB);
	ck_assert_int_eq(ring_room(&r, 1, &room), ERR_FULL);
	ck_assert_uint_eq(room.n, 0);
	drain(&r, &out, 10);
	ck_assert_int_eq(ring_room(&r, 11, &room), ERR_FULL);
	feed(&r, &in, 10);
	drain(&r, &out, 20 * KIB);
}
END_TEST

/* Whatever the sizes of reads and packets, octets come in order, in one. */
START_TEST(keeps_the_stream_contiguous)
{
	SCOPED(ring_clear) struct ring r = RING_LIMIT(40000);
	unsigned int seed = (unsigned int)_i + 1;
	size_t in = 0;
	size_t out = 0;

	for (int turn = 0; turn < 300; turn++) {
		size_t n = (size_t)rand_r(&seed) % 9000;

		if (n <= 40000 - (in - out))
			feed(&r, &in, n);
		ck_assert_uint_eq(ring_data(&r).n, in - out);
		drain(&r, &out, (size_t)rand_r(&seed) % (in - out + 1));
		ring_idle(&r);
	}
}
END_TEST

START_TEST(gives_memory_back_only_when_all_was_read)
{
	SCOPED(ring_clear) struct ring r = RING_LIMIT(64 * KIB);
	size_t in = 0;
	size_t out = 0;

	feed(&r, &in, 3);
	drain(&r, &out, 2);
	ring_idle(&r);
	ck_assert_uint_eq(ring_data(&r).n, 1);
	drain(&r, &out, 1);
	ring_idle(&r);
	ck_assert_ptr_null(r.p);
	ck_assert_uint_eq(r.cap, 0);
	feed(&r, &in, 5);
	drain(&r, &out, 5);
}
END_TEST

START_TEST(lets_packets_be_opened_in_place)
{
	SCOPED(ring_clear) struct ring r = RING_LIMIT(64 * KIB);
	size_t in = 0;

	feed(&r, &in, 10);
	ring_data(&r).p[0] = 'x';
	ck_assert_uint_eq(ring_data(&r).p[0], 'x');
}
END_TEST

/* The mark below which idle and clear wipe covers all that was written. */
START_TEST(remembers_how_far_it_was_written)
{
	SCOPED(ring_clear) struct ring r = RING_LIMIT(64 * KIB);
	size_t in = 0;
	size_t out = 0;

	feed(&r, &in, 1000);
	drain(&r, &out, 1000);
	feed(&r, &in, 5);
	ck_assert_uint_eq(r.high, 1000);
	ring_clear(&r);
	ck_assert_uint_eq(r.high, 0);
	ck_assert_uint_eq(ring_data(&r).n, 0);
}
END_TEST

TCase *
check_ring(void)
{
	TCase *tc = tcase_create("base/ring");

	tcase_add_test(tc, has_no_memory_before_the_first_use);
	tcase_add_test(tc, begins_small_and_grows_as_needed);
	tcase_add_test(tc, never_holds_more_than_its_limit);
	tcase_add_loop_test(tc, keeps_the_stream_contiguous, 0, 8);
	tcase_add_test(tc, gives_memory_back_only_when_all_was_read);
	tcase_add_test(tc, lets_packets_be_opened_in_place);
	tcase_add_test(tc, remembers_how_far_it_was_written);
	return tc;
}
