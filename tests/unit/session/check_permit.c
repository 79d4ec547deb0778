#include "permit.h"

#include "suite.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/wr.h"
#include "sallyport/roles.h"
#include "sallyport/rpc/messages.h"

#define LIST(...)                                                              \
	{                                                                      \
		(const char *const[]){__VA_ARGS__},                            \
		    sizeof((const char *const[]){__VA_ARGS__}) /               \
			sizeof(char *)                                         \
	}

static const struct grant all_granted = {.permits = PERMIT_ALL};

static struct conf
everything(void)
{
	return (struct conf){.allow_tcp_forwarding = FORWARD_ALL,
	    .allow_streamlocal_forwarding = FORWARD_ALL,
	    .allow_agent_forwarding = true,
	    .x11_forwarding = true};
}

static unsigned int
what_is_on(const struct conf *c, const struct grant *g)
{
	return permit_tcp(c, g, FORWARD_LOCAL) * 1u +
	       permit_tcp(c, g, FORWARD_REMOTE) * 2u +
	       permit_streamlocal(c, g, FORWARD_LOCAL) * 4u +
	       permit_streamlocal(c, g, FORWARD_REMOTE) * 8u +
	       permit_agent(c, g) * 16u + permit_x11(c, g) * 32u;
}

START_TEST(configuration_and_key_must_agree)
{
	struct conf c = everything();
	struct grant g = all_granted;

	ck_assert_uint_eq(what_is_on(&c, &g), 63);
	g.permits = PERMIT_ALL & ~PERMIT_PORT;
	ck_assert_uint_eq(what_is_on(&c, &g), 48);
	g.permits = PERMIT_ALL & ~PERMIT_AGENT & ~PERMIT_X11;
	ck_assert_uint_eq(what_is_on(&c, &g), 15);
	c.allow_tcp_forwarding = FORWARD_LOCAL;
	c.allow_streamlocal_forwarding = FORWARD_REMOTE;
	ck_assert_uint_eq(what_is_on(&c, &g), 9);
	c.allow_tcp_forwarding = c.allow_streamlocal_forwarding = FORWARD_NO;
	ck_assert_uint_eq(what_is_on(&c, &g), 0);
}
END_TEST

/* CVE-2025-32728: all of what its documentation says. */
START_TEST(disable_forwarding_disables_all)
{
	struct conf c = everything();

	c.disable_forwarding = true;
	ck_assert_uint_eq(what_is_on(&c, &all_granted), 0);
}
END_TEST

static bool
opens(const struct conf *c, const char *host, uint32_t port)
{
	return permit_open(c, &all_granted, slice_cstr(host), port);
}

START_TEST(targets_are_compared_as_they_are_spelled)
{
	struct conf c = {
	    .permit_open = LIST("a.example:80", "[::1]:*", "*:443", "b.*:1")};

	ck_assert(opens(&c, "a.example", 80));
	ck_assert(!opens(&c, "A.example", 80));
	ck_assert(!opens(&c, "a.example", 81));
	ck_assert(opens(&c, "::1", 9));
	ck_assert(!opens(&c, "[::1]", 9));
	ck_assert(opens(&c, "anything", 443));
	ck_assert(!opens(&c, "b.c", 1)); /* not a pattern */
	ck_assert(opens(&c, "b.*", 1));
}
END_TEST

/* 65536 + 80 must not become 80. */
START_TEST(a_port_is_checked_before_it_is_narrowed)
{
	struct conf any = {.permit_open = LIST("any")};
	struct conf c = {.permit_open = LIST("*:80")};

	ck_assert(opens(&c, "x", 80));
	ck_assert(!opens(&c, "x", 65536 + 80));
	ck_assert(opens(&any, "x", 65535));
	ck_assert(!opens(&any, "x", 65536));
	ck_assert(!opens(&any, "x", 0));
	ck_assert(!permit_listen(&any, &all_granted, SLICE_STR("x"), 65536));
}
END_TEST

START_TEST(none_means_none_and_nothing_means_any)
{
	struct conf none = {.permit_open = LIST("none"),
	    .permit_listen = LIST("none")};
	struct conf empty = {.permit_tty = true};

	ck_assert(!opens(&none, "none", 1));
	ck_assert(!permit_listen(&none, &all_granted, SLICE_STR("none"), 1));
	ck_assert(!permit_open_path(&none, &all_granted));
	ck_assert(opens(&empty, "x", 1));
	ck_assert(permit_open_path(&empty, &all_granted));
}
END_TEST

