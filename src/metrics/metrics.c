/*
 * metrics.c - serves MetricsListen: figures for whoever asks by HTTP
 *
 * Re-exec'd by the listener, which bound the socket. Without privilege, in an
 * empty root directory, filtered; what it can ask the listener for is the
 * text, and nothing else. One request a connection; requests are bounded in
 * octets, time and number, and a text serves all that come within a second.
 */
#include "sallyport/roles.h"

#include "http.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/list.h"
#include "sallyport/base/log.h"
#include "sallyport/base/loop.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/control_ops.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUESTS_MAX 16   /* at a time; others wait in the backlog */
#define GUEST_MS   5000 /* from accept to the last octet */
#define FRESH_MS   1000 /* a text is as good as new */
#define TEXT_MAX   ((size_t)128 << 10)

/* A text of one format. */
struct page {
	struct buf text;
	uint64_t at_ms;
};

struct metrics {
	struct loop *loop;
	struct rpc *listener;
	struct watch listener_watch;
	int fd;
	struct watch watch;
	struct link guests;
	size_t nguests;
	struct page pages[2]; /* [openmetrics] */
};

/* Somebody who asks. */
struct guest {
	struct link link;
	struct metrics *m;
	int fd;
	struct watch watch;
	struct timer deadline;
	struct buf in;
	struct buf out;
};

/* ---- the text ----------------------------------------------------------------- */

static enum err
fetch(struct metrics *m, bool openmetrics)
{
	const struct figures_req req = {.openmetrics = openmetrics};
	struct page *p = &m->pages[openmetrics];
	struct figures_rep rep;
	enum err e;

	if (p->at_ms != 0 && clock_mono_ms() - p->at_ms < FRESH_MS)
		return OK;
	if ((e = ask_figures(m->listener, &req, &rep)) != OK)
		return e;
	buf_reset(&p->text);
	e = buf_append(&p->text, rep.text);
	p->at_ms = clock_mono_ms();
	rpc_idle(m->listener);
	return e;
}

/* ---- guests -------------------------------------------------------------------- */

static void
leave(struct guest *g)
{
	struct metrics *m = g->m;

	loop_remove(&g->watch);
	loop_timer_cancel(&g->deadline);
	list_remove(&g->link);
	io_close(&g->fd);
	buf_clear(&g->in);
	buf_clear(&g->out);
	mem_free(g);
	if (m->nguests-- == GUESTS_MAX)
		loop_change(&m->watch, LOOP_READ);
}

static void
on_deadline(struct timer *t)
{
	leave(t->ctx);
}

/* The end of what we send is seen before a reset for what we didn't read. */
static void
send_some(struct guest *g)
{
	size_t n;
	enum err e = OK;

	while (
	    g->out.n > 0 && (e = io_write(g->fd, buf_slice(&g->out), &n)) == OK)
		buf_consume(&g->out, n);
	if (g->out.n == 0)
		shutdown(g->fd, SHUT_WR);
	if (g->out.n == 0 || e != ERR_AGAIN)
		leave(g);
	else
		loop_change(&g->watch, LOOP_WRITE);
}

static void
answer(struct guest *g, const struct http_request *r, unsigned int status)
{
	struct page *page = &g->m->pages[r->openmetrics];
	struct slice body = SLICE_NONE;
	enum err e;

	if (status == 200 && fetch(g->m, r->openmetrics) != OK) {
		loop_stop(g->m->loop);
		status = 503;
	}
	if (status == 200)
		body = buf_slice(&page->text);
	e = http_head(status, r, body.n, &g->out);
	if (e == OK && !r->head)
		e = buf_append(&g->out, body);
	if (e == OK)
		send_some(g);
	else
		leave(g);
}

static void
receive(struct guest *g)
{
	struct http_request r;
	struct bytes room;
	unsigned int status;
	size_t n;
	enum err e = buf_reserve(&g->in, HTTP_REQUEST_MAX - g->in.n, &room);

	if (e == OK && (e = io_read(g->fd, room, &n)) == OK) {
		buf_filled(&g->in, n);
		e = http_parse(buf_slice(&g->in), &r, &status);
	}
	if (e == OK)
		answer(g, &r, status);
	else if (e != ERR_AGAIN && e != ERR_MORE)
		leave(g);
}

static void
on_guest(struct watch *w, unsigned int events)
{
	struct guest *g = w->ctx;

	if (g->out.n > 0)
		send_some(g);
	else if ((events & LOOP_READ) != 0)
		receive(g);
	else
		leave(g);
}

static void
on_connect(struct watch *w, unsigned int events)
{
	struct metrics *m = w->ctx;
	int fd = accept4(m->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct guest *g;

	(void)events;
	if (fd < 0)
		return;
	g = mem_new(sizeof(*g));
	g->m = m;
	g->fd = fd;
	g->in = BUF_LIMIT(HTTP_REQUEST_MAX);
	g->out = BUF_LIMIT(2 * TEXT_MAX);
	g->deadline = (struct timer){.on = on_deadline, .ctx = g};
	g->watch = (struct watch){.fd = fd,
	    .events = LOOP_READ,
	    .on = on_guest,
	    .ctx = g};
	list_add_tail(&m->guests, &g->link);
	if (++m->nguests == GUESTS_MAX)
		loop_change(&m->watch, 0);
	loop_timer(m->loop, &g->deadline, clock_mono_ms() + GUEST_MS);
	must(loop_add(m->loop, &g->watch) == OK);
}

/* ---- its life --------------------------------------------------------------------- */

/* It says nothing more: this is its end, and ours. */
static void
on_listener(struct watch *w, unsigned int events)
{
	struct metrics *m = w->ctx;

	(void)events;
	loop_stop(m->loop);
}

static enum err
receive_start(struct metrics *m)
{
	struct metrics_start_msg msg;
	char word[64];
	uint32_t number;
	enum err e = rpc_receive(m->listener, false, &number);

	if (e != OK)
		return e;
	if (number != METRICS_START)
		return ERR_RPC;
	e = rpc_decode(m->listener, &layout_metrics_start_msg, &msg);
	if (e != OK)
		return e;
	m->fd = msg.socket.fd;
	if (!slice_to_cstr(msg.log, word, sizeof(word)))
		return ERR_RPC;
	return log_import(word);
}

static void
watch(struct metrics *m)
{
	m->loop = loop_new();
	m->listener_watch = (struct watch){.fd = rpc_fd(m->listener),
	    .events = LOOP_READ,
	    .on = on_listener,
	    .ctx = m};
	m->watch = (struct watch){.fd = m->fd,
	    .events = LOOP_READ,
	    .on = on_connect,
	    .ctx = m};
	must(loop_add(m->loop, &m->listener_watch) == OK);
	must(loop_add(m->loop, &m->watch) == OK);
}

int
metrics_main(const char *task)
{
	struct metrics *m = mem_new(sizeof(*m));
	enum err e;

	(void)task;
	list_init(&m->guests);
	m->pages[false].text = m->pages[true].text = BUF_LIMIT(TEXT_MAX);
	m->listener = rpc_new(SPAWN_CHANNEL);
	if ((e = receive_start(m)) != OK) {
		if (e != ERR_EOF)
			log_error("metrics: can't start: %s", err_sentence(e));
		return EXIT_FAILURE;
	}
	rpc_idle(m->listener);
	sandbox_enter(ROLE_METRICS, 0); /* nobody was read before this */
	watch(m);
	loop_run(m->loop);
	return EXIT_SUCCESS;
}
