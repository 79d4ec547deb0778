/*
 * layout.h - plain structs to octets and back
 *
 * The wire type follows from the member's C type: bool, uint8_t, uint32_t,
 * uint64_t, struct slice (string of at most max octets), struct rpc_fd (a
 * descriptor beside the frame). Encoded as RFC 4251 §5 does.
 */
#ifndef SALLYPORT_RPC_LAYOUT_H
#define SALLYPORT_RPC_LAYOUT_H

#include "sallyport/base/err.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"

#include <stddef.h>

/* A descriptor in a message; -1: none. */
struct rpc_fd {
	int fd;
};

enum field_kind {
	FIELD_BOOL,
	FIELD_U8,
	FIELD_U32,
	FIELD_U64,
	FIELD_SLICE,
	FIELD_FD
};

struct field {
	const char *name;
	size_t offset;
	enum field_kind kind;
	uint32_t max; /* octets of a slice */
};

struct layout {
	const char *name;
	size_t size; /* of the struct */
	const struct field *fields;
	size_t n;
};

#define FIELD_KIND(type, member)                                               \
	_Generic(((type *)0)->member, bool                                     \
		 : FIELD_BOOL, uint8_t                                         \
		 : FIELD_U8, uint32_t                                          \
		 : FIELD_U32, uint64_t                                         \
		 : FIELD_U64, struct slice                                     \
		 : FIELD_SLICE, struct rpc_fd                                  \
		 : FIELD_FD)
#define FIELD(type, member, limit)                                             \
	{                                                                      \
#member, offsetof(struct type, member),                        \
		    FIELD_KIND(struct type, member), (limit)                   \
	}
/* In messages.c: LAYOUT(sign_req, FIELD(sign_req, alg, 64), …); defines
 * const struct layout layout_sign_req. */
#define LAYOUT(type, ...)                                                      \
	static const struct field fields_##type[] = {__VA_ARGS__};             \
	const struct layout layout_##type = {#type, sizeof(struct type),       \
	    fields_##type, sizeof(fields_##type) / sizeof(struct field)}

/*
 * Write message. fds has RPC_FDS_MAX places for its descriptors, which stay
 * the caller's; *nfds counts. ERR_TOO_LONG: a slice beyond its limit, or no
 * more room; ERR_FULL: too many descriptors.
 */
MUST_USE enum err layout_encode(const struct layout *l, const void *message,
    struct wr *w, int *fds, size_t *nfds);

/*
 * The inverse: octets must be one message, written the one way there is, and
 * take every descriptor. Slices point into octets. After a failure all members
 * are zero, descriptors -1. ERR_SHORT, ERR_TRAILING, ERR_TOO_LONG, ERR_FORMAT.
 */
MUST_USE enum err layout_decode(const struct layout *l, struct slice octets,
    const int *fds, size_t nfds, void *message);

/* All members zero, descriptors -1. */
void layout_clear(const struct layout *l, void *message);

/* Close the descriptors of a message; they are -1 then. */
void layout_close(const struct layout *l, void *message);

/* The first fields of l are those of head: a struct of l can be sent as one
 * of head. */
bool layout_begins(const struct layout *l, const struct layout *head);

#endif
