#include "sallyport/base/log.h"

#include "sallyport/base/io.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/text.h"

#include "log_line.h"
#include "log_syslog.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#define ESCAPE_MAX  4u  /* "\ooo" */
#define PATIENCE_MS 100 /* for a busy reader; it must not hold us up */
#define QUOTES      8u  /* texts of log_quote that live at a time */
#define PLACE_MAX   160 /* "file.c:function():line" */

/* clang-format off */
static const struct level_row {
	const char *name;   /* in sshd_config */
	const char *prefix; /* of the line */
	int priority;       /* syslog's */
	bool on_stderr;     /* the prefix is written there, too */
} levels[] = {
	[LEVEL_QUIET]   = {"QUIET",   "",         0,           false},
	[LEVEL_FATAL]   = {"FATAL",   "fatal: ",  LOG_CRIT,    false},
	[LEVEL_ERROR]   = {"ERROR",   "error: ",  LOG_ERR,     false},
	[LEVEL_INFO]    = {"INFO",    "",         LOG_INFO,    false},
	[LEVEL_VERBOSE] = {"VERBOSE", "",         LOG_INFO,    false},
	[LEVEL_DEBUG1]  = {"DEBUG1",  "debug1: ", LOG_DEBUG,   true},
	[LEVEL_DEBUG2]  = {"DEBUG2",  "debug2: ", LOG_DEBUG,   true},
	[LEVEL_DEBUG3]  = {"DEBUG3",  "debug3: ", LOG_DEBUG,   true},
};

static const struct facility_row {
	const char *name;
	int facility;
} facilities[] = {
	{"DAEMON", LOG_DAEMON}, {"USER",     LOG_USER},
	{"AUTH",   LOG_AUTH},   {"AUTHPRIV", LOG_AUTHPRIV},
	{"LOCAL0", LOG_LOCAL0}, {"LOCAL1",   LOG_LOCAL1},
	{"LOCAL2", LOG_LOCAL2}, {"LOCAL3",   LOG_LOCAL3},
	{"LOCAL4", LOG_LOCAL4}, {"LOCAL5",   LOG_LOCAL5},
	{"LOCAL6", LOG_LOCAL6}, {"LOCAL7",   LOG_LOCAL7},
};
/* clang-format on */

#define LEVELS     (sizeof(levels) / sizeof(levels[0]))
#define FACILITIES (sizeof(facilities) / sizeof(facilities[0]))

/* The log's target: the one thing here that a process changes. */
static struct {
	enum log_target target;
	enum log_level level;
	bool busy; /* a function that logs would be called for ever */
	void (*fn)(void *ctx, enum log_level level, const char *text);
	void *ctx;
	bool forced;               /* the line that fn has was demanded */
	const char *const *places; /* LogVerbose's lists */
	size_t nplaces;
} sink = {
    .target = TARGET_STDERR,
    .level = LEVEL_INFO,
};

/* ---- text ---- */

/* One octet, made printable; false where it doesn't fit whole. */
static bool
line_escape(struct log_line *t, uint8_t c)
{
	char octal[] = {'\\', (char)('0' + (c >> 6)),
	    (char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7))};

	if (c == '\n')
		return log_line_add(t, "\\n", 2);
	if (c == '\t')
		return log_line_add(t, "\\t", 2);
	if (c < ' ' || c > '~')
		return log_line_add(t, octal, sizeof(octal));
	return log_line_add(t, (const char *)&c, 1);
}

static void
line_escape_all(struct log_line *t, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!line_escape(t, s.p[i]))
			return;
}

const char *
log_quote(struct slice s)
{
	return log_quote_max(s, LOG_NAME_MAX);
}

/*
 * The texts lie one behind the other, so that a process whose names are short
 * writes one page. A text is at most LOG_LINE_MAX long and at most one such
 * length is lost where the end is reached: eight always live.
 */
const char *
log_quote_max(struct slice s, size_t max)
{
	static char pool[(QUOTES + 1) * (LOG_LINE_MAX + 1)];
	static size_t used;
	size_t size = LOG_LINE_MAX + 1;
	struct log_line t;

	s = slice_first(s, max);
	if (s.n < LOG_LINE_MAX / ESCAPE_MAX)
		size = s.n * ESCAPE_MAX + 1;
	if (size > sizeof(pool) - used)
		used = 0;
	t = (struct log_line){.room = pool + used, .size = size};
	t.room[0] = '\0';
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] == '\\' ? log_line_add(&t, "\\\\", 2)
				     : line_escape(&t, s.p[i])))
			break;
	used += t.n + 1;
	return t.room;
}

