#include "desk.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/proc/audit.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"
#include "sallyport/rpc/keycheck_ops.h"
#include "sallyport/rpc/monitor_ops.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

MONITOR_TABLE(desk_ops);
KEYCHECK_TABLE(desk_judge);

static void
note(void *ctx, enum log_level level, const char *text)
{
	struct desk *d = ctx;

	ck_assert_int_eq(buf_printf(&d->log, "%s %s\n", log_level_name(level),
			     text),
	    OK);
}

void
desk_init(struct desk *d, const char *configuration)
{
	struct monitor *m = &d->m;

	memset(d, 0, sizeof(*d));
	fixture_main(&d->conf, configuration);
	d->common.set = d->conf.set;
	d->common.conf = conf_global(d->conf.set);
	strcpy(d->conn.peer_ip, "192.0.2.7");
	strcpy(d->conn.local_ip, "192.0.2.1");
	d->conn.peer_port = 4711;
	d->conn.local_port = 22;
	d->conn.lifeline = d->conn.keeper = -1;
	d->common.outputs_channel = -1;
	d->log = BUF_LIMIT(1 << 20);
	m->common = &d->common;
	m->conn = &d->conn;
	m->conf = *d->common.conf;
	m->host = d->conn.peer_ip;
	m->serve = (struct serve)SERVE_INIT(desk_ops, m);
	m->phase = PHASE_AUTH;
	m->state = -1;
	m->permits = PERMIT_ALL;
	m->auth_info = BUF_LIMIT(64 << 10);
	m->messages = BUF_LIMIT(16 << 10);
	m->answers = BUF_LIMIT(32 << 10);
	log_to_function(note, d);
	log_set_level(LEVEL_DEBUG3);
	desk_user(d, "alice");
	m->valid = true;
	ck_assert(methods_init(m));
}

void
desk_clear(struct desk *d)
{
	ops_key_stop(&d->m);
	rpc_free(d->gate);
	rpc_free(d->m.peer);
	log_open(TARGET_STDERR, LEVEL_FATAL, 0, false);
	fixture_clear(&d->conf);
	buf_clear(&d->log);
	buf_clear(&d->m.answers);
	buf_clear(&d->m.messages);
	buf_clear(&d->m.auth_info);
}

void
desk_gate(struct desk *d)
{
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	d->m.peer = rpc_new(pair[0]);
	d->gate = rpc_new(pair[1]);
}

enum err
desk_serve(struct desk *d)
{
	return serve_one(&d->m.serve, d->m.peer, d->m.phase, false);
}

void
desk_user(struct desk *d, const char *name)
{
	char **groups = mem_array(2, sizeof(*groups));
	struct account *a = &d->m.account;

	groups[0] = mem_strdup("staff");
	groups[1] = mem_strdup("wheel");
	*a = (struct account){.known = true,
	    .name = mem_strdup(name),
	    .uid = getuid(),
	    .gid = getgid(),
	    .home = mem_strdup("/"),
	    .shell = mem_strdup("/bin/sh"),
	    .group_names = groups,
	    .nnames = 2};
	d->m.user = a->name;
	d->m.user_sent = a->name;
}

const char *
desk_methods(const struct desk *d)
{
	static char text[256];

	ck_assert(slice_to_cstr(methods_list(&d->m), text, sizeof(text)));
	return text;
}

bool
desk_said(const struct desk *d, const char *part)
{
	return d->log.n > 0 &&
	       memmem(d->log.p, d->log.n, part, strlen(part)) != NULL;
}

bool
desk_logged(const struct desk *d, const char *line)
{
	struct slice rest = buf_slice(&d->log), one;

	while (slice_next(&rest, '\n', &one))
		if (slice_is(one, line))
			return true;
	return false;
}

void
desk_forget_log(struct desk *d)
{
	buf_reset(&d->log);
}

/* ---- the processes that a monitor starts ------------------------------------ */

