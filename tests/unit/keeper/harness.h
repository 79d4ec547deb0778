/*
 * harness.h - a keeper in a process of its own, and a folder with host keys
 */
#ifndef SALLYPORT_TESTS_KEEPER_HARNESS_H
#define SALLYPORT_TESTS_KEEPER_HARNESS_H

#include "key/fixture.h"

#include "sallyport/rpc/keeper_ops.h"

#include <sys/types.h>

#define HARNESS_PATHS BUF_LIMIT((size_t)16 << 10)

struct harness {
	char dir[32];
	struct buf paths; /* keeper_start_msg's lists */
	struct buf certs;
	const char *provider; /* SecurityKeyProvider, or NULL */
	const char *agent;    /* HostKeyAgent, or NULL */
	struct buf keys;      /* the answer's list */
	uint32_t count;
	pid_t pid; /* 0: not started */
	struct rpc *root;
};

void harness_init(struct harness *h);
void harness_clear(struct harness *h); /* ends the keeper, removes the folder */

/* A copy of a test key's file in the folder; configured with "c" or "d". */
void harness_add_key(struct harness *h, const char *name, mode_t mode,
    const char *origin);
/* The public file alone; the list names it with this ending: "" or ".pub". */
void
harness_add_public(struct harness *h, const char *name, const char *ending);
/* The private file of a FIDO key whose .pub file is there. */
void harness_add_fido(struct harness *h, const char *name);
void harness_add_cert(struct harness *h, const char *name);

/* Fork it, say what to load, wait for its answer. */
void harness_start(struct harness *h, bool check);

/* The n'th entry of the answer; false behind the last. */
bool harness_entry(const struct harness *h, size_t n, uint32_t *number,
    bool *certificate, struct slice *blob);

/* A link for a connection (or for a spawner), as the listener makes it. */
struct rpc *harness_link(struct rpc *root, bool further);

/* Its exit status, after at most ten seconds; -1: still alive. */
int harness_wait(struct harness *h);

#endif
