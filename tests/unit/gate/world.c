#include "world.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUIET_MS 150  /* nothing moves any more */
#define END_MS   5000 /* for the gate to end */

MONITOR_TABLE(monitor_ops);

/* ---- the monitor ---- */

static enum err
note(struct monitor *m, const char *word, struct slice detail)
{
	ck_assert_int_eq(buf_append_cstr(&m->asked, word), OK);
	if (detail.n > 0) {
		ck_assert_int_eq(buf_append_cstr(&m->asked, ":"), OK);
		ck_assert_int_eq(buf_append(&m->asked, detail), OK);
	}
	ck_assert_int_eq(buf_append_cstr(&m->asked, " "), OK);
	return OK;
}

enum err
on_log(struct monitor *m, const struct log_msg *req, struct note_rep *rep)
{
	(void)rep;
	return buf_printf(&m->log, "%s %.*s\n",
	    log_level_name((enum log_level)req->level), (int)req->text.n,
	    (const char *)req->text.p);
}

enum err
on_sign_kex(struct monitor *m, const struct sign_req *req, struct sign_rep *rep)
{
	struct world *w = m->world;
	uint8_t out[SIGN_RAW_MAX];
	struct raw_signature raw;
	struct wr wr;

	ck_assert_uint_eq(req->key, 0);
	ck_assert_int_eq(signer_sign(w->signer, HASH_SHA512, req->hash, out,
			     &raw),
	    OK);
	buf_reset(&w->signature);
	wr = wr_into(&w->signature);
	wr_cstr(&wr, "ssh-ed25519");
	wr_string(&wr, raw.octets);
	rep->signature = buf_slice(&w->signature);
	return wr_end(&wr, NULL);
}

enum err
on_pick_group(struct monitor *m, const struct modulus_req *req,
    struct modulus_rep *rep)
{
	static const uint8_t two = 2;
	enum dh_group_id id;

	rep->found = dh_fallback(req->min, req->n, req->max, &id) == OK;
	if (rep->found) {
		rep->p = dh_group_prime(id);
		rep->g = slice_make(&two, 1);
	}
	return note(m, "group", SLICE_NONE);
}

enum err
on_find_user(struct monitor *m, const struct user_req *req,
    struct user_rep *rep)
{
	static uint8_t blocks[CONF_BLOCKS_OCTETS];
	char name[128];
	struct conf_facts facts = {.user = name, .local_port = -1};
	size_t n;

	ck_assert(slice_to_cstr(req->user, name, sizeof(name)));
	conf_match(m->world->set, &facts, blocks, &n);
	rep->matched = slice_make(blocks, n);
	rep->refused = m->refused;
	rep->banner.fd = m->banner; /* closed when it was sent */
	m->banner = -1;
	m->phase = PHASE_AUTH;
	return note(m, "find_user", req->user);
}

static enum err
verdict(struct monitor *m, const char *word, struct slice detail,
    struct verdict_rep *rep)
{
	rep->verdict = (uint8_t)m->verdict;
	rep->methods = SLICE_STR("publickey,password");
	if (m->verdict == VERDICT_SUCCESS)
		m->phase = PHASE_DONE;
	return note(m, word, detail);
}

enum err
on_auth_none(struct monitor *m, const struct none_req *req,
    struct verdict_rep *rep)
{
	(void)req;
	return verdict(m, "none", SLICE_NONE, rep);
}

enum err
on_auth_pubkey(struct monitor *m, const struct pubkey_req *req,
    struct verdict_rep *rep)
{
	return verdict(m, req->hostbound ? "bound" : "pubkey", req->alg, rep);
}

enum err
on_auth_hostbased(struct monitor *m, const struct hostbased_req *req,
    struct verdict_rep *rep)
{
	return verdict(m, "hostbased", req->client_host, rep);
}

enum err
on_auth_password(struct monitor *m, const struct password_req *req,
    struct verdict_rep *rep)
{
	return verdict(m, "password", req->password, rep);
}

enum err
on_auth_other(struct monitor *m, const struct kbdint_req *req,
    struct verdict_rep *rep)
{
	return verdict(m, "other", req->devices, rep);
}