/* ---- the other targets ---- */

/* One write: a line isn't mixed with those of other processes. */
static void
to_stderr(char *line, size_t n)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	size_t written;

	line[n] = '\n';
	if (io_write(STDERR_FILENO, slice_make(line, n + 1), &written) !=
	    ERR_AGAIN)
		return;
	poll(&p, 1, PATIENCE_MS);
	if (io_write(STDERR_FILENO, slice_make(line, n + 1), &written) != OK)
		log_syslog_missed();
}

static void
to_function(enum log_level level, bool forced, const char *text)
{
	if (sink.busy || sink.fn == NULL)
		return;
	sink.busy = true;
	sink.forced = forced;
	sink.fn(sink.ctx, level, text);
	sink.busy = false;
}

static size_t
text_max(void)
{
	switch (sink.target) {
	case TARGET_SYSLOG:
		return LOG_SYSLOG_MAX;
	case TARGET_FUNCTION:
		return LOG_FUNCTION_MAX;
	case TARGET_STDERR:
	default:
		return LOG_LINE_MAX;
	}
}

/* ---- LogVerbose ---- */

/* "kex.c:kex_derive():99", or as people write it, "kex.c:kex_derive:99" */
static void
name_place(char room[PLACE_MAX], const char *file, const char *function,
    const char *parentheses, int line)
{
	const char *slash = strrchr(file, '/');

	snprintf(room, PLACE_MAX, "%.60s:%.60s%s:%d",
	    slash == NULL ? file : slash + 1, function, parentheses, line);
}

/* In either spelling, and excluded in none. */
static bool
is_named(const char *list, const char *place, const char *bare)
{
	enum pattern_result a =
	    pattern_list(slice_cstr(list), slice_cstr(place), false);
	enum pattern_result b =
	    pattern_list(slice_cstr(list), slice_cstr(bare), false);

	if (a == PATTERN_NEGATED || b == PATTERN_NEGATED)
		return false;
	return a == PATTERN_HIT || b == PATTERN_HIT;
}

/* Demanded: then place is what the line begins with. */
static bool
is_demanded(const char *file, const char *function, int line,
    char place[PLACE_MAX])
{
	char bare[PLACE_MAX];

	name_place(bare, file, function, "", line);
	name_place(place, file, function, "()", line);
	for (size_t i = 0; i < sink.nplaces; i++)
		if (is_named(sink.places[i], place, bare))
			return true;
	return false;
}

/* ---- a line ---- */

/* What is put before it: of its level, and of its place where that counts. */
static void
line_begin(struct log_line *t, const struct level_row *row, const char *place)
{
	if (sink.target == TARGET_SYSLOG ||
	    (sink.target == TARGET_STDERR && row->on_stderr))
		log_line_add(t, row->prefix, strlen(row->prefix));
	if (place == NULL)
		return;
	log_line_add(t, place, strlen(place));
	log_line_add(t, ": ", 2);
}

/* Apart from log_from, so that a line below the level costs no stack. */
__attribute__((format(printf, 4, 0), noinline)) static void
write_line(enum log_level level, bool forced, const char *place,
    const char *format, va_list args)
{
	const struct level_row *row = &levels[level];
	char raw[LOG_LINE_MAX + 1];
	char line[LOG_LINE_MAX + 2]; /* to_stderr adds the newline */
	struct log_line t = {.room = line, .size = text_max() + 1};

	vsnprintf(raw, sizeof(raw), format, args);
	line[0] = '\0';
	line_begin(&t, row, place);
	line_escape_all(&t, slice_cstr(raw));
	switch (sink.target) {
	case TARGET_SYSLOG:
		log_syslog_write(row->priority, line);
		break;
	case TARGET_FUNCTION:
		to_function(level, forced, line);
		break;
	case TARGET_STDERR:
	default:
		to_stderr(line, t.n);
		break;
	}
}

__attribute__((format(printf, 5, 0), noinline)) static void
write_if_demanded(const char *file, const char *function, int line,
    enum log_level level, const char *format, va_list args)
{
	char place[PLACE_MAX];

	if (is_demanded(file, function, line, place))
		write_line(level, true, place, format, args);
	else if (level <= sink.level)
		write_line(level, false, NULL, format, args);
}

