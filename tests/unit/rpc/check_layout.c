#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/messages.h"
#include "sallyport/rpc/serve.h"

#include <stdalign.h>
#include <unistd.h>

#define ROW(m) &layout_##m,
static const struct layout *const all[] = {MESSAGES(ROW)};
#define ALL (int)(sizeof(all) / sizeof(all[0]))

static uint32_t seed;

/* Numbers that are the same in each run. */
static uint32_t
draw(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static uint8_t pattern[70000];

static void *
place(void *message, const struct field *f)
{
	return (uint8_t *)message + f->offset;
}

/* Some value for every field; descriptors are numbers here. */
static void
fill(const struct layout *l, void *message)
{
	memset(message, 0, l->size);
	for (size_t i = 0; i < l->n; i++) {
		const struct field *f = &l->fields[i];
		uint32_t max = f->max < 300 ? f->max : 300;

		switch (f->kind) {
		case FIELD_BOOL:
			*(bool *)place(message, f) = draw() % 2;
			break;
		case FIELD_U8:
			*(uint8_t *)place(message, f) = (uint8_t)draw();
			break;
		case FIELD_U32:
			*(uint32_t *)place(message, f) = draw();
			break;
		case FIELD_U64:
			*(uint64_t *)place(message, f) =
			    (uint64_t)draw() << 32 | draw();
			break;
		case FIELD_SLICE:
			*(struct slice *)place(message, f) =
			    slice_make(pattern + draw() % 100,
				draw() % (max + 1));
			break;
		case FIELD_FD:
			*(int *)place(message, f) =
			    draw() % 3 == 0 ? -1 : 1000 + (int)i;
			break;
		}
	}
}

static bool
same(const struct layout *l, void *a, void *b)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct field *f = &l->fields[i];
		static const size_t size[] = {[FIELD_BOOL] = sizeof(bool),
		    [FIELD_U8] = 1,
		    [FIELD_U32] = 4,
		    [FIELD_U64] = 8,
		    [FIELD_FD] = sizeof(int)};

		if (f->kind == FIELD_SLICE) {
			if (!slice_equal(*(struct slice *)place(a, f),
				*(struct slice *)place(b, f)))
				return false;
		} else if (memcmp(place(a, f), place(b, f), size[f->kind]) !=
			   0) {
			return false;
		}
	}
	return true;
}

struct encoded {
	uint8_t octets[8192];
	size_t n;
	int fds[RPC_FDS_MAX];
	size_t nfds;
};

static enum err
encode(const struct layout *l, const void *message, struct encoded *out)
{
	struct wr w = wr_to(BYTES_OF(out->octets));
	enum err e = layout_encode(l, message, &w, out->fds, &out->nfds);

	out->n = w.n;
	return e;
}

static enum err
decode(const struct layout *l, const struct encoded *in, void *message)
{
	return layout_decode(l, slice_make(in->octets, in->n), in->fds,
	    in->nfds, message);
}

START_TEST(every_message_comes_out_as_it_went_in)
{
	const struct layout *l = all[_i];
	alignas(max_align_t) uint8_t in[SERVE_STRUCT_MAX];
	alignas(max_align_t) uint8_t out[SERVE_STRUCT_MAX];
	struct encoded e;

	for (seed = 1; seed < 100; seed++) {
		uint32_t keep = seed;

		fill(l, in);
		ck_assert_int_eq(encode(l, in, &e), OK);
		ck_assert_int_eq(decode(l, &e, out), OK);
		ck_assert_msg(same(l, in, out), "%s", l->name);
		seed = keep;
	}
}
END_TEST

/* Cut anywhere it is refused, and so is what has an octet too many. */
START_TEST(every_other_length_is_refused)
{
	const struct layout *l = all[_i];
	alignas(max_align_t) uint8_t in[SERVE_STRUCT_MAX];
	alignas(max_align_t) uint8_t out[SERVE_STRUCT_MAX];
	struct encoded e;
	size_t whole;

	seed = 7;
	fill(l, in);
	ck_assert_int_eq(encode(l, in, &e), OK);
	whole = e.n;
	for (e.n = 0; e.n < whole; e.n++)
		ck_assert_int_eq(decode(l, &e, out), ERR_SHORT);
	e.octets[whole] = 0;
	e.n = whole + 1;
	ck_assert_int_eq(decode(l, &e, out), ERR_TRAILING);
}
END_TEST

/* Descriptors: as many as are announced, and not one more or less. */
START_TEST(every_other_number_of_descriptors_is_refused)
{
	const struct layout *l = all[_i];
	alignas(max_align_t) uint8_t in[SERVE_STRUCT_MAX];
	alignas(max_align_t) uint8_t out[SERVE_STRUCT_MAX];
	struct encoded e;
	size_t announced;

	seed = 3;
	fill(l, in);
	ck_assert_int_eq(encode(l, in, &e), OK);
	announced = e.nfds;
	for (e.nfds = 0; e.nfds <= RPC_FDS_MAX; e.nfds++) {
		if (e.nfds == announced)
			continue;
		ck_assert_int_eq(decode(l, &e, out), ERR_FORMAT);
		for (size_t i = 0; i < l->n; i++)
			if (l->fields[i].kind == FIELD_FD)
				ck_assert_int_eq(*(int *)place(out,
						     &l->fields[i]),
				    -1);
	}
}
END_TEST

