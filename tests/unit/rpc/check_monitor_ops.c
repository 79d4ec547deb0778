/*
 * What may be asked of a monitor when: every pair of a phase and a number that
 * a broken-in process might send. The rules are written here a second time, as
 * security.md's reader would put them, and none of them by the table.
 */
#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/rpc/monitor_ops.h"

#include <stdio.h>
#include <string.h>

#define NUMBERS 300 /* all of the table, and far behind it */

struct monitor {
	const char *asked; /* whose handler ran */
};

#define HANDLER(name, phases, times, req_, rep_)                               \
	enum err on_##name(struct monitor *m, const struct req_ *req,          \
	    struct rep_ *rep)                                                  \
	{                                                                      \
		(void)req;                                                     \
		(void)rep;                                                     \
		m->asked = #name;                                              \
		return OK;                                                     \
	}
MONITOR_OPS(HANDLER)
MONITOR_TABLE(ops);

/* A phase, and who may be asked in it. Whatever isn't named may not. */
static const struct {
	unsigned int phase;
	const char *names; /* a blank around each */
} rules[] = {
    {PHASE_KEX, " log sign_kex pick_group find_user "},
    {PHASE_AUTH, " log sign_kex pick_group auth_none auth_pubkey "
		 "auth_hostbased auth_password auth_other kbdint_start "
		 "gss_start "},
    {PHASE_PROMPT, " log sign_kex pick_group kbdint_answer kbdint_cancel "},
    {PHASE_TOKEN, " log sign_kex pick_group gss_token gss_cancel "},
    {PHASE_MIC, " log sign_kex pick_group gss_mic gss_cancel "},
    {PHASE_DONE, " log hand_over "},
    {PHASE_REFUSED, " log "},
    {PHASE_SESSION, " log sign_kex pick_group prove_key open_pty login_record "
		    "pty_done tell_stats listens reclaim reclaimed "},
    {0, " "},
};
#define RULES (int)(sizeof(rules) / sizeof(rules[0]))

static bool
is_named(const char *names, const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), " %s ", name);
	return strstr(names, word) != NULL;
}

/* One process asks number, the other serves it in that phase. */
static enum err
ask(struct serve *s, unsigned int phase, uint32_t number)
{
	static const struct empty_msg nothing;
	struct rpc *asker, *server;
	int pair[2];
	enum err e;

	ck_assert_int_eq(io_pair(pair), OK);
	asker = rpc_new(pair[0]);
	server = rpc_new(pair[1]);
	ck_assert_int_eq(rpc_send(asker, number, &layout_empty_msg, &nothing),
	    OK);
	e = serve_one(s, server, phase, true);
	rpc_free(asker);
	rpc_free(server);
	return e;
}

/* Empty requests don't decode: ERR_PHASE comes before that, or not at all. */
START_TEST(what_is_not_in_the_table_for_a_phase_ends_it)
{
	for (uint32_t number = 0; number < NUMBERS; number++) {
		struct monitor m = {NULL};
		struct serve s = SERVE_INIT(ops, &m);
		const char *name =
		    number < MONITOR_OP_COUNT ? ops[number].name : "";
		enum err e = ask(&s, rules[_i].phase, number);

		ck_assert_msg((e != ERR_PHASE) ==
				  is_named(rules[_i].names, name),
		    "phase %u, %u %s: %s", rules[_i].phase, number, name,
		    err_name(e));
		ck_assert(m.asked == NULL || strcmp(m.asked, name) == 0);
	}
}
END_TEST

START_TEST(every_row_may_be_asked_for_some_time)
{
	for (uint32_t number = 0; number < MONITOR_OP_COUNT; number++) {
		bool somewhere = false;

		for (int i = 0; i < RULES; i++)
			somewhere |= is_named(rules[i].names, ops[number].name);
		ck_assert_msg(somewhere, "%s", ops[number].name);
	}
}
END_TEST

/* Who it is and where the connection goes is asked once, and that a session
 * listens is told once. */
START_TEST(names_and_handing_over_come_once)
{
	for (uint32_t number = 0; number < MONITOR_OP_COUNT; number++) {
		bool once = strcmp(ops[number].name, "find_user") == 0 ||
			    strcmp(ops[number].name, "hand_over") == 0 ||
			    strcmp(ops[number].name, "listens") == 0;

		ck_assert_int_eq(ops[number].times == ONCE, once);
	}
}
END_TEST

TCase *
check_monitor_ops(void)
{
	TCase *tc = tcase_create("rpc/monitor_ops");

	tcase_add_loop_test(tc, what_is_not_in_the_table_for_a_phase_ends_it, 0,
	    RULES);
	tcase_add_test(tc, every_row_may_be_asked_for_some_time);
	tcase_add_test(tc, names_and_handing_over_come_once);
	return tc;
}
