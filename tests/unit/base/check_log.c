#include "suite.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

/* ---- standard error ---- */

static int err_pipe[2];

static void
setup(void)
{
	ck_assert_int_eq(io_pipe(err_pipe), OK);
	ck_assert_int_eq(io_nonblock(err_pipe[0], true), OK);
	dup2(err_pipe[1], 2);
	log_open(TARGET_STDERR, LEVEL_DEBUG3, 0, true);
}

/* What stands in the pipe, as a C string. */
static const char *
written(void)
{
	static char room[8192];
	size_t n = 0;

	if (io_read(err_pipe[0], bytes_make(room, sizeof(room) - 1), &n) != OK)
		n = 0;
	room[n] = '\0';
	return room;
}

/* Reference: fatal and error have a prefix in syslog alone. */
START_TEST(writes_prefixes_as_sshd_does)
{
	log_fatal("f %d", 1);
	log_error("e");
	log_info("i");
	log_verbose("v");
	log_debug1("d");
	log_debug3("d");
	ck_assert_str_eq(written(), "f 1\ne\ni\nv\ndebug1: d\ndebug3: d\n");
}
END_TEST

START_TEST(writes_what_the_level_lets_through)
{
	enum log_level level = (enum log_level)_i;
	size_t lines = 0;

	log_set_level(level);
	ck_assert_int_eq(log_level_now(), level);
	log_at(LEVEL_QUIET, "never");
	for (int l = LEVEL_FATAL; l <= LEVEL_DEBUG3; l++)
		log_at((enum log_level)l, "line");
	for (const char *p = written(); (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_eq(lines, (size_t)level);
}
END_TEST

/* How the octet c is to stand in a line. */
static void
expected_octet(int c, char room[8])
{
	if (c == '\n')
		snprintf(room, 8, "\\n");
	else if (c == '\t')
		snprintf(room, 8, "\\t");
	else if (c >= ' ' && c <= '~')
		snprintf(room, 8, "%c", c);
	else
		snprintf(room, 8, "\\%03o", (unsigned)c);
}

START_TEST(makes_one_line_of_any_octet)
{
	char octet[8];
	char expected[16];

	for (int c = 1; c < 256; c++) {
		expected_octet(c, octet);
		snprintf(expected, sizeof(expected), "a%sb\n", octet);
		log_info("a%cb", c);
		ck_assert_str_eq(written(), expected);
	}
}
END_TEST

START_TEST(cuts_a_line_between_escapes)
{
	char text[3 * LOG_LINE_MAX];
	const char *line;

	memset(text, 'x', sizeof(text));
	memset(text + 1 + _i, '\1', LOG_LINE_MAX);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	line = written();
	ck_assert_uint_le(strlen(line), LOG_LINE_MAX + 1);
	ck_assert_uint_ge(strlen(line), LOG_LINE_MAX - 3 + 1);
	ck_assert_str_eq(line + strlen(line) - 5, "\\001\n");
}
END_TEST

START_TEST(leaves_errno_alone)
{
	errno = EXDEV;
	log_info("line");
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

/* ---- quoting ---- */

START_TEST(quotes_what_a_peer_sent)
{
	ck_assert_str_eq(log_quote(SLICE_STR("root")), "root");
	ck_assert_str_eq(log_quote(SLICE_NONE), "");
	ck_assert_str_eq(log_quote(SLICE_STR("a\nb\tc\r\0d\177\377")),
	    "a\\nb\\tc\\015\\000d\\177\\377");
	/* else a peer could write an escape of its own */
	ck_assert_str_eq(log_quote(SLICE_STR("a\\nb")), "a\\\\nb");
}
END_TEST

START_TEST(quotes_for_good)
{
	log_info("%s", log_quote(SLICE_STR("\\\n%n")));
	ck_assert_str_eq(written(), "\\\\\\n%n\n");
}
END_TEST

START_TEST(cuts_a_quoted_text)
{
	char text[LOG_LINE_MAX * 2];

	memset(text, 'x', sizeof(text));
	ck_assert_uint_eq(strlen(log_quote(SLICE_OF(text))), LOG_NAME_MAX);
	ck_assert_uint_eq(strlen(log_quote_max(SLICE_OF(text), 7)), 7);
	ck_assert_uint_eq(strlen(log_quote_max(SLICE_OF(text), sizeof(text))),
	    LOG_LINE_MAX);
	memset(text, '\1', sizeof(text));
	ck_assert_uint_eq(strlen(log_quote(SLICE_OF(text))), 4 * LOG_NAME_MAX);
	ck_assert_uint_le(strlen(log_quote_max(SLICE_OF(text), LOG_LINE_MAX)),
	    LOG_LINE_MAX);
}
END_TEST

/* Whatever their lengths, eight quoted texts live at the same time. */
START_TEST(keeps_eight_quoted_texts)
{
	char text[LOG_LINE_MAX];
	const char *quoted[400];
	size_t lengths[400];

	for (size_t i = 0; i < 400; i++) {
		size_t from = i < 8 ? 0 : i - 7;

		lengths[i] = i * (size_t)(_i * 2 + 1) * 7919 % sizeof(text);
		memset(text, 'a' + (int)(i % 26), sizeof(text));
		quoted[i] =
		    log_quote_max(slice_make(text, lengths[i]), LOG_LINE_MAX);
		for (size_t k = from; k <= i; k++) {
			const char *q = quoted[k];

			ck_assert_uint_eq(strlen(q), lengths[k]);
			ck_assert(
			    lengths[k] == 0 || *q == (char)('a' + k % 26));
		}
	}
}
END_TEST

/* A name of escapes alone doesn't push what follows it off the line. */
START_TEST(keeps_the_address_behind_the_longest_name)
{
	char name[200];
	const char *tail = " from 2001:db8:2001:db8:2001:db8:2001:db8 port"
			   " 65535 ssh2";
	const char *line;

	memset(name, '\1', sizeof(name));
	log_info("Failed keyboard-interactive/pam for invalid user %s%s",
	    log_quote(SLICE_OF(name)), tail);
	line = written();
	ck_assert_uint_lt(strlen(line), LOG_FUNCTION_MAX);
	ck_assert_ptr_nonnull(strstr(line, tail));
}
END_TEST

/* ---- a function ---- */

struct heard {
	int times;
	enum log_level level;
	char text[2 * LOG_LINE_MAX];
};

static void
on_line(void *ctx, enum log_level level, const char *text)
{
	struct heard *h = ctx;

	h->times++;
	h->level = level;
	snprintf(h->text, sizeof(h->text), "%s", text);
	log_error("a line about the line");
}

START_TEST(gives_a_function_the_escaped_text)
{
	struct heard h = {0};
	char text[2 * LOG_LINE_MAX];

	log_to_function(on_line, &h);
	log_debug2("two\nlines");
	ck_assert_int_eq(h.times, 1);
	ck_assert_int_eq(h.level, LEVEL_DEBUG2);
	ck_assert_str_eq(h.text, "two\\nlines");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	ck_assert_uint_eq(strlen(h.text), LOG_FUNCTION_MAX);
	ck_assert_str_eq(written(), "");
}
END_TEST

/* ---- LogVerbose ---- */

/* A line of a known place, at a level that isn't written otherwise. */
static void
say_there(void)
{
	log_from("src/kex.c", "kex_derive", 99, LEVEL_DEBUG3, "x");
}

struct place_row {
	const char *list;
	bool named;
};

static const struct place_row place_rows[] = {
    {"kex.c:*", true},
    {"*:kex_derive():*", true},
    {"*:kex_derive:*", true},
    {"kex.c:kex_derive:99", true},
    {"kex.c:kex_derive():99", true},
    {"kex.c:*:99", true},
    {"packet.c:*,kex.c:*", true},
    {"kex.c", false},
    {"kex.c:*:98", false},
    {"*:kex_deriv:*", false},
    {"kex.c:*,!*:kex_derive:*", false},
    {"src/kex.c:*", false},
};

START_TEST(writes_the_places_that_are_named)
{
	const struct place_row *row = &place_rows[_i];

	log_set_level(LEVEL_QUIET);
	log_places(&row->list, 1);
	say_there();
	ck_assert_str_eq(written(),
	    row->named ? "debug3: kex.c:kex_derive():99: x\n" : "");
	log_places(NULL, 0);
	say_there();
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(writes_every_list_and_the_level_beside)
{
	static const char *const lists[] = {"a.c:*", "kex.c:*"};

	log_set_level(LEVEL_INFO);
	log_places(lists, 2);
	say_there();
	ck_assert_str_eq(written(), "debug3: kex.c:kex_derive():99: x\n");
	log_info("i");
	log_verbose("v");
	ck_assert_str_eq(written(), "i\n");
}
END_TEST

static void
on_demanded(void *ctx, enum log_level level, const char *text)
{
	(void)level;
	*(int *)ctx = log_is_forced() ? 1 : 0;
	ck_assert(
	    !log_is_forced() || strcmp(text, "kex.c:kex_derive():99: x") == 0);
}

/* The function tells the next process, which writes it at any level. */
START_TEST(tells_a_function_what_was_demanded)
{
	static const char *const list = "kex.c:*";
	int demanded = -1;

	log_to_function(on_demanded, &demanded);
	log_set_level(LEVEL_INFO);
	log_places(&list, 1);
	say_there();
	ck_assert_int_eq(demanded, 1);
	log_info("i");
	ck_assert_int_eq(demanded, 0);
}
END_TEST

START_TEST(relays_what_was_demanded)
{
	log_set_level(LEVEL_INFO);
	log_relay(LEVEL_DEBUG2, false, "no");
	log_relay(LEVEL_DEBUG2, true, "yes\n");
	log_relay(LEVEL_INFO, false, "i");
	log_relay(LEVEL_QUIET, true, "never");
	ck_assert_str_eq(written(), "debug2: yes\\n\ni\n");
}
END_TEST

/* ---- syslog ---- */

static int
socket_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(at.sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* A logger of our own at /dev/log, which others don't see; -1: not allowed. */
static int
logger_open(void)
{
	return socket_at(LOG_SYSLOG_PATH);
}

static bool
put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && io_write_all(fd, slice_cstr(text)) == OK;

	io_close(&fd);
	return good;
}

/* Mounts of our own; an ordinary user needs a user namespace for them. */
static bool
private_mounts(void)
{
	char uids[32], gids[32];

	if (unshare(CLONE_NEWNS) == 0)
		return true;
	snprintf(uids, sizeof(uids), "0 %u 1", (unsigned)getuid());
	snprintf(gids, sizeof(gids), "0 %u 1", (unsigned)getgid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       put_file("/proc/self/setgroups", "deny") &&
	       put_file("/proc/self/uid_map", uids) &&
	       put_file("/proc/self/gid_map", gids);
}

static int
private_logger(void)
{
	if (!private_mounts())
		return -1;
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/dev", "tmpfs", 0, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
		return -1;
	return logger_open();
}

/* journald's socket in the world that private_logger made */
static int
journal_open(void)
{
	if ((mkdir("/run/systemd", 0755) != 0 ||
		mkdir("/run/systemd/journal", 0755) != 0) &&
	    errno != EEXIST)
		return -1;
	return socket_at(LOG_JOURNAL_PATH);
}

static const char *
received(int fd)
{
	static char room[4096];
	ssize_t n = recv(fd, room, sizeof(room) - 1, 0);

	room[n < 0 ? 0 : n] = '\0';
	return room;
}

/* What follows "sshd[pid]: ", after a look at what stands before it. */
static const char *
received_text(int fd, int priority)
{
	const char *record = received(fd);
	char month[4], head[16];
	int day, hour, minute, second, pid, taken = 0;

	snprintf(head, sizeof(head), "<%d>", priority);
	ck_assert_int_eq(strncmp(record, head, strlen(head)), 0);
	ck_assert_int_eq(sscanf(record + strlen(head),
			     "%3s %2d %2d:%2d:%2d sshd[%d]: %n", month, &day,
			     &hour, &minute, &second, &pid, &taken),
	    6);
	ck_assert_int_eq(pid, (int)getpid());
	return record + strlen(head) + (size_t)taken;
}

START_TEST(sends_records_to_the_logger)
{
	char text[2 * LOG_LINE_MAX];
	int fd = private_logger();

	if (fd < 0)
		return;
	log_open(TARGET_SYSLOG, LEVEL_DEBUG1, LOG_LOCAL3, true);
	ck_assert_int_ge(log_fd(), 0);
	ck_assert_int_eq(fcntl(log_fd(), F_GETFD), FD_CLOEXEC);
	log_fatal("f");
	ck_assert_str_eq(received_text(fd, LOG_LOCAL3 | LOG_CRIT), "fatal: f");
	log_error("e\n");
	ck_assert_str_eq(received_text(fd, LOG_LOCAL3 | LOG_ERR),
	    "error: e\\n");
	log_verbose("v");
	ck_assert_str_eq(received_text(fd, LOG_LOCAL3 | LOG_INFO), "v");
	log_debug1("d");
	ck_assert_str_eq(received_text(fd, LOG_LOCAL3 | LOG_DEBUG),
	    "debug1: d");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	ck_assert_uint_eq(strlen(received_text(fd, LOG_LOCAL3 | LOG_INFO)),
	    LOG_SYSLOG_MAX);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(dates_records_by_the_wall_clock)
{
	int fd = private_logger();

	if (fd < 0)
		return;
	setenv("TZ", "UTC0", 1);
	log_open(TARGET_SYSLOG, LEVEL_INFO, 0, false);
	clock_fake(1, 1735787045); /* 2025-01-02 03:04:05 */
	log_info("x");
	ck_assert_int_eq(strncmp(received(fd), "<38>Jan  2 03:04:05 sshd[", 25),
	    0);
	clock_fake(0, 0);
}
END_TEST

START_TEST(finds_a_logger_that_was_started_anew)
{
	int fd = private_logger();

	if (fd < 0)
		return;
	log_open(TARGET_SYSLOG, LEVEL_INFO, 0, true);
	io_close(&fd);
	fd = logger_open();
	log_info("again");
	ck_assert_str_eq(received_text(fd, LOG_AUTH | LOG_INFO), "again");
}
END_TEST

/* A full logger costs one short wait, and the loss is told afterwards. */
START_TEST(counts_the_lines_that_a_stuck_logger_loses)
{
	int fd = private_logger();
	uint64_t start = clock_mono_ms();
	const char *text;
	char expected[80];
	int lost = 0;

	if (fd < 0)
		return;
	log_open(TARGET_SYSLOG, LEVEL_INFO, 0, true);
	for (int i = 0; i < 2000; i++)
		log_info("line");
	ck_assert_uint_lt(clock_mono_ms(), start + 2000);
	for (lost = 2000; *received(fd) != '\0'; lost--)
		;
	ck_assert_int_gt(lost, 0);
	log_info("back");
	ck_assert_str_eq(received_text(fd, LOG_AUTH | LOG_INFO), "back");
	text = received_text(fd, LOG_AUTH | LOG_ERR);
	snprintf(expected, sizeof(expected), "error: %d lines were lost", lost);
	ck_assert_int_eq(strncmp(text, expected, strlen(expected)), 0);
	log_info("on");
	ck_assert_str_eq(received_text(fd, LOG_AUTH | LOG_INFO), "on");
}
END_TEST

START_TEST(writes_nowhere_without_a_logger)
{
	int fd = private_logger();

	if (fd < 0)
		return;
	io_close(&fd);
	log_open(TARGET_SYSLOG, LEVEL_INFO, 0, true);
	log_info("line");
	ck_assert_int_eq(log_fd(), -1);
	ck_assert_str_eq(written(), "");
}
END_TEST

/* ---- journald ---- */

/* Does the record have this line, and no other of that name? */
static bool
has_field(const char *record, const char *line)
{
	size_t name = strcspn(line, "=") + 1;
	size_t found = 0;
	bool whole = false;

	for (const char *p = record; *p != '\0'; p = strchr(p, '\n') + 1) {
		size_t n = strcspn(p, "\n");

		ck_assert(p[n] == '\n'); /* each field ends */
		if (strncmp(p, line, name) != 0)
			continue;
		found++;
		whole = n == strlen(line) && strncmp(p, line, n) == 0;
	}
	return found == 1 && whole;
}

START_TEST(gives_journald_fields_beside_the_text)
{
	int syslog = private_logger(), fd;
	char expected[32];
	const char *r;

	if (syslog < 0)
		return;
	fd = journal_open();
	log_open(TARGET_SYSLOG, LEVEL_INFO, LOG_LOCAL3, true);
	ck_assert(log_has_fields());
	log_field(LOG_FIELD_USER, "root\\n");
	log_field(LOG_FIELD_CONNECTION, "7");
	log_error("two\nlines MESSAGE=%s", "x");
	r = received(fd);
	snprintf(expected, sizeof(expected), "SYSLOG_PID=%d", (int)getpid());
	ck_assert(has_field(r, "MESSAGE=error: two\\nlines MESSAGE=x"));
	ck_assert(has_field(r, "PRIORITY=3"));
	ck_assert(has_field(r, "SYSLOG_FACILITY=19"));
	ck_assert(has_field(r, "SYSLOG_IDENTIFIER=sshd"));
	ck_assert(has_field(r, expected));
	ck_assert(has_field(r, "SALLYPORT_USER=root\\n"));
	ck_assert(has_field(r, "SALLYPORT_CONNECTION=7"));
	ck_assert_ptr_null(strstr(r, "SALLYPORT_PORT"));
	log_field(LOG_FIELD_USER, NULL);
	log_info("i");
	ck_assert_ptr_null(strstr(received(fd), "SALLYPORT_USER"));
	ck_assert_str_eq(received(syslog), ""); /* not both */
}
END_TEST

/* The longest text and all fields at their longest: nothing is cut apart. */
START_TEST(keeps_the_fields_of_the_longest_line)
{
	int syslog = private_logger(), fd;
	char text[2 * LOG_LINE_MAX], value[4 * LOG_NAME_MAX + 1];
	char line[sizeof(value) + 64];
	const char *r;

	if (syslog < 0)
		return;
	fd = journal_open();
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	log_open(TARGET_SYSLOG, LEVEL_INFO, 0, true);
	log_field(LOG_FIELD_USER, value);
	log_field(LOG_FIELD_CERT_ID, value);
	log_info("%s", text);
	r = received(fd);
	ck_assert_uint_eq(strcspn(r, "\n"),
	    strlen("MESSAGE=") + LOG_SYSLOG_MAX);
	snprintf(line, sizeof(line), "SALLYPORT_USER=%s", value);
	ck_assert(has_field(r, line));
	snprintf(line, sizeof(line), "SALLYPORT_CERT_ID=%s", value);
	ck_assert(has_field(r, line));
	/* what has no room is left out whole */
	log_field(LOG_FIELD_METHOD, text);
	log_info("%s", text);
	ck_assert_ptr_null(strstr(received(fd), "SALLYPORT_METHOD"));
}
END_TEST

/* journald goes, and its syslog's reader is another; then it is back. */
START_TEST(follows_journald_as_it_comes_and_goes)
{
	int syslog = private_logger(), fd;

	if (syslog < 0)
		return;
	fd = journal_open();
	log_open(TARGET_SYSLOG, LEVEL_INFO, 0, true);
	io_close(&fd);
	log_info("by syslog");
	ck_assert_str_eq(received_text(syslog, LOG_AUTH | LOG_INFO),
	    "by syslog");
	ck_assert(!log_has_fields());
	fd = journal_open();
	io_close(&syslog);
	log_info("by journald");
	ck_assert(has_field(received(fd), "MESSAGE=by journald"));
}
END_TEST

/* ---- names ---- */

START_TEST(knows_every_level_by_its_name)
{
	enum log_level level = (enum log_level)_i;
	enum log_level parsed;

	ck_assert_int_eq(log_level_parse(log_level_name(level), &parsed), OK);
	ck_assert_int_eq(parsed, level);
}
END_TEST

START_TEST(reads_names_in_any_case)
{
	enum log_level level;
	int facility;

	ck_assert_int_eq(log_level_parse("debug", &level), OK);
	ck_assert_int_eq(level, LEVEL_DEBUG1);
	ck_assert_int_eq(log_level_parse("dEbug3", &level), OK);
	ck_assert_int_eq(level, LEVEL_DEBUG3);
	ck_assert_int_eq(log_level_parse("DEBUG4", &level), ERR_NOT_FOUND);
	ck_assert_int_eq(log_level_parse("", &level), ERR_NOT_FOUND);
	ck_assert_int_eq(log_facility_parse("authpriv", &facility), OK);
	ck_assert_int_eq(facility, LOG_AUTHPRIV);
	ck_assert_str_eq(log_facility_name(LOG_LOCAL7), "LOCAL7");
	ck_assert_int_eq(log_facility_parse("KERN", &facility), ERR_NOT_FOUND);
}
END_TEST

START_TEST(carries_its_settings_across_an_exec)
{
	char word[32], again[32];

	log_open(TARGET_SYSLOG, LEVEL_VERBOSE, LOG_LOCAL7, false);
	log_export(word);
	log_open(TARGET_STDERR, LEVEL_INFO, 0, false);
	ck_assert_int_eq(log_import(word), OK);
	ck_assert_int_eq(log_level_now(), LEVEL_VERBOSE);
	log_export(again);
	ck_assert_str_eq(word, again);
}
END_TEST

START_TEST(refuses_settings_that_it_did_not_write)
{
	static const char *const bad[] = {
	    "",
	    "stderr",
	    "stderr:INFO",
	    "stderr:LOUD:AUTH",
	    "stderr:INFO:KERN",
	    "mail:INFO:AUTH",
	    "stderr:INFO:AUTH:x",
	    "a-target-longer-than-any:INFO:AUTH",
	};

	log_set_level(LEVEL_ERROR);
	ck_assert_int_eq(log_import(bad[_i]), ERR_FORMAT);
	ck_assert_int_eq(log_level_now(), LEVEL_ERROR);
}
END_TEST

TCase *
check_log(void)
{
	TCase *tc = tcase_create("base/log");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, writes_prefixes_as_sshd_does);
	tcase_add_loop_test(tc, writes_what_the_level_lets_through, LEVEL_QUIET,
	    LEVEL_DEBUG3 + 1);
	tcase_add_test(tc, makes_one_line_of_any_octet);
	tcase_add_loop_test(tc, cuts_a_line_between_escapes, 0, 4);
	tcase_add_test(tc, leaves_errno_alone);
	tcase_add_test(tc, quotes_what_a_peer_sent);
	tcase_add_test(tc, quotes_for_good);
	tcase_add_test(tc, cuts_a_quoted_text);
	tcase_add_loop_test(tc, keeps_eight_quoted_texts, 0, 8);
	tcase_add_test(tc, keeps_the_address_behind_the_longest_name);
	tcase_add_test(tc, gives_a_function_the_escaped_text);
	tcase_add_loop_test(tc, writes_the_places_that_are_named, 0,
	    sizeof(place_rows) / sizeof(place_rows[0]));
	tcase_add_test(tc, writes_every_list_and_the_level_beside);
	tcase_add_test(tc, tells_a_function_what_was_demanded);
	tcase_add_test(tc, relays_what_was_demanded);
	tcase_add_test(tc, sends_records_to_the_logger);
	tcase_add_test(tc, dates_records_by_the_wall_clock);
	tcase_add_test(tc, finds_a_logger_that_was_started_anew);
	tcase_add_test(tc, counts_the_lines_that_a_stuck_logger_loses);
	tcase_add_test(tc, writes_nowhere_without_a_logger);
	tcase_add_test(tc, gives_journald_fields_beside_the_text);
	tcase_add_test(tc, keeps_the_fields_of_the_longest_line);
	tcase_add_test(tc, follows_journald_as_it_comes_and_goes);
	tcase_add_loop_test(tc, knows_every_level_by_its_name, LEVEL_QUIET,
	    LEVEL_DEBUG3 + 1);
	tcase_add_test(tc, reads_names_in_any_case);
	tcase_add_test(tc, carries_its_settings_across_an_exec);
	tcase_add_loop_test(tc, refuses_settings_that_it_did_not_write, 0, 8);
	return tc;
}