static enum err
prompts(struct monitor *m, const char *word, struct prompt_rep *rep)
{
	rep->verdict = (uint8_t)m->verdict;
	rep->methods = SLICE_STR("publickey,password");
	rep->name = SLICE_STR("Name");
	rep->n = 1;
	rep->prompts = SLICE_STR("\0\0\0\5Code?\1");
	m->phase = PHASE_AUTH;
	if (m->verdict == VERDICT_PROMPT)
		m->phase = PHASE_PROMPT;
	if (m->verdict == VERDICT_SUCCESS)
		m->phase = PHASE_DONE;
	return note(m, word, SLICE_NONE);
}

enum err
on_kbdint_start(struct monitor *m, const struct kbdint_req *req,
    struct prompt_rep *rep)
{
	(void)req;
	return prompts(m, "start", rep);
}

enum err
on_kbdint_answer(struct monitor *m, const struct answer_req *req,
    struct prompt_rep *rep)
{
	(void)req;
	return prompts(m, "answer", rep);
}

enum err
on_kbdint_cancel(struct monitor *m, const struct empty_msg *req,
    struct verdict_rep *rep)
{
	(void)req;
	(void)rep;
	m->phase = PHASE_AUTH;
	return note(m, "cancel", SLICE_NONE);
}

enum err
on_gss_start(struct monitor *m, const struct empty_msg *req,
    struct verdict_rep *rep)
{
	(void)req;
	m->phase = PHASE_TOKEN;
	rep->verdict = VERDICT_PROMPT;
	return note(m, "gss", SLICE_NONE);
}

enum err
on_gss_token(struct monitor *m, const struct token_req *req,
    struct token_rep *rep)
{
	m->phase = PHASE_MIC;
	rep->verdict = VERDICT_PROMPT;
	rep->token = SLICE_STR("ours");
	return note(m, "token", req->token);
}

enum err
on_gss_mic(struct monitor *m, const struct token_req *req,
    struct verdict_rep *rep)
{
	return verdict(m, "mic", req->token, rep);
}

enum err
on_gss_cancel(struct monitor *m, const struct empty_msg *req,
    struct verdict_rep *rep)
{
	(void)req;
	(void)rep;
	m->phase = PHASE_AUTH;
	return note(m, "cancel", SLICE_NONE);
}

enum err
on_hand_over(struct monitor *m, const struct hand_over_msg *req,
    struct note_rep *rep)
{
	(void)rep;
	m->state = req->state.fd;
	return note(m, "hand_over", SLICE_NONE);
}

/* A gate has no business with these. */
#define NEVER(name, req, rep)                                                  \
	enum err on_##name(struct monitor *m, const struct req *q,             \
	    struct rep *r)                                                     \
	{                                                                      \
		(void)m;                                                       \
		(void)q;                                                       \
		(void)r;                                                       \
		return ERR_PHASE;                                              \
	}
NEVER(prove_key, prove_req, sign_rep)
NEVER(open_pty, pty_req, pty_rep)
NEVER(login_record, login_req, login_rep)
NEVER(pty_done, pty_done_req, note_rep)
NEVER(tell_stats, stats_msg, note_rep)
NEVER(listens, listens_msg, note_rep)
NEVER(reclaim, reclaim_msg, note_rep)
NEVER(reclaimed, reclaimed_msg, note_rep)

/* ---- the world ---- */

static void
complain(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	ck_assert_msg(level > LEVEL_ERROR, "%s", line);
}

static void
read_conf(struct world *w, const char *const *lines)
{
	SCOPED(buf_clear) struct buf bundle = BUF_EMPTY;
	char path[] = "/tmp/check-gate-XXXXXX", why[256];
	struct conf_source source = {.file = path};
	FILE *f = fdopen(mkstemp(path), "w");

	ck_assert_ptr_nonnull(f);
	for (; lines != NULL && *lines != NULL; lines++)
		fprintf(f, "%s\n", *lines);
	fclose(f);
	ck_assert_int_eq(conf_read(&source, &bundle, why, sizeof(why)), OK);
	unlink(path);
	ck_assert_int_eq(conf_parse(buf_slice(&bundle), complain, NULL,
			     &w->set),
	    OK);
	w->common.set = w->set;
	w->common.conf = conf_global(w->set);
}

