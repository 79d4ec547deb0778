#include "harness.h"

#include "sallyport/proc/sandbox.h"

#include <poll.h>
#include <sys/wait.h>

static struct harness h;

static void
init(void)
{
	harness_init(&h);
	harness_add_key(&h, "ed25519", 0600, "c");
}

static void
clear(void)
{
	harness_clear(&h);
}

static bool
signs(struct rpc *link)
{
	uint8_t hash[32] = {1};
	struct keeper_sign_msg req = {.key = 0,
	    .alg = SLICE_STR("ssh-ed25519"),
	    .hash = SLICE_OF(hash)};
	struct signature_msg rep;

	return ask_sign(link, &req, &rep) == OK && rep.ok;
}

START_TEST(ends_after_a_check)
{
	harness_start(&h, true);
	ck_assert_int_eq(harness_wait(&h), 0);
}
END_TEST

START_TEST(ends_with_the_listener_when_nobody_else_is_there)
{
	harness_start(&h, false);
	rpc_free(take(&h.root));
	ck_assert_int_eq(harness_wait(&h), 0);
}
END_TEST

/* Sessions exchange keys anew when the listener is long gone. */
START_TEST(outlives_the_listener_while_there_is_a_link)
{
	struct rpc *spawner, *first, *second;

	harness_start(&h, false);
	spawner = harness_link(h.root, true);
	first = harness_link(h.root, false);
	second = harness_link(spawner, false);
	ck_assert(signs(first) && signs(second));
	rpc_free(take(&h.root));
	rpc_free(spawner);
	ck_assert(signs(first) && signs(second));
	rpc_free(first);
	ck_assert(signs(second));
	rpc_free(second);
	ck_assert_int_eq(harness_wait(&h), 0);
}
END_TEST

/* A connection's link can have things signed, and nothing else. */
START_TEST(a_connection_makes_no_links)
{
	struct link_msg m = {.further_links = true};
	struct signature_msg rep;
	struct rpc *link, *other;
	int pair[2];

	harness_start(&h, false);
	link = harness_link(h.root, false);
	other = harness_link(h.root, false);
	ck_assert_int_eq(io_pair(pair), OK);
	m.link.fd = pair[1];
	ck_assert_int_eq(ask_link(link, &m, NULL), OK);
	ck_assert(!signs(link));
	ck_assert(signs(other)); /* that one's end is nobody else's */
	ck_assert_int_ne(ask_sign(link, &(struct keeper_sign_msg){.key = 0},
			     &rep),
	    OK);
	rpc_free(link);
	rpc_free(other);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

/* Nor does the listener's sign. */
START_TEST(the_root_link_signs_nothing)
{
	harness_start(&h, false);
	ck_assert(!signs(h.root));
}
END_TEST

START_TEST(many_links_at_once)
{
	struct rpc *links[200];

	harness_start(&h, false);
	for (size_t i = 0; i < 200; i++)
		links[i] = harness_link(h.root, false);
	for (size_t i = 0; i < 200; i++)
		ck_assert(signs(links[i]));
	for (size_t i = 0; i < 200; i++)
		rpc_free(links[i]);
}
END_TEST

START_TEST(is_confined_before_it_serves)
{
	struct rpc *link;

	harness_start(&h, false);
	link = harness_link(h.root, false);
	ck_assert(signs(link));
	ck_assert(sandbox_is_filtered(h.pid));
	rpc_free(link);
}
END_TEST

TCase *
check_keeper(void)
{
	TCase *tc = tcase_create("keeper/keeper");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, ends_after_a_check);
	tcase_add_test(tc, ends_with_the_listener_when_nobody_else_is_there);
	tcase_add_test(tc, outlives_the_listener_while_there_is_a_link);
	tcase_add_test(tc, a_connection_makes_no_links);
	tcase_add_test(tc, the_root_link_signs_nothing);
	tcase_add_test(tc, many_links_at_once);
	tcase_add_test(tc, is_confined_before_it_serves);
	return tc;
}
