/*
 * fuzz_control.c - hostile records on the control socket, and from the process
 * that serves metrics: against the table, before any handler of the listener
 *
 *     phase (1), length (2), octets …
 *
 * Handlers look at every octet; a page that came from a daemon is decoded as
 * sallyportctl does.
 */
#include "sallyport/base/io.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/rpc/control_ops.h"

#include <sys/socket.h>
#include <unistd.h>

struct visitor {
	unsigned int phase;
};

static volatile uint8_t sum;

static void
look(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		sum = (uint8_t)(sum + s.p[i]);
}

#define ADMIN(name, req_, rep_)                                                \
	enum err on_##name(struct visitor *v, const struct req_ *req,          \
	    struct rep_ *rep)                                                  \
	{                                                                      \
		must(v->phase == PHASE_ADMIN);                                 \
		(void)req;                                                     \
		(void)rep;                                                     \
		return OK;                                                     \
	}

ADMIN(status, empty_msg, status_rep)
ADMIN(list_sessions, list_req, list_rep)
ADMIN(kill_session, number_req, done_rep)
ADMIN(list_penalties, list_req, list_rep)
ADMIN(reload, number_req, done_rep)
ADMIN(confirm, empty_msg, done_rep)
ADMIN(configuration, empty_msg, configuration_rep)

enum err
on_clear_penalties(struct visitor *v, const struct text_req *req,
    struct done_rep *rep)
{
	must(v->phase == PHASE_ADMIN && req->text.n <= 128);
	look(req->text);
	rep->text = req->text;
	return OK;
}

enum err
on_admission(struct visitor *v, const struct text_req *req,
    struct admission_rep *rep)
{
	must(v->phase == PHASE_ADMIN && req->text.n <= 128);
	look(req->text);
	(void)rep;
	return OK;
}

enum err
on_figures(struct visitor *v, const struct figures_req *req,
    struct figures_rep *rep)
{
	must(v->phase != 0);
	rep->text = req->openmetrics ? SLICE_STR("# EOF\n") : SLICE_NONE;
	return OK;
}

CONTROL_TABLE(table);

/* As sallyportctl reads a page. */
static void
read_page(struct slice page)
{
	struct rd r = rd_from(page);
	struct session_entry s;
	struct penalty_entry p;

	while (r.left.n > 0 && rd_status(&r) == OK) {
		struct slice entry = rd_string(&r);

		if (layout_decode(&layout_session_entry, entry, NULL, 0, &s) ==
		    OK) {
			look(s.user);
			look(s.line);
		}
		if (layout_decode(&layout_penalty_entry, entry, NULL, 0, &p) ==
		    OK)
			look(p.block);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size);
	struct visitor v = {0};
	struct serve s = SERVE_INIT(table, &v);
	struct rpc *rpc;
	uint8_t answer[256];
	int pair[2];

	read_page(rest);
	must(io_pair(pair) == OK);
	rpc = rpc_new(pair[0]);
	while (rest.n >= 3) {
		size_t n = (size_t)rest.p[1] << 8 | rest.p[2];
		struct slice record = slice_first(slice_skip(rest, 3), n);

		v.phase = rest.p[0] % 2 == 0 ? PHASE_ADMIN : PHASE_METRICS;
		rest = slice_skip(rest, 3 + n);
		if (record.n == 0 ||
		    send(pair[1], record.p, record.n, MSG_DONTWAIT) < 0)
			continue;
		if (serve_one(&s, rpc, v.phase, true) != OK)
			s = (struct serve)SERVE_INIT(table, &v);
		while (recv(pair[1], answer, sizeof(answer), MSG_DONTWAIT) > 0)
			continue;
	}
	rpc_free(rpc);
	io_close(&pair[1]);
	return 0;
}
