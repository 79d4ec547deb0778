/* Without PAM: shadow(5). An account that isn't there has no right password,
 * so what is seen here is the way, not a login: tests/system does those. */
#include "desk.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"

#include <sys/wait.h>
#include <unistd.h>

static enum verdict
password(struct desk *d, struct slice text)
{
	struct password_req req = {.password = text};
	struct verdict_rep rep;

	ck_assert_int_eq(on_auth_password(&d->m, &req, &rep), OK);
	return (enum verdict)rep.verdict;
}

static void
begin(struct desk *d, const char *more)
{
	SCOPED(mem_free_at) char *text = mem_format("UsePAM no\n%s", more);

	desk_init(d, text);
	d->m.account.known = false; /* nobody's hash is looked at */
	d->m.account.name = mem_strdup("no such user");
}

START_TEST(no_password_is_right_for_nobody)
{
	static char huge[PASSWORD_MAX + 1];
	struct slice tried[4] = {SLICE_STR("word"), SLICE_NONE,
	    SLICE_STR("a\0b"), slice_make(huge, sizeof(huge))};
	struct desk d;

	memset(huge, 'x', sizeof(huge));
	begin(&d, "PermitEmptyPasswords yes\n");
	ck_assert_int_eq(password(&d, tried[_i]), VERDICT_FAILED);
	ck_assert(desk_said(&d, "Could not get shadow information for NOUSER"));
	ck_assert(desk_said(&d, "INFO Failed password for "));
	desk_clear(&d);
}
END_TEST

START_TEST(a_method_that_isnt_due_costs_no_hash)
{
	struct desk d;

	begin(&d, "AuthenticationMethods publickey,password\n");
	ck_assert_int_eq(password(&d, SLICE_STR("word")), VERDICT_FAILED);
	ck_assert(!desk_said(&d, "shadow"));
	desk_clear(&d);
}
END_TEST

START_TEST(after_the_last_try_nothing_is_hashed)
{
	struct desk d;

	begin(&d, "MaxAuthTries 1\n");
	ck_assert_int_eq(password(&d, SLICE_STR("x")), VERDICT_TOO_MANY);
	desk_forget_log(&d);
	ck_assert_int_eq(password(&d, SLICE_STR("x")), VERDICT_TOO_MANY);
	ck_assert(!desk_said(&d, "shadow"));
	desk_clear(&d);
}
END_TEST

/* ---- a dialogue: the gate is a process of its own ------------------------------ */

/* Fork the gate; it returns what it makes of the dialogue as exit status. */
static int
dialogue(struct desk *d, int (*gate)(struct rpc *))
{
	enum err e = OK;
	int status;
	pid_t pid;

	desk_gate(d);
	if ((pid = fork()) == 0) {
		rpc_free(d->m.peer);
		_exit(gate(d->gate));
	}
	rpc_free(take(&d->gate));
	while (e == OK && d->m.phase == PHASE_AUTH)
		e = desk_serve(d);
	rpc_free(take(&d->m.peer));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static enum err
start(struct rpc *r, struct prompt_rep *rep)
{
	struct kbdint_req req = {.devices = SLICE_NONE};

	return ask_kbdint_start(r, &req, rep);
}

static enum err
answer(struct rpc *r, uint32_t n, struct slice list, struct prompt_rep *rep)
{
	struct answer_req req = {.n = n, .answers = list};

	return ask_kbdint_answer(r, &req, rep);
}

static int
gate_answers_wrongly(struct rpc *r)
{
	struct prompt_rep rep;
	struct rd prompts;

	if (start(r, &rep) != OK || rep.verdict != VERDICT_PROMPT || rep.n != 1)
		return 1;
	prompts = rd_from(rep.prompts);
	if (!slice_is(rd_string(&prompts), "Password: ") || rd_bool(&prompts))
		return 2;
	if (answer(r, 1, SLICE_STR("\0\0\0\4word"), &rep) != OK ||
	    rep.verdict != VERDICT_FAILED)
		return 3;
	/* and once more: the dialogue is over, another may begin */
	if (start(r, &rep) != OK || rep.verdict != VERDICT_PROMPT)
		return 4;
	return answer(r, 1, SLICE_STR("\0\0\0\1x"), &rep) == OK ? 0 : 5;
}

START_TEST(a_dialogue_asks_for_the_password_once)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(dialogue(&d, gate_answers_wrongly), 0);
	ck_assert_uint_eq(d.m.failures, 2);
	ck_assert(desk_said(&d, "Failed keyboard-interactive for "));
	desk_clear(&d);
}
END_TEST

