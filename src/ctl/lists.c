/*
 * lists.c - sessions and penalties: what comes in pages
 */
#include "ctl.h"

#include "sallyport/base/log.h"
#include "sallyport/base/rd.h"

#include <stdio.h>

/* Something that comes in pages, and how an entry of it is written. */
struct list {
	const struct layout *layout;
	enum err (*ask)(struct rpc *r, const struct list_req *req,
	    struct list_rep *rep);
	const char *title; /* of the columns */
	void (*text)(const void *entry);
	void (*json)(const void *entry);
	/* the next request's "after" */
	uint32_t (*next)(uint32_t after, const void *entry);
};

union entry {
	struct session_entry session;
	struct penalty_entry penalty;
};

static enum err
write_page(const struct list *list, const struct ctl *c, struct slice entries,
    struct list_req *req, size_t *written)
{
	struct rd r = rd_from(entries);
	union entry entry;
	enum err e;

	while (r.left.n > 0 && rd_status(&r) == OK) {
		struct slice octets = rd_string(&r);

		if ((e = layout_decode(list->layout, octets, NULL, 0,
			 &entry)) != OK)
			return e;
		if (!c->json && *written == 0)
			printf("%s\n", list->title);
		if (c->json)
			printf("%s", *written == 0 ? "\n  " : ",\n  ");
		(*written)++;
		(c->json ? list->json : list->text)(&entry);
		req->after = list->next(req->after, &entry);
	}
	return rd_end(&r);
}

static int
run(const struct list *list, const struct ctl *c)
{
	struct list_req req = {.all = c->all};
	struct list_rep rep = {.more = true};
	struct rpc *r = ask_open(c);
	size_t written = 0;
	enum err e = OK;

	if (r == NULL)
		return EXIT_NO_DAEMON;
	if (c->json)
		printf("[");
	while (e == OK && rep.more) {
		size_t before = written;

		if ((e = list->ask(r, &req, &rep)) == OK)
			e = write_page(list, c, rep.entries, &req, &written);
		if (written == before)
			break; /* more of nothing never ends */
	}
	if (c->json)
		printf("%s]\n", written > 0 ? "\n" : "");
	return e == OK ? 0 : ask_failed(c, e);
}

/* ---- sessions ------------------------------------------------------------------ */

static const char *
state_name(uint8_t state)
{
	return state == SESSION_IN       ? "in"
	       : state == SESSION_SILENT ? "silent"
					 : "before login";
}

static void
session_text(const void *entry)
{
	const struct session_entry *s = entry;

	printf("%-8u %-16s %-24s %-8s ", s->number,
	    s->state == SESSION_IN ? log_quote(s->user) : state_name(s->state),
	    log_quote(s->peer_ip), s->line.n > 0 ? log_quote(s->line) : "-");
	printf("%-9s ", show_age(s->age_ms));
	if (s->told)
		printf("%-9s %8u %8u %8s %8s\n", show_age(s->idle_ms),
		    s->channels, s->forwards, show_octets(s->received),
		    show_octets(s->sent));
	else
		printf("%-9s %8s %8s %8s %8s\n", "-", "-", "-", "-", "-");
}

static void
session_json(const void *entry)
{
	const struct session_entry *s = entry;

	printf("{\"id\": %u, \"state\": \"%s\", \"pid\": %u, ", s->number,
	    state_name(s->state), s->pid);
	printf("\"user\": %s, ",
	    s->state == SESSION_IN ? show_json(s->user) : "null");
	printf("\"address\": %s, \"port\": %u, ", show_json(s->peer_ip),
	    s->peer_port);
	printf("\"local_address\": %s, \"local_port\": %u, ",
	    show_json(s->local_ip), s->local_port);
	printf("\"terminal\": %s, ",
	    s->line.n > 0 ? show_json(s->line) : "null");
	printf("\"age_seconds\": %llu", (unsigned long long)(s->age_ms / 1000));
	if (s->told)
		printf(", \"idle_seconds\": %llu, \"channels\": %u, "
		       "\"forwards\": %u, \"received_bytes\": %llu, "
		       "\"sent_bytes\": %llu",
		    (unsigned long long)(s->idle_ms / 1000), s->channels,
		    s->forwards, (unsigned long long)s->received,
		    (unsigned long long)s->sent);
	printf("}");
}

static uint32_t
session_next(uint32_t after, const void *entry)
{
	const struct session_entry *s = entry;

	(void)after;
	return s->number;
}

int
lists_sessions(const struct ctl *c)
{
	static const struct list sessions = {.layout = &layout_session_entry,
	    .ask = ask_list_sessions,
	    .title = "ID       USER             FROM                     "
		     "TERMINAL AGE       IDLE      CHANNELS FORWARDS "
		     "      IN      OUT",
	    .text = session_text,
	    .json = session_json,
	    .next = session_next};

	return run(&sessions, c);
}

/* ---- penalties ------------------------------------------------------------------ */

static void
penalty_text(const void *entry)
{
	const struct penalty_entry *p = entry;

	printf("%-44s %-9s %-8s %s\n", log_quote(p->block),
	    show_age(p->left_ms + 999), p->enforced ? "refused" : "counted",
	    log_quote(p->reason));
}

static void
penalty_json(const void *entry)
{
	const struct penalty_entry *p = entry;

	printf("{\"block\": %s, \"reason\": %s, \"seconds\": %llu.%03u, "
	       "\"enforced\": %s}",
	    show_json(p->block), show_json(p->reason),
	    (unsigned long long)(p->left_ms / 1000),
	    (unsigned int)(p->left_ms % 1000), p->enforced ? "true" : "false");
}

static uint32_t
penalty_next(uint32_t after, const void *entry)
{
	(void)entry;
	return after + 1;
}

static int
clear(const struct ctl *c, const char *block)
{
	const struct text_req req = {.text = slice_cstr(block)};
	struct rpc *r = ask_open(c);
	struct done_rep rep;
	enum err e;

	if (r == NULL)
		return EXIT_NO_DAEMON;
	if ((e = ask_clear_penalties(r, &req, &rep)) != OK)
		return ask_failed(c, e);
	if (!rep.ok) {
		fprintf(stderr, "sallyportctl: %s: %s\n", block,
		    log_quote(rep.text));
		return EXIT_NO;
	}
	printf("%u cleared\n", rep.number);
	return 0;
}

int
lists_penalties(const struct ctl *c)
{
	static const struct list penalties = {.layout = &layout_penalty_entry,
	    .ask = ask_list_penalties,
	    .title = "SOURCE                                       "
		     "FOR       STATE    REASON",
	    .text = penalty_text,
	    .json = penalty_json,
	    .next = penalty_next};

	if (c->nwords == 0)
		return run(&penalties, c);
	if (slice_is(slice_cstr(c->words[0]), "clear") && c->nwords <= 2 &&
	    (c->nwords == 2) != c->all)
		return clear(c, c->all ? "" : c->words[1]);
	fprintf(stderr, "usage: sallyportctl penalties [--all]\n"
			"       sallyportctl penalties clear ADDRESS[/BITS]\n"
			"       sallyportctl penalties --all clear\n");
	return EXIT_USAGE;
}
