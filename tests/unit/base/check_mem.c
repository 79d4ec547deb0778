#include "suite.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool
is_all(const void *p, size_t n, uint8_t octet)
{
	const uint8_t *octets = p;

	for (size_t i = 0; i < n; i++) {
		if (octets[i] != octet)
			return false;
	}
	return true;
}

static bool
is_zero(const void *p, size_t n)
{
	return is_all(p, n, 0);
}

static void
hush(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

START_TEST(gives_zeroed_memory_of_every_size)
{
	size_t size = (size_t)_i * 37;
	void *p = mem_new(size);
	void *q = mem_array((size_t)_i, 37);

	ck_assert_ptr_nonnull(p);
	ck_assert(is_zero(p, size));
	ck_assert(is_zero(q, size));
	mem_free(p);
	mem_free(q);
}
END_TEST

START_TEST(keeps_what_fits_and_zeroes_what_is_new)
{
	uint32_t *a = mem_array(3, sizeof(*a));

	for (uint32_t i = 0; i < 3; i++)
		a[i] = i + 1;
	a = mem_resize(a, 3, 1000, sizeof(*a));
	ck_assert_uint_eq(a[2], 3);
	ck_assert(is_zero(a + 3, 997 * sizeof(*a)));
	a = mem_resize(a, 1000, 2, sizeof(*a));
	ck_assert_uint_eq(a[1], 2);
	a = mem_resize(a, 2, 0, sizeof(*a));
	ck_assert_ptr_nonnull(a);
	mem_free(a);
	a = mem_resize(NULL, 0, 2, sizeof(*a));
	ck_assert(is_zero(a, 2 * sizeof(*a)));
	mem_free(a);
}
END_TEST

START_TEST(refuses_a_product_that_overflows)
{
	log_to_function(hush, NULL);
	mem_free(mem_array(SIZE_MAX / 2, 3));
}
END_TEST

START_TEST(frees_at_the_end_of_scope_what_was_not_taken)
{
	char *kept;

	{
		SCOPED(mem_free_at) char *freed = mem_strdup("freed");
		SCOPED(mem_free_at) char *moved = mem_strdup("moved");

		ck_assert_str_eq(freed, "freed");
		kept = take(&moved);
		ck_assert_ptr_null(moved);
	}
	ck_assert_str_eq(kept, "moved");
	mem_free(kept);
}
END_TEST

START_TEST(copies_and_formats_text)
{
	SCOPED(mem_free_at) char *text = mem_text(slice_make("abc", 2));
	SCOPED(mem_free_at) char *none = mem_text(SLICE_NONE);
	SCOPED(mem_free_at) char *made = mem_format("%s-%d", "x", 42);

	ck_assert_str_eq(text, "ab");
	ck_assert_str_eq(none, "");
	ck_assert_str_eq(made, "x-42");
}
END_TEST

/* Pieces of every kind of size, also larger than a chunk, all at once */
START_TEST(gives_pieces_that_are_zeroed_aligned_and_apart)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 20000, 60000,
	    65000, 65536, 300000};
	enum { ROUNDS = 8, SIZES = sizeof(sizes) / sizeof(sizes[0]) };
	uint8_t *pieces[ROUNDS * SIZES];
	struct arena *a = arena_new();

	for (size_t i = 0; i < ROUNDS * SIZES; i++) {
		pieces[i] = arena_alloc(a, sizes[i % SIZES]);
		ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
		ck_assert(is_zero(pieces[i], sizes[i % SIZES]));
		memset(pieces[i], (int)i + 1, sizes[i % SIZES]);
	}
	for (size_t i = 0; i < ROUNDS * SIZES; i++) {
		ck_assert(
		    is_all(pieces[i], sizes[i % SIZES], (uint8_t)(i + 1)));
		ck_assert(i == 0 || pieces[i] != pieces[i - 1]);
	}
	arena_free(a);
}
END_TEST

/* A write to it kills; looked at from outside, as sanitizers catch SIGSEGV. */
START_TEST(is_read_only_once_sealed)
{
	struct arena *a = arena_new();
	char *text = arena_text(a, SLICE_STR("sealed"));
	char *large = arena_alloc(a, 100000);
	int status;
	pid_t pid;

	arena_seal(a);
	ck_assert_str_eq(text, "sealed");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)(_i == 0 ? text : large) = 'x';
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
	arena_free(a);
}
END_TEST

START_TEST(gives_nothing_once_sealed)
{
	struct arena *a = arena_new();

	log_to_function(hush, NULL);
	arena_seal(a);
	arena_alloc(a, 1);
}
END_TEST

START_TEST(frees_no_arena)
{
	arena_free(NULL);
	arena_free(arena_new());
}
END_TEST

/* Out of a heap full of holes, a settled process gives pieces of all sizes
 * from a few pages that lie together. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1 /* gcc */
#elif defined(__has_feature)
#define WITH_ASAN __has_feature(address_sanitizer) /* clang */
#else
#define WITH_ASAN 0
#endif

START_TEST(settled_gives_pieces_that_lie_together)
{
	static void *pieces[4000];
	uintptr_t low = UINTPTR_MAX, high = 0;

	for (size_t i = 0; i < 4000; i++)
		pieces[i] = mem_new(16 + i % 50 * 20);
	for (size_t i = 0; i < 4000; i += 3)
		mem_free(pieces[i]);
	mem_settle();
	for (size_t i = 0; i < 4000; i += 3) {
		uintptr_t p;

		pieces[i] = mem_new(16 + i % 50 * 20);
		p = (uintptr_t)pieces[i];
		low = p < low && i < 120 ? p : low;
		high = p > high && i < 120 ? p : high;
	}
	for (size_t i = 0; i < 4000; i++)
		mem_free(pieces[i]);
	if (!WITH_ASAN) /* whose allocator keeps pieces apart on purpose */
		ck_assert_uint_lt(high - low, 8 * 4096);
	ck_assert_uint_lt(low, high);
}
END_TEST

TCase *
check_mem(void)
{
	TCase *tc = tcase_create("base/mem");

	tcase_add_loop_test(tc, gives_zeroed_memory_of_every_size, 0, 4);
	tcase_add_test(tc, keeps_what_fits_and_zeroes_what_is_new);
	tcase_add_test_raise_signal(tc, refuses_a_product_that_overflows,
	    SIGABRT);
	tcase_add_test(tc, frees_at_the_end_of_scope_what_was_not_taken);
	tcase_add_test(tc, copies_and_formats_text);
	tcase_add_test(tc, gives_pieces_that_are_zeroed_aligned_and_apart);
	tcase_add_loop_test(tc, is_read_only_once_sealed, 0, 2);
	tcase_add_test_raise_signal(tc, gives_nothing_once_sealed, SIGABRT);
	tcase_add_test(tc, frees_no_arena);
	tcase_add_test(tc, settled_gives_pieces_that_lie_together);
	return tc;
}
