/*
 * frame.h - number, payload, descriptors over SOCK_SEQPACKET
 *
 * A frame is one record:
 *
 *      +----------------+-------------+---------------------------------+
 *      | request number |    flags    | the message as its LAYOUT says  |
 *      |   4 octets     |  4: 1 reply |      1 .. RPC_FRAME_MAX - 8     |
 *      +----------------+-------------+---------------------------------+
 *
 * Descriptors travel beside it (SCM_RIGHTS), at most RPC_FDS_MAX. MSG_TRUNC,
 * MSG_CTRUNC, a descriptor that the layout doesn't name, or anything malformed
 * is ERR_RPC: the connection's end (SEC-6). What is larger than a frame goes
 * as a sealed memory file, whose descriptor is a field of the message.
 *
 * Decoded slices point into the channel's receive buffer and live until its
 * next frame, rpc_forget or rpc_idle, which wipe it; received descriptors
 * belong to whoever got the message.
 */
#ifndef SALLYPORT_RPC_FRAME_H
#define SALLYPORT_RPC_FRAME_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/rpc/layout.h"

#define RPC_FDS_MAX   4
#define RPC_FRAME_MAX ((size_t)128 << 10) /* below the default send buffer */

/* One end of a channel. Buffers are allocated at first use, grow to what
 * is needed, and are wiped and given back by rpc_idle. */
struct rpc;

struct rpc *rpc_new(int fd); /* takes fd; gives; rpc_free closes */
void rpc_free(struct rpc *r);
int rpc_fd(const struct rpc *r); /* for the loop, and for io_close_but */

/* Wipe the received frame; descriptors that nobody decoded are closed. */
void rpc_forget(struct rpc *r);

/* The same, and free the buffers until the next use. */
void rpc_idle(struct rpc *r);

/*
 * Send a message without waiting for an answer. Blocks while the other side
 * is slow (it is a process of ours), unless its owner made the descriptor
 * non-blocking: ERR_AGAIN then, and nothing was sent. Descriptors in it stay
 * the caller's. ERR_TOO_LONG: beyond the layout's or the frame's limit;
 * ERR_FULL: too many descriptors. ERR_PEER_CLOSED, ERR_SYSTEM.
 */
MUST_USE enum err rpc_send(struct rpc *r, uint32_t number,
    const struct layout *layout, const void *message);

/* The same, as the answer to a request of that number. */
MUST_USE enum err rpc_reply(struct rpc *r, uint32_t number,
    const struct layout *layout, const void *message);

/*
 * Receive one frame: OK with its number; then rpc_decode it by its layout.
 * nowait: ERR_AGAIN if there is none. ERR_EOF at the other side's end.
 */
MUST_USE enum err rpc_receive(struct rpc *r, bool nowait, uint32_t *number);
MUST_USE enum err
rpc_decode(struct rpc *r, const struct layout *layout, void *message);

/*
 * Send req, wait for the answer, decode it: what ask_NAME does. Where the
 * answer is a note_rep nothing is waited for. Any other frame but those that
 * rpc_on_note takes is ERR_RPC, as is an answer to another question.
 */
MUST_USE enum err
rpc_ask(struct rpc *r, uint32_t number, const struct layout *req_layout,
    const void *req, const struct layout *rep_layout, void *rep);

/*
 * Asking side: notes that come instead of the awaited answer (keycheck's log
 * lines: LOG_NOTE of serve.h) are given to fn, which decodes them.
 */
void rpc_on_note(struct rpc *r,
    void (*fn)(void *ctx, struct rpc *r, uint32_t number), void *ctx);

#endif
