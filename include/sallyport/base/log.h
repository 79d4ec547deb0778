/*
 * log.h - one line per event, for the administrator
 *
 * Where: syslog, standard error, or a function of the process (which sends the
 * line to its monitor). Every line leaves as one record whatever a peer sent:
 * the whole text is escaped at the sink (control and non-ASCII octets become
 * \n, \t, \ooo, backslash itself stays) and cut to LOG_LINE_MAX.
 * Text from a peer additionally passes log_quote, which bounds it.
 *
 * Lines, levels and prefixes are those of OpenSSH's sshd: the ident is
 * "sshd[pid]"; "fatal: ", "error: ", "debug1: " … in syslog and, but for fatal
 * and error, on standard error.
 *
 * Where journald is, syslog's records go to it in its native protocol, and what
 * is known of the connection goes beside the text as fields (log_field).
 */
#ifndef SALLYPORT_BASE_LOG_H
#define SALLYPORT_BASE_LOG_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>

/* Where journald takes its native records, and everybody syslog's. */
#define LOG_JOURNAL_PATH "/run/systemd/journal/socket"
#define LOG_SYSLOG_PATH  "/dev/log"

/*
 * Octets of a line, escaped, without syslog's head and the newline. The bounds
 * leave room for the longest user name, every octet of it escaped, and what
 * follows it: a name must not push the address off the line. RFC 3164 §4.1
 * allows a record of 1024 octets; a line from a function gets a suffix and a
 * prefix from the process that it is sent to.
 */
#define LOG_LINE_MAX     1023
#define LOG_SYSLOG_MAX   960
#define LOG_FUNCTION_MAX 930
#define LOG_NAME_MAX     100 /* log_quote's bound, reference for user names */

enum log_level { /* QUIET as a threshold only */
	LEVEL_QUIET,
	LEVEL_FATAL,
	LEVEL_ERROR,
	LEVEL_INFO,
	LEVEL_VERBOSE,
	LEVEL_DEBUG1,
	LEVEL_DEBUG2,
	LEVEL_DEBUG3
};

enum log_target { TARGET_STDERR, TARGET_SYSLOG, TARGET_FUNCTION };

/*
 * Facility as in <syslog.h> (LOG_AUTH …), 0 stands for LOG_AUTH. Opens the
 * socket to /dev/log when the first line is written, or at once with now.
 */
void
log_open(enum log_target target, enum log_level level, int facility, bool now);

/* Another program's name than "sshd" before each record; kept. Before log_open.
 */
void log_set_ident(const char *name);

/*
 * Send lines to fn instead (gate, keycheck, session). fn gets the escaped text
 * without a prefix; lines that fn itself logs are dropped.
 */
void
log_to_function(void (*fn)(void *ctx, enum log_level level, const char *text),
    void *ctx);

void log_set_level(enum log_level level);
enum log_level log_level_now(void);

/* "INFO", "debug2" … in any case; DEBUG is DEBUG1. ERR_NOT_FOUND. */
MUST_USE enum err log_level_parse(const char *name, enum log_level *level);
const char *log_level_name(enum log_level level); /* "INFO", "DEBUG1" */
MUST_USE enum err log_facility_parse(const char *name, int *facility);
const char *log_facility_name(int facility); /* "AUTH" */

/*
 * Target, level and facility as one word for a process that is exec'd; a
 * function becomes standard error. log_import opens the socket to /dev/log at
 * once. ERR_FORMAT.
 */
void log_export(char room[32]);
MUST_USE enum err log_import(const char *word);

/*
 * LogVerbose: places of the program whose lines are written whatever the
 * level. Each text is a pattern list (base/pattern.h) that is compared with
 * "file.c:function():line", and without the parentheses. Such a line begins
 * with its place. Keeps texts and list; n 0: none.
 */
void log_places(const char *const *lists, size_t n);

/* In log_to_function's fn: does the line's place demand that it is written? */
bool log_is_forced(void);

/*
 * What the lines of this process are about, for journald. Keeps the text, which
 * must be escaped (log_quote) where it is a peer's; NULL: not known.
 */
enum log_field_id {
	LOG_FIELD_USER,
	LOG_FIELD_ADDRESS,
	LOG_FIELD_PORT,
	LOG_FIELD_METHOD,
	LOG_FIELD_FINGERPRINT,
	LOG_FIELD_CERT_ID,
	LOG_FIELD_CONNECTION,
	LOG_FIELDS
};
void log_field(enum log_field_id field, const char *text);
/* Is there anybody who reads them? Else they needn't be worked out. */
bool log_has_fields(void);

/* Level and place decide; log_at and its like name their own place. */
void
log_from(const char *file, const char *function, int line, enum log_level level,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A line of another process of ours, whose place decided already. */
void log_relay(enum log_level level, bool forced, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifndef __FILE_NAME__ /* compilers of before 2022 */
#define __FILE_NAME__ __FILE__
#endif
#define log_at(level, ...)                                                     \
	log_from(__FILE_NAME__, __func__, __LINE__, (level), __VA_ARGS__)

#define log_fatal(...)   log_at(LEVEL_FATAL, __VA_ARGS__)
#define log_error(...)   log_at(LEVEL_ERROR, __VA_ARGS__)
#define log_info(...)    log_at(LEVEL_INFO, __VA_ARGS__)
#define log_verbose(...) log_at(LEVEL_VERBOSE, __VA_ARGS__)
#define log_debug1(...)  log_at(LEVEL_DEBUG1, __VA_ARGS__)
#define log_debug2(...)  log_at(LEVEL_DEBUG2, __VA_ARGS__)
#define log_debug3(...)  log_at(LEVEL_DEBUG3, __VA_ARGS__)

/*
 * A peer's text for use as a %s argument: escaped, cut to LOG_NAME_MAX octets
 * of the source. One of eight buffers in turn: not to be kept.
 */
const char *log_quote(struct slice s);

/* The same, cut to max octets of the source (at most LOG_LINE_MAX). */
const char *log_quote_max(struct slice s, size_t max);

/* Descriptor that the sink needs besides 2 (syslog's socket), or -1: for
 * those who close all others. */
int log_fd(void);

#endif
