/*
 * ops_session.c - what a session needs root for: a terminal and its records
 */
#include "monitor.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/rpc/listener_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TTY_MODE 0620 /* the owner, and write(1) by group tty */

static struct line *
line_of(struct monitor *m, struct slice name)
{
	if (m->lines == NULL)
		return NULL;
	if (slice_starts(name, SLICE_STR("/dev/")))
		name = slice_skip(name, 5);
	for (size_t i = 0; i < LINES_MAX; i++)
		if (m->lines[i].name[0] != '\0' &&
		    slice_is(name, m->lines[i].name))
			return &m->lines[i];
	return NULL;
}

static struct line *
free_line(struct monitor *m)
{
	if (m->lines == NULL)
		m->lines = mem_array(LINES_MAX, sizeof(*m->lines));
	for (size_t i = 0; i < LINES_MAX; i++)
		if (m->lines[i].name[0] == '\0')
			return &m->lines[i];
	return NULL;
}

/* Only the terminal that we just made is changed, by descriptor. */
static bool
own_terminal(const struct monitor *m, const char *path)
{
	SCOPED(io_close)
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	gid_t group;

	if (fd < 0)
		return false;
	if (!m->common->root)
		return true; /* it is the user's already */
	group = account_tty_group(m->account.gid);
	contexts_terminal(m, fd, path);
	return fchown(fd, m->account.uid, group) == 0 &&
	       fchmod(fd, TTY_MODE) == 0;
}

enum err
on_open_pty(struct monitor *m, const struct pty_req *req, struct pty_rep *rep)
{
	static char path[64];
	struct line *line = free_line(m);
	int master;

	(void)req;
	rep->ok = false;
	rep->master.fd = -1;
	if (line == NULL || !m->conf.permit_tty ||
	    (m->permits & PERMIT_PTY) == 0)
		return OK;
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
	    ptsname_r(master, path, sizeof(path)) != 0 ||
	    !own_terminal(m, path)) {
		log_error("no terminal for %s: %s", m->account.name,
		    strerror(errno));
		io_close(&master);
		return OK;
	}
	snprintf(line->name, sizeof(line->name), "%.31s", path + 5);
	rep->ok = true;
	rep->name = slice_cstr(path);
	/* the master lives in the session alone, or it holds back the
	 * hang-up: ours is closed when the reply is gone (serve.h) */
	rep->master.fd = master;
	return OK;
}

static void
tell_line(struct monitor *m, const struct line *line, bool open)
{
	struct line_msg msg = {.open = open,
	    .line = slice_cstr(line->name),
	    .user = slice_first(slice_cstr(m->account.name), 32),
	    .pid = (uint32_t)line->pid};

	monitor_tell_listener(m, LIFELINE_LINE, &layout_line_msg, &msg);
	trail_line(m, line, open);
}

enum err
on_login_record(struct monitor *m, const struct login_req *req,
    struct login_rep *rep)
{
	static struct last_login last;
	struct line *line = line_of(m, req->line);

	*rep = (struct login_rep){0};
	if (line == NULL || line->recorded)
		return OK;
	line->pid = (pid_t)req->pid;
	records_login(m, line, &last);
	if (line->recorded)
		tell_line(m, line, true);
	rep->last_time = last.time;
	rep->last_host = slice_cstr(last.host);
	return OK;
}

static void
close_line(struct monitor *m, struct line *line)
{
	if (line->recorded) {
		records_logout(m, line);
		tell_line(m, line, false);
	}
	line->name[0] = '\0';
}

enum err
on_pty_done(struct monitor *m, const struct pty_done_req *req,
    struct note_rep *rep)
{
	struct line *line = line_of(m, req->line);

	(void)rep;
	if (line != NULL)
		close_line(m, line);
	return OK;
}

void
ops_session_close_lines(struct monitor *m)
{
	for (size_t i = 0; m->lines != NULL && i < LINES_MAX; i++)
		if (m->lines[i].name[0] != '\0')
			close_line(m, &m->lines[i]);
}
