/*
 * carry.c - what crosses the exec of a reload
 *
 * A sealed memory file, whose number is in the environment: exec keeps numbers.
 *
 *      +---------+  +-----+----------------+  +-----+----------------+
 *      | version |  | tag |     record     |  | tag |     record     | ...
 *      |    4    |  |  4  | string: 4 + n  |  |     |                |
 *      +---------+  +-----+----------------+  +-----+----------------+
 *
 * The image that reads may be older or newer than the one that wrote: a tag
 * that it doesn't know is passed over, and so is what follows the last field
 * that it knows. New fields therefore go to a record's end, and whoever reads
 * them asks whether something is left. Only what can't be told that way
 * changes CARRY_VERSION; a program of another version is refused when it is
 * tried, while we still serve.
 */
#include "listener.h"

#include "control.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_MAX  ((size_t)64 << 20) /* some 100,000 clients */
#define NO_FD      UINT32_MAX
#define FIRST_KEPT 3    /* 0 to 2 are nobody's to hand over */
#define TEXT_MAX   4096 /* paths, and names of sockets */

/* Writes the state, or takes back what writing it did. */
struct carry {
	struct wr w;
	bool keep; /* descriptors stay open over an exec */
};

/* ---- descriptors -------------------------------------------------------------- */

static void
keep_across_exec(int fd, bool keep)
{
	if (fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC) != 0)
		log_debug1("F_SETFD: %s", strerror(errno));
}

static void
put_fd(struct carry *c, int fd)
{
	wr_u32(&c->w, fd < 0 ? NO_FD : (uint32_t)fd);
	if (fd >= 0)
		keep_across_exec(fd, c->keep);
}

static int
take_fd(struct rd *r)
{
	uint32_t number = rd_u32(r);
	int fd = (int)number;

	if (rd_status(r) != OK || number > INT32_MAX || fd < FIRST_KEPT ||
	    fcntl(fd, F_GETFD) < 0)
		return -1;
	keep_across_exec(fd, false);
	return fd;
}

/* A text of ours; "" where it is too long to be one. */
static void
take_text(struct rd *r, char *room, size_t size)
{
	if (!slice_to_cstr(rd_string(r), room, size))
		room[0] = '\0';
}

/* ---- records ------------------------------------------------------------------- */

static void
put_sockets(struct carry *c, struct listener *l)
{
	for (size_t i = 0; i < l->nsockets; i++) {
		put_fd(c, l->sockets[i].fd);
		wr_bool(&c->w, l->sockets[i].given);
	}
}

static void
take_sockets(struct listener *l, struct rd *r)
{
	while (r->left.n > 0 && l->nsockets < SOCKETS_MAX) {
		struct listening s = {.fd = take_fd(r)};

		s.given = rd_bool(r);
		if (s.fd >= 0)
			l->sockets[l->nsockets++] = s;
	}
}

static void
put_counts(struct carry *c, struct listener *l)
{
	wr_u32(&c->w, l->last_number);
	wr_u32(&c->w, l->last_generation);
	wr_bool(&c->w, l->never_warm);
}

static void
take_counts(struct listener *l, struct rd *r)
{
	l->last_number = rd_u32(r);
	l->last_generation = rd_u32(r);
	(void)rd_bool(r); /* another image's warming may leave nothing */
}

/* Our children stay ours across the exec. All of them are as good as gone, but
 * for the one that makes a key: it is waited for. */
static void
put_children(struct carry *c, struct listener *l)
{
	put_fd(c, l->keygen_fd);
	wr_u32(&c->w, (uint32_t)l->keygen_pid);
	wr_u32(&c->w, (uint32_t)l->keeper_pid);
	LIST_EACH (it, &l->generations)
		wr_u32(&c->w,
		    (uint32_t)LIST_ITEM(it, struct generation, all)->pid);
	for (size_t i = 0; i < l->nformer; i++)
		wr_u32(&c->w, (uint32_t)l->former[i]);
	wr_u32(&c->w, (uint32_t)l->check_pid);
}

static void
take_children(struct listener *l, struct rd *r)
{
	l->keygen_fd = take_fd(r);
	l->keygen_pid = (pid_t)rd_u32(r);
	while (r->left.n > 0 && rd_status(r) == OK)
		spawners_forget(l, (pid_t)rd_u32(r));
}

static void
put_handover(struct carry *c, struct listener *l)
{
	const struct handover *h = &l->to_next;

	put_fd(c, h->config);
	put_fd(c, h->former_config);
	put_fd(c, h->former_image);
	/* a try that goes on while the confirmed one comes back */
	wr_bool(&c->w, l->reload_again || l->check_pid > 0);
	wr_cstr(&c->w, l->reload_failed);
	wr_cstr(&c->w, l->start_dir);
	wr_cstr(&c->w, l->conf->pid_file);
}

