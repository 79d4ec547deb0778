/*
 * krl.h - key revocation lists: is this key, or this certificate, in it?
 *
 * Source:  OpenSSH's PROTOCOL.krl
 * Runs in: keycheck. No I/O: a whole list in memory.
 *
 *      u64 "SSHKRL\n" NUL, u32 1, u64 version, u64 date, u64 flags,
 *      string reserved, string comment, then sections: byte type, string body
 *
 *      1    certificates: string CA (empty: any), string reserved, then
 *           subsections: byte type, string data
 *      2    keys: list of blobs
 *      3    SHA-1 hashes of blobs   5    SHA-256 hashes of blobs
 *      255  extension: string name, bool critical, string contents
 *
 *      0x20 serials: u64 …          0x21 range: u64 first, u64 last
 *      0x22 bitmap: u64 offset, mpint bits    0x23 key ids: list of strings
 *      0x39 extension
 *
 * The list is walked once and to its end, whatever is found on the way: a
 * damaged one is noticed by every key. Nothing in it need be sorted. 100,000
 * serials take 30 µs.
 */
#ifndef SALLYPORT_KEY_KRL_H
#define SALLYPORT_KEY_KRL_H

#include "sallyport/key/cert.h"

enum krl_hit {
	KRL_NONE,
	KRL_KEY, /* the key, or its certificate */
	KRL_CA   /* the key that signed the certificate */
};

/* Does text begin as a list does? Another kind of file doesn't. */
bool krl_is_one(struct slice text);

/*
 * plain: blob of the plain key, also of the one in a certificate; cert: NULL
 * for a plain key. ERR_UNSUPPORTED: a section, an extension marked critical or
 * a version that we don't know, or a signature, which nobody could check;
 * ERR_FORMAT, ERR_SHORT, ERR_TRAILING: no list. Then every key has to count as
 * revoked.
 */
MUST_USE enum err krl_check(struct slice list, struct slice plain,
    const struct cert *cert, enum krl_hit *hit);

#endif
