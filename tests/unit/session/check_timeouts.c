#include "suite.h"

#include "session.h"

#include "sallyport/base/clock.h"

static const char *const entries[] = {"session:shell=5m", "session:sub*=7",
    "session=1h", "agent*=0", "*-connection=2m", "tun=3", "global=9"};
static const struct conf_list list = {entries,
    sizeof(entries) / sizeof(entries[0])};

START_TEST(the_first_entry_that_matches_counts)
{
	ck_assert_uint_eq(timeouts_of(&list, "session:shell"), 300);
	ck_assert_uint_eq(timeouts_of(&list, "session:subsystem:sftp"), 7);
	ck_assert_uint_eq(timeouts_of(&list, "session"), 3600);
	ck_assert_uint_eq(timeouts_of(&list, "agent-connection"), 0);
	ck_assert_uint_eq(timeouts_of(&list, "x11-connection"), 120);
}
END_TEST

/* sshd_config(5): "session" is all sessions; more closely named ones aren't. */
START_TEST(a_session_is_a_session_of_any_kind)
{
	static const char *const one[] = {"session=60"};
	static const char *const two[] = {"session=60", "session:*=0"};
	const struct conf_list a = {one, 1}, b = {two, 2};

	ck_assert_uint_eq(timeouts_of(&list, "session:command"), 3600);
	ck_assert_uint_eq(timeouts_of(&a, "session:subsystem:x"), 60);
	ck_assert_uint_eq(timeouts_of(&b, "session:command"), 0);
	ck_assert_uint_eq(timeouts_of(&a, "direct-tcpip"), 0);
}
END_TEST

/* Its manual and its program call it differently. */
START_TEST(a_tunnel_has_two_names)
{
	static const char *const names[] = {"tun=5", "tun-connection=5",
	    "tun*=5"};

	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(timeouts_of(&(struct conf_list){&names[i], 1},
				      TIMEOUTS_TUN),
		    5);
	/* of the two the first */
	ck_assert_uint_eq(timeouts_of(&list, TIMEOUTS_TUN), 120);
}
END_TEST

START_TEST(what_is_not_named_has_no_limit)
{
	struct conf_list none = {NULL, 0};

	ck_assert_uint_eq(timeouts_of(&list, "direct-tcpip"), 0);
	ck_assert_uint_eq(timeouts_of(&none, "session:shell"), 0);
}
END_TEST

/* ---- channels that do nothing --------------------------------------------------- */

static const char *const channel_entries[] = {"session=60", "*=100",
    "global=30"};

struct desk {
	struct session s;
	struct idle channels[3];
	bool open[3];
};

static void
close_channel(void *ctx)
{
	struct idle *i = ctx;
	struct desk *d = (struct desk *)(void *)i->s;

	timeouts_unwatch(i);
	d->open[i - d->channels] = false;
}

static void
desk_init(struct desk *d, size_t nentries)
{
	memset(d, 0, sizeof(*d));
	clock_fake(1000000, 0);
	d->s.loop = loop_new();
	d->s.conf.channel_timeout =
	    (struct conf_list){channel_entries, nentries};
	timeouts_init(&d->s);
	for (size_t i = 0; i < 3; i++) {
		d->channels[i] = (struct idle){.s = &d->s,
		    .drop = close_channel,
		    .ctx = &d->channels[i]};
		d->open[i] = true;
	}
}

static void
desk_clear(struct desk *d)
{
	loop_free(d->s.loop);
	clock_fake(0, 0);
}

static void
at(struct desk *d, uint64_t seconds)
{
	clock_fake(1000000 + seconds * 1000, 0);
	loop_turn(d->s.loop, 0);
	timeouts_channels_turn(&d->s);
}

START_TEST(a_channel_without_traffic_is_closed)
{
	struct desk d;

	desk_init(&d, 2);
	timeouts_watch(&d.channels[0], "session");
	timeouts_watch(&d.channels[1], "session");
	timeouts_watch(&d.channels[2], "direct-tcpip");
	at(&d, 59);
	timeouts_moved(&d.channels[1]);
	at(&d, 60);
	ck_assert(!d.open[0] && d.open[1] && d.open[2]);
	at(&d, 99);
	timeouts_moved(&d.channels[2]);
	at(&d, 118);
	ck_assert(d.open[1] && d.open[2]);
	at(&d, 119);
	ck_assert(!d.open[1] && d.open[2]);
	at(&d, 198);
	ck_assert(d.open[2]);
	at(&d, 199);
	ck_assert(!d.open[2]);
	desk_clear(&d);
}
END_TEST

/* Once its kind is known, the limit is that of the kind. */
START_TEST(a_new_label_brings_a_new_limit)
{
	struct desk d;

	desk_init(&d, 2);
	timeouts_watch(&d.channels[0], "session");
	at(&d, 50);
	timeouts_watch(&d.channels[0], "session:shell"); /* "*" */
	at(&d, 149);
	ck_assert(d.open[0]);
	at(&d, 150);
	ck_assert(!d.open[0]);
	desk_clear(&d);
}
END_TEST

/* Traffic on one keeps all of them; then all go together. */
START_TEST(the_global_limit_is_of_all_channels_together)
{
	struct desk d;

	desk_init(&d, 3);
	timeouts_watch(&d.channels[0], "session");
	at(&d, 0);
	at(&d, 20);
	timeouts_watch(&d.channels[2], "direct-tcpip");
	at(&d, 20);
	at(&d, 40);
	timeouts_moved(&d.channels[2]);
	at(&d, 40);
	at(&d, 59);
	ck_assert(d.open[0] && d.open[2]);
	at(&d, 60); /* its own */
	ck_assert(!d.open[0] && d.open[2]);
	at(&d, 69);
	timeouts_watch(&d.channels[1], "session");
	at(&d, 69);
	at(&d, 98);
	ck_assert(d.open[1] && d.open[2]);
	at(&d, 99);
	ck_assert(!d.open[1] && !d.open[2]);
	desk_clear(&d);
}
END_TEST

TCase *
check_timeouts(void)
{
	TCase *tc = tcase_create("session/timeouts");

	tcase_add_test(tc, the_first_entry_that_matches_counts);
	tcase_add_test(tc, a_session_is_a_session_of_any_kind);
	tcase_add_test(tc, a_tunnel_has_two_names);
	tcase_add_test(tc, a_channel_without_traffic_is_closed);
	tcase_add_test(tc, a_new_label_brings_a_new_limit);
	tcase_add_test(tc, the_global_limit_is_of_all_channels_together);
	tcase_add_test(tc, what_is_not_named_has_no_limit);
	return tc;
}
