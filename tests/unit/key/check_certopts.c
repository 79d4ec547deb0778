#include "fixture.h"

#include "sallyport/base/wr.h"
#include "sallyport/key/certopts.h"

static struct buf critical, extensions;
static struct cert cert;
static struct keyopts o;
static struct certopts_fault fault;

static void
init(void)
{
	critical = extensions = FIXTURE_BUF;
	cert = (struct cert){.valid_before = CERT_FOREVER};
}

static void
clear(void)
{
	keyopts_clear(&o);
	buf_clear(&critical);
	buf_clear(&extensions);
}

/* value NULL: none */
static void
add(struct buf *to, const char *name, const char *value)
{
	struct wr w = wr_into(to);

	wr_cstr(&w, name);
	if (value != NULL) {
		size_t mark = wr_begin(&w);

		wr_cstr(&w, value);
		wr_finish(&w, mark);
	} else {
		wr_cstr(&w, "");
	}
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

static enum err
read(void)
{
	cert.critical = buf_slice(&critical);
	cert.extensions = buf_slice(&extensions);
	keyopts_clear(&o);
	return certopts_read(&cert, &o, &fault);
}

START_TEST(nothing_is_permitted_unasked)
{
	ck_assert_int_eq(read(), OK);
	ck_assert_uint_eq(o.permits, 0);
	ck_assert(!o.no_touch && !o.verify && !o.has_command && !o.has_source);
	ck_assert_uint_eq(o.expires, 0);
	ck_assert_uint_eq(o.tunnel, KEYOPTS_TUNNEL_ANY);
	cert.valid_before = 99;
	ck_assert_int_eq(read(), OK);
	ck_assert_uint_eq(o.expires, 99);
}
END_TEST

static const struct {
	const char *name;
	uint32_t permit;
} permits[] = {{"permit-X11-forwarding", KEYOPTS_X11},
    {"permit-agent-forwarding", KEYOPTS_AGENT},
    {"permit-port-forwarding", KEYOPTS_PORT}, {"permit-pty", KEYOPTS_PTY},
    {"permit-user-rc", KEYOPTS_USER_RC}};

START_TEST(an_extension_permits_one_thing)
{
	add(&extensions, permits[_i].name, NULL);
	ck_assert_int_eq(read(), OK);
	ck_assert_uint_eq(o.permits, permits[_i].permit);
	/* which isn't one where it has to be understood */
	add(&critical, permits[_i].name, NULL);
	ck_assert_int_eq(read(), ERR_UNSUPPORTED);
	ck_assert(slice_is(fault.name, permits[_i].name));
}
END_TEST

START_TEST(unknown_extensions_are_passed_over)
{
	add(&extensions, "new@example.org", "x");
	add(&extensions, "PERMIT-PTY", NULL);
	add(&extensions, "force-command", "x");
	add(&extensions, "no-touch-required", NULL);
	ck_assert_int_eq(read(), OK);
	ck_assert_uint_eq(o.permits, 0);
	ck_assert(!o.has_command);
	ck_assert(o.no_touch);
}
END_TEST

START_TEST(critical_options_bind)
{
	add(&critical, "force-command", "echo \"a\"");
	add(&critical, "source-address", "192.0.2.0/24,::1");
	add(&critical, "verify-required", NULL);
	ck_assert_int_eq(read(), OK);
	ck_assert(o.has_command);
	ck_assert(slice_is(buf_slice(&o.command), "echo \"a\""));
	ck_assert(slice_is(buf_slice(&o.source), "192.0.2.0/24,::1"));
	ck_assert(o.verify);
}
END_TEST

static const struct {
	const char *name;
	const char *value;
	enum err err;
} bad[] = {
    {"new@example.org", NULL, ERR_UNSUPPORTED},
    {"no-touch-required", NULL, ERR_UNSUPPORTED},
    {"Force-Command", "x", ERR_UNSUPPORTED},
    {"force-command", NULL, ERR_SHORT}, /* no string within */
    {"verify-required", "x", ERR_FORMAT},
    {"source-address", "", ERR_FORMAT},
    {"source-address", "192.0.2.*", ERR_FORMAT},
    {"source-address", "!192.0.2.1", ERR_FORMAT},
    {"source-address", "192.0.2.1/24", ERR_FORMAT},
    {"source-address", "host.example.org", ERR_FORMAT},
};

START_TEST(what_isnt_understood_refuses)
{
	add(&critical, "verify-required", NULL);
	add(&critical, bad[_i].name, bad[_i].value);
	ck_assert_int_eq(read(), bad[_i].err);
	ck_assert(slice_is(fault.name, bad[_i].name));
	ck_assert_ptr_nonnull(fault.why);
}
END_TEST

START_TEST(two_of_a_kind_refuse)
{
	add(&critical, _i == 0 ? "force-command" : "source-address",
	    "192.0.2.1");
	ck_assert_int_eq(read(), OK);
	add(&critical, _i == 0 ? "force-command" : "source-address",
	    "192.0.2.1");
	ck_assert_int_eq(read(), ERR_FORMAT);
}
END_TEST

START_TEST(a_command_has_no_nul)
{
	struct wr w = wr_into(&critical);

	wr_cstr(&w, "force-command");
	wr_string(&w, SLICE_STR("\0\0\0\3a\0b"));
	ck_assert_int_eq(read(), ERR_FORMAT);
}
END_TEST

/* ---- together with a line -------------------------------------------------- */

static enum err
merge(const char *line)
{
	SCOPED(keyopts_clear) struct keyopts theirs = {.permits = 0};
	const char *why;

	ck_assert_int_eq(read(), OK);
	theirs = o;
	o = (struct keyopts){.permits = 0};
	ck_assert_int_eq(keyopts_parse(slice_cstr(line), &o, &why), OK);
	return certopts_merge(&o, &theirs);
}

START_TEST(both_have_to_permit)
{
	add(&extensions, "permit-pty", NULL);
	add(&extensions, "permit-user-rc", NULL);
	ck_assert_int_eq(merge(""), OK);
	ck_assert_uint_eq(o.permits, KEYOPTS_PTY | KEYOPTS_USER_RC);
	ck_assert_int_eq(merge("no-pty"), OK);
	ck_assert_uint_eq(o.permits, KEYOPTS_USER_RC);
	ck_assert_int_eq(merge("restrict,pty,agent-forwarding"), OK);
	ck_assert_uint_eq(o.permits, KEYOPTS_PTY | KEYOPTS_RESTRICT);
}
END_TEST

START_TEST(touch_is_waived_by_both)
{
	ck_assert_int_eq(merge("no-touch-required"), OK);
	ck_assert(!o.no_touch);
	add(&extensions, "no-touch-required", NULL);
	ck_assert_int_eq(merge(""), OK);
	ck_assert(!o.no_touch);
	ck_assert_int_eq(merge("no-touch-required"), OK);
	ck_assert(o.no_touch);
	ck_assert(!o.verify);
	ck_assert_int_eq(merge("verify-required"), OK);
	ck_assert(o.verify);
	add(&critical, "verify-required", NULL);
	ck_assert_int_eq(merge(""), OK);
	ck_assert(o.verify);
}
END_TEST

START_TEST(the_earlier_end_counts)
{
	cert.valid_before = 5;
	ck_assert_int_eq(merge(""), OK);
	ck_assert_uint_eq(o.expires, 5);
	ck_assert_int_eq(merge("expiry-time=\"20200101Z\""), OK);
	ck_assert_uint_eq(o.expires, 5);
	cert.valid_before = CERT_FOREVER;
	ck_assert_int_eq(merge("expiry-time=\"20200101Z\""), OK);
	ck_assert_uint_eq(o.expires, 1577836800);
	ck_assert_int_eq(merge(""), OK);
	ck_assert_uint_eq(o.expires, 0);
}
END_TEST

START_TEST(two_commands_must_be_one)
{
	ck_assert_int_eq(merge("command=\"x\""), OK);
	ck_assert(slice_is(buf_slice(&o.command), "x"));
	add(&critical, "force-command", "x");
	ck_assert_int_eq(merge(""), OK);
	ck_assert(o.has_command && slice_is(buf_slice(&o.command), "x"));
	ck_assert_int_eq(merge("command=\"x\""), OK);
	ck_assert_int_eq(merge("command=\"x \""), ERR_DENIED);
	ck_assert_int_eq(merge("command=\"\""), ERR_DENIED);
}
END_TEST

START_TEST(lists_and_addresses_stay_apart)
{
	add(&critical, "source-address", "192.0.2.1");
	ck_assert_int_eq(merge("from=\"*.example.org\",permitopen=\"h:1\","
			       "environment=\"A=1\",tunnel=\"3\""),
	    OK);
	ck_assert(slice_is(buf_slice(&o.from), "*.example.org"));
	ck_assert(slice_is(buf_slice(&o.source), "192.0.2.1"));
	ck_assert(o.has_from && o.has_source);
	ck_assert_uint_eq(o.npermitopen, 1);
	ck_assert_uint_eq(o.nenvironment, 1);
	ck_assert_uint_eq(o.tunnel, 3);
}
END_TEST

TCase *
check_certopts(void)
{
	TCase *tc = tcase_create("key/certopts");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, nothing_is_permitted_unasked);
	tcase_add_loop_test(tc, an_extension_permits_one_thing, 0, 5);
	tcase_add_test(tc, unknown_extensions_are_passed_over);
	tcase_add_test(tc, critical_options_bind);
	tcase_add_loop_test(tc, what_isnt_understood_refuses, 0,
	    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_loop_test(tc, two_of_a_kind_refuse, 0, 2);
	tcase_add_test(tc, a_command_has_no_nul);
	tcase_add_test(tc, both_have_to_permit);
	tcase_add_test(tc, touch_is_waived_by_both);
	tcase_add_test(tc, the_earlier_end_counts);
	tcase_add_test(tc, two_commands_must_be_one);
	tcase_add_test(tc, lists_and_addresses_stay_apart);
	return tc;
}
