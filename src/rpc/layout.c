/*
 * layout.c - plain structs to octets and back, from their LAYOUT
 *
 * The only place that reaches into a struct by offset.
 */
#include "sallyport/rpc/layout.h"

#include "sallyport/base/io.h"
#include "sallyport/rpc/frame.h"

#include <string.h>

static const void *
member(const void *message, const struct field *f)
{
	return (const uint8_t *)message + f->offset;
}

static void *
member_of(void *message, const struct field *f)
{
	return (uint8_t *)message + f->offset;
}

static int *
fd_of(void *message, const struct field *f)
{
	struct rpc_fd *place = member_of(message, f);

	return &place->fd;
}

/* ---- encode ---- */

static void
encode_fd(struct wr *w, int fd, int *fds, size_t *nfds)
{
	wr_bool(w, fd >= 0);
	if (fd < 0)
		return;
	if (*nfds == RPC_FDS_MAX)
		wr_fail(w, ERR_FULL);
	else
		fds[(*nfds)++] = fd;
}

static void
encode_slice(struct wr *w, struct slice s, uint32_t max)
{
	if (s.n > max)
		wr_fail(w, ERR_TOO_LONG);
	else
		wr_string(w, s);
}

enum err
layout_encode(const struct layout *l, const void *message, struct wr *w,
    int *fds, size_t *nfds)
{
	*nfds = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct field *f = &l->fields[i];
		const void *from = member(message, f);

		switch (f->kind) {
		case FIELD_BOOL:
			wr_bool(w, *(const bool *)from);
			break;
		case FIELD_U8:
			wr_u8(w, *(const uint8_t *)from);
			break;
		case FIELD_U32:
			wr_u32(w, *(const uint32_t *)from);
			break;
		case FIELD_U64:
			wr_u64(w, *(const uint64_t *)from);
			break;
		case FIELD_SLICE:
			encode_slice(w, *(const struct slice *)from, f->max);
			break;
		case FIELD_FD:
			encode_fd(w, ((const struct rpc_fd *)from)->fd, fds,
			    nfds);
			break;
		}
	}
	return wr_end(w, NULL);
}

/* ---- decode ---- */

void
layout_clear(const struct layout *l, void *message)
{
	memset(message, 0, l->size);
	for (size_t i = 0; i < l->n; i++)
		if (l->fields[i].kind == FIELD_FD)
			*fd_of(message, &l->fields[i]) = -1;
}

void
layout_close(const struct layout *l, void *message)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->fields[i].kind == FIELD_FD)
			io_close(fd_of(message, &l->fields[i]));
}

/* One way to write each message: anything but 0 and 1 is a fault. */
static bool
decode_bool(struct rd *r)
{
	uint8_t octet = rd_u8(r);

	if (octet > 1)
		rd_fail(r, ERR_FORMAT);
	return octet == 1;
}

static struct slice
decode_slice(struct rd *r, uint32_t max)
{
	struct slice s = rd_string(r);

	if (s.n > max)
		rd_fail(r, ERR_TOO_LONG);
	return s;
}

static int
decode_fd(struct rd *r, const int *fds, size_t nfds, size_t *taken)
{
	if (!decode_bool(r))
		return -1;
	if (*taken < nfds)
		return fds[(*taken)++];
	rd_fail(r, ERR_FORMAT); /* announced, but it didn't come */
	return -1;
}

enum err
layout_decode(const struct layout *l, struct slice octets, const int *fds,
    size_t nfds, void *message)
{
	struct rd r = rd_from(octets);
	size_t taken = 0;
	enum err e;

	layout_clear(l, message);
	for (size_t i = 0; i < l->n; i++) {
		const struct field *f = &l->fields[i];
		void *to = member_of(message, f);

		switch (f->kind) {
		case FIELD_BOOL:
			*(bool *)to = decode_bool(&r);
			break;
		case FIELD_U8:
			*(uint8_t *)to = rd_u8(&r);
			break;
		case FIELD_U32:
			*(uint32_t *)to = rd_u32(&r);
			break;
		case FIELD_U64:
			*(uint64_t *)to = rd_u64(&r);
			break;
		case FIELD_SLICE:
			*(struct slice *)to = decode_slice(&r, f->max);
			break;
		case FIELD_FD:
			*fd_of(message, f) = decode_fd(&r, fds, nfds, &taken);
			break;
		}
	}
	if ((e = rd_end(&r)) == OK && taken != nfds)
		e = ERR_FORMAT; /* more came than were announced */
	if (e != OK)
		layout_clear(l, message);
	return e;
}

bool
layout_begins(const struct layout *l, const struct layout *head)
{
	if (head->n > l->n || head->size > l->size)
		return false;
	for (size_t i = 0; i < head->n; i++)
		if (head->fields[i].offset != l->fields[i].offset ||
		    head->fields[i].kind != l->fields[i].kind)
			return false;
	return true;
}