static void
take_handover(struct listener *l, struct rd *r)
{
	struct handover *h = &l->from_former;
	char path[TEXT_MAX];

	h->config = take_fd(r);
	h->former_config = take_fd(r);
	h->former_image = take_fd(r);
	l->reload_again = rd_bool(r);
	take_text(r, l->reload_failed, sizeof(l->reload_failed));
	take_text(r, path, sizeof(path));
	if (path[0] != '\0')
		l->start_dir = mem_strdup(path);
	take_text(r, path, sizeof(path));
	if (path[0] != '\0')
		l->old_pid_file = mem_strdup(path);
}

static void
put_notify(struct carry *c, struct listener *l)
{
	wr_cstr(&c->w, l->notify.socket);
	wr_u64(&c->w, l->notify.watchdog_us);
	wr_u32(&c->w, l->notify.store);
}

static void
take_notify(struct listener *l, struct rd *r)
{
	char path[TEXT_MAX];

	take_text(r, path, sizeof(path));
	l->notify.watchdog_us = rd_u64(r);
	l->notify.store = rd_u32(r);
	if (path[0] != '\0')
		l->notify.socket = mem_strdup(path);
}

static void
put_penalties(struct carry *c, struct listener *l)
{
	penalties_export(l, &c->w);
}

static void
client_put(struct carry *c, const struct client *client)
{
	struct wr *w = &c->w;

	wr_u32(w, (uint32_t)client->state);
	wr_u32(w, client->number);
	wr_u64(w, client->accepted_ms);
	wr_u64(w, client->state < CLIENT_HANDED ? 0 : waiting_deadline(client));
	put_fd(c, client->fd);
	put_fd(c, client->lifeline == NULL ? -1 : rpc_fd(client->lifeline));
	wr_u32(w, (uint32_t)client->pid);
	wr_cstr(w, client->peer_ip);
	wr_u32(w, client->peer_port);
	wr_cstr(w, client->local_ip);
	wr_u32(w, client->local_port);
	wr_cstr(w, client->version);
	wr_cstr(w, client->line);
	wr_cstr(w, client->user);
	wr_u32(w, (uint32_t)client->line_pid);
	wr_u8(w, client->draw);
	wr_bool(w, client->charged);
	wr_cstr(w, client->rdomain);
	wr_u32(w, client->uid);
	wr_bool(w, client->listens);
}

/* One a string, so that each may have fields that the other image lacks. */
static void
put_clients(struct carry *c, struct listener *l)
{
	LIST_EACH (it, &l->clients) {
		size_t mark = wr_begin(&c->w);

		client_put(c, LIST_ITEM(it, struct client, all));
		wr_finish(&c->w, mark);
	}
}

static void
client_take(struct client *c, struct rd *r)
{
	int lifeline;

	c->state = (enum client_state)rd_u32(r);
	c->number = rd_u32(r);
	c->accepted_ms = rd_u64(r);
	c->deadline_ms = rd_u64(r);
	c->fd = take_fd(r);
	if ((lifeline = take_fd(r)) >= 0)
		c->lifeline = rpc_new(lifeline);
	c->pid = (pid_t)rd_u32(r);
	take_text(r, c->peer_ip, sizeof(c->peer_ip));
	c->peer_port = (uint16_t)rd_u32(r);
	take_text(r, c->local_ip, sizeof(c->local_ip));
	c->local_port = (uint16_t)rd_u32(r);
	take_text(r, c->version, sizeof(c->version));
	take_text(r, c->line, sizeof(c->line));
	take_text(r, c->user, sizeof(c->user));
	c->line_pid = (pid_t)rd_u32(r);
	c->draw = rd_u8(r);
	c->charged = rd_bool(r);
	take_text(r, c->rdomain, sizeof(c->rdomain));
	if (r->left.n == 0)
		return; /* of an image that didn't know these */
	c->uid = rd_u32(r);
	c->listens = rd_bool(r);
}

/* Its state says what it lives by: a connection, or its monitor's lifeline. */
static bool
is_whole(const struct client *c)
{
	if (c->state == CLIENT_SILENT || c->state == CLIENT_QUEUED)
		return c->fd >= 0;
	return c->state <= CLIENT_IN && c->lifeline != NULL;
}

static void
take_client(struct listener *l, struct slice body, struct rd *all)
{
	struct rd r = rd_from(body);
	struct client *c = waiting_new(l);

	client_take(c, &r);
	if (rd_status(&r) != OK || !is_whole(c)) {
		rd_fail(all, ERR_FORMAT);
		waiting_free(c);
		return;
	}
	if (c->state == CLIENT_IN)
		return;
	c->block = admit_block(l, c->peer_ip);
	admit_count(l, c);
	if (c->state == CLIENT_QUEUED)
		list_add_tail(&l->queue, &c->group);
}