START_TEST(the_keys_list_narrows_the_configurations)
{
	SCOPED(buf_clear) struct buf list = BUF_EMPTY;
	struct wr w = wr_into(&list);
	struct grant g = all_granted;
	struct conf c = {.permit_open = LIST("a:1", "a:2")};

	wr_cstr(&w, "a:2");
	wr_cstr(&w, "a:3");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	g.permitopen = g.permitlisten = buf_slice(&list);
	ck_assert(!permit_open(&c, &g, SLICE_STR("a"), 1));
	ck_assert(permit_open(&c, &g, SLICE_STR("a"), 2));
	ck_assert(!permit_open(&c, &g, SLICE_STR("a"), 3));
	ck_assert(permit_listen(&c, &g, SLICE_STR("a"), 3));
	ck_assert(!permit_listen(&c, &g, SLICE_STR("a"), 1));
	c.permit_open = (struct conf_list){NULL, 0};
	ck_assert(!permit_open_path(&c, &g));
}
END_TEST

START_TEST(where_to_listen_is_a_pattern)
{
	struct conf c = {
	    .permit_listen = LIST("*:8080", "127.*:*", "localhost:1")};

	ck_assert(permit_listen(&c, &all_granted, SLICE_STR(""), 8080));
	ck_assert(permit_listen(&c, &all_granted, SLICE_STR("127.0.0.9"), 5));
	ck_assert(permit_listen(&c, &all_granted, SLICE_STR("LocalHost"), 1));
	ck_assert(!permit_listen(&c, &all_granted, SLICE_STR(""), 1));
	/* any port that is free may be any port */
	ck_assert(permit_listen(&c, &all_granted, SLICE_STR("127.0.0.9"), 0));
	ck_assert(!permit_listen(&c, &all_granted, SLICE_STR("localhost"), 0));
}
END_TEST

static bool
leads(const struct conf *c, const char *name, const char *address,
    uint32_t port)
{
	return permit_target(c, slice_cstr(name), slice_cstr(address), port);
}

START_TEST(rules_see_names_addresses_blocks_and_ranges)
{
	struct conf c = {
	    .forward_allow = LIST("10.1.0.0/16:22", "[2001:db8::/32]:8000-8099",
		"*.example:*", "192.0.2.?:80")};

	ck_assert(leads(&c, "10.1.2.3", "10.1.2.3", 22));
	ck_assert(leads(&c, "inside", "10.1.2.3", 22));
	ck_assert(!leads(&c, "10.2.2.3", "10.2.2.3", 22));
	ck_assert(!leads(&c, "10.1.2.3", "10.1.2.3", 23));
	ck_assert(leads(&c, "x", "2001:db8::1", 8000));
	ck_assert(leads(&c, "x", "2001:db8::1", 8099));
	ck_assert(!leads(&c, "x", "2001:db8::1", 8100));
	ck_assert(!leads(&c, "x", "2001:db9::1", 8000));
	ck_assert(leads(&c, "A.Example", "203.0.113.1", 1));
	ck_assert(leads(&c, "x", "192.0.2.7", 80));
	ck_assert(!leads(&c, "x", "192.0.2.77", 80));
}
END_TEST

/* A name of one's own that stands for a forbidden address helps nobody. */
START_TEST(what_is_denied_is_denied_by_any_name)
{
	struct conf c = {.forward_deny = LIST("127.0.0.0/8:*", "[::1]:*",
			     "secret.example:1-1023"),
	    .forward_allow = LIST("*:*")};

	ck_assert(!leads(&c, "rebound.example", "127.0.0.1", 80));
	ck_assert(!leads(&c, "localhost", "::1", 80));
	ck_assert(!leads(&c, "secret.example", "203.0.113.1", 80));
	ck_assert(leads(&c, "secret.example", "203.0.113.1", 1024));
	ck_assert(leads(&c, "open.example", "203.0.113.1", 80));
}
END_TEST

START_TEST(words_for_all_and_nothing)
{
	struct conf c = {.forward_allow = LIST("any")};

	ck_assert(leads(&c, "x", "203.0.113.1", 80));
	c.forward_deny = (struct conf_list)LIST("none");
	ck_assert(leads(&c, "x", "203.0.113.1", 80));
	c.forward_deny = (struct conf_list)LIST("any");
	ck_assert(!leads(&c, "x", "203.0.113.1", 80));
	c.forward_deny = (struct conf_list)LIST("none");
	c.forward_allow = (struct conf_list)LIST("none");
	ck_assert(!leads(&c, "none", "203.0.113.1", 80));
}
END_TEST

TCase *
check_permit(void)
{
	TCase *tc = tcase_create("session/permit");

	tcase_add_test(tc, configuration_and_key_must_agree);
	tcase_add_test(tc, disable_forwarding_disables_all);
	tcase_add_test(tc, targets_are_compared_as_they_are_spelled);
	tcase_add_test(tc, a_port_is_checked_before_it_is_narrowed);
	tcase_add_test(tc, none_means_none_and_nothing_means_any);
	tcase_add_test(tc, the_keys_list_narrows_the_configurations);
	tcase_add_test(tc, where_to_listen_is_a_pattern);
	tcase_add_test(tc, rules_see_names_addresses_blocks_and_ranges);
	tcase_add_test(tc, what_is_denied_is_denied_by_any_name);
	tcase_add_test(tc, words_for_all_and_nothing);
	return tc;
}
