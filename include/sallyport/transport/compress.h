/*
 * compress.h - zlib@openssh.com, for those who may link zlib
 *
 * Source:  RFC 4253 §6.2, RFC 1950, RFC 1951
 * Runs in: session. The transport reaches it through this table alone, so the
 * gate, which hands no table to transport_use_compression, links without zlib
 * and never inflates a stranger's octets (SEC-8).
 */
#ifndef SALLYPORT_TRANSPORT_COMPRESS_H
#define SALLYPORT_TRANSPORT_COMPRESS_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

struct compress_stream; /* one direction's stream, over all packets of a key */

enum compress_way { COMPRESS_DEFLATE, COMPRESS_INFLATE };

struct transport_compression {
	/* Gives; ERR_COMPRESS. */
	enum err (*open)(enum compress_way way, struct compress_stream **s);
	void (*close)(struct compress_stream *s); /* NULL does nothing */

	/* Room that deflating n octets takes at most. */
	size_t (*bound)(size_t n);
	/* in as one flushed piece to room; *n octets of it are used. */
	enum err (*deflate)(struct compress_stream *s, struct slice in,
	    struct bytes room, size_t *n);
	/* in, whole, appended to out; ERR_COMPRESS, also if it grows beyond
	 * out's limit, which is looked at while inflating. */
	enum err (*inflate)(struct compress_stream *s, struct slice in,
	    struct buf *out);
};

extern const struct transport_compression compress_zlib;

#endif