START_TEST(slices_keep_their_limits_on_both_sides)
{
	struct sign_req in = {.alg = slice_make(pattern, 64)};
	struct sign_req out;
	struct encoded e;

	ck_assert_int_eq(encode(&layout_sign_req, &in, &e), OK);
	ck_assert_int_eq(decode(&layout_sign_req, &e, &out), OK);
	in.alg.n = 65;
	ck_assert_int_eq(encode(&layout_sign_req, &in, &e), ERR_TOO_LONG);

	/* the same, as somebody else might write it */
	struct wr w = wr_to(BYTES_OF(e.octets));

	wr_u32(&w, 1);
	wr_string(&w, in.alg);
	wr_string(&w, SLICE_NONE);
	ck_assert_int_eq(wr_end(&w, &e.n), OK);
	ck_assert_int_eq(decode(&layout_sign_req, &e, &out), ERR_TOO_LONG);
	ck_assert_ptr_null(out.alg.p); /* nothing half decoded is left */
}
END_TEST

START_TEST(a_flag_is_0_or_1)
{
	struct encoded e = {.n = 4};
	struct refusal {
		uint8_t octet;
		enum err err;
	} octets[] = {{0, ERR_SHORT}, {1, ERR_SHORT}, {2, ERR_FORMAT},
	    {255, ERR_FORMAT}};
	struct signature_msg out;

	for (size_t i = 0; i < 4; i++) {
		e.octets[0] = octets[i].octet;
		ck_assert_int_eq(decode(&layout_signature_msg, &e, &out),
		    octets[i].err);
	}
}
END_TEST

START_TEST(too_many_descriptors_are_not_sent)
{
	struct rpc_fd all_of[RPC_FDS_MAX + 1];
	struct field fields[RPC_FDS_MAX + 1];
	const struct layout l = {"five", sizeof(all_of), fields,
	    RPC_FDS_MAX + 1};
	struct encoded e;

	for (size_t i = 0; i <= RPC_FDS_MAX; i++) {
		all_of[i].fd = 1;
		fields[i] = (struct field){"fd", i * sizeof(struct rpc_fd),
		    FIELD_FD, 0};
	}
	ck_assert_int_eq(encode(&l, all_of, &e), ERR_FULL);
	all_of[2].fd = -1;
	ck_assert_int_eq(encode(&l, all_of, &e), OK);
	ck_assert_uint_eq(e.nfds, RPC_FDS_MAX);
}
END_TEST

START_TEST(closes_every_descriptor_of_a_message)
{
	struct spawner_start_msg m;
	int fds[2];

	layout_clear(&layout_spawner_start_msg, &m);
	ck_assert_int_eq(m.config.fd, -1);
	ck_assert_int_eq(m.keeper.fd, -1);
	ck_assert_int_eq(io_pipe(fds), OK);
	m.config.fd = fds[0];
	m.keeper.fd = fds[1];
	layout_close(&layout_spawner_start_msg, &m);
	ck_assert_int_eq(m.config.fd, -1);
	ck_assert_int_eq(m.keeper.fd, -1);
	ck_assert_int_lt(close(fds[0]), 0);
	ck_assert_int_lt(close(fds[1]), 0);
}
END_TEST

START_TEST(knows_what_begins_alike)
{
	ck_assert(layout_begins(&layout_prompt_rep, &layout_verdict_rep));
	ck_assert(!layout_begins(&layout_verdict_rep, &layout_prompt_rep));
	ck_assert(!layout_begins(&layout_prompt_rep, &layout_sign_rep));
	for (int i = 0; i < ALL; i++)
		ck_assert(layout_begins(all[i], all[i]));
}
END_TEST

TCase *
check_layout(void)
{
	TCase *tc = tcase_create("rpc/layout");

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 31 + 1);
	tcase_add_loop_test(tc, every_message_comes_out_as_it_went_in, 0, ALL);
	tcase_add_loop_test(tc, every_other_length_is_refused, 0, ALL);
	tcase_add_loop_test(tc, every_other_number_of_descriptors_is_refused, 0,
	    ALL);
	tcase_add_test(tc, slices_keep_their_limits_on_both_sides);
	tcase_add_test(tc, a_flag_is_0_or_1);
	tcase_add_test(tc, too_many_descriptors_are_not_sent);
	tcase_add_test(tc, closes_every_descriptor_of_a_message);
	tcase_add_test(tc, knows_what_begins_alike);
	return tc;
}