_Noreturn void
gate_main(const struct common *common, const struct conn *conn, int channel,
    pid_t monitor)
{
	(void)common;
	(void)conn;
	(void)channel;
	(void)monitor;
	_exit(0);
}

_Noreturn void
session_main(const struct common *common, const struct conn *conn,
    const struct grant *grant, int state, int channel, pid_t monitor)
{
	(void)grant;
	(void)state;
	gate_main(common, conn, channel, monitor);
}

struct tokens_rep desk_told;
struct netgroups_msg desk_questions;

struct keycheck {
	uint8_t identity[32]; /* the blob's beginning */
};

enum err
on_judge(struct keycheck *k, const struct judge_req *req, struct judge_rep *rep)
{
	memset(k->identity, 0, sizeof(k->identity));
	if (slice_is(req->blob, "crash")) {
		signal(SIGSEGV, SIG_DFL); /* it may be a sanitizer's */
		raise(SIGSEGV);
	}
	rep->key_text = SLICE_STR("ED25519 SHA256:abc");
	rep->permits = PERMIT_ALL;
	rep->tunnel = UINT32_MAX;
	memcpy(k->identity, req->blob.p,
	    req->blob.n < sizeof(k->identity) ? req->blob.n
					      : sizeof(k->identity));
	rep->identity = SLICE_OF(k->identity);
	if (slice_is(req->blob, "group") && !req->resumed) {
		rep->want = WANT_NETGROUPS;
		return OK;
	}
	if (slice_is(req->blob, "program")) {
		rep->want = WANT_KEYS;
		return OK;
	}
	rep->allowed = slice_starts(req->blob, SLICE_STR("good")) ||
		       (slice_is(req->blob, "group") && req->output.fd >= 0);
	rep->verified = rep->allowed && slice_is(req->sig, "sig");
	if (!rep->allowed)
		rep->why = SLICE_STR("not listed");
	rep->rule = rep->allowed ? RULE_NONE : RULE_UNLISTED;
	if (slice_is(req->blob, "good command")) {
		rep->has_command = true;
		rep->force_command = SLICE_STR("echo forced");
	}
	if (slice_is(req->blob, "good restrict"))
		rep->permits = PERMIT_PTY | PERMIT_RESTRICT;
	return OK;
}

enum err
on_tokens(struct keycheck *k, const struct empty_msg *req,
    struct tokens_rep *rep)
{
	(void)k;
	(void)req;
	*rep = desk_told;
	return OK;
}

enum err
on_netgroups(struct keycheck *k, const struct empty_msg *req,
    struct netgroups_msg *rep)
{
	(void)k;
	(void)req;
	*rep = desk_questions;
	return OK;
}

/* ---- an errand ----------------------------------------------------------------- */

static const struct {
	const char *path;
	struct runner_end_msg end;
} ends[] = {
    {"/bin/status", {.end = RUNNER_STATUS, .number = 3}},
    {"/bin/signal", {.end = RUNNER_SIGNAL, .number = 9}},
    {"/bin/slow", {.end = RUNNER_TIMEOUT}},
    {"/bin/long", {.end = RUNNER_TOO_LONG}},
    {"/bin/absent", {.end = RUNNER_ABSENT, .number = ENOENT}},
    {"/bin/unsafe", {.end = RUNNER_UNSAFE, .directory = true}},
};

static void
print_list(struct slice list, struct buf *out)
{
	struct rd r = rd_from(list);

	while (r.left.n > 0) {
		struct slice s = rd_string(&r);

		must(rd_status(&r) == OK);
		must(buf_append(out, s) == OK);
		must(buf_append_cstr(out, "\n") == OK);
	}
}

