/*
 * fido.c - host keys whose secret lies in a FIDO device
 *
 * A device needs a foreign library, files and time: all three are an errand's
 * (errand/skhelper.c), which is started before the keeper gives its rights up.
 * What is signed is still decided here. Nobody else waits for a device: the
 * answer is sent when it comes.
 */
#include "keeper.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static enum err
start_errand(struct keeper *k, const char *task)
{
	int pair[2];
	pid_t pid;
	enum err e;

	if ((e = io_pair(pair)) != OK)
		return e;
	e = spawn_image(ROLE_ERRAND, task, pair[1], &pid);
	io_close(&pair[1]);
	/* a stopped errand must not stop us: rpc_send tells ERR_AGAIN */
	if (e == OK)
		e = io_nonblock(pair[0], true);
	if (e != OK)
		io_close(&pair[0]);
	else
		k->fido = rpc_new(pair[0]);
	return e;
}

enum err
fido_start(struct keeper *k, struct slice provider)
{
	SCOPED(mem_free_at) char *path = mem_text(provider);
	SCOPED(mem_free_at) char *task = mem_format("skhelper %s", path);
	enum err e;

	if (!hostkeys_has_fido(&k->keys))
		return OK;
	if ((e = start_errand(k, task)) != OK)
		return e;
	/* nobody here may wait for it later: the kernel does away with it */
	signal(SIGCHLD, SIG_IGN);
	return OK;
}

static void
finish(struct keeper_peer *p, bool ok, struct slice signature)
{
	p->fido_number = 0;
	keeper_reply(p, ok, signature);
}

static void
lost(struct keeper *k)
{
	log_error("the errand that signs with FIDO host keys ended: they are "
		  "of no use until the next reload");
	loop_remove(&k->fido_watch);
	rpc_free(take(&k->fido));
	LIST_EACH_SAFE (it, &k->peers) {
		struct keeper_peer *p = LIST_ITEM(it, struct keeper_peer, link);

		if (p->fido_number != 0)
			finish(p, false, SLICE_NONE);
	}
}

static enum err
receive(struct keeper *k, struct fido_signed_msg *m)
{
	uint32_t number;
	enum err e = rpc_receive(k->fido, true, &number);

	if (e != OK)
		return e;
	if (number != KEEPER_FIDO_SIGNED)
		return ERR_RPC;
	return rpc_decode(k->fido, &layout_fido_signed_msg, m);
}

static void
on_answer(struct watch *w, unsigned int events)
{
	struct keeper *k = w->ctx;
	struct fido_signed_msg m;
	enum err e = receive(k, &m);

	(void)events;
	if (e == ERR_AGAIN)
		return;
	if (e != OK) {
		lost(k);
		return;
	}
	/* whoever asked may be gone */
	LIST_EACH_SAFE (it, &k->peers) {
		struct keeper_peer *p = LIST_ITEM(it, struct keeper_peer, link);

		if (p->fido_number == m.number && m.number != 0)
			finish(p, m.ok, m.signature);
	}
	rpc_idle(k->fido);
}

enum err
fido_watch(struct keeper *k)
{
	if (k->fido == NULL)
		return OK;
	k->fido_watch = (struct watch){.fd = rpc_fd(k->fido),
	    .events = LOOP_READ,
	    .on = on_answer,
	    .ctx = k};
	return loop_add(k->loop, &k->fido_watch);
}

enum err
fido_sign(struct keeper_peer *p, const struct hostkey *key, struct slice data)
{
	struct keeper *k = p->keeper;
	struct fido_sign_msg m = {.blob = buf_slice(&key->blob),
	    .flags = key->fido_flags,
	    .handle = buf_slice(&key->handle),
	    .data = data};
	enum err e;

	if (k->fido == NULL)
		return ERR_PEER_CLOSED;
	if (++k->fido_last == 0)
		k->fido_last = 1; /* 0: nobody waits */
	m.number = k->fido_last;
	e = rpc_send(k->fido, KEEPER_FIDO_SIGN, &layout_fido_sign_msg, &m);
	if (e != OK)
		return e;
	p->fido_number = m.number;
	serve_later(&p->serve);
	return OK;
}
