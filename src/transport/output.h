/*
 * output.h - packets under construction, sealed ones, and held-back payloads
 *
 *     sealed:  | sent already | sealed, waits for the socket | room …
 *                                                 header ^ payload, padding
 *
 * A payload is written where its packet will be sealed, so it is copied by
 * nobody. Two cases take a detour: compression, and payloads that come during
 * a key exchange, which wait in a queue (RFC 4253 §7.1).
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "packet.h"
#include "sallyport/base/buf.h"
#include "sallyport/base/wr.h"
#include "sallyport/transport/compress.h"

#include <stdbool.h>

#define OUTPUT_MAX   ((size_t)8 << 20) /* sealed octets without a reader */
#define OUTPUT_QUEUE ((size_t)1 << 20) /* payloads held back, SEC-29 */
/* What the transport answers by itself without anybody reading it */
#define OUTPUT_REPLIES ((size_t)1 << 20)

enum build { BUILD_NONE, BUILD_PACKET, BUILD_PLAIN, BUILD_QUEUE };

struct output {
	struct packet_dir dir;
	struct buf sealed;
	size_t sent;      /* octets at the front of sealed */
	struct buf queue; /* u32 length, payload; again and again */
	bool held;        /* between our KEXINIT and our NEWKEYS */
	bool success;     /* SSH_MSG_USERAUTH_SUCCESS was sealed */
	enum build building;
	size_t max;   /* octets of the payload being built, at most */
	size_t rooms; /* payloads being built */

	bool zlib; /* negotiated for the present keys */
	const struct transport_compression *compression;
	struct compress_stream *stream;
	struct buf plain; /* a payload that is to be compressed */
};

void output_init(struct output *o);
void output_clear(struct output *o);

/* A payload of at most max octets; queued while held. */
struct wr output_begin(struct output *o, size_t max);
/* One of the transport's own, which may go during an exchange. */
struct wr output_begin_now(struct output *o, size_t max);
MUST_USE enum err output_end(struct output *o, const struct wr *w);

/* Rooms for size octets of payload each, to be sealed in order or abandoned; a
 * short one is the last. *count: how many, lowered to one where they are
 * compressed. Not held. */
MUST_USE enum err
output_bulk(struct output *o, size_t size, struct bytes *rooms, size_t *count);
MUST_USE enum err output_bulk_seal(struct output *o, size_t n);
void output_abandon(struct output *o);

/* From now on payloads wait; and no longer: they go, in order. */
void output_hold(struct output *o);
MUST_USE enum err output_release(struct output *o);

/* New keys: a fresh stream, if zlib is what was negotiated. */
void output_restart_stream(struct output *o, bool zlib);

struct slice output_pending(const struct output *o);
void output_sent(struct output *o, size_t n);

/* Give memory back where nothing waits. */
void output_idle(struct output *o);

#endif