void
log_from(const char *file, const char *function, int line, enum log_level level,
    const char *format, ...)
{
	int saved = errno; /* "…: %s" for errno often follows twice */
	va_list args;

	if (level == LEVEL_QUIET || (level > sink.level && sink.nplaces == 0))
		return;
	va_start(args, format);
	if (sink.nplaces == 0)
		write_line(level, false, NULL, format, args);
	else
		write_if_demanded(file, function, line, level, format, args);
	va_end(args);
	errno = saved;
}

void
log_relay(enum log_level level, bool forced, const char *format, ...)
{
	int saved = errno;
	va_list args;

	if (level == LEVEL_QUIET || (level > sink.level && !forced))
		return;
	va_start(args, format);
	write_line(level, forced, NULL, format, args);
	va_end(args);
	errno = saved;
}

/* ---- setting up ---- */

void
log_set_ident(const char *name)
{
	log_syslog_set_ident(name);
}

void
log_open(enum log_target target, enum log_level level, int facility, bool now)
{
	sink.target = target;
	sink.level = level;
	log_syslog_set_facility(facility);
	if (target == TARGET_SYSLOG)
		log_syslog_open(now);
	else
		log_syslog_close();
}

void
log_to_function(void (*fn)(void *ctx, enum log_level level, const char *text),
    void *ctx)
{
	log_syslog_close();
	sink.target = TARGET_FUNCTION;
	sink.fn = fn;
	sink.ctx = ctx;
}

void
log_places(const char *const *lists, size_t n)
{
	sink.places = lists;
	sink.nplaces = n;
}

bool
log_is_forced(void)
{
	return sink.forced;
}

void
log_field(enum log_field_id field, const char *text)
{
	log_syslog_field(field, text);
}

bool
log_has_fields(void)
{
	return sink.target == TARGET_SYSLOG && log_syslog_has_fields();
}

void
log_set_level(enum log_level level)
{
	sink.level = level;
}

enum log_level
log_level_now(void)
{
	return sink.level;
}

int
log_fd(void)
{
	return log_syslog_fd();
}

/* ---- names ---- */

enum err
log_level_parse(const char *name, enum log_level *level)
{
	struct slice wanted = slice_cstr(name);

	if (text_same_nocase(wanted, SLICE_STR("DEBUG")))
		wanted = SLICE_STR("DEBUG1");
	for (size_t i = 0; i < LEVELS; i++) {
		if (!text_same_nocase(wanted, slice_cstr(levels[i].name)))
			continue;
		*level = (enum log_level)i;
		return OK;
	}
	return ERR_NOT_FOUND;
}

const char *
log_level_name(enum log_level level)
{
	return (size_t)level < LEVELS ? levels[level].name : "UNKNOWN";
}

enum err
log_facility_parse(const char *name, int *facility)
{
	struct slice wanted = slice_cstr(name);

	for (size_t i = 0; i < FACILITIES; i++) {
		if (!text_same_nocase(wanted, slice_cstr(facilities[i].name)))
			continue;
		*facility = facilities[i].facility;
		return OK;
	}
	return ERR_NOT_FOUND;
}

const char *
log_facility_name(int facility)
{
	for (size_t i = 0; i < FACILITIES; i++)
		if (facilities[i].facility == facility)
			return facilities[i].name;
	return "UNKNOWN";
}

/* "syslog:INFO:AUTH". A function can't be exec'd into: standard error. */
void
log_export(char room[32])
{
	snprintf(room, 32, "%s:%s:%s",
	    sink.target == TARGET_SYSLOG ? "syslog" : "stderr",
	    log_level_name(sink.level),
	    log_facility_name(log_syslog_facility()));
}

static bool
take_part(struct slice *rest, char *room, size_t size)
{
	struct slice part;

	return slice_next(rest, ':', &part) && slice_to_cstr(part, room, size);
}

enum err
log_import(const char *word)
{
	struct slice rest = slice_cstr(word);
	char target[16], level[16], facility[16];
	enum log_level l;
	int f;

	if (!take_part(&rest, target, sizeof(target)) ||
	    !take_part(&rest, level, sizeof(level)) ||
	    !take_part(&rest, facility, sizeof(facility)) || rest.n != 0)
		return ERR_FORMAT;
	if (log_level_parse(level, &l) != OK ||
	    log_facility_parse(facility, &f) != OK)
		return ERR_FORMAT;
	if (strcmp(target, "syslog") != 0 && strcmp(target, "stderr") != 0)
		return ERR_FORMAT;
	/* Now: a keeper can't open it later, from within its filter */
	log_open(target[1] == 'y' ? TARGET_SYSLOG : TARGET_STDERR, l, f, true);
	return OK;
}
