/*
 * inside.h - what the files of this room know of a connection and a channel
 */
#ifndef INSIDE_H
#define INSIDE_H

#include "sallyport/base/list.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/connect/connect.h"
#include "window.h"

/* A row of open.c's table. */
struct open_row {
	const char *type;
	enum open_kind kind;
	/* the client's kinds */
	void (*parse)(struct rd *r, struct channel_open *req);
	uint32_t refusal; /* reason code where the owner says no */
	/* ours */
	void (*write)(struct wr *w, const struct channel_open *req);
};

struct channel {
	struct connect *c;
	const struct open_row *row;
	uint32_t id;
	uint32_t peer; /* the client's number */
	void *owner;
	struct window_in in;
	struct window_out out;
	bool owned;   /* events go to the owner */
	bool ours;    /* we asked for it */
	bool opening; /* the client's wish waits for us, or ours for it */
	bool has_pty;
	bool started; /* a program runs or ran on it */
	bool eof_sent, eof_received;
	bool close_sent, close_received;
};

/* Where channels live: the number of a channel is its slot plus the slot's
 * generation times CONNECT_CHANNELS_MAX. */
struct slot {
	struct channel *ch;
	uint32_t generation;
};

struct connect {
	struct transport *t;
	const struct connect_ops *ops;
	struct slot *slots;
	size_t nslots;     /* grows as needed */
	size_t nopen;      /* channels with an owner */
	uint32_t sessions; /* of these, sessions */
	uint32_t opening;  /* of these, not open yet */
	uint32_t max_sessions;
	bool no_more_sessions;
	bool settling;         /* global_settle is at work */
	bool awaited;          /* a global request is to be settled */
	bool awaited_reply;    /* and its client wants to know */
	struct link waiting;   /* requests behind it */
	size_t nwaiting;       /* how many */
	size_t waiting_octets; /* how much of the client's */
	uint32_t purse;        /* octets by which windows may still grow */
	struct bytes bulk[CHANNEL_BULK_MAX]; /* payloads being filled */
	size_t nbulk;
	enum channel_stream bulk_stream;
	enum err broken;
	char reason[160];
};

/* ---- connect.c ---- */

/* Begin a message of at most max octets; its number is written already. */
struct wr connect_begin(struct connect *c, uint8_t message, size_t max);
void connect_end(struct connect *c, const struct wr *w);

/* Note the sentence for an error; returns e. */
enum err connect_refuse(struct connect *c, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- channel.c ---- */

/* A channel in a free slot; NULL: too many. */
struct channel *channel_new(struct connect *c, const struct open_row *row);

/* NULL: no such channel. */
struct channel *channel_find(const struct connect *c, uint32_t id);

/* It opens, or doesn't any more. */
void channel_set_opening(struct channel *ch, bool opening);

/* The owner hears of it no more. */
void channel_disown(struct channel *ch);
void channel_free(struct channel *ch);

enum err channel_on_window_adjust(struct connect *c, struct rd *r);
enum err channel_on_data(struct connect *c, struct rd *r);
enum err channel_on_extended_data(struct connect *c, struct rd *r);
enum err channel_on_eof(struct connect *c, struct rd *r);
enum err channel_on_close(struct connect *c, struct rd *r);

/* ---- open.c, request.c, global.c ---- */

enum err open_on_open(struct connect *c, struct rd *r);
enum err open_on_confirmation(struct connect *c, struct rd *r);
enum err open_on_failure(struct connect *c, struct rd *r);
enum err request_on_request(struct connect *c, struct rd *r);
enum err global_on_request(struct connect *c, struct rd *r);
void global_forget(struct connect *c); /* what waits goes unanswered */

#endif
