/*
 * loop.h - the event loop of a process: descriptors, deadlines, signals
 *
 * Level-triggered epoll, a heap of deadlines, one signalfd. Descriptors that
 * epoll refuses (regular files, /dev/null: EPERM) count as always ready. A
 * loop isn't inherited by fork: every process makes its own, and a child does
 * nothing with its parent's but loop_free. One thread.
 *
 * Watches and timers are the caller's memory (kept until removed); inside a
 * handler any watch or timer may be added, changed or removed, the handled
 * one included.
 */
#ifndef SALLYPORT_BASE_LOOP_H
#define SALLYPORT_BASE_LOOP_H

#include "sallyport/base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

#define LOOP_READ   1u /* readable, or at end of file */
#define LOOP_WRITE  2u
#define LOOP_HANGUP 4u /* peer closed its writing side (EPOLLRDHUP) */
/*
 * EPOLLERR or EPOLLHUP; always reported, and again until the watch is removed.
 * READ and WRITE come with it where they are waited for: octets may be left to
 * read, and the call tells the error.
 */
#define LOOP_ERROR 8u

struct watch {
	int fd;
	unsigned int events; /* what is waited for: READ, WRITE, HANGUP */
	void (*on)(struct watch *w, unsigned int events);
	void *ctx; /* the caller's */
	/* loop.c's own; zero at first */
	struct loop *loop;
	bool always; /* epoll refused it */
	size_t slot;
};

struct timer {
	void (*on)(struct timer *t);
	void *ctx;
	uint64_t at_ms; /* clock_mono_ms(); loop.c's own from here on */
	struct loop *loop;
	size_t place; /* in the heap, plus one; 0: not set */
};

struct loop *loop_new(void); /* gives; loop_free */
void loop_free(struct loop *l);

/* Watch w->fd for w->events (0: nothing but errors). Keeps w. */
MUST_USE enum err loop_add(struct loop *l, struct watch *w);
void loop_change(struct watch *w, unsigned int events);

/* Stop watching; call before the descriptor is closed. Harmless twice. */
void loop_remove(struct watch *w);

/* Call t->on once, at_ms or later; setting it again moves it. Keeps t. */
void loop_timer(struct loop *l, struct timer *t, uint64_t at_ms);
void loop_timer_cancel(struct timer *t);

/*
 * Deliver a signal as an event. It is blocked by this call; loop_free leaves
 * it blocked. At most 16 different signals.
 */
void loop_signal(struct loop *l, int signo,
    void (*on)(int signo, const void *siginfo, void *ctx), void *ctx);

/* Turns until loop_stop; none where it was called before. */
void loop_run(struct loop *l);

/* No handler is called any more in this turn, and loop_run returns. */
void loop_stop(struct loop *l);

/*
 * One turn; waits at most wait_ms (-1: as long as it takes). Descriptors
 * first, then timers. May be called within a handler.
 */
void loop_turn(struct loop *l, int wait_ms);

#endif
