/*
 * agent.c - host keys whose private half an agent holds (HostKeyAgent)
 *
 * The link is opened by root before the keeper gives its rights up, since
 * agents look at who connects; a lost one the listener is asked to open anew.
 * One request is under way at a time, the others wait in line: agents work
 * one by one anyway. Nobody here waits for an agent: it has a deadline, and
 * meanwhile other keys sign.
 */
#include "agent.h"

#include "keeper.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/key/sig.h"

#include <errno.h>
#include <string.h>

#define FAILURE       5u /* draft-ietf-sshm-ssh-agent §6.1 */
#define SIGN_REQUEST  13u
#define SIGN_RESPONSE 14u
#define RSA_SHA2_256  2u /* §6.3 */
#define RSA_SHA2_512  4u
#define HEAD_OCTETS   4u
#define READ_OCTETS   ((size_t)4 << 10)
#define TRIES         2 /* a request that kills its agent isn't put for ever */

/* Clients give up after two minutes; a FIDO key may wait for a finger. */
#define DEADLINE_MS      10000
#define DEADLINE_FIDO_MS 30000
#define LISTENER_MS      5000 /* for another link: a connect, no more */

/* ---- messages ---------------------------------------------------------- */

static uint32_t
flags_of(const struct algo *alg)
{
	if (alg->key != KEY_RSA)
		return 0;
	return alg->hash == HASH_SHA512   ? RSA_SHA2_512
	       : alg->hash == HASH_SHA256 ? RSA_SHA2_256
					  : 0;
}

enum err
agent_request(struct slice blob, const struct algo *alg, struct slice data,
    struct buf *out)
{
	struct wr w = wr_into(out);
	size_t mark = wr_begin(&w);

	wr_u8(&w, SIGN_REQUEST);
	wr_string(&w, blob);
	wr_string(&w, data);
	wr_u32(&w, flags_of(alg));
	wr_finish(&w, mark);
	return wr_end(&w, NULL);
}

/* Old agents sign with SHA-1 whatever they were asked for. */
static enum err
check_signature(struct slice blob, const struct algo *alg)
{
	struct sig s;
	enum err e = sig_parse(blob, &s);

	if (e == ERR_UNKNOWN_ALGO)
		return e;
	return e == OK && s.alg == alg ? OK : ERR_KEY_TYPE;
}

enum err
agent_answer(struct slice got, const struct algo *alg, struct slice *signature,
    size_t *used)
{
	struct rd r = rd_from(got);
	size_t n = rd_u32(&r);
	uint8_t type;

	*signature = SLICE_NONE;
	*used = 0;
	if (rd_status(&r) != OK)
		return ERR_MORE;
	if (n == 0 || n > AGENT_MESSAGE_MAX - HEAD_OCTETS)
		return ERR_TOO_LONG;
	if (r.left.n < n)
		return ERR_MORE;
	*used = HEAD_OCTETS + n;
	r = rd_from(slice_first(r.left, n));
	type = rd_u8(&r);
	if (type == FAILURE)
		return ERR_DENIED;
	*signature = rd_string(&r);
	if (type != SIGN_RESPONSE || rd_end(&r) != OK)
		return ERR_FORMAT;
	return check_signature(*signature, alg);
}

/* ---- those who wait ---------------------------------------------------- */

static struct keeper_peer *
first_waiting(struct agent *a)
{
	return list_empty(&a->waiting)
		   ? NULL
		   : LIST_ITEM(a->waiting.next, struct keeper_peer, agent_link);
}

static void
leave_line(struct keeper_peer *p)
{
	if (p->agent_waits)
		list_remove(&p->agent_link);
	p->agent_waits = false;
}

static void
finish(struct keeper_peer *p, bool ok, struct slice signature)
{
	leave_line(p);
	buf_clear(&p->agent_data);
	keeper_reply(p, ok, signature);
}

static void
refuse_waiting(struct keeper *k)
{
	struct keeper_peer *p;

	while ((p = first_waiting(&k->agent)) != NULL)
		finish(p, false, SLICE_NONE);
}

void
agent_forget(struct keeper_peer *p)
{
	struct agent *a = &p->keeper->agent;

	leave_line(p);
	buf_clear(&p->agent_data);
	if (a->current == p)
		a->current = NULL; /* its answer still comes */
}

