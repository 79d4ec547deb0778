#include "sallyport/base/mem.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/transport/compress.h"
#include "sallyport/transport/transport.h"
#include "suite.h"

struct ends {
	struct compress_stream *out, *in;
};

static void
ends_open(struct ends *s)
{
	ck_assert_int_eq(compress_zlib.open(COMPRESS_DEFLATE, &s->out), OK);
	ck_assert_int_eq(compress_zlib.open(COMPRESS_INFLATE, &s->in), OK);
}

static void
ends_close(struct ends *s)
{
	compress_zlib.close(s->out);
	compress_zlib.close(s->in);
}

static void
small(struct ends *s, struct slice text, struct buf *b)
{
	struct bytes room;
	size_t n;

	ck_assert_int_eq(buf_reserve(b, compress_zlib.bound(text.n), &room),
	    OK);
	ck_assert_int_eq(compress_zlib.deflate(s->out, text, room, &n), OK);
	buf_filled(b, n);
}

static void
comes_back(struct ends *s, struct slice text)
{
	SCOPED(buf_clear) struct buf a = BUF_EMPTY;
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(TRANSPORT_PACKET_MAX);

	small(s, text, &a);
	ck_assert_int_eq(compress_zlib.inflate(s->in, buf_slice(&a), &b), OK);
	ck_assert(slice_equal(buf_slice(&b), text));
}

/* Each piece is whole by itself, noise or not, whatever its length. */
START_TEST(brings_back_every_piece)
{
	static uint8_t noise[TRANSPORT_PAYLOAD_MAX];
	struct ends s;

	ends_open(&s);
	rng_bytes(BYTES_OF(noise));
	for (size_t n = 1; n < 600; n++)
		comes_back(&s, slice_make(noise, n));
	comes_back(&s, SLICE_OF(noise));
	memset(noise, 'a', sizeof(noise));
	comes_back(&s, SLICE_OF(noise));
	for (size_t n = 16380; n < 16390; n++)
		comes_back(&s, slice_make(noise, n));
	ends_close(&s);
}
END_TEST

/* The bound holds while inflating: a bomb costs no more than its limit. */
START_TEST(stops_a_bomb)
{
	SCOPED(buf_clear) struct buf bomb = BUF_EMPTY;
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(TRANSPORT_PACKET_MAX);
	uint8_t *zeros = mem_new(4 << 20);
	struct ends s;

	ends_open(&s);
	small(&s, slice_make(zeros, 4 << 20), &bomb);
	ck_assert_uint_lt(bomb.n, 8192);
	ck_assert_int_eq(compress_zlib.inflate(s.in, buf_slice(&bomb), &out),
	    ERR_COMPRESS);
	ck_assert_uint_le(out.cap, TRANSPORT_PACKET_MAX);
	ends_close(&s);
	mem_free(zeros);
}
END_TEST

START_TEST(refuses_what_is_no_stream)
{
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(1000);
	struct ends s;

	ends_open(&s);
	ck_assert_int_eq(compress_zlib.inflate(s.in, SLICE_STR("no zlib"),
			     &out),
	    ERR_COMPRESS);
	ends_close(&s);
}
END_TEST

static void
changed_at(int i)
{
	SCOPED(buf_clear) struct buf a = BUF_EMPTY;
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(4096);
	struct ends s;
	enum err e;

	ends_open(&s);
	small(&s, SLICE_STR("some text, and some text again, some text"), &a);
	if ((size_t)i < a.n) {
		a.p[i] ^= 0xff;
		e = compress_zlib.inflate(s.in, buf_slice(&a), &out);
		ck_assert(e == OK || e == ERR_COMPRESS);
		ck_assert_uint_le(out.n, 4096);
	}
	ends_close(&s);
}

START_TEST(refuses_a_change_anywhere_or_stays_within_its_limit)
{
	for (int i = 0; i < 48; i++)
		changed_at(i);
}
END_TEST

TCase *
check_compress(void)
{
	TCase *tc = tcase_create("transport/compress");

	tcase_set_timeout(tc, 180);
	tcase_add_test(tc, brings_back_every_piece);
	tcase_add_test(tc, stops_a_bomb);
	tcase_add_test(tc, refuses_what_is_no_stream);
	tcase_add_test(tc, refuses_a_change_anywhere_or_stays_within_its_limit);
	return tc;
}
