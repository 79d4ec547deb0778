#include "harness.h"

#include "agent.h"

#include "sallyport/crypto/secret.h"
#include "sallyport/key/keyfile.h"
#include "sallyport/key/sig.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- messages ---- */

static const struct algo *
algo(const char *name)
{
	return algo_find(ALGO_CA, slice_cstr(name));
}

struct request_row {
	const char *alg;
	uint32_t flags;
};

/* draft-ietf-sshm-ssh-agent §6.3: flags are RSA's alone */
static const struct request_row request_rows[] = {
    {"ssh-ed25519", 0},
    {"ecdsa-sha2-nistp521", 0},
    {"ssh-rsa", 0},
    {"rsa-sha2-256", 2},
    {"rsa-sha2-512", 4},
    {"sk-ssh-ed25519@openssh.com", 0},
};

START_TEST(asks_as_the_protocol_says)
{
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(AGENT_MESSAGE_MAX);
	struct rd r;

	ck_assert_int_eq(agent_request(SLICE_STR("blob"),
			     algo(request_rows[_i].alg), SLICE_STR("data"),
			     &out),
	    OK);
	r = rd_from(buf_slice(&out));
	ck_assert_uint_eq(rd_u32(&r), out.n - 4);
	ck_assert_uint_eq(rd_u8(&r), 13);
	ck_assert(slice_is(rd_string(&r), "blob"));
	ck_assert(slice_is(rd_string(&r), "data"));
	ck_assert_uint_eq(rd_u32(&r), request_rows[_i].flags);
	ck_assert_int_eq(rd_end(&r), OK);
}
END_TEST

START_TEST(asks_for_nothing_too_long)
{
	static uint8_t large[AGENT_MESSAGE_MAX];
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(AGENT_MESSAGE_MAX);

	ck_assert_int_eq(agent_request(SLICE_STR("blob"), algo("ssh-ed25519"),
			     SLICE_OF(large), &out),
	    ERR_TOO_LONG);
}
END_TEST

