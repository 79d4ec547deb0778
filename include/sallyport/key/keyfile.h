/*
 * keyfile.h - private key files as octets: read and written
 *
 * Source:  OpenSSH's PROTOCOL.key (openssh-key-v1); PEM and PKCS#8 are left to
 *          crypto/sign.h
 * Runs in: keeper (reads), errand (writes). No I/O: whole files in memory.
 *
 *      "openssh-key-v1" NUL, string cipher, string kdf, string kdf options,
 *      u32 1, string public blob, string secret
 *      secret: u32 check, u32 check, private key, string comment, 1 2 3 …
 *
 * Only files without a passphrase. Every copy of a secret that is made on the
 * way is wiped.
 */
#ifndef SALLYPORT_KEY_KEYFILE_H
#define SALLYPORT_KEY_KEYFILE_H

#include "sallyport/base/buf.h"
#include "sallyport/crypto/sign.h"

#define KEYFILE_MAX ((size_t)128 << 10) /* RSA of 16384 bits: 13 KiB */

/*
 * Read the text of a private key file. Gives *s; signer_free. The private half
 * must fit the public one. ERR_KEY_ENCRYPTED: has a passphrase;
 * ERR_UNKNOWN_ALGO: a type that we don't sign with (FIDO keys among them);
 * ERR_KEY_FORMAT: anything else that is wrong.
 */
MUST_USE enum err keyfile_parse(struct slice text, struct signer **s);

/*
 * What a FIDO key's file holds: no secret, but what its device needs to sign.
 * Owned; keyfile_clear_sk.
 */
struct keyfile_sk {
	struct buf blob;   /* public key */
	uint8_t flags;     /* SK_PRESENT, SK_VERIFIED of sk.h: to be demanded */
	struct buf handle; /* the device's name of the key */
};

/* Read one. ERR_KEY_ENCRYPTED; ERR_UNKNOWN_ALGO: no FIDO key's;
 * ERR_KEY_FORMAT. Clear *k in either case. */
MUST_USE enum err keyfile_parse_sk(struct slice text, struct keyfile_sk *k);
void keyfile_clear_sk(struct keyfile_sk *k);

/* Append an openssh-key-v1 file; out should be a secret buffer. */
MUST_USE enum err
keyfile_write(const struct signer *s, const char *comment, struct buf *out);

/* Append the line of its .pub file: "TYPE BASE64 COMMENT" and a newline. */
MUST_USE enum err keyfile_write_public(const struct signer *s,
    const char *comment, struct buf *out);

#endif
