/*
 * kexinit.h - offers (SSH_MSG_KEXINIT) and their outcome; strict kex
 *
 * Source:  RFC 4253 §7.1, RFC 8308 §2.1; kex-strict-*-v00@openssh.com
 * Runs in: gate, session.
 *
 *     byte 20 | raw[16] cookie | ten name-lists | bool guess follows | u32 0
 */
#ifndef KEXINIT_H
#define KEXINIT_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/transport/transport.h"

#include <stdbool.h>

#define KEXINIT_LIST_MAX  ((size_t)16 << 10) /* octets, SEC §10 */
#define KEXINIT_NAMES_MAX 512

/* One side's offer; slices point into its payload. _in: client to server. */
struct kexinit {
	struct slice kex;
	struct slice hostkeys;
	struct slice ciphers_in, ciphers_out;
	struct slice macs_in, macs_out;
	struct slice comp_in, comp_out;
	bool follows; /* first_kex_packet_follows */
};

/* What both agree on; MACs are NULL beside an AEAD cipher. */
struct kexinit_outcome {
	const struct algo *kex;
	const struct algo *hostkey;
	const struct algo *cipher_in, *cipher_out;
	const struct algo *mac_in, *mac_out;
	bool zlib_in, zlib_out;
	bool guess_wrong; /* skip the packet that follows the client's offer */
};

/*
 * Write our offer. hostkeys: what kexinit_hostkeys gave. first: with the
 * marks that have a meaning in the first offer only.
 */
void kexinit_write(struct wr *w, const struct transport_offer *offer,
    struct slice hostkeys, unsigned int quirks, bool first);

/* hostkey_algorithms for which there is a key, as a comma list into w. */
void kexinit_hostkeys(struct wr *w, const struct transport_offer *offer);

/* The key (its number) that serves an algorithm; offer->nkeys if none. */
size_t kexinit_key_for(const struct transport_offer *offer,
    const struct algo *hostkey);

/* ERR_SHORT, ERR_TRAILING, ERR_FORMAT, ERR_TOO_LONG. */
MUST_USE enum err kexinit_parse(struct slice payload, struct kexinit *k);

/*
 * RFC 4253 §7.1: the first of the client's names that the server has, list by
 * list. ERR_NO_KEX, ERR_NO_HOSTKEY, ERR_NO_CIPHER, ERR_NO_MAC, ERR_NO_COMP:
 * *theirs is the client's list that had no match.
 */
MUST_USE enum err
kexinit_choose(const struct kexinit *client, const struct kexinit *server,
    struct kexinit_outcome *out, struct slice *theirs);

/* Did the client's offer carry these marks? */
bool kexinit_is_strict(const struct kexinit *client);
bool kexinit_wants_ext_info(const struct kexinit *client);

#endif