/* u32 length, 14, string( string name, string 64 octets ) */
static void
make_answer(const char *name, struct buf *out)
{
	static const uint8_t raw[64];
	struct wr w = wr_into(out);
	size_t whole = wr_begin(&w), signature;

	wr_u8(&w, 14);
	signature = wr_begin(&w);
	wr_cstr(&w, name);
	wr_string(&w, SLICE_OF(raw));
	wr_finish(&w, signature);
	wr_finish(&w, whole);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

static enum err
answer(struct slice got, const char *alg, size_t *used)
{
	struct slice signature;

	return agent_answer(got, algo(alg), &signature, used);
}

/* Cut anywhere it isn't there yet; behind it may come what likes. */
START_TEST(takes_a_whole_answer_and_no_other)
{
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(1024);
	size_t used, n;

	make_answer("ssh-ed25519", &b);
	n = b.n;
	ck_assert_int_eq(buf_append_cstr(&b, "more"), OK);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(answer(slice_first(buf_slice(&b), i),
				     "ssh-ed25519", &used),
		    ERR_MORE);
	ck_assert_int_eq(answer(buf_slice(&b), "ssh-ed25519", &used), OK);
	ck_assert_uint_eq(used, n);
}
END_TEST

/* The length says more or less than there is inside. */
START_TEST(takes_no_answer_of_another_length)
{
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(1024);
	size_t used;

	make_answer("ssh-ed25519", &b);
	for (size_t i = 1; i + 4 < b.n; i++) {
		b.p[3] = (uint8_t)i;
		ck_assert_int_eq(answer(buf_slice(&b), "ssh-ed25519", &used),
		    ERR_FORMAT);
	}
}
END_TEST

/* Old agents pass over the flags, and sign with SHA-1. */
START_TEST(takes_no_other_kind_of_signature)
{
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(1024);
	size_t used;

	make_answer("ssh-rsa", &b);
	ck_assert_int_eq(answer(buf_slice(&b), "ssh-rsa", &used), OK);
	ck_assert_int_eq(answer(buf_slice(&b), "rsa-sha2-512", &used),
	    ERR_KEY_TYPE);
	ck_assert_uint_eq(used, b.n);
	ck_assert_int_eq(answer(buf_slice(&b), "ssh-ed25519", &used),
	    ERR_KEY_TYPE);
	buf_reset(&b);
	make_answer("my-own", &b);
	ck_assert_int_eq(answer(buf_slice(&b), "ssh-ed25519", &used),
	    ERR_UNKNOWN_ALGO);
}
END_TEST

struct bad_row {
	struct slice octets;
	enum err e;
};

START_TEST(tells_refusals_from_nonsense)
{
	static const struct bad_row rows[] = {
	    {SLICE_STR("\0\0\0\1\5"), ERR_DENIED},
	    {SLICE_STR("\0\0\0\0"), ERR_TOO_LONG},
	    {SLICE_STR("\0\0\0\1\16"), ERR_FORMAT},
	    {SLICE_STR("\0\0\0\1\6"), ERR_FORMAT},
	    {SLICE_STR("\0\0\0\5\16\0\0\0\1"), ERR_FORMAT},
	    {SLICE_STR("\1\0\0\0\5"), ERR_TOO_LONG},
	    {SLICE_STR("\377\377\377\377"), ERR_TOO_LONG},
	};
	size_t used;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_int_eq(answer(rows[i].octets, "ssh-ed25519", &used),
		    rows[i].e);
}
END_TEST

/* ---- an agent, played ---- */

static struct harness h;
static pid_t agent_pid;
static char agent_path[sizeof(h.dir) + sizeof("/agent")];

static void
answer_well(int fd, struct slice data)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf signature = BUF_LIMIT(1024);
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(2048);
	struct raw_signature raw = {SLICE_NONE, SLICE_NONE, SLICE_NONE};
	uint8_t room[SIGN_RAW_MAX];
	struct wr w = wr_into(&out);
	struct signer *s;
	size_t mark;

	fixture_read("ed25519", &text);
	if (keyfile_parse(buf_slice(&text), &s) != OK ||
	    signer_sign(s, HASH_NONE, data, room, &raw) != OK ||
	    sig_write(algo("ssh-ed25519"), &raw, &signature) != OK)
		_exit(2);
	signer_free(s);
	mark = wr_begin(&w);
	wr_u8(&w, 14);
	wr_string(&w, buf_slice(&signature));
	wr_finish(&w, mark);
	if (wr_end(&w, NULL) != OK ||
	    io_write_all(fd, slice_first(buf_slice(&out), 7)) != OK ||
	    io_write_all(fd, slice_skip(buf_slice(&out), 7)) != OK)
		_exit(3);
}

/* One request whole; false at the end. */
static bool
read_request(int fd, struct buf *in, struct slice *data)
{
	struct bytes room;
	struct rd r;
	size_t n;

	buf_reset(in);
	do {
		if (buf_reserve(in, 1024, &room) != OK ||
		    io_read(fd, room, &n) != OK)
			return false;
		buf_filled(in, n);
		r = rd_from(buf_slice(in));
		n = rd_u32(&r);
	} while (in->n < 4 || r.left.n < n);
	(void)rd_u8(&r);
	(void)rd_string(&r);
	*data = rd_string(&r);
	return true;
}

/*
 * What becomes of each request, by letters: sign, fail, bad octets, trailing
 * ones, hang, exit the connection.
 */
static _Noreturn void
play_agent(int listening, const char *script)
{
	struct buf in = BUF_LIMIT((size_t)1 << 20);
	struct slice data;

	secret_init((size_t)64 << 10);
	for (;;) {
		int fd = accept(listening, NULL, NULL);

		while (read_request(fd, &in, &data)) {
			switch (*script++) {
			case 's':
				answer_well(fd, data);
				continue;
			case 'f':
				(void)!write(fd, "\0\0\0\1\5", 5);
				continue;
			case 'b':
				(void)!write(fd, "\377\377\377\377", 4);
				continue;
			case 't':
				(void)!write(fd, "\0\0\0\1\5more", 9);
				continue;
			case 'h':
				continue;
			default:
				break;
			}
			break;
		}
		close(fd);
	}
}

static void
start_agent(const char *script)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/agent", h.dir);
	unlink(at.sun_path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	agent_pid = fork();
	if (agent_pid == 0)
		play_agent(fd, script);
	close(fd);
}

