#include "suite.h"

#include "sallyport/rpc/frame.h"
#include "sallyport/rpc/keeper_ops.h"
#include "sallyport/rpc/keycheck_ops.h"
#include "sallyport/rpc/listener_ops.h"
#include "sallyport/rpc/messages.h"
#include "sallyport/rpc/monitor_ops.h"

#include <string.h>

#define ROW(m) &layout_##m,
static const struct layout *const all[] = {MESSAGES(ROW)};
#define ALL (int)(sizeof(all) / sizeof(all[0]))

/* Octets of a field on the wire, at most. */
static size_t
most(const struct field *f)
{
	static const size_t fixed[] = {[FIELD_BOOL] = 1,
	    [FIELD_U8] = 1,
	    [FIELD_U32] = 4,
	    [FIELD_U64] = 8,
	    [FIELD_SLICE] = 4,
	    [FIELD_FD] = 1};

	return fixed[f->kind] + f->max;
}

/* So rpc_send never finds a message too large that layout_encode took. */
START_TEST(the_largest_of_each_fits_a_frame)
{
	const struct layout *l = all[_i];
	size_t n = 8, fds = 0;

	for (size_t i = 0; i < l->n; i++) {
		n += most(&l->fields[i]);
		fds += l->fields[i].kind == FIELD_FD;
	}
	ck_assert_msg(n <= RPC_FRAME_MAX, "%s: %zu", l->name, n);
	ck_assert_msg(n > 8, "%s is empty, and reads like the end", l->name);
	ck_assert_msg(fds <= RPC_FDS_MAX, "%s", l->name);
}
END_TEST

static size_t
aligned(size_t offset, size_t to)
{
	return (offset + to - 1) / to * to;
}

/* A member that a layout forgot leaves a hole that alignment doesn't explain. */
START_TEST(no_layout_forgets_a_member)
{
	static const size_t size[] = {[FIELD_BOOL] = sizeof(bool),
	    [FIELD_U8] = 1,
	    [FIELD_U32] = 4,
	    [FIELD_U64] = 8,
	    [FIELD_SLICE] = sizeof(struct slice),
	    [FIELD_FD] = sizeof(int)};
	static const size_t align[] = {[FIELD_BOOL] = _Alignof(bool),
	    [FIELD_U8] = 1,
	    [FIELD_U32] = _Alignof(uint32_t),
	    [FIELD_U64] = _Alignof(uint64_t),
	    [FIELD_SLICE] = _Alignof(struct slice),
	    [FIELD_FD] = _Alignof(int)};
	const struct layout *l = all[_i];
	size_t end = 0, widest = 1;

	for (size_t i = 0; i < l->n; i++) {
		enum field_kind k = l->fields[i].kind;

		ck_assert_msg(l->fields[i].offset == aligned(end, align[k]),
		    "%s.%s", l->name, l->fields[i].name);
		end = l->fields[i].offset + size[k];
		if (align[k] > widest)
			widest = align[k];
	}
	ck_assert_msg(l->size == aligned(end, widest), "%s", l->name);
}
END_TEST

/* A number is an index into one table or one list of notes, never both. */
START_TEST(no_number_means_two_things)
{
	ck_assert_int_le(MONITOR_OP_COUNT, SERVE_OPS_MAX);
	ck_assert_int_le(KEEPER_OP_COUNT, SERVE_OPS_MAX);
	ck_assert_int_le(KEYCHECK_OP_COUNT, SERVE_OPS_MAX);
	ck_assert_int_gt(KEEPER_START, SERVE_OPS_MAX);
	ck_assert_int_gt(SPAWNER_START, KEEPER_KEYS);
	ck_assert_uint_gt(LOG_NOTE, LIFELINE_OUTCOME);
}
END_TEST

TCase *
check_messages(void)
{
	TCase *tc = tcase_create("rpc/messages");

	tcase_add_loop_test(tc, the_largest_of_each_fits_a_frame, 0, ALL);
	tcase_add_loop_test(tc, no_layout_forgets_a_member, 0, ALL);
	tcase_add_test(tc, no_number_means_two_things);
	return tc;
}
