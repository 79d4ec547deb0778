#include "suite.h"

#include "sallyport/crypto/secret.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(gives_zeroed_octets_apart_from_each_other)
{
	uint8_t *a = secret_new(100), *b = secret_new(100);

	ck_assert(secret_is_zero(a, 100) && secret_is_zero(b, 100));
	ck_assert(b >= a + 100 || a >= b + 100);
	ck_assert_uint_eq((uintptr_t)a % 16, 0);
	memset(a, 0xaa, 100);
	ck_assert(secret_is_zero(b, 100));
	secret_free(a);
	secret_free(b);
	secret_free(NULL);
}
END_TEST

START_TEST(wipes_what_is_freed)
{
	uint8_t *a = secret_new(64), *b = secret_new(64);

	memset(a, 0x55, 64);
	secret_free(a);
	ck_assert(secret_is_zero(a, 64));
	secret_free(b);
}
END_TEST

/* Whatever was allocated and freed in whatever order, all of it is there
 * again in one piece, and no two pieces ever overlap. */
START_TEST(loses_no_room_and_gives_none_twice)
{
	static struct bytes held[64];
	uint32_t v = (uint32_t)_i + 1;
	bool kept = true;
	void *all;

	secret_init(0);
	for (int round = 0; round < 4000; round++) {
		struct bytes *h;

		v = v * 1664525u + 1013904223u;
		h = &held[(v >> 20) % 64];
		for (size_t i = 0; i < h->n; i++)
			kept = kept && h->p[i] == (size_t)(h - held);
		if (h->p != NULL) {
			secret_free(h->p);
			*h = bytes_make(NULL, 0);
			continue;
		}
		*h = secret_bytes((v >> 8) % 300);
		kept = kept && secret_is_zero(h->p, h->n);
		memset(h->p, (int)(h - held), h->n);
	}
	ck_assert(kept);
	for (size_t i = 0; i < 64; i++)
		secret_free(held[i].p);
	all = secret_new(30 << 10);
	ck_assert_ptr_nonnull(all);
	secret_free(all);
}
END_TEST

START_TEST(ends_the_process_when_it_is_full)
{
	secret_init(8 << 10);
	(void)secret_new(9 << 10);
}
END_TEST

START_TEST(ends_the_process_for_an_absurd_size)
{
	(void)secret_new(SIZE_MAX);
}
END_TEST

START_TEST(takes_a_size_of_ones_own)
{
	secret_init(1 << 20);
	ck_assert_ptr_nonnull(secret_new(1000 << 10));
}
END_TEST

START_TEST(stops_whoever_runs_past_its_end)
{
	uint8_t *p;

	signal(SIGSEGV, SIG_DFL); /* not a sanitizer's business */
	secret_init(4096);
	p = secret_new(16);
	for (volatile uint8_t *at = p;; at++)
		*at = 0;
}
END_TEST

static int
status_of(pid_t child)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

/* A child sees none of its parent's secrets, and has an arena of its own,
 * whether or not it says that it is a child. */
START_TEST(a_child_finds_nothing)
{
	uint8_t *secret = secret_new(32), *mine;
	pid_t child;

	memset(secret, 0x77, 32);
	if ((child = fork()) == 0) {
		if (!secret_is_zero(secret, 32))
			_exit(1);
		if (_i == 1)
			secret_init(0);
		secret_free(secret); /* the parent's: nothing happens */
		mine = secret_new(32);
		if (!secret_is_zero(mine, 32) || mine == secret)
			_exit(2);
		memset(mine, 1, 32);
		secret_free(secret);
		if (mine[0] != 1 || !secret_is_locked())
			_exit(3);
		secret_free(mine);
		_exit(0);
	}
	ck_assert_int_eq(status_of(child), 0);
	ck_assert_uint_eq(secret[31], 0x77);
	secret_free(secret);
}
END_TEST

/* Is the page of p mapped with this flag, "lo", "dd" or "wf"? */
static bool
page_has(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	unsigned long from, to;
	bool here = false, has = false;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (uintptr_t)p && (uintptr_t)p < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			has = strstr(line, flag) != NULL;
	}
	fclose(f);
	return has;
}

START_TEST(is_locked_undumped_and_wiped_on_fork)
{
	void *p = secret_new(16);

	ck_assert(secret_is_locked());
	ck_assert(page_has(p, " lo"));
	ck_assert(page_has(p, " dd"));
	ck_assert(page_has(p, " wf"));
	secret_free(p);
}
END_TEST

/* Of 32 KiB only what is used costs memory. */
START_TEST(touches_no_page_before_its_time)
{
	unsigned char in_core[8];
	uint8_t *p = secret_new(16);
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	size_t count = 0;

	ck_assert_int_eq(mincore((void *)((uintptr_t)p & ~(page - 1)), 32 << 10,
			     in_core),
	    0);
	for (size_t i = 0; i < (32 << 10) / page; i++)
		count += in_core[i] & 1;
	ck_assert_uint_eq(count, 1);
	secret_free(p);
}
END_TEST

/* Two strings are the same or differ in one octet, wherever it is. */
START_TEST(compares_every_octet)
{
	uint8_t a[33] = {0}, b[33] = {0};

	for (size_t i = 0; i < sizeof(a); i++) {
		ck_assert(secret_equal(a, b, sizeof(a)));
		b[i] = 0x80;
		ck_assert(!secret_equal(a, b, sizeof(a)));
		ck_assert(!secret_is_zero(b, sizeof(b)));
		ck_assert(secret_equal(a, b, i));
		secret_wipe(b, sizeof(b));
		ck_assert(secret_is_zero(b, sizeof(b)));
	}
}
END_TEST

TCase *
check_secret(void)
{
	TCase *tc = tcase_create("crypto/secret");

	tcase_add_test(tc, gives_zeroed_octets_apart_from_each_other);
	tcase_add_test(tc, wipes_what_is_freed);
	tcase_add_loop_test(tc, loses_no_room_and_gives_none_twice, 0, 8);
	tcase_add_test_raise_signal(tc, ends_the_process_when_it_is_full,
	    SIGABRT);
	tcase_add_test_raise_signal(tc, ends_the_process_for_an_absurd_size,
	    SIGABRT);
	tcase_add_test(tc, takes_a_size_of_ones_own);
	tcase_add_test_raise_signal(tc, stops_whoever_runs_past_its_end,
	    SIGSEGV);
	tcase_add_loop_test(tc, a_child_finds_nothing, 0, 2);
	tcase_add_test(tc, is_locked_undumped_and_wiped_on_fork);
	tcase_add_test(tc, touches_no_page_before_its_time);
	tcase_add_test(tc, compares_every_octet);
	return tc;
}