static void
play(const struct runner_msg *m, struct runner_end_msg *end)
{
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	struct rd r = rd_from(m->argv);
	struct slice path = rd_string(&r);

	*end = (struct runner_end_msg){.output.fd = -1};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (slice_is(path, ends[i].path)) {
			*end = ends[i].end;
			end->output.fd = -1;
			if (end->end == RUNNER_UNSAFE)
				end->path = SLICE_STR("/bin");
			return;
		}
	if (slice_is(path, "/bin/crash"))
		_exit(1);
	print_list(m->argv, &out);
	must(buf_append_cstr(&out, "--\n") == OK);
	print_list(m->env, &out);
	must(buf_printf(&out, "%u %u %u\n", m->uid, m->gid, m->timeout_ms) ==
	     OK);
	must(memfile_make("x", buf_slice(&out), &end->output.fd) == OK);
}

/* Each netgroup has whoever's name begins with a 'y'. */
static int
answer(struct rpc *r)
{
	SCOPED(buf_clear) struct buf answers = BUF_EMPTY;
	struct netgroups_msg m;
	struct netgroups_rep rep;
	struct rd q;

	if (rpc_decode(r, &layout_netgroups_msg, &m) != OK)
		return 1;
	for (q = rd_from(m.questions); q.left.n > 0;) {
		struct slice group = rd_string(&q);
		struct slice host = rd_string(&q);
		struct slice user = rd_string(&q);
		uint8_t yes =
		    slice_starts(host.n > 0 ? host : user, SLICE_STR("y"));

		if (slice_is(group, "crash"))
			_exit(1);
		must(buf_append(&answers, SLICE_OF(yes)) == OK);
	}
	rep.answers = buf_slice(&answers);
	return rpc_send(r, ERRAND_ANSWER, &layout_netgroups_rep, &rep) == OK
		   ? 0
		   : 1;
}

int
desk_errand(void)
{
	struct rpc *r = rpc_new(SPAWN_CHANNEL);
	struct runner_end_msg end;
	struct runner_msg m;
	uint32_t number;

	if (rpc_receive(r, false, &number) != OK)
		return 1;
	if (number == ERRAND_ASK)
		return answer(r);
	if (number != ERRAND_RUN || rpc_decode(r, &layout_runner_msg, &m) != OK)
		return 1;
	play(&m, &end);
	return rpc_send(r, ERRAND_END, &layout_runner_end_msg, &end) == OK ? 0
									   : 1;
}

_Noreturn void
keycheck_main(const struct common *common, const struct conn *conn,
    const struct keycheck_start *start, int channel, pid_t monitor)
{
	struct keycheck k = {.identity = {0}};
	struct serve s = SERVE_INIT(desk_judge, &k);
	struct rpc *r = rpc_new(channel);

	(void)common;
	(void)conn;
	(void)start;
	(void)monitor;
	while (serve_one(&s, r, PHASE_ANY, false) == OK)
		continue;
	_exit(0);
}

/* ---- what the errand that looks up names would say ------------------------------- */

struct lookup_msg desk_lookup;
bool desk_lookup_silent;

_Noreturn void
lookup_main(const char *ip, uint64_t until_ms, int channel, pid_t monitor)
{
	struct rpc *r = rpc_new(channel);

	(void)ip;
	(void)until_ms;
	(void)monitor;
	while (desk_lookup_silent)
		pause();
	_exit(rpc_send(r, ERRAND_NAME, &layout_lookup_msg, &desk_lookup));
}

/* ---- the kernel's audit ---------------------------------------------------------- */

struct buf desk_audit;
bool desk_audit_off;
int desk_audit_errno;

bool
audit_exists(void)
{
	return true;
}

bool
audit_is_on(void)
{
	return !desk_audit_off;
}

enum err
audit_write(uint16_t type, struct slice text)
{
	if ((errno = desk_audit_errno) != 0)
		return ERR_SYSTEM;
	must(buf_printf(&desk_audit, "%u %.*s\n", (unsigned int)type,
		 (int)text.n, (const char *)text.p) == OK);
	return OK;
}
