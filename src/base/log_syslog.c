#include "log_syslog.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"

#include "log_line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX    64u /* "<PRI>Mmm dd hh:mm:ss IDENT[pid]: " */
#define PATIENCE_MS 100 /* for a busy logger; it must not hold us up */
#define IDENT_MAX   16  /* "internal-sftp" */
/* journald's fields: seven of ours, a name of escapes alone among them, and
 * five of its own beside the text */
#define FIELDS_MAX 1536u

/* clang-format off */
/* Names beginning with '_' would be journald's own. */
static const char *const fields[LOG_FIELDS] = {
	[LOG_FIELD_USER]        = "SALLYPORT_USER",
	[LOG_FIELD_ADDRESS]     = "SALLYPORT_ADDRESS",
	[LOG_FIELD_PORT]        = "SALLYPORT_PORT",
	[LOG_FIELD_METHOD]      = "SALLYPORT_METHOD",
	[LOG_FIELD_FINGERPRINT] = "SALLYPORT_FINGERPRINT",
	[LOG_FIELD_CERT_ID]     = "SALLYPORT_CERT_ID",
	[LOG_FIELD_CONNECTION]  = "SALLYPORT_CONNECTION",
};
/* clang-format on */

/* Whom the lines go to: a part of the log's target (log.c). */
static struct {
	const char *ident;
	int facility;
	int fd;            /* syslog's or journald's socket, or -1 */
	bool journal;      /* it is journald's */
	bool local;        /* the time zone's file was read */
	bool stuck;        /* the logger didn't take the last record */
	unsigned int lost; /* records that it didn't take */
	const char *fields[LOG_FIELDS];
} logger = {
    .ident = "sshd",
    .facility = LOG_AUTH,
    .fd = -1,
};

/* ---- setting up ---- */

void
log_syslog_set_ident(const char *name)
{
	logger.ident = name;
}

void
log_syslog_set_facility(int facility)
{
	logger.facility = facility == 0 ? LOG_AUTH : facility;
	/* not for us: PAM's modules write by way of libc */
	openlog(logger.ident, LOG_PID, logger.facility);
}

int
log_syslog_facility(void)
{
	return logger.facility;
}

static bool
connect_to(struct slice path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	slice_copy(path, BYTES_OF(to.sun_path));
	io_close(&logger.fd);
	logger.fd =
	    socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (logger.fd < 0)
		return false;
	if (connect(logger.fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return true;
	io_close(&logger.fd);
	return false;
}

/* journald, where there is one: it takes the fields, too. */
static bool
syslog_connect(void)
{
	logger.journal = connect_to(SLICE_STR(LOG_JOURNAL_PATH));
	return logger.journal || connect_to(SLICE_STR(LOG_SYSLOG_PATH));
}

void
log_syslog_open(bool now)
{
	tzset();
	logger.local = true;
	if (now && logger.fd < 0)
		syslog_connect(); /* else tried again with the first line */
}

void
log_syslog_close(void)
{
	io_close(&logger.fd);
}

int
log_syslog_fd(void)
{
	return logger.fd;
}

void
log_syslog_field(enum log_field_id field, const char *text)
{
	logger.fields[field] = text;
}

bool
log_syslog_has_fields(void)
{
	return logger.journal;
}

/* ---- syslog ---- */

/*
 * A logger that is busy gets a moment, but one that has stopped gets it once:
 * a stuck logger must not shut everybody out.
 */
static bool
syslog_send(const char *record, size_t n)
{
	struct pollfd p = {.fd = logger.fd, .events = POLLOUT};
	ssize_t sent;

	do
		sent = send(logger.fd, record, n, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EAGAIN && !logger.stuck) {
		poll(&p, 1, PATIENCE_MS);
		sent = send(logger.fd, record, n, MSG_NOSIGNAL);
	}
	return sent >= 0;
}

/*
 * The head as in RFC 3164 §4.1, which /dev/log's readers expect. Neither the
 * locale nor, without log_open's tzset, a file of the zone is asked: a
 * confined process can't open it.
 */
static int
syslog_head(char *room, size_t size, int priority)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)clock_wall_s();
	struct tm tm = {0};

	if (logger.local)
		localtime_r(&now, &tm);
	else
		gmtime_r(&now, &tm);
	return snprintf(room, size, "<%d>%.3s %2d %02d:%02d:%02d %.*s[%d]: ",
	    logger.facility | priority, &months[3 * tm.tm_mon], tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, IDENT_MAX, logger.ident,
	    (int)getpid());
}

static bool
syslog_record(int priority, const char *text)
{
	char record[HEAD_MAX + LOG_SYSLOG_MAX + 1];
	int head = syslog_head(record, HEAD_MAX, priority);
	struct log_line t = {record, (size_t)head, sizeof(record)};

	if (head < 0 || head >= (int)HEAD_MAX)
		return false;
	log_line_add(&t, text, strlen(text));
	return syslog_send(record, t.n);
}

/* ---- journald ---- */

/*
 * "NAME=text" and a newline, whole or not at all. The text has no newline,
 * like all that is escaped, so this one of the protocol's two forms will do.
 */
static void
journal_field(struct log_line *t, const char *name, const char *text)
{
	size_t before = t->n;

	if (!log_line_add(t, name, strlen(name)) || !log_line_add(t, "=", 1) ||
	    !log_line_add(t, text, strlen(text)) || !log_line_add(t, "\n", 1))
		t->n = before;
}

static void
journal_number(struct log_line *t, const char *name, int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	journal_field(t, name, text);
}

/* Its native protocol: one datagram, a field a line. */
static bool
journal_record(int priority, const char *text)
{
	char record[LOG_SYSLOG_MAX + FIELDS_MAX];
	struct log_line t = {record, 0, sizeof(record)};

	journal_field(&t, "MESSAGE", text);
	journal_number(&t, "PRIORITY", priority);
	journal_number(&t, "SYSLOG_FACILITY", logger.facility >> 3);
	journal_field(&t, "SYSLOG_IDENTIFIER", logger.ident);
	journal_number(&t, "SYSLOG_PID", (int)getpid());
	for (size_t i = 0; i < LOG_FIELDS; i++)
		if (logger.fields[i] != NULL)
			journal_field(&t, fields[i], logger.fields[i]);
	return syslog_send(record, t.n);
}

/* ---- whichever it is ---- */

static bool
syslog_write(int priority, const char *text)
{
	return logger.journal ? journal_record(priority, text)
			      : syslog_record(priority, text);
}

/* The logger may have been started anew, so its socket is another one. */
static bool
syslog_line(int priority, const char *text)
{
	if (logger.fd >= 0 && syslog_write(priority, text))
		return true;
	if (logger.fd >= 0 && errno == EAGAIN)
		return false;
	return syslog_connect() && syslog_write(priority, text);
}

void
log_syslog_write(int priority, const char *text)
{
	char note[80];

	if (!syslog_line(priority, text)) {
		logger.stuck = true;
		logger.lost++;
		return;
	}
	logger.stuck = false;
	if (logger.lost == 0)
		return;
	snprintf(note, sizeof(note),
	    "error: %u lines were lost while the logger was away", logger.lost);
	if (syslog_line(LOG_ERR, note))
		logger.lost = 0;
}

void
log_syslog_missed(void)
{
	logger.lost++;
}