static void
make_key(struct world *w)
{
	struct public_key key;
	struct wr wr;

	ck_assert_int_eq(signer_generate(KEY_ED25519, 0, &w->signer), OK);
	signer_public(w->signer, &key);
	wr = wr_into(&w->blob);
	wr_cstr(&wr, "ssh-ed25519");
	wr_string(&wr, key.point);
	ck_assert_int_eq(wr_end(&wr, NULL), OK);
	w->key = (struct common_key){.type = SLICE_STR("ssh-ed25519"),
	    .blob = buf_slice(&w->blob)};
	w->common.keys = &w->key;
	w->common.nkeys = 1;
}

void
world_init(struct world *w, const char *const *lines)
{
	*w = (struct world){.gate = -1, .gate_in = -1, .gate_out = -1};
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LEVEL_VERBOSE);
	read_conf(w, lines);
	make_key(w);
	snprintf(w->conn.peer_ip, sizeof(w->conn.peer_ip), "192.0.2.7");
	w->conn.peer_port = 4711;
	snprintf(w->conn.version, sizeof(w->conn.version), SERVER_VERSION);
	w->monitor = (struct monitor){.world = w,
	    .phase = PHASE_KEX,
	    .banner = -1,
	    .state = -1};
	w->serve = (struct serve)SERVE_INIT(monitor_ops, &w->monitor);
	client_init(&w->client, &client_usual);
	ck_assert_int_eq(client_take(&w->client,
			     SLICE_STR(SERVER_VERSION "\r\n")),
	    ERR_MORE);
}

static _Noreturn void
be_gate(struct world *w, int channel)
{
	const int keep[] = {w->conn.in, w->conn.out, channel};
	pid_t parent = getppid();

	io_close_but(3, keep, 3);
	secret_init(0);
	gate_main(&w->common, &w->conn, channel, parent);
}

static void
make_connection(struct world *w, bool pipes)
{
	int a[2], b[2];

	if (!pipes) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
				     0, a),
		    0);
		w->in = w->out = a[0];
		w->conn.in = w->conn.out = a[1];
	} else {
		ck_assert_int_eq(io_pipe(a), OK);
		ck_assert_int_eq(io_pipe(b), OK);
		w->in = a[0];
		w->conn.out = a[1];
		w->conn.in = b[0];
		w->out = b[1];
	}
	ck_assert_int_eq(io_nonblock(w->in, true), OK);
	ck_assert_int_eq(io_nonblock(w->out, true), OK);
}

void
world_start(struct world *w, bool pipes)
{
	int pair[2];

	if (creds_is_root())
		ck_assert_int_eq(sandbox_root_ready(), OK);
	make_connection(w, pipes);
	if (w->planted != NULL)
		ck_assert_int_eq(io_write_all(w->conn.out,
				     slice_cstr(w->planted)),
		    OK);
	ck_assert_int_eq(io_pair(pair), OK);
	w->gate = fork();
	if (w->gate == 0)
		be_gate(w, pair[1]);
	io_close(&pair[1]);
	w->channel = rpc_new(pair[0]);
	w->channel_open = true;
	if (pipes) {
		w->gate_in = w->conn.in;
		w->gate_out = w->conn.out;
		return;
	}
	io_close(&w->conn.in);
}

/* ---- carrying ---- */

static void
serve(struct world *w)
{
	enum err e;

	do
		e = serve_one(&w->serve, w->channel, w->monitor.phase, true);
	while (e == OK);
	ck_assert_msg(e == ERR_AGAIN || e == ERR_EOF, "monitor: %s",
	    err_name(e));
	w->channel_open = e == ERR_AGAIN;
}

