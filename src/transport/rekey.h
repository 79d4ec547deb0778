/*
 * rekey.h - when it is time for new keys
 *
 * Source: RFC 4253 §9, RFC 4344 §3; RekeyLimit
 *
 *   packets                      2^31 in either direction
 *   octets, cipher block of 16   2^32 blocks (64 GiB)
 *   octets, cipher block of 8    2^30 (chacha20-poly1305 too)
 *   RekeyLimit                   the smaller of it and the cipher's bound
 */
#ifndef REKEY_H
#define REKEY_H

#include "packet.h"

#include <stdbool.h>
#include <stdint.h>

/* Octets that one direction's keys are good for. configured: 0 for none. */
uint64_t rekey_octets(const struct algo *cipher, uint64_t configured);

/* Is this direction's time over by what it carried? */
bool rekey_is_due(const struct packet_dir *dir, uint64_t configured);

/*
 * The same before login, when the server starts no exchange but ends the
 * connection. A RekeyLimit smaller than a login isn't meant to shut everybody
 * out, so a MiB is always allowed.
 */
bool rekey_is_spent(const struct packet_dir *dir, uint64_t configured);

/* Seconds until keys of age since_s are due by time; 0: now. limit_s > 0. */
uint32_t rekey_seconds_left(uint64_t since_s, uint32_t limit_s, uint64_t now_s);

#endif
