/*
 * sig.h - signature blobs, and whether one holds for a key
 *
 * Source:  RFC 4253 §6.6, RFC 5656 §3.1.2, RFC 8332 §3, RFC 8709 §6; FIDO and
 *          webauthn forms as OpenSSH writes them
 * Runs in: keeper, errand (write), keycheck (reads a stranger's). No I/O.
 *
 *      string name, then
 *      RSA              string octets
 *      ECDSA            string( mpint r, mpint s )
 *      Ed25519          string octets64
 *      ML-DSA/Ed25519   string octets2484
 *      sk-…             the plain key's, byte flags, u32 counter
 *      webauthn-sk-…    likewise, string origin, string clientData,
 *                       string extensions
 */
#ifndef SALLYPORT_KEY_SIG_H
#define SALLYPORT_KEY_SIG_H

#include "sallyport/base/buf.h"
#include "sallyport/key/key.h"

#define SIG_BLOB_MAX ((size_t)16 << 10)

/* A signature blob's parts; slices borrow from it. */
struct sig {
	const struct algo *alg; /* of its inner name; never a certificate's */
	struct raw_signature raw;

	/* of FIDO keys; the flags are part of what is signed */
	uint8_t flags;
	uint32_t counter;
	bool webauthn;
	struct slice origin;
	struct slice client_data;
	struct slice extensions;
};

/*
 * ERR_UNKNOWN_ALGO for the inner name; ERR_SHORT, ERR_TRAILING, ERR_FORMAT.
 * webauthn's name of certificates may stand where its plain one belongs: who
 * signs in a browser may write what was announced. It counts as the plain one.
 */
MUST_USE enum err sig_parse(struct slice blob, struct sig *s);

/* Append a blob: what signer_sign gave, under a plain algorithm's name. */
MUST_USE enum err sig_write(const struct algo *alg,
    const struct raw_signature *raw, struct buf *out);

/* The same for a FIDO key's: s->alg, raw, flags and counter. */
MUST_USE enum err sig_write_sk(const struct sig *s, struct buf *out);

/*
 * Does the parsed signature hold for message under k, where the peer announced
 * alg (plain or a certificate's name)? ERR_KEY_TYPE: its inner name doesn't
 * fit key or announcement (RSA: it must be the announced one; a FIDO ECDSA
 * key's may be the webauthn name or the other, whichever was announced);
 * ERR_SIGNATURE; ERR_FORMAT for webauthn's data. Presence and verification of
 * a user are the caller's to demand: s->flags, sk.h.
 */
MUST_USE enum err sig_verify(const struct key *k, const struct algo *alg,
    const struct sig *s, struct slice message);

#endif
