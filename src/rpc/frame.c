/*
 * frame.c - number, payload, descriptors over SOCK_SEQPACKET; and to ask
 *
 * Nearly all frames are small: they are built on the stack and received into
 * a room inside struct rpc, so an idle channel has no buffer of its own. How
 * long the next record is gets asked first (MSG_PEEK): a third of a
 * microsecond, against a page touched for the largest frame that may come.
 *
 * Passwords pass through here. What was sent is wiped at once, what was
 * received when the next frame comes or somebody says that it may go.
 */
#include "sallyport/rpc/frame.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/rpc/messages.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD      8u    /* octets before the message */
#define REPLY     1u    /* the only flag */
#define SMALL     1024u /* most frames fit */
#define REFS_WAIT 2000  /* milliseconds; see transmit */

struct rpc {
	int fd;
	void (*on_note)(void *ctx, struct rpc *r, uint32_t number);
	void *note_ctx;
	struct bytes frame;   /* the one received last, in small or large */
	struct slice message; /* in it, until it was decoded */
	int fds[RPC_FDS_MAX]; /* that came with it and weren't decoded */
	size_t nfds;
	struct buf large;
	uint8_t small[SMALL];
};

struct rpc *
rpc_new(int fd)
{
	struct rpc *r = mem_new(sizeof(*r));

	r->fd = fd;
	r->large = BUF_SECRET(RPC_FRAME_MAX);
	return r;
}

void
rpc_free(struct rpc *r)
{
	if (r == NULL)
		return;
	rpc_idle(r);
	io_close(&r->fd);
	mem_free(r);
}

int
rpc_fd(const struct rpc *r)
{
	return r->fd;
}

void
rpc_on_note(struct rpc *r,
    void (*fn)(void *ctx, struct rpc *r, uint32_t number), void *ctx)
{
	r->on_note = fn;
	r->note_ctx = ctx;
}

static void
close_fds(struct rpc *r)
{
	while (r->nfds > 0)
		io_close(&r->fds[--r->nfds]);
}

void
rpc_forget(struct rpc *r)
{
	close_fds(r);
	if (r->frame.n > 0)
		explicit_bzero(r->frame.p, r->frame.n);
	r->frame = bytes_make(NULL, 0);
	r->message = SLICE_NONE;
}

void
rpc_idle(struct rpc *r)
{
	rpc_forget(r);
	buf_clear(&r->large);
	r->large = BUF_SECRET(RPC_FRAME_MAX);
}

/* ---- send ---- */

struct outgoing {
	uint32_t number;
	uint32_t flags;
	const struct layout *layout;
	const void *message;
	int fds[RPC_FDS_MAX];
	size_t nfds;
};

static enum err
encode(struct outgoing *out, struct wr *w)
{
	wr_u32(w, out->number);
	wr_u32(w, out->flags);
	return layout_encode(out->layout, out->message, w, out->fds,
	    &out->nfds);
}

/* The part of msg that carries descriptors; room outlives the call. */
union control {
	struct cmsghdr head; /* for its alignment */
	char room[CMSG_SPACE(RPC_FDS_MAX * sizeof(int))];
};

static void
attach_fds(struct msghdr *msg, union control *control,
    const struct outgoing *out)
{
	size_t n = out->nfds * sizeof(int);
	struct cmsghdr *c;

	if (n == 0)
		return;
	memset(control, 0, sizeof(*control));
	msg->msg_control = control->room;
	msg->msg_controllen = CMSG_SPACE(n);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), out->fds, n);
}

static enum err
send_error(void)
{
	switch (errno) {
	case EAGAIN:
		return ERR_AGAIN;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ENOTCONN:
		return ERR_PEER_CLOSED;
	case EMSGSIZE:
		return ERR_TOO_LONG;
	default:
		return ERR_SYSTEM;
	}
}

/*
 * The kernel counts the descriptors that are under way by account, and all
 * gates share one: where it has too many, their receivers are only slow.
 */
static enum err
transmit(int fd, struct slice frame, const struct outgoing *out)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)frame.p,
	    .iov_len = frame.n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	int waited_ms = 0;

	attach_fds(&msg, &control, out);
	for (;;) {
		if (sendmsg(fd, &msg, MSG_NOSIGNAL) >= 0)
			return OK;
		if (errno == ETOOMANYREFS && waited_ms++ < REFS_WAIT)
			poll(NULL, 0, 1);
		else if (errno != EINTR)
			return send_error();
	}
}

static enum err
send_large(struct rpc *r, struct outgoing *out)
{
	SCOPED(buf_clear) struct buf room = BUF_SECRET(RPC_FRAME_MAX);
	struct wr w = wr_into(&room);
	enum err e = encode(out, &w);

	return e == OK ? transmit(r->fd, buf_slice(&room), out) : e;
}

