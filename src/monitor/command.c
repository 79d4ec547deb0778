/*
 * command.c - AuthorizedKeysCommand and AuthorizedPrincipalsCommand
 *
 * Nothing is run in this process, nor is what a program prints read: an errand
 * runs it as its account, with nothing of ours, and the output goes to keycheck
 * as a sealed memory file. The program is one that the administrator names and
 * that nobody else can write. What an argument tells of a key comes from
 * keycheck, which the network may have broken into: each such text is checked
 * against an alphabet.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/path.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/proc/outputs.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"
#include "sallyport/rpc/keycheck_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGV_MAX    98304u             /* rpc/messages.c */
#define WORD_MAX    ((size_t)64 << 10) /* a line of sshd_config */
#define OUTPUT_MAX  (4u << 20)         /* 50,000 keys */
#define GRACE_MS    1000               /* to tell before we are killed */
#define GROUPS_SENT 4096u              /* rpc/messages.c */
#define PATH_USUAL                                                             \
	"/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
#define TOKENS_MAX 16

/* One of the two keywords. */
struct keyword {
	const char *name;
	const char *user_name; /* the keyword of its account */
	const char *line;      /* as configured */
	const char *user;
	bool certificate; /* tokens that tell of one are known */
	struct conf_command command;
};

static void
find_keyword(const struct monitor *m, const struct judge_rep *asked,
    struct keyword *k)
{
	const struct conf *c = &m->conf;

	if (asked->want == WANT_KEYS)
		*k = (struct keyword){.name = "AuthorizedKeysCommand",
		    .user_name = "AuthorizedKeysCommandUser",
		    .line = c->authorized_keys_commands.v[asked->which],
		    .user = c->authorized_keys_command_user};
	else
		*k = (struct keyword){.name = "AuthorizedPrincipalsCommand",
		    .user_name = "AuthorizedPrincipalsCommandUser",
		    .line = c->authorized_principals_command,
		    .user = c->authorized_principals_command_user,
		    .certificate = true};
}

/* ---- tokens ------------------------------------------------------------------ */

/* What keycheck told, and of which octets beside letters and digits it may be.
 * A key's id is the CA's text: anything but control characters. */
struct told {
	char letter;
	bool certificate;
	const char *marks; /* NULL: anything printable */
	size_t offset;     /* in struct tokens_rep */
};

/* clang-format off */
static const struct told table[] = {
	{'f', false, "+/=:", offsetof(struct tokens_rep, fingerprint)},
	{'k', false, "+/=",  offsetof(struct tokens_rep, key)},
	{'t', false, "@.-",  offsetof(struct tokens_rep, type)},
	{'F', true,  "+/=:", offsetof(struct tokens_rep, ca_fingerprint)},
	{'K', true,  "+/=",  offsetof(struct tokens_rep, ca_key)},
	{'T', true,  "@.-",  offsetof(struct tokens_rep, ca_type)},
	{'i', true,  NULL,   offsetof(struct tokens_rep, id)},
	{'s', true,  "",     offsetof(struct tokens_rep, serial)},
};
/* clang-format on */

static bool
is_made_of(struct slice text, const char *marks)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z');

		if (c < ' ' || c == 0x7f)
			return false;
		if (!word && marks != NULL && strchr(marks, c) == NULL)
			return false;
	}
	return true;
}

/* Tokens of one run, and the texts that they point to. */
struct tokens {
	struct path_token v[TOKENS_MAX];
	size_t n;
};

static void
add_token(struct tokens *t, char letter, char *value)
{
	t->v[t->n++] = (struct path_token){letter, value};
}

static void
tokens_clear(struct tokens *t)
{
	while (t->n > 0)
		mem_free((char *)(uintptr_t)t->v[--t->n].value);
}

/* Peer first, as the manual has it. */
static void
add_ours(const struct monitor *m, struct tokens *t)
{
	const struct conn *c = m->conn;

	add_token(t, 'u', mem_strdup(m->account.name));
	add_token(t, 'h', mem_strdup(m->account.home));
	add_token(t, 'U', mem_format("%lu", (unsigned long)m->account.uid));
	add_token(t, 'D', mem_strdup(c->rdomain));
	add_token(t, 'C',
	    mem_format("%s %u %s %u", c->peer_ip, (unsigned int)c->peer_port,
		c->local_ip, (unsigned int)c->local_port));
}