static void
take_clients(struct listener *l, struct rd *r)
{
	while (r->left.n > 0 && rd_status(r) == OK) {
		struct slice body = rd_string(r);

		if (rd_status(r) == OK)
			take_client(l, body, r);
	}
}

static void
put_control(struct carry *c, struct listener *l)
{
	control_keep(l, c->keep);
	control_export(l, &c->w);
}

enum stage {
	EARLY, /* without a configuration */
	LATE
};

/* clang-format off */
static const struct record {
	uint32_t tag; /* never used for anything else again */
	enum stage stage;
	void (*save)(struct carry *c, struct listener *l);
	void (*load)(struct listener *l, struct rd *r);
} records[] = {
	{1, EARLY, put_sockets,   take_sockets},
	{2, EARLY, put_counts,    take_counts},
	{3, EARLY, put_children,  take_children},
	{4, EARLY, put_handover,  take_handover},
	{5, EARLY, put_notify,    take_notify},
	{6, LATE,  put_penalties, penalties_import},
	{7, LATE,  put_clients,   take_clients},
	{8, LATE,  put_control,   control_import},
};
/* clang-format on */

#define RECORDS (sizeof(records) / sizeof(records[0]))

/* ---- before the exec -------------------------------------------------------------- */

static enum err
write_all(struct listener *l, struct buf *state, bool keep)
{
	struct carry c = {.w = wr_into(state), .keep = keep};

	wr_u32(&c.w, CARRY_VERSION);
	for (size_t i = 0; i < RECORDS; i++) {
		size_t mark;

		wr_u32(&c.w, records[i].tag);
		mark = wr_begin(&c.w);
		records[i].save(&c, l);
		wr_finish(&c.w, mark);
	}
	return wr_end(&c.w, NULL);
}

void
carry_undo(struct listener *l, int fd)
{
	SCOPED(buf_clear) struct buf nobody = BUF_LIMIT(STATE_MAX);

	io_close(&fd);
	unsetenv(CARRY_VARIABLE);
	if (write_all(l, &nobody, false) != OK)
		log_debug1("descriptors may stay open over an exec");
}

enum err
carry_pack(struct listener *l, int *fd)
{
	SCOPED(buf_clear) struct buf state = BUF_LIMIT(STATE_MAX);
	char number[16];
	enum err e = write_all(l, &state, true);

	*fd = -1;
	if (e == OK)
		e = memfile_make("listener", buf_slice(&state), fd);
	if (e != OK) {
		carry_undo(l, -1);
		return e;
	}
	keep_across_exec(*fd, true);
	snprintf(number, sizeof(number), "%d", *fd);
	setenv(CARRY_VARIABLE, number, 1);
	return OK;
}

/* ---- after it ------------------------------------------------------------------------ */

static const struct record *
record_of(uint32_t tag)
{
	for (size_t i = 0; i < RECORDS; i++)
		if (records[i].tag == tag)
			return &records[i];
	return NULL;
}

/* What can't be read is told and passed over: better a client than none. */
static void
read_stage(struct listener *l, enum stage stage)
{
	struct rd r = rd_from(buf_slice(&l->carried));
	uint32_t version = rd_u32(&r);
	bool whole = rd_status(&r) == OK && version == CARRY_VERSION;

	while (whole && r.left.n > 0) {
		uint32_t tag = rd_u32(&r);
		struct rd body = rd_from(rd_string(&r));
		const struct record *record = record_of(tag);

		whole = rd_status(&r) == OK;
		if (!whole || record == NULL || record->stage != stage)
			continue;
		record->load(l, &body);
		if (rd_status(&body) != OK)
			log_error("record %u of what the old listener left "
				  "can't be read whole",
			    (unsigned int)tag);
	}
	if (!whole && stage == EARLY)
		log_error("what the old listener left can't be read whole");
}

bool
carry_receive(struct listener *l)
{
	const char *text = getenv(CARRY_VARIABLE);
	int fd;

	if (text == NULL)
		return false;
	fd = (int)strtol(text, NULL, 10);
	unsetenv(CARRY_VARIABLE);
	l->carried = BUF_LIMIT(STATE_MAX);
	if (memfile_read(fd, &l->carried) != OK)
		log_error("what the old listener left isn't there");
	else
		read_stage(l, EARLY);
	if (fd >= FIRST_KEPT)
		io_close(&fd);
	return true;
}

void
carry_restore(struct listener *l)
{
	if (l->carried.n > 0)
		read_stage(l, LATE);
	buf_clear(&l->carried);
}