static int
gate_answers_nonsense(struct rpc *r)
{
	static const struct {
		uint32_t n;
		struct slice list;
	} all[] = {
	    {0, SLICE_STR("")},
	    {2, SLICE_STR("\0\0\0\1x\0\0\0\1y")},
	    {1, SLICE_STR("\0\0\0\5x")},
	    {1, SLICE_STR("\0\0\0\1xyz")},
	};
	struct prompt_rep rep;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (start(r, &rep) != OK || rep.verdict != VERDICT_PROMPT)
			return 1;
		if (answer(r, all[i].n, all[i].list, &rep) != OK ||
		    rep.verdict != VERDICT_FAILED)
			return 2;
	}
	return 0;
}

START_TEST(answers_that_dont_fit_fail)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(dialogue(&d, gate_answers_nonsense), 0);
	ck_assert_uint_eq(d.m.failures, 4);
	ck_assert(!desk_said(&d, "shadow"));
	desk_clear(&d);
}
END_TEST

static int
gate_gives_up(struct rpc *r)
{
	struct empty_msg empty = {0};
	struct verdict_rep end;
	struct prompt_rep rep;

	if (start(r, &rep) != OK || rep.verdict != VERDICT_PROMPT)
		return 1;
	if (ask_kbdint_cancel(r, &empty, &end) != OK ||
	    end.verdict != VERDICT_FAILED)
		return 2;
	return start(r, &rep) == OK && rep.verdict == VERDICT_PROMPT ? 0 : 3;
}

START_TEST(a_dialogue_given_up_counts_and_says_nothing)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(dialogue(&d, gate_gives_up), 0);
	ck_assert_uint_ge(d.m.failures, 1);
	ck_assert(!desk_said(&d, "Failed"));
	desk_clear(&d);
}
END_TEST

/* What isn't in the table while a prompt is open ends the connection. */
static int
gate_breaks_the_rules(struct rpc *r)
{
	struct password_req req = {.password = SLICE_STR("x")};
	struct verdict_rep end;
	struct prompt_rep rep;

	if (start(r, &rep) != OK || rep.verdict != VERDICT_PROMPT)
		return 1;
	return ask_auth_password(r, &req, &end) != OK ? 0 : 2;
}

START_TEST(another_request_in_a_dialogue_ends_it)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(dialogue(&d, gate_breaks_the_rules), 0);
	ck_assert(!desk_said(&d, "Accepted"));
	desk_clear(&d);
}
END_TEST

static int
gate_answers_unasked(struct rpc *r)
{
	struct prompt_rep rep;

	return answer(r, 1, SLICE_STR("\0\0\0\1x"), &rep) != OK ? 0 : 1;
}

START_TEST(an_answer_without_a_prompt_ends_it)
{
	struct desk d;

	begin(&d, "");
	ck_assert_int_eq(dialogue(&d, gate_answers_unasked), 0);
	desk_clear(&d);
}
END_TEST

TCase *
check_ops_password(void)
{
	TCase *tc = tcase_create("monitor/ops_password");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, no_password_is_right_for_nobody, 0, 4);
	tcase_add_test(tc, a_method_that_isnt_due_costs_no_hash);
	tcase_add_test(tc, after_the_last_try_nothing_is_hashed);
	tcase_add_test(tc, a_dialogue_asks_for_the_password_once);
	tcase_add_test(tc, answers_that_dont_fit_fail);
	tcase_add_test(tc, a_dialogue_given_up_counts_and_says_nothing);
	tcase_add_test(tc, another_request_in_a_dialogue_ends_it);
	tcase_add_test(tc, an_answer_without_a_prompt_ends_it);
	return tc;
}