static bool
add_told(const struct keyword *k, const struct tokens_rep *rep,
    struct tokens *t)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct slice *text =
		    (const struct slice *)(const void *)((const char *)rep +
							 table[i].offset);

		if (table[i].certificate && !k->certificate)
			continue;
		if (!is_made_of(*text, table[i].marks)) {
			log_error("%s: %%%c of this key can't be an argument",
			    k->name, table[i].letter);
			return false;
		}
		add_token(t, table[i].letter, mem_text(*text));
	}
	return true;
}

/* ---- arguments ------------------------------------------------------------------ */

/* Quotes as in sshd_config; but a '#' is one, since this is the rest of a line
 * that was taken as it stands. */
static enum err
next_word(struct slice *rest, char *room, size_t size)
{
	struct slice word;
	size_t n = 0;

	*rest = text_trim(*rest);
	if (rest->n == 0 || rest->p[0] != '#')
		return text_word(rest, room, size);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = slice_first(*rest, n);
	*rest = slice_skip(*rest, n);
	return slice_to_cstr(word, room, size) ? OK : ERR_TOO_LONG;
}

/* The path stays as it is, every other word has its tokens replaced. */
static enum err
add_word(const char *word, const struct tokens *t, struct wr *argv)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(ARGV_MAX);
	enum err e = OK;

	if (argv->n == 0)
		wr_cstr(argv, word);
	else if ((e = path_expand(word, t->v, &text)) == OK)
		wr_string(argv, buf_slice(&text));
	return e;
}

static enum err
build_argv(const struct monitor *m, const struct keyword *k,
    const struct tokens *t, struct buf *out)
{
	SCOPED(mem_free_at) char *word = mem_new(WORD_MAX);
	struct slice rest = slice_cstr(k->command.line);
	struct wr argv = wr_into(out);
	size_t words = 0;
	enum err e;

	while ((e = next_word(&rest, word, WORD_MAX)) == OK) {
		if ((e = add_word(word, t, &argv)) != OK)
			return e;
		words++;
	}
	if (e != ERR_NOT_FOUND)
		return e;
	/* a program without arguments has always been told who it is about */
	if (words == 1 && !k->certificate)
		wr_cstr(&argv, m->account.name);
	return wr_end(&argv, NULL);
}

static enum err
build_env(const struct account *a, struct buf *out)
{
	SCOPED(mem_free_at) char *user = mem_format("USER=%s", a->name);
	SCOPED(mem_free_at) char *logname = mem_format("LOGNAME=%s", a->name);
	SCOPED(mem_free_at) char *home = mem_format("HOME=%s", a->home);
	SCOPED(mem_free_at) char *lang = NULL;
	const char *ours = getenv("LANG");
	struct wr env = wr_into(out);

	wr_cstr(&env, "PATH=" PATH_USUAL);
	wr_cstr(&env, user);
	wr_cstr(&env, logname);
	wr_cstr(&env, home);
	if (ours != NULL) {
		lang = mem_format("LANG=%s", ours);
		wr_cstr(&env, lang);
	}
	return wr_end(&env, NULL);
}

/* ---- the account --------------------------------------------------------------- */

static bool
find_account(const struct monitor *m, const struct keyword *k,
    struct account *a)
{
	const struct path_token user[] = {{'u', m->account.name}, {0, NULL}};
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(USER_MAX);
	SCOPED(mem_free_at) char *name = NULL;

	if (path_expand(k->user != NULL ? k->user : "", user, &text) != OK)
		return false;
	name = mem_text(buf_slice(&text));
	account_find(a, name);
	if (!a->known) {
		log_error("%s \"%s\" not found", k->user_name, name);
		return false;
	}
	account_groups(a);
	if (a->ngroups <= GROUPS_SENT)
		return true;
	log_error("%s \"%s\" is in more than %u groups", k->user_name, name,
	    GROUPS_SENT);
	return false;
}

static enum err
build_groups(const struct account *a, struct buf *out)
{
	struct wr w = wr_into(out);

	for (size_t i = 0; i < a->ngroups; i++)
		wr_u32(&w, a->groups[i]);
	return wr_end(&w, NULL);
}

/* ---- how it went ------------------------------------------------------------------ */