static void
end_agent(void)
{
	if (agent_pid > 0) {
		kill(agent_pid, SIGKILL);
		waitpid(agent_pid, NULL, 0);
	}
	agent_pid = 0;
}

static void
init(void)
{
	harness_init(&h);
	harness_add_public(&h, "ed25519", ".pub");
	harness_add_key(&h, "ecdsa256", 0600, "c");
	snprintf(agent_path, sizeof(agent_path), "%s/agent", h.dir);
	h.agent = agent_path;
}

static void
clear(void)
{
	end_agent();
	harness_clear(&h);
}

/* Ask in a process of its own, since here the listener's part is played. */
static pid_t
ask(struct rpc *link, uint32_t key, const char *alg)
{
	static const uint8_t hash[32] = {1, 2};
	struct keeper_sign_msg req = {.key = key,
	    .alg = slice_cstr(alg),
	    .hash = SLICE_OF(hash)};
	struct signature_msg rep;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ask_sign(link, &req, &rep) == OK && rep.ok &&
			      rep.signature.n > 64
			  ? 0
			  : 1);
	return pid;
}

static bool
is_signed(pid_t asked)
{
	int status;

	ck_assert_int_eq(waitpid(asked, &status, 0), asked);
	return status == 0;
}

static bool
signs(struct rpc *link)
{
	return is_signed(ask(link, 0, "ssh-ed25519"));
}

/* The listener's part: a link is wanted, and here it is, or not. */
static void
give_link(bool good)
{
	struct agent_msg m = {.link = {-1}};
	uint32_t number;

	ck_assert_int_eq(rpc_receive(h.root, false, &number), OK);
	ck_assert_uint_eq(number, KEEPER_AGENT_LOST);
	if (good)
		ck_assert_int_eq(io_connect_unix(h.agent, &m.link.fd), OK);
	ck_assert_int_eq(rpc_send(h.root, KEEPER_agent, &layout_agent_msg, &m),
	    OK);
	io_close(&m.link.fd);
}

START_TEST(lists_a_key_by_its_public_half)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	struct slice listed;
	uint32_t number;
	bool certificate;

	start_agent("");
	harness_add_public(&h, "rsa", "");
	harness_add_cert(&h, "ed25519_host-cert.pub");
	harness_start(&h, false);
	ck_assert_uint_eq(h.count, 3);
	fixture_blob("ed25519", &blob);
	ck_assert(harness_entry(&h, 0, &number, &certificate, &listed));
	ck_assert(!certificate && slice_equal(listed, buf_slice(&blob)));
	ck_assert(harness_entry(&h, 1, &number, &certificate, &listed));
	ck_assert(certificate && number == 0);
}
END_TEST

START_TEST(without_an_agent_a_public_half_is_no_key)
{
	h.agent = NULL;
	harness_start(&h, false);
	ck_assert_uint_eq(h.count, 1);
}
END_TEST

START_TEST(has_the_agent_sign)
{
	struct rpc *a, *b;
	pid_t first, second;

	start_agent("sss");
	harness_start(&h, false);
	a = harness_link(h.root, false);
	b = harness_link(h.root, false);
	first = ask(a, 0, "ssh-ed25519");
	second = ask(b, 0, "ssh-ed25519");
	ck_assert(is_signed(second) && is_signed(first) && signs(a));
	rpc_free(a);
	rpc_free(b);
}
END_TEST

START_TEST(refuses_what_the_agent_refuses)
{
	struct rpc *a;

	start_agent("fs");
	harness_start(&h, false);
	a = harness_link(h.root, false);
	ck_assert(!signs(a));
	ck_assert(signs(a));
	rpc_free(a);
}
END_TEST

/* An agent that dies on a request, or answers with nonsense, is connected to
 * once more; whoever kills two is refused. */
START_TEST(asks_for_a_lost_link_anew)
{
	static const char *const scripts[] = {"xs", "bs", "ts"};
	struct rpc *a;
	pid_t asked;

	start_agent(scripts[_i]);
	harness_start(&h, false);
	a = harness_link(h.root, false);
	asked = ask(a, 0, "ssh-ed25519");
	give_link(true);
	ck_assert(is_signed(asked));
	rpc_free(a);
}
END_TEST

