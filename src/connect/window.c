#include "window.h"

#include "sallyport/base/must.h"

#include <stdbool.h>

/* At least this much in one WINDOW_ADJUST: three packets, or an eighth. */
#define GRANT_MIN   (3u * 32768u)
#define GRANT_SHARE 8u

enum err
window_receive(struct window_in *w, size_t n)
{
	if (n > w->left)
		return ERR_WINDOW;
	/* what came before wasn't taken, or is more than one read brings */
	if (w->waits || w->backlog > w->size / 2)
		w->steady = 0;
	w->left -= (uint32_t)n;
	w->backlog += (uint32_t)n;
	w->steady += (uint32_t)n;
	return OK;
}

void
window_consume(struct window_in *w, size_t n)
{
	must(n <= w->backlog);
	w->backlog -= (uint32_t)n;
	w->waits = w->backlog > 0;
}

static void
grow(struct window_in *w, uint32_t *purse)
{
	if (w->steady < w->size || w->size >= WINDOW_MAX || *purse < w->size)
		return;
	*purse -= w->size;
	w->size *= 2;
	w->steady = 0;
}

void
window_end(struct window_in *w, uint32_t *purse)
{
	if (w->size <= w->first)
		return;
	*purse += w->size - w->first;
	w->size = w->first;
}

uint32_t
window_grant(struct window_in *w, uint32_t *purse)
{
	uint32_t used = w->left + w->backlog, missing, enough;

	if (w->backlog > w->first / 2)
		window_end(w, purse); /* too slow for a large one */
	else if (w->backlog == 0)
		grow(w, purse);
	if (used >= w->size)
		return 0;
	missing = w->size - used;
	enough = w->size / GRANT_SHARE;
	if (missing < (enough > GRANT_MIN ? enough : GRANT_MIN))
		return 0;
	w->left += missing;
	return missing;
}

enum err
window_open(struct window_out *w, uint32_t n)
{
	if (n > UINT32_MAX - w->left)
		return ERR_WINDOW;
	w->left += n;
	return OK;
}

size_t
window_room(const struct window_out *w, uint32_t max)
{
	uint32_t n = w->left < w->packet ? w->left : w->packet;

	return n < max ? n : max;
}