/* False at the end. */
static bool
receive(struct world *w)
{
	uint8_t room[65536];
	enum err e;
	size_t n;

	while ((e = io_read(w->in, BYTES_OF(room), &n)) == OK) {
		if (w->raw)
			ck_assert_int_eq(buf_append(&w->client.in,
					     slice_make(room, n)),
			    OK);
		else
			ck_assert_int_eq(client_take(&w->client,
					     slice_make(room, n)),
			    ERR_MORE);
	}
	return e == ERR_AGAIN;
}

static void
send_wire(struct world *w)
{
	size_t n;

	while (w->client.wire.n > 0 &&
	       io_write(w->out, buf_slice(&w->client.wire), &n) == OK)
		buf_consume(&w->client.wire, n);
}

/* One turn; false where nothing moved within wait_ms. */
static bool
turn(struct world *w, int wait_ms)
{
	struct pollfd p[2] = {
	    {.fd = w->channel_open ? rpc_fd(w->channel) : -1, .events = POLLIN},
	    {.fd = w->in, .events = POLLIN},
	};

	send_wire(w);
	if (poll(p, 2, wait_ms) <= 0)
		return false;
	if (p[0].revents != 0)
		serve(w);
	if (p[1].revents != 0 && !receive(w)) {
		if (w->out != w->in)
			io_close(&w->out);
		io_close(&w->in);
		w->out = -1;
	}
	return true;
}

void
world_run(struct world *w)
{
	while (turn(w, QUIET_MS))
		;
}

int
world_end(struct world *w)
{
	int status;

	while (w->channel_open && turn(w, END_MS))
		;
	ck_assert_msg(!w->channel_open, "the gate goes on");
	while (w->in >= 0 && turn(w, QUIET_MS))
		;
	ck_assert_int_eq(waitpid(w->gate, &status, 0), w->gate);
	w->gate = -1;
	if (WIFSIGNALED(status))
		return 256 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

void
world_clear(struct world *w)
{
	if (w->gate > 0) {
		kill(w->gate, SIGKILL);
		waitpid(w->gate, NULL, 0);
	}
	rpc_free(w->channel);
	if (w->out != w->in)
		io_close(&w->out);
	io_close(&w->in);
	io_close(&w->gate_in);
	io_close(&w->gate_out);
	io_close(&w->monitor.state);
	io_close(&w->monitor.banner);
	client_clear(&w->client);
	signer_free(w->signer);
	buf_clear(&w->blob);
	buf_clear(&w->signature);
	buf_clear(&w->monitor.asked);
	buf_clear(&w->monitor.log);
	conf_free(w->set);
}

/* ---- what clients do ---- */

void
world_write(struct world *w, struct slice octets)
{
	ck_assert_int_eq(buf_append(&w->client.wire, octets), OK);
	world_run(w);
}

void
world_service(struct world *w)
{
	client_start(&w->client);
	client_send(&w->client, SLICE_STR("\5\0\0\0\14ssh-userauth"));
	world_run(w);
	ck_assert_msg(w->client.keyed, "no keys: %.*s", (int)w->monitor.log.n,
	    (const char *)w->monitor.log.p);
	ck_assert_uint_eq(client_got(&w->client).p[0], MSG_SERVICE_ACCEPT);
}

void
world_request(struct world *w, const char *user, const char *method,
    struct slice body)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr wr = wr_into(&b);

	wr_u8(&wr, MSG_USERAUTH_REQUEST);
	wr_cstr(&wr, user == NULL ? "alice" : user);
	wr_cstr(&wr, "ssh-connection");
	wr_cstr(&wr, method);
	wr_raw(&wr, body);
	ck_assert_int_eq(wr_end(&wr, NULL), OK);
	client_send(&w->client, buf_slice(&b));
	world_run(w);
}

bool
world_logged(const struct world *w, const char *line)
{
	struct slice rest = buf_slice(&w->monitor.log), one;

	while (slice_next(&rest, '\n', &one))
		if (slice_is(one, line))
			return true;
	return false;
}

const char *
world_asked(struct world *w)
{
	static char text[1024];

	ck_assert(
	    slice_to_cstr(buf_slice(&w->monitor.asked), text, sizeof(text)));
	buf_reset(&w->monitor.asked);
	return text;
}