static enum err
send_frame(struct rpc *r, struct outgoing *out)
{
	uint8_t small[SMALL];
	struct wr w = wr_to(BYTES_OF(small));
	enum err e = encode(out, &w);

	if (e == OK)
		e = transmit(r->fd, slice_make(small, w.n), out);
	else if (e == ERR_TOO_LONG)
		e = send_large(r, out);
	explicit_bzero(small, sizeof(small));
	return e;
}

enum err
rpc_send(struct rpc *r, uint32_t number, const struct layout *layout,
    const void *message)
{
	struct outgoing out = {.number = number,
	    .layout = layout,
	    .message = message};

	return send_frame(r, &out);
}

enum err
rpc_reply(struct rpc *r, uint32_t number, const struct layout *layout,
    const void *message)
{
	struct outgoing out = {.number = number,
	    .flags = REPLY,
	    .layout = layout,
	    .message = message};

	return send_frame(r, &out);
}

/* ---- receive ---- */

/* Octets of the next record; waits for one unless flags say otherwise. */
static enum err
next_length(int fd, int flags, size_t *length)
{
	for (;;) {
		ssize_t n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | flags);

		if (n > 0) {
			*length = (size_t)n;
			return OK;
		}
		if (n == 0)
			return ERR_EOF;
		if (errno == EAGAIN)
			return ERR_AGAIN;
		/* The other side left without having read all of ours. Told
		 * once; what it sent before is still there. */
		if (errno != EINTR && errno != ECONNRESET)
			return ERR_SYSTEM;
	}
}

/* False where anything but descriptors came. */
static bool
collect_fds(struct rpc *r, struct msghdr *msg)
{
	bool ok = (msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			ok = false;
			continue;
		}
		must(r->nfds + n <= RPC_FDS_MAX); /* control has no more */
		memcpy(&r->fds[r->nfds], CMSG_DATA(c), n * sizeof(int));
		r->nfds += n;
	}
	return ok;
}

static enum err
read_record(struct rpc *r, size_t length)
{
	union control control;
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;
	enum err e;

	r->frame = bytes_make(r->small, length);
	if (length > sizeof(r->small)) {
		if ((e = buf_reserve(&r->large, length, &r->frame)) != OK)
			return e;
		r->frame = bytes_first(r->frame, length);
	}
	iov = (struct iovec){r->frame.p, r->frame.n};
	msg.msg_control = control.room;
	msg.msg_controllen = sizeof(control.room);
	do
		n = recvmsg(r->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_SYSTEM;
	if (!collect_fds(r, &msg) || (size_t)n != length)
		return ERR_RPC;
	return OK;
}

static enum err
receive_frame(struct rpc *r, bool nowait, uint32_t *number, uint32_t *flags)
{
	struct rd rd;
	size_t length;
	enum err e;

	rpc_forget(r);
	e = next_length(r->fd, nowait ? MSG_DONTWAIT : 0, &length);
	if (e != OK)
		return e;
	if (length <= HEAD || length > RPC_FRAME_MAX)
		return ERR_RPC;
	if ((e = read_record(r, length)) != OK)
		return e;
	rd = rd_from(slice_from(r->frame));
	*number = rd_u32(&rd);
	*flags = rd_u32(&rd);
	r->message = rd_rest(&rd);
	return (*flags & ~REPLY) == 0 ? OK : ERR_RPC;
}

enum err
rpc_receive(struct rpc *r, bool nowait, uint32_t *number)
{
	uint32_t flags;
	enum err e = receive_frame(r, nowait, number, &flags);

	if (e != OK)
		return e;
	return flags == 0 ? OK : ERR_RPC; /* an answer nobody asked for */
}

enum err
rpc_decode(struct rpc *r, const struct layout *layout, void *message)
{
	enum err e =
	    layout_decode(layout, r->message, r->fds, r->nfds, message);

	r->message = SLICE_NONE; /* its descriptors are given only once */
	if (e == OK)
		r->nfds = 0;
	else
		close_fds(r);
	return e == OK ? OK : ERR_RPC;
}

/* ---- ask ---- */

enum err
rpc_ask(struct rpc *r, uint32_t number, const struct layout *req_layout,
    const void *req, const struct layout *rep_layout, void *rep)
{
	uint32_t got, flags;
	enum err e = rpc_send(r, number, req_layout, req);

	if (e != OK || rep_layout == &layout_note_rep)
		return e;
	for (;;) {
		if ((e = receive_frame(r, false, &got, &flags)) != OK)
			return e;
		if (flags & REPLY)
			break;
		if (r->on_note == NULL)
			return ERR_RPC;
		r->on_note(r->note_ctx, r, got);
	}
	return got == number ? rpc_decode(r, rep_layout, rep) : ERR_RPC;
}
