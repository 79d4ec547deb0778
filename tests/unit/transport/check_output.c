#include "output.h"
#include "sallyport/base/mem.h"
#include "sallyport/transport/transport.h"
#include "suite.h"

/* Payload n begins with the octet n; packets without keys are plain. */
static void
put(struct output *o, uint8_t first, size_t n)
{
	struct wr w = output_begin(o, n);

	for (size_t i = 0; i < n; i++)
		wr_u8(&w, i == 0 ? first : 0x55);
	ck_assert_int_eq(output_end(o, &w), OK);
}

/* First octets of the payloads that wait, as a string. */
static void
pending_is(const struct output *o, const char *firsts)
{
	struct packet_dir in = {.seq = 0};
	SCOPED(buf_clear) struct buf copy = BUF_EMPTY;
	struct slice payload;
	struct bytes left;
	size_t used;

	ck_assert_int_eq(buf_append(&copy, output_pending(o)), OK);
	left = bytes_make(copy.p, copy.n);
	for (; *firsts != '\0'; firsts++) {
		ck_assert_int_eq(packet_open(&in, left, &payload, &used), OK);
		ck_assert_int_eq(payload.p[0], *firsts);
		left = bytes_skip(left, used);
	}
	ck_assert_uint_eq(left.n, 0);
}

START_TEST(gathers_packets_for_one_write)
{
	SCOPED(output_clear) struct output o;

	output_init(&o);
	put(&o, 'a', 1);
	put(&o, 'b', 5000);
	put(&o, 'c', 40);
	pending_is(&o, "abc");
}
END_TEST

static void
writes(size_t written)
{
	SCOPED(output_clear) struct output o;
	SCOPED(buf_clear) struct buf all = BUF_EMPTY;
	SCOPED(buf_clear) struct buf sent = BUF_EMPTY;
	struct slice out;

	output_init(&o);
	for (int i = 0; i < 200; i++) {
		size_t before = output_pending(&o).n;

		put(&o, 'a', (size_t)(1 + (i * 37) % 900));
		out = slice_skip(output_pending(&o), before);
		ck_assert_int_eq(buf_append(&all, out), OK);
		out = slice_first(output_pending(&o), written);
		ck_assert_int_eq(buf_append(&sent, out), OK);
		output_sent(&o, out.n);
	}
	ck_assert_int_eq(buf_append(&sent, output_pending(&o)), OK);
	ck_assert(slice_equal(buf_slice(&all), buf_slice(&sent)));
}

START_TEST(goes_on_after_every_partial_write)
{
	for (size_t n = 400; n < 500; n++)
		writes(n);
}
END_TEST

START_TEST(keeps_order_over_an_exchange)
{
	SCOPED(output_clear) struct output o;
	struct wr w;

	output_init(&o);
	put(&o, 'a', 9);
	output_hold(&o);
	put(&o, 'd', 9);
	put(&o, 'e', 3000);
	w = output_begin_now(&o, 1);
	wr_u8(&w, 'b');
	ck_assert_int_eq(output_end(&o, &w), OK);
	pending_is(&o, "ab");
	ck_assert_int_eq(output_release(&o), OK);
	put(&o, 'f', 1);
	pending_is(&o, "abdef");
}
END_TEST

/* SEC-29 */
START_TEST(bounds_what_it_holds_back)
{
	SCOPED(output_clear) struct output o;
	size_t held = 0;
	struct wr w;
	enum err e;

	output_init(&o);
	output_hold(&o);
	do {
		w = output_begin(&o, 1000);
		wr_u8(&w, 'x');
		e = output_end(&o, &w);
		held++;
	} while (e == OK);
	ck_assert_int_eq(e, ERR_FULL);
	ck_assert_uint_le(o.queue.cap, OUTPUT_QUEUE);
	ck_assert_uint_gt(held, 1000);
	/* and goes on once there is room */
	ck_assert_int_eq(output_release(&o), OK);
	put(&o, 'y', 1);
}
END_TEST

START_TEST(bounds_what_nobody_reads)
{
	SCOPED(output_clear) struct output o;
	struct bytes room;
	size_t one = 1;
	enum err e;

	output_init(&o);
	while (
	    (e = output_bulk(&o, TRANSPORT_PAYLOAD_MAX, &room, &one)) == OK) {
		room.p[0] = 'x';
		ck_assert_int_eq(output_bulk_seal(&o, TRANSPORT_PAYLOAD_MAX),
		    OK);
	}
	ck_assert_int_eq(e, ERR_FULL);
	ck_assert_uint_le(output_pending(&o).n, OUTPUT_MAX);
}
END_TEST

