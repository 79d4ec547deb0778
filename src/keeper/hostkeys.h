/*
 * hostkeys.h - the host keys: loaded and checked at the start, then kept
 *
 * Private to the keeper. What is wrong with a file is told in the log, in
 * sshd's words, and the file is left out; nothing here fails as a whole.
 */
#ifndef SALLYPORT_SRC_KEEPER_HOSTKEYS_H
#define SALLYPORT_SRC_KEEPER_HOSTKEYS_H

#include "sallyport/base/buf.h"
#include "sallyport/key/key.h"

struct hostkey {
	uint32_t number; /* what others call it by */
	enum key_type type;
	struct signer *signer; /* secret memory; NULL: a FIDO or agent's key */
	bool in_agent;         /* HostKeyAgent signs with it */
	struct buf blob;
	uint8_t fido_flags; /* of a FIDO key: key/keyfile.h */
	struct buf handle;
};

struct hostcert {
	uint32_t number; /* of the private key */
	struct buf blob;
};

struct hostkeys {
	struct hostkey *keys;
	size_t nkeys;
	struct hostcert *certs;
	size_t ncerts;
};

/*
 * Load the files that the lists of keeper_start_msg name: paths (each followed
 * by "d" or "c"), certificates. FIDO keys are left out where fido is false:
 * there is no provider. With an agent a path may name a public key, or lack
 * its private half: then PATH.pub is read. ERR_RPC: a list is malformed.
 */
MUST_USE enum err hostkeys_load(struct hostkeys *h, struct slice paths,
    struct slice certificates, bool fido, bool agent);

bool hostkeys_has_fido(const struct hostkeys *h);

/* Append keys_msg.keys: every key, each followed by its certificates. */
MUST_USE enum err hostkeys_list(const struct hostkeys *h, struct buf *out);

/* By number, or NULL. */
const struct hostkey *hostkeys_find(const struct hostkeys *h, uint32_t number);

void hostkeys_clear(struct hostkeys *h); /* wipes */

#endif
