/*
 * records.c - utmp, wtmp, lastlog, btmp
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <lastlog.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utmpx.h>

#define BTMP_FILE    "/var/log/btmp"
#define LASTLOG_FILE "/var/log/lastlog"

/* Fixed fields without a final NUL where they are full. */
static void
fill(char *field, size_t size, const char *text)
{
	size_t n = strlen(text);

	memcpy(field, text, n < size ? n : size);
}

static void
record(const struct monitor *m, const struct line *line, short type,
    struct utmpx *u)
{
	size_t n = strlen(line->name);
	struct timeval now;

	memset(u, 0, sizeof(*u));
	gettimeofday(&now, NULL);
	u->ut_type = type;
	u->ut_pid = line->pid;
	u->ut_tv.tv_sec = (int32_t)now.tv_sec;
	u->ut_tv.tv_usec = (int32_t)now.tv_usec;
	fill(u->ut_line, sizeof(u->ut_line), line->name);
	/* the id is the line's end: "s/12" of "pts/12" */
	fill(u->ut_id, sizeof(u->ut_id),
	    line->name + (n > sizeof(u->ut_id) ? n - sizeof(u->ut_id) : 0));
	if (type != USER_PROCESS)
		return;
	fill(u->ut_user, sizeof(u->ut_user), m->account.name);
	fill(u->ut_host, sizeof(u->ut_host), m->host);
	if (inet_pton(AF_INET, m->conn->peer_ip, u->ut_addr_v6) != 1)
		(void)inet_pton(AF_INET6, m->conn->peer_ip, u->ut_addr_v6);
}

static void
write_utmp(const struct monitor *m, const struct utmpx *u)
{
	setutxent();
	if (pututxline(u) == NULL)
		log_debug1("utmp of %s can't be written: %s", m->account.name,
		    strerror(errno));
	endutxent();
	updwtmpx(WTMP_FILE, u);
}

/* One slot a uid; a sparse file. */
static void
lastlog(const struct monitor *m, const struct line *line,
    struct last_login *last)
{
	SCOPED(io_close)
	int fd = open(LASTLOG_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct lastlog l;
	off_t at = (off_t)m->account.uid * (off_t)sizeof(l);

	if (fd < 0)
		return;
	memset(&l, 0, sizeof(l));
	if (pread(fd, &l, sizeof(l), at) == (ssize_t)sizeof(l)) {
		last->time = (uint64_t)(uint32_t)l.ll_time;
		memcpy(last->host, l.ll_host, sizeof(l.ll_host));
		last->host[sizeof(l.ll_host)] = '\0';
	}
	memset(&l, 0, sizeof(l));
	l.ll_time = (int32_t)clock_wall_s();
	fill(l.ll_line, sizeof(l.ll_line), line->name);
	fill(l.ll_host, sizeof(l.ll_host), m->host);
	if (pwrite(fd, &l, sizeof(l), at) != (ssize_t)sizeof(l))
		log_info("Writing login record failed for %s", m->account.name);
}

void
records_login(const struct monitor *m, struct line *line,
    struct last_login *last)
{
	struct utmpx u;

	memset(last, 0, sizeof(*last));
	if (!m->common->root)
		return;
	lastlog(m, line, last);
	record(m, line, USER_PROCESS, &u);
	write_utmp(m, &u);
	line->recorded = true;
}

void
records_logout(const struct monitor *m, struct line *line)
{
	struct utmpx u;

	if (!line->recorded)
		return;
	record(m, line, DEAD_PROCESS, &u);
	write_utmp(m, &u);
	line->recorded = false;
}

/* A failed password, where the administrator keeps such a file. */
void
records_failed(const struct monitor *m)
{
	SCOPED(io_close) int fd = -1;
	struct line line = {.name = "ssh:notty", .pid = getpid()};
	struct utmpx u;
	struct stat s;

	if (!m->common->root)
		return;
	fd = open(BTMP_FILE, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	/* names may be mistyped passwords: not into a file all can read */
	if (fstat(fd, &s) != 0 || (s.st_mode & 0007) != 0) {
		log_debug1("%s may be read by all: not written", BTMP_FILE);
		return;
	}
	record(m, &line, USER_PROCESS, &u);
	u.ut_type = LOGIN_PROCESS;
	memset(u.ut_user, 0, sizeof(u.ut_user));
	fill(u.ut_user, sizeof(u.ut_user), m->user);
	if (write(fd, &u, sizeof(u)) != (ssize_t)sizeof(u))
		log_debug1("%s: %s", BTMP_FILE, strerror(errno));
}
