/*
 * control.h - the control socket, what waits for a confirmation, and the
 * process that serves MetricsListen; private to this room
 *
 * Nothing that is asked here may hold the listener up: descriptors don't
 * block, an answer that isn't taken ends whoever asked, and what a session is
 * asked comes back as an event, or not in time.
 */
#ifndef SALLYPORT_LISTENER_CONTROL_H
#define SALLYPORT_LISTENER_CONTROL_H

#include "listener.h"

#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/rpc/control_ops.h"

/* Whoever asks: sallyportctl, or the process that serves metrics. */
struct visitor {
	struct link all;
	struct listener *l;
	struct rpc *rpc;
	struct watch watch;
	struct serve serve;
	unsigned int phase;   /* PHASE_ADMIN, PHASE_METRICS */
	struct timer leave;   /* nothing was asked for too long */
	struct timer look;    /* sessions had time enough to answer */
	struct list_req list; /* that waits for sessions */
	bool listing;
	bool reloading;  /* waits for the new configuration's check */
	struct buf room; /* of the last answer */
	void (*gone)(struct visitor *v); /* tells its owner; or NULL */
};

/* ---- control.c ---- */

/*
 * Listen on ControlSocket, with the socket that a former image left where the
 * path is the same. Where it can't be had that is told, and the service goes
 * on without: nobody's login depends on it.
 */
void control_open(struct listener *l);
void control_close(struct listener *l); /* at the end: the path goes, too */

/* One more on this descriptor, which it takes. Gives; control_leave. */
struct visitor *control_visitor(struct listener *l, int fd, unsigned int phase);
void control_leave(struct visitor *v);

/* An answer that was put off (serve_later) is there: send it. */
void control_answer(struct visitor *v, const void *rep);

/* A session answered. */
void control_looked(struct client *c, const struct stats_msg *m);

/* The new configuration was checked: it is taken now, or said what is wrong. */
void control_reloading(struct listener *l);
void control_not_reloading(struct listener *l, struct slice said);

/* Across a reload: sockets of control and metrics, and all that is counted.
 * keep: whether the descriptors are to survive the exec. */
void control_export(const struct listener *l, struct wr *w);
void control_import(struct listener *l, struct rd *r);
void control_keep(struct listener *l, bool keep);

/* ---- ops_control.c ---- */

/* Serve one request. */
MUST_USE enum err ops_control_serve(struct visitor *v);
void ops_control_init(struct visitor *v);
/* Answers of sessions came, or their time is over: tell the list. */
void ops_control_list(struct visitor *v, bool late);

/* ---- confirm.c ---- */

/*
 * The next reload is to be confirmed within so many seconds: else what is
 * served with now comes back. While one waits for that, further reloads wait
 * with it: what comes back is what was confirmed last.
 */
void confirm_want(struct listener *l, uint32_t seconds);
void confirm_unwant(struct listener *l); /* that reload doesn't come */
/* It is good. False: nothing waited for that. */
bool confirm_given(struct listener *l);
/* Seconds left; false where nothing waits. */
bool confirm_waits(const struct listener *l, uint32_t *seconds);
/* Around the exec, and what crosses it: a descriptor, -1 for none, and when. */
void confirm_before_exec(struct listener *l);
void confirm_exec_failed(struct listener *l);
int confirm_fd(const struct listener *l);
void confirm_export(const struct listener *l, struct wr *w);
void confirm_import(struct listener *l, struct rd *r);
void confirm_watch(struct listener *l); /* with the loop there */

/* ---- scrape.c ---- */

/* Bind MetricsListen and start the process that serves it; as control_open,
 * what fails is told and costs no login. */
void scrape_open(struct listener *l);
/* Let go of the process; its socket stays. */
void scrape_stop(struct listener *l);
int scrape_fd(const struct listener *l); /* -1: none */
const char *scrape_address(const struct listener *l);
/* The socket of a former image, bound to address. Takes fd. */
void scrape_inherit(struct listener *l, int fd, struct slice address);
/* A path for a Unix socket that only root (or who runs this) may reach; -1
 * where that can't be had, which is told. */
int scrape_bind_path(struct listener *l, const char *path, int type);

#endif
