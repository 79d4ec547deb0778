/*
 * ops_control.c - the answers over the control socket
 */
#include "control.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"

#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGE_OCTETS    ((size_t)60 << 10)
#define FIGURES_OCTETS ((size_t)120 << 10)
#define LOOK_MS        400  /* for sessions to answer in */
#define FRESH_MS       1000 /* an answer is as good as new */
#define CONFIRM_MAX    86400

CONTROL_TABLE(control_ops);

void
ops_control_init(struct visitor *v)
{
	v->serve = (struct serve)SERVE_INIT(control_ops, v);
}

enum err
ops_control_serve(struct visitor *v)
{
	return serve_one(&v->serve, v->rpc, v->phase, true);
}

/* An empty room for the answer, as long as v is asked nothing else. */
static struct wr
answer_room(struct visitor *v, size_t max)
{
	buf_clear(&v->room);
	v->room = BUF_LIMIT(max);
	return wr_into(&v->room);
}

static void
write_entry(struct wr *w, const struct layout *layout, const void *entry)
{
	int fds[RPC_FDS_MAX];
	size_t nfds = 0, mark = wr_begin(w);
	enum err e = layout_encode(layout, entry, w, fds, &nfds);

	if (e != OK)
		wr_fail(w, e);
	wr_finish(w, mark);
}

/* ---- status ---------------------------------------------------------------- */

