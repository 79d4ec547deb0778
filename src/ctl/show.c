/*
 * show.c - status, and the commands that are answered in a sentence
 */
#include "ctl.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define JSON_MAX    8192
#define RESTART_MS  20000 /* for the new configuration to serve */
#define ROOMS       8
#define QUESTION_MS 100

/* ---- writing ------------------------------------------------------------------ */

/* One of several rooms in turn, so that a line may hold some. */
static char *
next_room(void)
{
	static char rooms[ROOMS][JSON_MAX];
	static unsigned int turn;

	return rooms[turn++ % ROOMS];
}

const char *
show_json(struct slice text)
{
	char *room = next_room();
	size_t n = 0;

	room[n++] = '"';
	for (size_t i = 0; i < text.n && n < JSON_MAX - 8; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\') {
			room[n++] = '\\';
			room[n++] = (char)c;
		} else if (c < ' ' || c > '~') {
			/* octets, not letters: nobody says which they are */
			n += (size_t)snprintf(room + n, 7, "\\u%04x", c);
		} else {
			room[n++] = (char)c;
		}
	}
	room[n++] = '"';
	room[n] = '\0';
	return room;
}

const char *
show_age(uint64_t ms)
{
	static const struct {
		uint64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	uint64_t s = ms / 1000;
	char *room = next_room();
	size_t i = 0;

	while (i < 3 && s < units[i].seconds)
		i++;
	if (i == 3)
		snprintf(room, JSON_MAX, "%llus", (unsigned long long)s);
	else
		snprintf(room, JSON_MAX, "%llu%c %llu%c",
		    (unsigned long long)(s / units[i].seconds), units[i].unit,
		    (unsigned long long)(s % units[i].seconds /
					 units[i + 1].seconds),
		    units[i + 1].unit);
	return room;
}

const char *
show_octets(uint64_t n)
{
	static const char units[] = "KMGTPE";
	char *room = next_room();
	double v = (double)n;
	int i = -1;

	for (; v >= 1000 && i < 5; i++)
		v /= 1024;
	if (i < 0)
		snprintf(room, JSON_MAX, "%llu", (unsigned long long)n);
	else
		snprintf(room, JSON_MAX, "%.1f%c", v, units[i]);
	return room;
}

const char *
show_time(uint64_t seconds)
{
	char *room = next_room();
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(room, JSON_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		room[0] = '\0';
	return room;
}

/* ---- status --------------------------------------------------------------------- */

static void
json_list(const char *name, struct slice list)
{
	struct rd r = rd_from(list);
	const char *gap = "";

	printf("  \"%s\": [", name);
	while (r.left.n > 0 && rd_status(&r) == OK) {
		printf("%s%s", gap, show_json(rd_string(&r)));
		gap = ", ";
	}
	printf("],\n");
}

static void
json_status(const struct status_rep *s)
{
	printf("{\n");
	printf("  \"version\": %s,\n", show_json(s->version));
	printf("  \"program\": %s,\n", show_json(s->program));
	printf("  \"configuration\": %s,\n", show_json(s->file));
	printf("  \"pid\": %u,\n", s->pid);
	printf("  \"keeper_pid\": %u,\n", s->keeper_pid);
	printf("  \"started\": \"%s\",\n", show_time(s->started_s));
	printf("  \"uptime_seconds\": %llu,\n",
	    (unsigned long long)(s->uptime_ms / 1000));
	printf("  \"reloads\": %llu,\n", (unsigned long long)s->reloads);
	json_list("listening", s->listening);
	json_list("generations", s->generations);
	printf("  \"connections\": %llu,\n",
	    (unsigned long long)s->connections);
	printf("  \"silent\": %u,\n  \"speaking\": %u,\n", s->silent,
	    s->speaking);
	printf("  \"sessions\": %u,\n", s->sessions);
	printf("  \"penalised_sources\": %u,\n", s->penalised);
	if (s->confirming)
		printf("  \"confirm_seconds\": %u\n}\n", s->confirm_s);
	else
		printf("  \"confirm_seconds\": null\n}\n");
}

static void
text_list(const char *name, struct slice list)
{
	struct rd r = rd_from(list);

	while (r.left.n > 0 && rd_status(&r) == OK) {
		printf("%-12s %s\n", name, log_quote_max(rd_string(&r), 200));
		name = "";
	}
}

static void
text_status(const struct status_rep *s)
{
	printf("sallyportd %s, pid %u, %s\n", log_quote(s->version), s->pid,
	    log_quote_max(s->program, 1000));
	printf("%-12s %s\n", "config", log_quote_max(s->file, 1000));
	printf("%-12s since %s, for %s; %llu reloads\n", "up",
	    show_time(s->started_s), show_age(s->uptime_ms),
	    (unsigned long long)s->reloads);
	text_list("listening", s->listening);
	if (s->keeper_pid != 0)
		printf("%-12s pid %u\n", "keeper", s->keeper_pid);
	else
		printf("%-12s none at the moment\n", "keeper");
	text_list("generations", s->generations);
	printf("%-12s %llu accepted; before login %u silent, %u speaking; "
	       "%u logged in\n",
	    "connections", (unsigned long long)s->connections, s->silent,
	    s->speaking, s->sessions);
	printf("%-12s %u sources\n", "penalties", s->penalised);
	if (s->confirming)
		printf("%-12s the configuration of before comes back in %u "
		       "s, unless: sallyportctl confirm\n",
		    "confirm", s->confirm_s);
}

int
show_status(const struct ctl *c)
{
	const struct empty_msg req = {0};
	struct rpc *r = ask_open(c);
	struct status_rep s;
	enum err e;

	if (r == NULL)
		return EXIT_NO_DAEMON;
	if ((e = ask_status(r, &req, &s)) != OK)
		return ask_failed(c, e);
	if (c->json)
		json_status(&s);
	else
		text_status(&s);
	return 0;
}

/* ---- in a sentence -------------------------------------------------------------- */

/* Tell why not, line by line. */
static int
refused(const struct done_rep *rep)
{
	struct slice rest = rep->text, line;

	while (slice_next(&rest, '\n', &line))
		fprintf(stderr, "sallyportctl: %s\n", log_quote_max(line, 900));
	return EXIT_NO;
}

/* 0 where it can't be asked. */
static uint64_t
count_reloads(const struct ctl *c, uint32_t patience_ms)
{
	const struct empty_msg req = {0};
	struct rpc *r = ask_patiently(c, patience_ms);
	struct status_rep s = {.reloads = 0};

	if (r == NULL || ask_status(r, &req, &s) != OK)
		s.reloads = 0;
	else
		s.reloads++;
	rpc_free(r);
	return s.reloads;
}

/*
 * The new configuration was found good, and the daemon executes itself with
 * it. It serves once it answers, one reload further.
 */
static int
await_reload(const struct ctl *c, uint64_t before)
{
	uint64_t end = clock_mono_ms() + RESTART_MS;

	while (clock_mono_ms() < end) {
		uint64_t now = count_reloads(c, RESTART_MS);

		if (now > before)
			return 0;
		poll(NULL, 0, QUESTION_MS);
	}
	fprintf(stderr, "sallyportctl: the new configuration doesn't serve; "
			"see the log\n");
	return EXIT_NO;
}

int
show_reload(const struct ctl *c)
{
	const struct number_req req = {.number = c->confirm_s};
	uint64_t before = count_reloads(c, 0);
	struct rpc *r = ask_open(c);
	struct done_rep rep;
	enum err e;
	int status;

	if (r == NULL)
		return EXIT_NO_DAEMON;
	e = ask_reload(r, &req, &rep);
	if (e != OK)
		return ask_failed(c, e);
	if (!rep.ok)
		return refused(&rep);
	rpc_free(r);
	if ((status = await_reload(c, before)) != 0)
		return status;
	printf("reloaded\n");
	if (c->confirm_s > 0)
		printf("the configuration of before comes back in %u s, "
		       "unless: sallyportctl confirm\n",
		    c->confirm_s);
	return 0;
}

int
show_confirm(const struct ctl *c)
{
	const struct empty_msg req = {0};
	struct rpc *r = ask_open(c);
	struct done_rep rep;
	enum err e;

	if (r == NULL)
		return EXIT_NO_DAEMON;
	if ((e = ask_confirm(r, &req, &rep)) != OK)
		return ask_failed(c, e);
	return rep.ok ? 0 : refused(&rep);
}

int
show_kill(const struct ctl *c)
{
	struct number_req req;
	struct rpc *r;
	struct done_rep rep;
	uint64_t number;
	enum err e;

	if (c->nwords != 1 || text_number(slice_cstr(c->words[0]), 1,
				  UINT32_MAX, &number) != OK) {
		fprintf(stderr, "usage: sallyportctl kill ID\n");
		return EXIT_USAGE;
	}
	req.number = (uint32_t)number;
	if ((r = ask_open(c)) == NULL)
		return EXIT_NO_DAEMON;
	if ((e = ask_kill_session(r, &req, &rep)) != OK)
		return ask_failed(c, e);
	return rep.ok ? 0 : refused(&rep);
}

int
show_metrics(const struct ctl *c)
{
	const struct figures_req req = {.openmetrics = !c->prometheus};
	struct rpc *r = ask_open(c);
	struct figures_rep rep;
	enum err e;

	if (r == NULL)
		return EXIT_NO_DAEMON;
	if ((e = ask_figures(r, &req, &rep)) != OK)
		return ask_failed(c, e);
	return io_write_all(STDOUT_FILENO, rep.text) == OK ? 0 : EXIT_NO;
}