static void
tell_unsafe(const struct keyword *k, const struct runner_end_msg *end,
    const char *path)
{
	if (end->path.n == 0)
		log_error("Unsafe %s \"%s\": not a regular file", k->name,
		    path);
	else
		log_error("Unsafe %s \"%s\": bad ownership or modes for %s %s",
		    k->name, path, end->directory ? "directory" : "file",
		    log_quote_max(end->path, 256));
}

/* False: nothing it printed counts. */
static bool
tell_end(const struct keyword *k, const struct runner_end_msg *end,
    uint32_t timeout_ms)
{
	SCOPED(mem_free_at)
	char *path = mem_text(
	    slice_make(k->command.line, strcspn(k->command.line, " \t")));

	switch ((enum runner_end)end->end) {
	case RUNNER_DONE:
		return true;
	case RUNNER_STATUS:
		log_info("%s %s failed, status %u", k->name, k->command.line,
		    (unsigned int)end->number);
		break;
	case RUNNER_SIGNAL:
		log_error("%s %s killed by signal %u", k->name, k->command.line,
		    (unsigned int)end->number);
		break;
	case RUNNER_TIMEOUT:
		log_error("%s %s timed out after %u seconds", k->name,
		    k->command.line, (unsigned int)(timeout_ms / 1000));
		break;
	case RUNNER_TOO_LONG:
		log_error("%s %s printed more than %u octets", k->name,
		    k->command.line, OUTPUT_MAX);
		break;
	case RUNNER_ABSENT:
		log_error("Could not stat %s \"%s\": %s", k->name, path,
		    strerror((int)end->number));
		break;
	case RUNNER_UNSAFE:
		tell_unsafe(k, end, path);
		break;
	case RUNNER_BROKEN:
	default:
		log_error("%s %s: %s", k->name, path,
		    strerror((int)end->number));
		break;
	}
	return false;
}

/* ---- running ------------------------------------------------------------------------ */

/* As long as the line allows, but not until our own end. */
static uint32_t
patience_ms(const struct monitor *m, const struct conf_command *c)
{
	uint64_t wanted = (uint64_t)c->timeout_s * 1000;
	uint64_t end =
	    m->conn->accepted_ms + (uint64_t)m->conf.login_grace_s * 1000;
	uint64_t now = clock_mono_ms();

	if (m->conf.login_grace_s > 0 && end < now + GRACE_MS + wanted)
		wanted = end > now + GRACE_MS ? end - now - GRACE_MS : 1;
	return wanted < INT32_MAX ? (uint32_t)wanted : INT32_MAX;
}

/* The errand's answer lives in r. */
static enum err
ask(struct rpc *r, const struct runner_msg *run, struct runner_end_msg *end)
{
	uint32_t number;
	enum err e = rpc_send(r, ERRAND_RUN, &layout_runner_msg, run);

	if (e == OK)
		e = rpc_receive(r, false, &number);
	if (e == OK && number != ERRAND_END)
		e = ERR_RPC;
	return e == OK ? rpc_decode(r, &layout_runner_end_msg, end) : e;
}

/* ---- outputs of earlier connections ------------------------------------------- */

/* Whatever may change what it prints: account, arguments, environment. */
static bool
output_key(const struct runner_msg *msg, uint8_t key[HASH_MAX])
{
	struct hash *h;

	if (hash_begin(HASH_SHA256, &h) != OK)
		return false;
	hash_add_u32(h, msg->uid);
	hash_add_u32(h, msg->gid);
	hash_add_string(h, msg->argv);
	hash_add_string(h, msg->env);
	return hash_end(h, key) == OK;
}

static bool
is_known(const struct monitor *m, const struct keyword *k, struct slice key,
    int *output)
{
	const struct outputs *known = m->common->outputs;
	int fd = known == NULL ? -1 : outputs_find(known, key, clock_mono_ms());

	if (fd < 0 || k->command.cache_s == 0)
		return false;
	*output = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (*output >= 0)
		log_debug1("%s %s: what it printed before serves", k->name,
		    k->command.line);
	return *output >= 0;
}