/* ---- the link ---------------------------------------------------------- */

/* What has to be done is done by the loop, not within a handler of others. */
static void
wake(struct keeper *k, uint64_t in_ms)
{
	loop_timer(k->loop, &k->agent.timer, clock_mono_ms() + in_ms);
}

static void
close_link(struct agent *a)
{
	loop_remove(&a->watch);
	io_close(&a->watch.fd);
	buf_clear(&a->in);
	buf_clear(&a->out);
	a->busy = false;
}

/* The request under way is put to the next agent, which may be the same one
 * started anew. */
static void
lose_link(struct keeper *k, bool again)
{
	struct agent *a = &k->agent;
	struct keeper_peer *p = a->current;

	close_link(a);
	a->current = NULL;
	if (p != NULL && again && p->agent_tries < TRIES) {
		list_add_tail(&a->waiting, &p->agent_link);
		p->agent_waits = true;
	} else if (p != NULL) {
		finish(p, false, SLICE_NONE);
	}
	wake(k, 0);
}

/* Answered by agent_link, if there still is a listener. */
static void
ask_listener(struct keeper *k)
{
	const struct empty_msg m = {0};
	struct agent *a = &k->agent;

	if (a->asked)
		return;
	if (k->root == NULL || rpc_send(k->root->rpc, KEEPER_AGENT_LOST,
				   &layout_empty_msg, &m) != OK) {
		log_error("HostKeyAgent %s is gone, and nobody is there who "
			  "could open another link",
		    a->path);
		refuse_waiting(k);
		return;
	}
	a->asked = true;
	wake(k, LISTENER_MS);
}

/* ---- a request --------------------------------------------------------- */

