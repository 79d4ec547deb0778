#include "sallyport/base/loop.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define BATCH       32u /* events taken from the kernel in one turn */
#define SIGNALS_MAX 16u
#define ARRAY_FIRST 8u /* elements of a growing array's first piece */

/* Events of one turn that were not handled yet are [next, n). */
struct batch {
	struct epoll_event events[BATCH];
	size_t next;
	size_t n;
};

struct signal_row {
	int signo;
	void (*on)(int signo, const void *siginfo, void *ctx);
	void *ctx;
};

/* All arrays are made when first needed: an idle process has few pages. */
struct loop {
	int epoll;
	bool stopped;          /* the turn ends here, and then loop_run */
	struct batch *batch;   /* of the turn that runs, on its stack */
	struct watch **always; /* those that epoll refused */
	size_t always_n;
	size_t always_room;
	struct timer **heap; /* the earliest first; place is index plus 1 */
	size_t heap_n;
	size_t heap_room;
	int signal_fd;
	sigset_t signal_set;
	struct watch signal_watch;
	struct signal_row *signals;
	size_t signals_n;
};

struct loop *
loop_new(void)
{
	struct loop *l = mem_new(sizeof(*l));

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	must(l->epoll >= 0);
	l->signal_fd = -1;
	sigemptyset(&l->signal_set);
	return l;
}

/*
 * Closing is all that the kernel is told, so a forked child may free the loop
 * that it inherited: EPOLL_CTL_DEL there would act on its parent's.
 */
void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	io_close(&l->signal_fd);
	io_close(&l->epoll);
	mem_free(l->always);
	mem_free(l->heap);
	mem_free(l->signals);
	mem_free(l);
}

/* Room for one more element in an array of pointers. */
static void *
with_room(void *array, size_t n, size_t *room)
{
	size_t more = *room == 0 ? ARRAY_FIRST : *room * 2;

	if (n < *room)
		return array;
	array = mem_resize(array, *room, more, sizeof(void *));
	*room = more;
	return array;
}

/* ---- watches ---- */

static uint32_t
to_epoll(unsigned int events)
{
	uint32_t e = 0;

	if (events & LOOP_READ)
		e |= EPOLLIN;
	if (events & LOOP_WRITE)
		e |= EPOLLOUT;
	if (events & LOOP_HANGUP)
		e |= EPOLLRDHUP;
	return e;
}

/*
 * What the handler is told. A pipe whose writer left says EPOLLHUP alone, a
 * refused connection EPOLLERR: who waits to read or write tries it and gets
 * the end or the error from the call.
 */
static unsigned int
from_epoll(uint32_t e, unsigned int wanted)
{
	unsigned int events = 0;

	if (e & EPOLLIN)
		events |= LOOP_READ;
	if (e & EPOLLOUT)
		events |= LOOP_WRITE;
	if (e & EPOLLRDHUP)
		events |= LOOP_HANGUP;
	if (e & (EPOLLERR | EPOLLHUP))
		events |= LOOP_ERROR | LOOP_READ | LOOP_WRITE;
	return events & (wanted | LOOP_ERROR);
}

static void
always_add(struct loop *l, struct watch *w)
{
	l->always = with_room(l->always, l->always_n, &l->always_room);
	w->always = true;
	w->slot = l->always_n;
	l->always[l->always_n++] = w;
}

static void
always_remove(struct loop *l, struct watch *w)
{
	struct watch *last = l->always[--l->always_n];

	l->always[w->slot] = last;
	last->slot = w->slot;
	w->always = false;
}

enum err
loop_add(struct loop *l, struct watch *w)
{
	struct epoll_event e = {.events = to_epoll(w->events),
	    .data = {.ptr = w}};

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0) {
		if (errno != EPERM)
			return ERR_SYSTEM;
		always_add(l, w);
	}
	w->loop = l;
	return OK;
}

