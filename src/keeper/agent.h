/*
 * agent.h - what an agent answers; private to the keeper
 *
 * Source: draft-ietf-sshm-ssh-agent §3.1, §3.6. A message is
 *
 *      u32 length, u8 type, contents
 */
#ifndef SALLYPORT_SRC_KEEPER_AGENT_H
#define SALLYPORT_SRC_KEEPER_AGENT_H

#include "sallyport/base/buf.h"
#include "sallyport/crypto/algo.h"

/* Octets of a message from or to an agent: a signature (RSA of 16384 bits: 2
 * KiB), or a key and what is to be signed. */
#define AGENT_MESSAGE_MAX ((size_t)40 << 10)

/*
 * Look for the answer to a request at the start of what was received. OK: its
 * signature (borrowed from got) is one of alg's kind. ERR_MORE: not whole yet.
 * ERR_DENIED: the agent refuses; ERR_UNKNOWN_ALGO, ERR_KEY_TYPE: it signed in
 * another way than it was asked to. In these cases and with OK *used says how
 * many octets the answer had. Any other error: out of step, which ends a link.
 */
MUST_USE enum err agent_answer(struct slice got, const struct algo *alg,
    struct slice *signature, size_t *used);

/* Append the request to sign data by the key of this blob. ERR_TOO_LONG. */
MUST_USE enum err agent_request(struct slice blob, const struct algo *alg,
    struct slice data, struct buf *out);

#endif