START_TEST(puts_no_request_for_ever)
{
	struct rpc *a;
	pid_t asked;

	start_agent("xxs");
	harness_start(&h, false);
	a = harness_link(h.root, false);
	asked = ask(a, 0, "ssh-ed25519");
	give_link(true);
	ck_assert(!is_signed(asked));
	asked = ask(a, 0, "ssh-ed25519");
	give_link(true);
	ck_assert(is_signed(asked));
	rpc_free(a);
}
END_TEST

START_TEST(serves_without_its_agent)
{
	struct rpc *a, *b;
	pid_t asked;

	harness_start(&h, false); /* not there at the start, either */
	a = harness_link(h.root, false);
	b = harness_link(h.root, false);
	asked = ask(a, 0, "ssh-ed25519");
	ck_assert(is_signed(ask(b, 1, "ecdsa-sha2-nistp256")));
	give_link(false);
	ck_assert(!is_signed(asked));
	start_agent("s");
	asked = ask(a, 0, "ssh-ed25519");
	give_link(true);
	ck_assert(is_signed(asked));
	rpc_free(a);
	rpc_free(b);
}
END_TEST

static void
leave(struct rpc *link, pid_t asked)
{
	kill(asked, SIGKILL);
	waitpid(asked, NULL, 0);
	rpc_free(link);
}

/* A client that left while its request is under way: its answer is nobody
 * else's; and one in line is forgotten. */
START_TEST(forgets_who_left)
{
	struct rpc *a, *b, *c;
	pid_t first, second;

	start_agent("hs");
	harness_start(&h, false);
	a = harness_link(h.root, false);
	b = harness_link(h.root, false);
	c = harness_link(h.root, false);
	first = ask(a, 0, "ssh-ed25519");
	second = ask(b, 0, "ssh-ed25519");
	/* nobody waits for an agent */
	ck_assert(is_signed(ask(c, 1, "ecdsa-sha2-nistp256")));
	leave(a, first);
	leave(b, second);
	ck_assert(is_signed(ask(c, 1, "ecdsa-sha2-nistp256")));
	end_agent();
	start_agent("s");
	first = ask(c, 0, "ssh-ed25519");
	give_link(true);
	ck_assert(is_signed(first));
	rpc_free(c);
}
END_TEST

/* Nobody asked for it. */
START_TEST(takes_no_link_unasked)
{
	struct agent_msg m = {.link = {-1}};
	struct rpc *a;

	start_agent("s");
	harness_start(&h, false);
	ck_assert_int_eq(io_connect_unix(h.agent, &m.link.fd), OK);
	ck_assert_int_eq(rpc_send(h.root, KEEPER_agent, &layout_agent_msg, &m),
	    OK);
	io_close(&m.link.fd);
	a = harness_link(h.root, false);
	ck_assert(signs(a));
	rpc_free(a);
}
END_TEST

TCase *
check_agent(void)
{
	TCase *tc = tcase_create("keeper/agent");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, asks_as_the_protocol_says, 0,
	    sizeof(request_rows) / sizeof(request_rows[0]));
	tcase_add_test(tc, asks_for_nothing_too_long);
	tcase_add_test(tc, takes_a_whole_answer_and_no_other);
	tcase_add_test(tc, takes_no_answer_of_another_length);
	tcase_add_test(tc, takes_no_other_kind_of_signature);
	tcase_add_test(tc, tells_refusals_from_nonsense);
	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, lists_a_key_by_its_public_half);
	tcase_add_test(tc, without_an_agent_a_public_half_is_no_key);
	tcase_add_test(tc, has_the_agent_sign);
	tcase_add_test(tc, refuses_what_the_agent_refuses);
	tcase_add_loop_test(tc, asks_for_a_lost_link_anew, 0, 3);
	tcase_add_test(tc, puts_no_request_for_ever);
	tcase_add_test(tc, serves_without_its_agent);
	tcase_add_test(tc, forgets_who_left);
	tcase_add_test(tc, takes_no_link_unasked);
	return tc;
}
