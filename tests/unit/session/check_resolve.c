#include "suite.h"

#include "resolve.h"

#include "sallyport/base/loop.h"

#include <string.h>

/* What was told, and how often. */
struct told {
	struct loop *loop;
	unsigned int times;
	bool found;
	struct resolved addresses;
	bool why;
};

static void
on_done(void *ctx, const struct resolved *found, const char *why)
{
	struct told *t = ctx;

	t->times++;
	t->found = found != NULL;
	t->why = why != NULL;
	if (found != NULL)
		t->addresses = *found;
	loop_stop(t->loop);
}

/* Never within the call, and once. */
static struct told
look_up(const char *host)
{
	struct told t = {.loop = loop_new()};

	ck_assert_ptr_nonnull(resolve_host(t.loop, host, on_done, &t));
	ck_assert_uint_eq(t.times, 0);
	loop_run(t.loop);
	loop_turn(t.loop, 20);
	ck_assert_uint_eq(t.times, 1);
	ck_assert(t.found != t.why);
	loop_free(t.loop);
	return t;
}

START_TEST(localhost_is_the_loopback_whatever_files_say)
{
	struct told t = look_up("localhost");

	ck_assert(t.found);
	ck_assert_uint_eq(t.addresses.n, 2);
	ck_assert_int_eq(t.addresses.addresses[0].any.sa_family, AF_INET6);
	ck_assert(IN6_IS_ADDR_LOOPBACK(&t.addresses.addresses[0].v6.sin6_addr));
	ck_assert_int_eq(t.addresses.addresses[1].any.sa_family, AF_INET);
	ck_assert_uint_eq(ntohl(t.addresses.addresses[1].v4.sin_addr.s_addr),
	    INADDR_LOOPBACK);
}
END_TEST

START_TEST(an_address_is_itself)
{
	static const uint8_t six[16] = {0x20, 1, 0xd, 0xb8, [15] = 7};
	struct told t = look_up("192.0.2.7");

	ck_assert(t.found);
	ck_assert_uint_eq(t.addresses.n, 1);
	ck_assert_int_eq(t.addresses.addresses[0].any.sa_family, AF_INET);
	ck_assert_uint_eq(ntohl(t.addresses.addresses[0].v4.sin_addr.s_addr),
	    0xc0000207);
	t = look_up("2001:db8::7");
	ck_assert_uint_eq(t.addresses.n, 1);
	ck_assert_int_eq(t.addresses.addresses[0].any.sa_family, AF_INET6);
	ck_assert_mem_eq(&t.addresses.addresses[0].v6.sin6_addr, six, 16);
}
END_TEST

/* By the helper: what no resolver can make a name of. */
START_TEST(what_is_no_name_has_a_reason)
{
	static const char *const names[] = {"", "a..b", "[::1]", "no name"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct told t = look_up(names[i]);

		ck_assert_msg(!t.found && t.why, "%s", names[i]);
	}
}
END_TEST

START_TEST(nobody_is_told_who_does_not_want_to_know)
{
	static const char *const names[] = {"localhost", "a..b"};
	struct told t = {.loop = loop_new()};

	for (size_t i = 0; i < 2; i++) {
		struct resolve *r = resolve_host(t.loop, names[i], on_done, &t);

		ck_assert_ptr_nonnull(r);
		resolve_cancel(r);
	}
	for (int i = 0; i < 5; i++)
		loop_turn(t.loop, 10);
	ck_assert_uint_eq(t.times, 0);
	loop_free(t.loop);
}
END_TEST

TCase *
check_resolve(void)
{
	TCase *tc = tcase_create("session/resolve");

	tcase_add_test(tc, localhost_is_the_loopback_whatever_files_say);
	tcase_add_test(tc, an_address_is_itself);
	tcase_add_test(tc, what_is_no_name_has_a_reason);
	tcase_add_test(tc, nobody_is_told_who_does_not_want_to_know);
	return tc;
}