static void
remember(const struct monitor *m, const struct keyword *k, struct slice key,
    int output)
{
	struct output_msg msg = {.key = key,
	    .until_ms = clock_mono_ms() + (uint64_t)k->command.cache_s * 1000,
	    .output.fd = output};
	struct rpc *spawner;
	int fd;

	if (k->command.cache_s == 0 || m->common->outputs_channel < 0)
		return;
	fd = fcntl(m->common->outputs_channel, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return;
	spawner = rpc_new(fd);
	if (rpc_send(spawner, ERRAND_OUTPUT, &layout_output_msg, &msg) != OK)
		log_debug1("the spawner is gone");
	rpc_free(spawner);
}

/* ---- an errand's work ------------------------------------------------------------ */

static void
run(const struct keyword *k, const struct runner_msg *msg, int *output)
{
	SCOPED(mem_free_at)
	char *task = mem_format("runner %ld", (long)getpid());
	struct runner_end_msg end = {.output.fd = -1};
	struct rpc *r;
	int pair[2], status;
	pid_t pid;
	enum err e;

	if (io_pair(pair) != OK ||
	    spawn_image(ROLE_ERRAND, task, pair[1], &pid) != OK) {
		log_error("%s: %s", k->name, strerror(errno));
		return;
	}
	io_close(&pair[1]);
	r = rpc_new(pair[0]);
	if ((e = ask(r, msg, &end)) != OK)
		log_error("%s: errand: %s", k->name, err_sentence(e));
	else if (tell_end(k, &end, msg->timeout_ms))
		*output = end.output.fd;
	if (*output < 0)
		io_close(&end.output.fd);
	rpc_free(r);
	kill(pid, SIGKILL);
	(void)!parent_reap(pid, false, &status);
}

static void
prepare_and_run(const struct monitor *m, const struct keyword *k,
    const struct tokens *t, int *output)
{
	SCOPED(buf_clear) struct buf argv = BUF_LIMIT(ARGV_MAX);
	SCOPED(buf_clear) struct buf env = BUF_EMPTY;
	SCOPED(buf_clear) struct buf groups = BUF_EMPTY;
	struct runner_msg msg = {.timeout_ms = patience_ms(m, &k->command),
	    .output_max = OUTPUT_MAX};
	uint8_t key[HASH_MAX];
	struct account a;
	enum err e;

	if ((e = build_argv(m, k, t, &argv)) != OK) {
		log_error("%s %s: %s", k->name, k->command.line,
		    e == ERR_FORMAT ? "unknown token or open quote"
				    : err_sentence(e));
		return;
	}
	if (!find_account(m, k, &a))
		return;
	msg.uid = a.uid;
	msg.gid = a.gid;
	if (build_env(&a, &env) != OK || build_groups(&a, &groups) != OK)
		return;
	msg.argv = buf_slice(&argv);
	msg.env = buf_slice(&env);
	msg.groups = buf_slice(&groups);
	if (!output_key(&msg, key) ||
	    is_known(m, k, slice_make(key, OUTPUTS_KEY), output))
		return;
	run(k, &msg, output);
	if (*output >= 0)
		remember(m, k, slice_make(key, OUTPUTS_KEY), *output);
}

/* Nobody but a broken keycheck asks for what isn't configured. */
static bool
is_configured(const struct monitor *m, const struct judge_rep *asked)
{
	const struct conf *c = &m->conf;

	if (asked->want == WANT_KEYS)
		return asked->which < c->authorized_keys_commands.n;
	return asked->want == WANT_PRINCIPALS &&
	       c->authorized_principals_command != NULL;
}

void
command_forget(struct monitor *m)
{
	int channel = m->common->outputs_channel;

	/* the table is this process's copy */
	if (m->common->outputs != NULL)
		outputs_clear(m->common->outputs);
	io_close(&channel);
}

enum err
command_run(struct monitor *m, const struct judge_rep *asked, int *output)
{
	const struct empty_msg empty = {0};
	struct tokens_rep rep;
	SCOPED(tokens_clear) struct tokens t = {.n = 0};
	struct keyword k;
	enum err e;

	*output = -1;
	if (!m->account.known || !is_configured(m, asked))
		return ERR_RPC;
	find_keyword(m, asked, &k);
	if (!conf_command_read(k.line, &k.command))
		return OK;
	if ((e = ask_tokens(m->keycheck, &empty, &rep)) != OK)
		return e;
	add_ours(m, &t);
	if (add_told(&k, &rep, &t))
		prepare_and_run(m, &k, &t, output);
	return OK;
}