static void
watch_link(struct agent *a)
{
	loop_change(&a->watch,
	    a->out.n > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static enum err
write_some(struct agent *a)
{
	size_t n;
	enum err e = OK;

	while (a->out.n > 0 && e == OK)
		if ((e = io_write(a->watch.fd, buf_slice(&a->out), &n)) == OK)
			buf_consume(&a->out, n);
	watch_link(a);
	return e == ERR_AGAIN ? OK : e;
}

static void
start_request(struct keeper *k, struct keeper_peer *p)
{
	struct agent *a = &k->agent;

	leave_line(p);
	a->out.max = a->in.max = AGENT_MESSAGE_MAX;
	a->alg = p->agent_alg;
	if (agent_request(buf_slice(&p->agent_key->blob), p->agent_alg,
		buf_slice(&p->agent_data), &a->out) != OK) {
		buf_reset(&a->out);
		finish(p, false, SLICE_NONE);
		wake(k, 0);
		return;
	}
	a->busy = true;
	a->current = p;
	p->agent_tries++;
	wake(k, key_is_sk(p->agent_key->type) ? DEADLINE_FIDO_MS : DEADLINE_MS);
	if (write_some(a) != OK)
		lose_link(k, true);
}

static void
on_timer(struct timer *t)
{
	struct keeper *k = t->ctx;
	struct agent *a = &k->agent;
	struct keeper_peer *p = first_waiting(a);

	if (a->busy) {
		log_error("HostKeyAgent %s gives no answer", a->path);
		lose_link(k, false);
	} else if (a->asked) {
		a->asked = false;
		refuse_waiting(k);
	} else if (p != NULL && a->watch.fd < 0) {
		ask_listener(k);
	} else if (p != NULL) {
		start_request(k, p);
	}
}

/* ---- its answer -------------------------------------------------------- */

static void
tell_refusal(const struct agent *a, enum err e)
{
	const struct keeper_peer *p = a->current;

	if (p != NULL && e == ERR_DENIED)
		log_error("HostKeyAgent %s doesn't sign with host key %s: has "
			  "it that key?",
		    a->path, key_wire_name(p->agent_key->type));
	else if (p != NULL)
		log_error("HostKeyAgent %s doesn't sign by %s", a->path,
		    a->alg->name);
}

/* A whole answer, whatever it says: the next may have their turn. */
static void
take_answer(struct keeper *k, enum err e, struct slice signature)
{
	struct agent *a = &k->agent;
	struct keeper_peer *p = a->current;

	if (e != OK)
		tell_refusal(a, e);
	a->current = NULL;
	a->busy = false;
	if (p != NULL)
		finish(p, e == OK, signature);
	buf_clear(&a->in);
	wake(k, 0);
}

static enum err
read_some(struct agent *a)
{
	struct bytes room;
	size_t n, left = AGENT_MESSAGE_MAX - a->in.n;
	enum err e =
	    buf_reserve(&a->in, left < READ_OCTETS ? left : READ_OCTETS, &room);

	if (e == OK && (e = io_read(a->watch.fd, room, &n)) == OK)
		buf_filled(&a->in, n);
	return e;
}

/*
 * Nothing but the answer to the one request may come; more is out of step,
 * and what would be taken for the next answer isn't one.
 */
static enum err
take_input(struct keeper *k)
{
	struct agent *a = &k->agent;
	struct slice signature;
	size_t used;
	enum err e = read_some(a);

	if (e != OK)
		return e == ERR_AGAIN ? OK : e;
	if (!a->busy || a->out.n > 0)
		return ERR_PHASE;
	e = agent_answer(buf_slice(&a->in), a->alg, &signature, &used);
	if (e == ERR_MORE)
		return a->in.n < AGENT_MESSAGE_MAX ? OK : ERR_TOO_LONG;
	if (used == 0 || e == ERR_FORMAT)
		return e;
	if (used != a->in.n)
		return ERR_TRAILING;
	take_answer(k, e, signature);
	return OK;
}

static void
on_socket(struct watch *w, unsigned int events)
{
	struct keeper *k = w->ctx;
	struct agent *a = &k->agent;
	enum err e = OK;

	if ((events & LOOP_WRITE) != 0)
		e = write_some(a);
	if (e == OK && (events & (LOOP_READ | LOOP_ERROR)) != 0)
		e = take_input(k);
	if (e == OK)
		return;
	log_verbose("HostKeyAgent %s: %s", a->path, err_sentence(e));
	lose_link(k, true);
}

static enum err
take_link(struct keeper *k, int fd)
{
	struct agent *a = &k->agent;
	enum err e;

	a->watch = (struct watch){.fd = fd,
	    .events = LOOP_READ,
	    .on = on_socket,
	    .ctx = k};
	if ((e = io_nonblock(fd, true)) == OK)
		e = loop_add(k->loop, &a->watch);
	if (e != OK)
		io_close(&a->watch.fd);
	return e;
}

void
agent_link(struct keeper *k, int fd)
{
	struct agent *a = &k->agent;

	if (!a->asked || a->watch.fd >= 0) {
		io_close(&fd); /* too late, or nobody asked */
		return;
	}
	a->asked = false;
	if (fd < 0 || take_link(k, fd) != OK)
		refuse_waiting(k);
	wake(k, 0);
}

/* ---- what others ask --------------------------------------------------- */

void
agent_init(struct keeper *k, struct slice path)
{
	struct agent *a = &k->agent;

	list_init(&a->waiting);
	a->watch.fd = -1;
	a->timer = (struct timer){.on = on_timer, .ctx = k};
	if (path.n == 0)
		return;
	a->path = mem_text(path);
	if (io_connect_unix(a->path, &a->watch.fd) != OK)
		log_error("Could not connect to agent \"%s\": %s", a->path,
		    strerror(errno));
}

enum err
agent_watch(struct keeper *k)
{
	int fd = k->agent.watch.fd;

	return fd < 0 ? OK : take_link(k, fd);
}

enum err
agent_sign(struct keeper_peer *p, const struct hostkey *key,
    const struct algo *alg, struct slice data)
{
	enum err e;

	p->agent_data.max = AGENT_MESSAGE_MAX;
	buf_reset(&p->agent_data);
	if ((e = buf_append(&p->agent_data, data)) != OK)
		return e;
	p->agent_key = key;
	p->agent_alg = alg;
	p->agent_tries = 0;
	list_add_tail(&p->keeper->agent.waiting, &p->agent_link);
	p->agent_waits = true;
	serve_later(&p->serve);
	if (!p->keeper->agent.busy && !p->keeper->agent.asked)
		wake(p->keeper, 0);
	return OK;
}