static void
write_listening(struct wr *w, const struct listener *l)
{
	char host[NI_MAXHOST], port[NI_MAXSERV], text[NI_MAXHOST + 48];

	for (size_t i = 0; i < l->nsockets; i++) {
		struct sockaddr_storage a;
		socklen_t n = sizeof(a);

		if (getsockname(l->sockets[i].fd, (struct sockaddr *)&a, &n) !=
			0 ||
		    getnameinfo((struct sockaddr *)&a, n, host, sizeof(host),
			port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
			continue;
		snprintf(text, sizeof(text),
		    strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
		    port);
		wr_cstr(w, text);
	}
}

static void
write_generations(struct wr *w, const struct listener *l)
{
	static const char *const states[] = {[GENERATION_STARTING] = "starting",
	    [GENERATION_READY] = "ready",
	    [GENERATION_RETIRED] = "retired"};
	char text[128];
	size_t n = 0;

	LIST_EACH (it, &l->generations) {
		const struct generation *g =
		    LIST_ITEM(it, struct generation, all);

		if (n++ == CONTROL_PAGE)
			return;
		snprintf(text, sizeof(text),
		    "%u: %s%s, pid %ld, %u of %u connections",
		    (unsigned int)g->number, states[g->state],
		    g == l->current ? " (takes connections)" : "", (long)g->pid,
		    (unsigned int)g->taken,
		    (unsigned int)l->conf->spawner_generation);
		wr_cstr(w, text);
	}
}

static uint32_t
count_sessions(const struct listener *l)
{
	uint32_t n = 0;

	LIST_EACH (it, &l->clients)
		if (LIST_ITEM(it, struct client, all)->state == CLIENT_IN)
			n++;
	return n;
}

enum err
on_status(struct visitor *v, const struct empty_msg *req,
    struct status_rep *rep)
{
	struct listener *l = v->l;
	struct wr w = answer_room(v, PAGE_OCTETS);
	size_t listening;
	enum err e;

	(void)req;
	write_listening(&w, l);
	listening = w.n;
	write_generations(&w, l);
	if ((e = wr_end(&w, NULL)) != OK)
		return e;
	rep->listening = slice_first(buf_slice(&v->room), listening);
	rep->generations = slice_skip(buf_slice(&v->room), listening);
	rep->version = SLICE_STR(SALLYPORT_VERSION);
	rep->program = slice_cstr(l->cmd->path);
	rep->file =
	    slice_cstr(l->cmd->source.file != NULL ? l->cmd->source.file
						   : conf_default_file());
	rep->started_s = l->tally.started_s;
	rep->uptime_ms = clock_mono_ms() - l->tally.started_ms;
	rep->connections = l->tally.connections;
	rep->reloads = l->tally.reloads;
	rep->pid = (uint32_t)getpid();
	rep->keeper_pid = l->keeper != NULL ? (uint32_t)l->keeper_pid : 0;
	rep->silent = l->silent;
	rep->speaking = l->speaking;
	rep->sessions = count_sessions(l);
	rep->penalised = (uint32_t)penalties_count(l, true);
	rep->confirming = confirm_waits(l, &rep->confirm_s);
	return OK;
}

/* ---- sessions -------------------------------------------------------------- */

static bool
is_listed(const struct visitor *v, const struct client *c)
{
	return c->number > v->list.after &&
	       (c->state == CLIENT_IN || v->list.all);
}

static bool
is_fresh(const struct client *c)
{
	return c->looked_ms != 0 &&
	       clock_mono_ms() - c->looked_ms < FRESH_MS + LOOK_MS;
}

/* Ask its monitor; a monitor that still owes an answer isn't asked twice. */
static void
look(struct client *c)
{
	const struct empty_msg empty = {0};

	if (c->state != CLIENT_IN || c->looking || is_fresh(c) ||
	    io_nonblock(rpc_fd(c->lifeline), true) != OK)
		return;
	c->looking = rpc_send(c->lifeline, LIFELINE_LOOK, &layout_empty_msg,
			 &empty) == OK;
}

static bool
is_awaited(const struct client *c)
{
	return c->state == CLIENT_IN && c->looking;
}

/* Call each client of the page; true: there are more behind it. */
static bool
each_listed(const struct visitor *v, bool (*each)(void *, struct client *),
    void *ctx)
{
	size_t n = 0;

	LIST_EACH (it, &v->l->clients) {
		struct client *c = LIST_ITEM(it, struct client, all);

		if (!is_listed(v, c))
			continue;
		if (n++ == CONTROL_PAGE)
			return true;
		if (!each(ctx, c))
			return false;
	}
	return false;
}

static bool
look_each(void *ctx, struct client *c)
{
	bool *wait = ctx;

	look(c);
	*wait = *wait || is_awaited(c);
	return true;
}

static bool
await_each(void *ctx, struct client *c)
{
	bool *wait = ctx;

	*wait = is_awaited(c);
	return !*wait;
}

static uint8_t
state_of(const struct client *c)
{
	return c->state == CLIENT_IN       ? SESSION_IN
	       : c->state == CLIENT_SILENT ? SESSION_SILENT
					   : SESSION_BEFORE_LOGIN;
}

static bool
write_each(void *ctx, struct client *c)
{
	struct session_entry s = {.number = c->number,
	    .pid = (uint32_t)c->pid,
	    .state = state_of(c),
	    .user = slice_cstr(c->user),
	    .peer_ip = slice_cstr(c->peer_ip),
	    .peer_port = c->peer_port,
	    .local_ip = slice_cstr(c->local_ip),
	    .local_port = c->local_port,
	    .line = slice_cstr(c->line),
	    .age_ms = clock_mono_ms() - c->accepted_ms,
	    .told = c->state == CLIENT_IN && is_fresh(c)};

	if (s.told) {
		s.channels = c->stats.channels;
		s.forwards = c->stats.forwards;
		s.idle_ms = c->stats.idle_ms + clock_mono_ms() - c->looked_ms;
		s.sent = c->stats.sent;
		s.received = c->stats.received;
	}
	write_entry(ctx, &layout_session_entry, &s);
	return true;
}

static enum err
list_now(struct visitor *v, struct list_rep *rep)
{
	struct wr w = answer_room(v, PAGE_OCTETS);
	enum err e;

	rep->more = each_listed(v, write_each, &w);
	if ((e = wr_end(&w, NULL)) != OK)
		return e;
	rep->entries = buf_slice(&v->room);
	return OK;
}

void
ops_control_list(struct visitor *v, bool late)
{
	struct list_rep rep = {.more = false};
	bool wait = false;

	if (!v->listing)
		return;
	if (!late)
		each_listed(v, await_each, &wait);
	if (wait)
		return;
	v->listing = false;
	loop_timer_cancel(&v->look);
	if (list_now(v, &rep) != OK)
		control_leave(v);
	else
		control_answer(v, &rep);
}

enum err
on_list_sessions(struct visitor *v, const struct list_req *req,
    struct list_rep *rep)
{
	bool wait = false;

	v->list = *req;
	each_listed(v, look_each, &wait);
	if (!wait)
		return list_now(v, rep);
	v->listing = true;
	serve_later(&v->serve);
	loop_timer(v->l->loop, &v->look, clock_mono_ms() + LOOK_MS);
	return OK;
}

static struct client *
client_of(const struct listener *l, uint32_t number)
{
	LIST_EACH (it, &l->clients) {
		struct client *c = LIST_ITEM(it, struct client, all);

		if (c->number == number)
			return c;
	}
	return NULL;
}

/*
 * By its lifeline, or by the spawner whose child it is: a process's number may
 * be another's by now.
 */
static bool
end_client(struct client *c)
{
	const struct empty_msg empty = {0};
	struct forked_msg m = {.number = c->number, .pid = (uint32_t)c->pid};

	switch (c->state) {
	case CLIENT_IN:
		return io_nonblock(rpc_fd(c->lifeline), true) == OK &&
		       rpc_send(c->lifeline, LIFELINE_END, &layout_empty_msg,
			   &empty) == OK;
	case CLIENT_FORKED:
		return c->generation != NULL && c->generation->rpc != NULL &&
		       rpc_send(c->generation->rpc, SPAWNER_KILL,
			   &layout_forked_msg, &m) == OK;
	case CLIENT_SILENT:
	case CLIENT_QUEUED:
		waiting_free(c);
		return true;
	default:
		return false;
	}
}

enum err
on_kill_session(struct visitor *v, const struct number_req *req,
    struct done_rep *rep)
{
	struct client *c = client_of(v->l, req->number);

	if (c == NULL) {
		rep->text = SLICE_STR("there is no such connection");
		return OK;
	}
	log_info("connection %u from %s port %u is ended by sallyportctl",
	    (unsigned int)c->number, c->peer_ip, (unsigned int)c->peer_port);
	rep->ok = end_client(c);
	if (!rep->ok)
		rep->text = SLICE_STR("it can't be told at the moment");
	return OK;
}

/* ---- penalties -------------------------------------------------------------- */

struct penalty_page {
	struct wr w;
	const struct list_req *req;
	size_t seen, told;
};

static void
write_penalty(void *ctx, const struct penalties_row *row)
{
	struct penalty_page *p = ctx;
	const struct penalty_entry e = {.block = slice_cstr(row->block),
	    .reason = slice_cstr(row->reason),
	    .left_ms = row->left_ms,
	    .enforced = row->active};

	if (!row->active && !p->req->all)
		return;
	if (p->seen++ < p->req->after || p->told == CONTROL_PAGE)
		return;
	p->told++;
	write_entry(&p->w, &layout_penalty_entry, &e);
}

enum err
on_list_penalties(struct visitor *v, const struct list_req *req,
    struct list_rep *rep)
{
	struct penalty_page p = {.req = req};
	enum err e;

	p.w = answer_room(v, PAGE_OCTETS);
	penalties_list(v->l, write_penalty, &p);
	if ((e = wr_end(&p.w, NULL)) != OK)
		return e;
	rep->entries = buf_slice(&v->room);
	rep->more = p.seen > req->after + p.told;
	return OK;
}

enum err
on_clear_penalties(struct visitor *v, const struct text_req *req,
    struct done_rep *rep)
{
	size_t n = 0;

	rep->ok = penalties_clear(v->l, req->text, &n) == OK;
	rep->number = (uint32_t)n;
	if (!rep->ok)
		rep->text = SLICE_STR("not an address, nor ADDRESS/BITS");
	else
		log_info("%u penalties cleared by sallyportctl",
		    (unsigned int)n);
	return OK;
}

/* ---- one source ---------------------------------------------------------------- */

enum err
on_admission(struct visitor *v, const struct text_req *req,
    struct admission_rep *rep)
{
	const struct conf *c = v->l->conf;
	const char *why = NULL;
	struct addr a;
	char ip[64];

	if (addr_parse(req->text, &a) != OK)
		return OK;
	addr_text(&a, ip);
	rep->ok = true;
	rep->penalised = penalties_look(v->l, ip, &why, &rep->penalty_ms);
	rep->penalty = slice_cstr(why);
	rep->here = admit_here(v->l, ip);
	rep->here_max = c->per_source_startups;
	rep->speaking = v->l->speaking;
	rep->startups_begin = c->startups_begin;
	rep->startups_rate = c->startups_rate;
	rep->startups_full = c->startups_full;
	rep->chance = admit_chance(v->l);
	return OK;
}

/* ---- reload ------------------------------------------------------------------ */

enum err
on_reload(struct visitor *v, const struct number_req *req, struct done_rep *rep)
{
	struct listener *l = v->l;

	if (req->number > CONFIRM_MAX) {
		rep->text = SLICE_STR("a day to confirm it is the most");
		return OK;
	}
	confirm_want(l, req->number);
	reload_begin(l);
	if (l->check_pid <= 0 && !l->reload_wanted) {
		confirm_unwant(l);
		rep->text = SLICE_STR("the configuration can't be checked; "
				      "the log says why");
		return OK;
	}
	v->reloading = true;
	serve_later(&v->serve);
	return OK;
}

enum err
on_confirm(struct visitor *v, const struct empty_msg *req, struct done_rep *rep)
{
	(void)req;
	rep->ok = confirm_given(v->l);
	if (!rep->ok)
		rep->text = SLICE_STR("nothing waits to be confirmed");
	return OK;
}

/* ---- what it serves with, and how it does -------------------------------------- */

enum err
on_configuration(struct visitor *v, const struct empty_msg *req,
    struct configuration_rep *rep)
{
	(void)req;
	/* a copy: what is answered with is closed */
	rep->bundle.fd = fcntl(v->l->config_fd, F_DUPFD_CLOEXEC, 3);
	return rep->bundle.fd >= 0 ? OK : ERR_SYSTEM;
}

enum err
on_figures(struct visitor *v, const struct figures_req *req,
    struct figures_rep *rep)
{
	enum err e;

	(void)answer_room(v, FIGURES_OCTETS);
	if ((e = tally_write(v->l, req->openmetrics, &v->room)) != OK)
		return e;
	rep->text = buf_slice(&v->room);
	return OK;
}
