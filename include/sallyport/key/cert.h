/*
 * cert.h - certificates, version 01 of OpenSSH's form
 *
 * Runs in: keeper (host certificates), keycheck (users'). No I/O, no clock.
 *
 *      string type, string nonce, the plain key's fields, u64 serial,
 *      u32 kind, string key_id, string principals, u64 valid_after,
 *      u64 valid_before, string critical_options, string extensions,
 *      string reserved, string ca_key, string signature
 *
 * The signature is over everything before it.
 */
#ifndef SALLYPORT_KEY_CERT_H
#define SALLYPORT_KEY_CERT_H

#include "sallyport/key/key.h"

#define CERT_USER           1u
#define CERT_HOST           2u
#define CERT_PRINCIPALS_MAX 256
#define CERT_FOREVER        UINT64_MAX /* valid_before of one without end */

/* A certificate's parts; slices borrow from the blob. */
struct cert {
	struct key key; /* what it certifies */
	uint64_t serial;
	uint32_t kind; /* CERT_USER, CERT_HOST */
	struct slice id;
	struct slice principals; /* list of strings, at most 256 */
	uint64_t valid_after;    /* seconds since 1970 */
	uint64_t valid_before;   /* not valid from then on */
	struct slice critical;   /* list of pairs: string name, string data */
	struct slice extensions; /* likewise */
	struct slice ca_blob;
	struct slice tbs; /* what is signed */
	struct slice signature;
};

/*
 * Parse a whole blob. Lists inside are walked, so that later readers can't
 * fail. ERR_UNKNOWN_ALGO: no certificate's name; ERR_KEY_TYPE: the CA key is
 * itself a certificate; ERR_FULL: too many principals; ERR_SHORT …
 */
MUST_USE enum err cert_parse(struct slice blob, struct cert *c);

/*
 * Did its CA sign it, with an algorithm out of the comma-separated list
 * ca_algorithms (NULL: any but RSA with SHA-1)? ERR_UNKNOWN_ALGO,
 * ERR_SIGNATURE, ERR_KEY_LENGTH …
 */
MUST_USE enum err cert_verify(const struct cert *c, const char *ca_algorithms,
    unsigned int rsa_bits_min);

/*
 * Is name one of its principals, octet for octet? A certificate without any
 * is nobody's: never "everybody's".
 */
bool cert_names(const struct cert *c, struct slice name);

/* The same for any name of a comma-separated list (principals= of a line). */
bool cert_names_any(const struct cert *c, struct slice list);

/*
 * Is host one of its principals, or does a pattern among them ("*", "?") hold
 * it? Without regard to case, as names of hosts are.
 */
bool cert_names_host(const struct cert *c, struct slice host);

/* Is wall (seconds since 1970) within its time? */
bool cert_is_valid_at(const struct cert *c, uint64_t wall);

#endif