START_TEST(reads_bulk_into_its_packet)
{
	SCOPED(output_clear) struct output o;
	struct bytes room;
	size_t one = 1;

	output_init(&o);
	put(&o, 'a', 10);
	ck_assert_int_eq(output_bulk(&o, 32768, &room, &one), OK);
	ck_assert_uint_eq(room.n, 32768);
	memset(room.p, 'b', 700);
	ck_assert_int_eq(output_bulk_seal(&o, 700), OK);
	ck_assert_int_eq(output_bulk(&o, 32768, &room, &one), OK);
	output_abandon(&o);
	put(&o, 'c', 10);
	pending_is(&o, "abc");
}
END_TEST

/* Of _i octets in rooms of 1000: full packets, a short one, none for the rest.
 * What follows stands right behind. */
START_TEST(reads_bulk_into_several_packets_at_once)
{
	SCOPED(output_clear) struct output o;
	struct bytes rooms[4];
	size_t count = 4, left = (size_t)_i * 250;

	output_init(&o);
	put(&o, 'a', 10);
	ck_assert_int_eq(output_bulk(&o, 1000, rooms, &count), OK);
	ck_assert_uint_eq(count, 4);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(rooms[i].n, 1000);
		memset(rooms[i].p, '1' + (int)i, rooms[i].n);
	}
	for (size_t n; left > 0; left -= n) {
		n = left < 1000 ? left : 1000;
		ck_assert_int_eq(output_bulk_seal(&o, n), OK);
	}
	output_abandon(&o);
	put(&o, 'c', 10);
	switch ((_i + 3) / 4) {
	case 0:
		pending_is(&o, "ac");
		break;
	case 1:
		pending_is(&o, "a1c");
		break;
	case 2:
		pending_is(&o, "a12c");
		break;
	case 3:
		pending_is(&o, "a123c");
		break;
	default:
		pending_is(&o, "a1234c");
	}
}
END_TEST

START_TEST(refuses_what_is_empty_or_too_long)
{
	SCOPED(output_clear) struct output o;
	struct bytes room;
	size_t one = 1;
	struct wr w;

	output_init(&o);
	w = output_begin(&o, 4);
	ck_assert_int_eq(output_end(&o, &w), ERR_SHORT);
	w = output_begin(&o, 4);
	wr_u64(&w, 1);
	ck_assert_int_eq(output_end(&o, &w), ERR_TOO_LONG);
	ck_assert_int_eq(output_bulk(&o, TRANSPORT_PAYLOAD_MAX + 1, &room,
			     &one),
	    ERR_TOO_LONG);
	ck_assert_uint_eq(output_pending(&o).n, 0);
	put(&o, 'a', 4);
	pending_is(&o, "a");
}
END_TEST

START_TEST(gives_memory_back_when_idle)
{
	SCOPED(output_clear) struct output o;

	output_init(&o);
	put(&o, 'a', 30000);
	output_idle(&o);
	pending_is(&o, "a");
	output_sent(&o, output_pending(&o).n);
	output_idle(&o);
	ck_assert_uint_eq(o.sealed.cap, 0);
	put(&o, 'b', 1);
}
END_TEST

/* zlib@openssh.com: SUCCESS itself goes as it is, all behind it compressed. */
START_TEST(compresses_behind_success)
{
	SCOPED(output_clear) struct output o;
	size_t before;

	output_init(&o);
	o.compression = &compress_zlib;
	output_restart_stream(&o, true);
	put(&o, 'a', 5000);
	before = output_pending(&o).n;
	ck_assert_uint_gt(before, 5000);
	put(&o, MSG_USERAUTH_SUCCESS, 5000);
	ck_assert_uint_eq(output_pending(&o).n, 2 * before);
	before = output_pending(&o).n;
	put(&o, 'c', 5000);
	ck_assert_uint_lt(output_pending(&o).n, before + 100);
}
END_TEST

START_TEST(cannot_compress_without_the_table)
{
	SCOPED(output_clear) struct output o;
	struct wr w;

	output_init(&o);
	output_restart_stream(&o, true);
	put(&o, MSG_USERAUTH_SUCCESS, 1);
	w = output_begin(&o, 1);
	wr_u8(&w, 94);
	ck_assert_int_eq(output_end(&o, &w), ERR_COMPRESS);
}
END_TEST

TCase *
check_output(void)
{
	TCase *tc = tcase_create("transport/output");

	tcase_add_test(tc, gathers_packets_for_one_write);
	tcase_add_test(tc, goes_on_after_every_partial_write);
	tcase_add_test(tc, keeps_order_over_an_exchange);
	tcase_add_test(tc, bounds_what_it_holds_back);
	tcase_add_test(tc, bounds_what_nobody_reads);
	tcase_add_test(tc, reads_bulk_into_its_packet);
	tcase_add_loop_test(tc, reads_bulk_into_several_packets_at_once, 0, 17);
	tcase_add_test(tc, refuses_what_is_empty_or_too_long);
	tcase_add_test(tc, gives_memory_back_when_idle);
	tcase_add_test(tc, compresses_behind_success);
	tcase_add_test(tc, cannot_compress_without_the_table);
	return tc;
}