void
loop_change(struct watch *w, unsigned int events)
{
	struct epoll_event e = {.events = to_epoll(events), .data = {.ptr = w}};

	must(w->loop != NULL);
	if (events == w->events)
		return;
	w->events = events;
	if (!w->always)
		must(epoll_ctl(w->loop->epoll, EPOLL_CTL_MOD, w->fd, &e) == 0);
}

/* The kernel told of w already, but w may be gone before its turn comes. */
static void
forget_pending(struct batch *b, const struct watch *w)
{
	for (size_t i = b == NULL ? 0 : b->next; b != NULL && i < b->n; i++)
		if (b->events[i].data.ptr == w)
			b->events[i].data.ptr = NULL;
}

void
loop_remove(struct watch *w)
{
	struct loop *l = w->loop;

	if (l == NULL)
		return;
	if (w->always)
		always_remove(l, w);
	else
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	forget_pending(l->batch, w);
	w->loop = NULL;
}

/* ---- timers: a binary heap ---- */

static void
heap_put(struct loop *l, size_t i, struct timer *t)
{
	l->heap[i] = t;
	t->place = i + 1;
}

/* Let t rise from the hole at i to where its parent isn't later. */
static size_t
heap_rise(struct loop *l, size_t i, const struct timer *t)
{
	while (i > 0 && l->heap[(i - 1) / 2]->at_ms > t->at_ms) {
		heap_put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	return i;
}

/* Let t sink from the hole at i to where no child is earlier. */
static size_t
heap_sink(struct loop *l, size_t i, const struct timer *t)
{
	size_t child;

	while ((child = 2 * i + 1) < l->heap_n) {
		if (child + 1 < l->heap_n &&
		    l->heap[child + 1]->at_ms < l->heap[child]->at_ms)
			child++;
		if (l->heap[child]->at_ms >= t->at_ms)
			break;
		heap_put(l, i, l->heap[child]);
		i = child;
	}
	return i;
}

static void
heap_settle(struct loop *l, size_t hole, struct timer *t)
{
	heap_put(l, heap_sink(l, heap_rise(l, hole, t), t), t);
}

void
loop_timer(struct loop *l, struct timer *t, uint64_t at_ms)
{
	if (t->place == 0) {
		l->heap = with_room(l->heap, l->heap_n, &l->heap_room);
		t->place = ++l->heap_n;
		t->loop = l;
	}
	must(t->loop == l);
	t->at_ms = at_ms;
	heap_settle(l, t->place - 1, t);
}

void
loop_timer_cancel(struct timer *t)
{
	struct loop *l = t->loop;
	struct timer *last;

	if (t->place == 0)
		return;
	last = l->heap[--l->heap_n];
	if (last != t)
		heap_settle(l, t->place - 1, last);
	t->place = 0;
}

/*
 * Every timer that was set when this began fires once at most, so one that
 * sets itself again for now doesn't keep the descriptors waiting.
 */
static void
run_timers(struct loop *l)
{
	uint64_t now_ms;

	if (l->heap_n == 0)
		return;
	now_ms = clock_mono_ms();
	for (size_t n = l->heap_n; n > 0 && !l->stopped; n--) {
		struct timer *t = l->heap_n > 0 ? l->heap[0] : NULL;

		if (t == NULL || t->at_ms > now_ms)
			break;
		loop_timer_cancel(t);
		t->on(t);
	}
}

/* ---- signals ---- */

static void
deliver_signal(struct loop *l, const struct signalfd_siginfo *info)
{
	for (size_t i = 0; i < l->signals_n; i++) {
		struct signal_row row = l->signals[i];

		if (row.signo != (int)info->ssi_signo)
			continue;
		row.on(row.signo, info, row.ctx);
		return;
	}
}

/* One signal a turn: its handler may stop the loop, or fork. */
static void
on_signal_fd(struct watch *w, unsigned int events)
{
	struct signalfd_siginfo info;
	size_t n;

	(void)events;
	if (io_read(w->fd, BYTES_OF(info), &n) == OK && n == sizeof(info))
		deliver_signal(w->loop, &info);
}

static void
watch_signal_set(struct loop *l)
{
	int fd =
	    signalfd(l->signal_fd, &l->signal_set, SFD_CLOEXEC | SFD_NONBLOCK);

	must(fd >= 0);
	if (l->signal_fd >= 0)
		return;
	l->signal_fd = fd;
	l->signal_watch =
	    (struct watch){.fd = fd, .events = LOOP_READ, .on = on_signal_fd};
	must(loop_add(l, &l->signal_watch) == OK);
}

static struct signal_row *
signal_row(struct loop *l, int signo)
{
	for (size_t i = 0; i < l->signals_n; i++)
		if (l->signals[i].signo == signo)
			return &l->signals[i];
	must(l->signals_n < SIGNALS_MAX);
	l->signals = mem_resize(l->signals, l->signals_n, l->signals_n + 1,
	    sizeof(*l->signals));
	return &l->signals[l->signals_n++];
}

void
loop_signal(struct loop *l, int signo,
    void (*on)(int signo, const void *siginfo, void *ctx), void *ctx)
{
	sigset_t one;

	*signal_row(l, signo) = (struct signal_row){signo, on, ctx};
	sigemptyset(&one);
	sigaddset(&one, signo);
	must(sigprocmask(SIG_BLOCK, &one, NULL) == 0);
	sigaddset(&l->signal_set, signo);
	watch_signal_set(l);
}

/* ---- turns ---- */

static bool
has_ready(const struct loop *l)
{
	for (size_t i = 0; i < l->always_n; i++)
		if (l->always[i]->events & (LOOP_READ | LOOP_WRITE))
			return true;
	return false;
}

/* How long epoll may sleep: not beyond the first timer. */
static int
sleep_ms(const struct loop *l, int wait_ms)
{
	uint64_t now_ms, left_ms;

	if (wait_ms == 0 || has_ready(l))
		return 0;
	if (l->heap_n == 0)
		return wait_ms;
	now_ms = clock_mono_ms();
	if (l->heap[0]->at_ms <= now_ms)
		return 0;
	left_ms = l->heap[0]->at_ms - now_ms;
	if (left_ms > INT_MAX)
		left_ms = INT_MAX;
	return wait_ms < 0 || (int)left_ms < wait_ms ? (int)left_ms : wait_ms;
}

static void
run_batch(struct loop *l, struct batch *b)
{
	while (b->next < b->n && !l->stopped) {
		const struct epoll_event *e = &b->events[b->next++];
		struct watch *w = e->data.ptr;
		unsigned int events;

		if (w == NULL)
			continue; /* removed by a handler before */
		events = from_epoll(e->events, w->events);
		if (events != 0)
			w->on(w, events);
	}
}

/*
 * Downwards, because a removal moves the last element into the gap: what was
 * handled may come again, and nothing is left out.
 */
static void
run_always(struct loop *l)
{
	for (size_t i = l->always_n; i-- > 0 && !l->stopped;) {
		struct watch *w = i < l->always_n ? l->always[i] : NULL;
		unsigned int events = w == NULL ? 0 : w->events;

		events &= LOOP_READ | LOOP_WRITE;
		if (events != 0)
			w->on(w, events);
	}
}

/*
 * A handler may take turns itself (PAM's conversation waits that way). What
 * the outer turn hadn't handled yet it forgets then: the inner one may have
 * handled it, and what is still true is reported again.
 */
void
loop_turn(struct loop *l, int wait_ms)
{
	struct batch *outer = l->batch;
	bool stopped_before = l->stopped;
	struct batch b;
	int n;

	if (outer != NULL)
		outer->next = outer->n;
	l->stopped = false;
	b.next = 0;
	n = epoll_wait(l->epoll, b.events, BATCH, sleep_ms(l, wait_ms));
	must(n >= 0 || errno == EINTR);
	b.n = n < 0 ? 0 : (size_t)n;
	l->batch = &b;
	run_batch(l, &b);
	run_always(l);
	run_timers(l);
	l->batch = outer;
	l->stopped |= stopped_before;
}

void
loop_run(struct loop *l)
{
	while (!l->stopped)
		loop_turn(l, -1);
	l->stopped = false;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}
