/*
 * handles.c - open files and folders
 *
 * A handle's number is its slot and how often the slot was used, so that one
 * that was closed doesn't reach what came after it.
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#define SLOT_BITS 20u
#define SLOTS_MAX (1u << SLOT_BITS)
#define OURS      5u /* descriptors that aren't the client's */

void
handles_init(struct handles *h)
{
	struct rlimit limit;

	*h = (struct handles){.max = SLOTS_MAX};
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > SLOTS_MAX)
		return;
	h->max = limit.rlim_cur > OURS ? (uint32_t)limit.rlim_cur - OURS : 0;
}

static struct handle *
slot_for(struct handles *h, uint32_t *slot)
{
	if (h->free != 0) {
		*slot = h->free - 1;
		h->free = h->v[*slot].next_free;
		return &h->v[*slot];
	}
	if (h->n == h->max)
		return NULL;
	if ((h->n & (h->n - 1)) == 0) /* full: a power of two, or none */
		h->v = mem_resize(h->v, h->n, h->n == 0 ? 1 : 2 * (size_t)h->n,
		    sizeof(*h->v));
	*slot = h->n++;
	return &h->v[*slot];
}

enum err
handles_add(struct handles *h, const struct handle *new, const char *path,
    uint32_t *number)
{
	int fd = new->fd;
	struct handle *at;
	uint32_t slot;

	if ((at = slot_for(h, &slot)) == NULL) {
		if (new->folder != NULL)
			closedir(new->folder);
		else
			io_close(&fd);
		return ERR_FULL;
	}
	*at = (struct handle){.kind = new->kind,
	    .generation = at->generation + 1,
	    .fd = new->fd,
	    .folder = new->folder,
	    .append = new->append,
	    .upload = new->upload,
	    .path = mem_strdup(path)};
	*number = at->generation << SLOT_BITS | slot;
	return OK;
}

struct handle *
handles_any(const struct handles *h, struct slice number)
{
	struct rd r = rd_from(number);
	uint32_t n = rd_u32(&r), slot = n & (SLOTS_MAX - 1);
	struct handle *at;

	if (rd_end(&r) != OK || slot >= h->n)
		return NULL;
	at = &h->v[slot];
	if (at->kind == HANDLE_NONE ||
	    (at->generation << SLOT_BITS) >> SLOT_BITS != n >> SLOT_BITS)
		return NULL;
	return at;
}

struct handle *
handles_get(const struct handles *h, struct slice number, enum handle_kind kind)
{
	struct handle *at = handles_any(h, number);

	return at != NULL && at->kind == kind ? at : NULL;
}

int
handles_close(struct handles *h, struct handle *handle)
{
	int bad = handle->folder != NULL ? closedir(handle->folder)
					 : close(handle->fd);
	int why = bad ? errno : 0;

	mem_free(handle->path);
	*handle = (struct handle){.generation = handle->generation,
	    .next_free = h->free};
	h->free = (uint32_t)(handle - h->v) + 1;
	return why;
}
