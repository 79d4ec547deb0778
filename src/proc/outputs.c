/*
 * outputs.c - what programs printed, kept for the connections that follow
 */
#include "sallyport/proc/outputs.h"

#include "sallyport/base/io.h"
#include "sallyport/proc/memfile.h"

/* The last one takes its place. */
static void
drop(struct outputs *o, size_t i)
{
	io_close(&o->v[i].fd);
	o->v[i] = o->v[--o->n];
}

static void
drop_ended(struct outputs *o, uint64_t now_ms)
{
	for (size_t i = o->n; i-- > 0;)
		if (o->v[i].until_ms <= now_ms)
			drop(o, i);
}

static size_t
find(const struct outputs *o, struct slice key)
{
	size_t i = 0;

	while (i < o->n && !slice_equal(SLICE_OF(o->v[i].key), key))
		i++;
	return i;
}

/* What ends first; there is one. */
static size_t
first_to_end(const struct outputs *o)
{
	size_t first = 0;

	for (size_t i = 1; i < o->n; i++)
		if (o->v[i].until_ms < o->v[first].until_ms)
			first = i;
	return first;
}

enum err
outputs_put(struct outputs *o, struct slice key, uint64_t until_ms,
    uint64_t now_ms, int fd)
{
	struct output *new;
	size_t size;
	size_t i;

	if (key.n != OUTPUTS_KEY || memfile_size(fd, &size) != OK ||
	    size > OUTPUTS_OCTETS_MAX) {
		io_close(&fd);
		return ERR_FORMAT;
	}
	drop_ended(o, now_ms);
	if ((i = find(o, key)) < o->n)
		drop(o, i);
	if (o->n == OUTPUTS_MAX)
		drop(o, first_to_end(o));
	new = &o->v[o->n++];
	slice_copy(key, BYTES_OF(new->key));
	new->until_ms = until_ms;
	new->fd = fd;
	return OK;
}

int
outputs_find(const struct outputs *o, struct slice key, uint64_t now_ms)
{
	size_t i = find(o, key);

	return i < o->n && now_ms < o->v[i].until_ms ? o->v[i].fd : -1;
}

void
outputs_clear(struct outputs *o)
{
	while (o->n > 0)
		drop(o, o->n - 1);
}
