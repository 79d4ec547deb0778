/*
 * sftp.c - the table of requests, and the loop that serves them
 *
 * Many requests come by one read and many replies leave by one write. While a
 * client doesn't take its replies, no more of its requests are served; what it
 * sends meanwhile is read as far as the ring goes, since it may not look at
 * replies before it is done with sending.
 */
#include "inside.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RING_MAX   ((size_t)2 << 20)   /* seven of the largest requests */
#define READ_SIZE  ((size_t)256 << 10) /* what one read asks for */
#define READ_FIRST ((size_t)32 << 10)
#define OUT_WRITE  ((size_t)256 << 10) /* replies that are worth a write */
#define OUT_HOLD   ((size_t)256 << 10) /* above it nothing is served */
/* What was sent stays in front until it is half, and one more reply fits */
#define OUT_MAX (2 * (OUT_HOLD + SFTP_MESSAGE_MAX) + SFTP_MESSAGE_MAX)

/* clang-format off */
static const struct request {
	uint8_t type;
	const char *name;      /* of -P, -p and the log */
	const char *extension; /* its name on the wire, with FXP_EXTENDED */
	const char *version;
	bool writes;           /* refused by -R */
	sftp_handler *on;
} requests[] = {
	{FXP_OPEN,     "open",     NULL, NULL, false, on_open},
	{FXP_CLOSE,    "close",    NULL, NULL, false, on_close},
	{FXP_READ,     "read",     NULL, NULL, false, on_read},
	{FXP_WRITE,    "write",    NULL, NULL, true,  on_write},
	{FXP_LSTAT,    "lstat",    NULL, NULL, false, on_lstat},
	{FXP_FSTAT,    "fstat",    NULL, NULL, false, on_fstat},
	{FXP_SETSTAT,  "setstat",  NULL, NULL, true,  on_setstat},
	{FXP_FSETSTAT, "fsetstat", NULL, NULL, true,  on_fsetstat},
	{FXP_OPENDIR,  "opendir",  NULL, NULL, false, on_opendir},
	{FXP_READDIR,  "readdir",  NULL, NULL, false, on_readdir},
	{FXP_REMOVE,   "remove",   NULL, NULL, true,  on_remove},
	{FXP_MKDIR,    "mkdir",    NULL, NULL, true,  on_mkdir},
	{FXP_RMDIR,    "rmdir",    NULL, NULL, true,  on_rmdir},
	{FXP_REALPATH, "realpath", NULL, NULL, false, on_realpath},
	{FXP_STAT,     "stat",     NULL, NULL, false, on_stat},
	{FXP_RENAME,   "rename",   NULL, NULL, true,  on_rename},
	{FXP_READLINK, "readlink", NULL, NULL, false, on_readlink},
	{FXP_SYMLINK,  "symlink",  NULL, NULL, true,  on_symlink},
#define EXTENDED(name, domain, version, writes, on) \
	{FXP_EXTENDED, name, name domain, version, writes, on}
	EXTENDED("posix-rename", "@openssh.com", "1", true,  on_posix_rename),
	EXTENDED("statvfs",      "@openssh.com", "2", false, on_statvfs),
	EXTENDED("fstatvfs",     "@openssh.com", "2", false, on_fstatvfs),
	EXTENDED("hardlink",     "@openssh.com", "1", true,  on_hardlink),
	EXTENDED("fsync",        "@openssh.com", "1", true,  on_fsync),
	EXTENDED("lsetstat",     "@openssh.com", "1", true,  on_lsetstat),
	EXTENDED("limits",       "@openssh.com", "1", false, on_limits),
	EXTENDED("expand-path",  "@openssh.com", "1", false, on_expand_path),
	EXTENDED("copy-data",    "",             "1", true,  on_copy_data),
	EXTENDED("home-directory", "",           "1", false, on_home_directory),
	EXTENDED("users-groups-by-id", "@openssh.com", "1", false,
	    on_users_groups_by_id),
#undef EXTENDED
};
/* clang-format on */

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))
_Static_assert(REQUESTS <= SFTP_REQUESTS_MAX, "options have a place for each");

const char *
sftp_request_name(size_t i)
{
	return i < REQUESTS ? requests[i].name : NULL;
}

/* ---- the log ------------------------------------------------------------------ */

void
sftp_say_line(const struct sftp *s, enum log_level level, const char *format,
    ...)
{
	char text[LOG_LINE_MAX + 1];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	s->ops->log(s->ops->ctx, level, text);
}

const char *
sftp_quote(const char *path)
{
	return log_quote_max(slice_cstr(path), 400);
}

/* ---- replies ------------------------------------------------------------------ */

struct wr
sftp_reply(struct sftp *s, uint8_t type, size_t *mark)
{
	struct wr w = wr_into(&s->out);

	*mark = wr_begin(&w);
	wr_u8(&w, type);
	wr_u32(&w, s->id);
	return w;
}

void
sftp_end(struct sftp *s, struct wr *w, size_t mark)
{
	wr_finish(w, mark);
	if (wr_end(w, NULL) != OK)
		s->too_full = true;
}

static const char *
text_of(enum status status)
{
	static const char *const texts[] = {"Success", "End of file",
	    "No such file", "Permission denied", "Failure", "Bad message",
	    "No connection", "Connection lost", "Operation unsupported"};

	return texts[status];
}

static void
reply_status(struct sftp *s, enum status status)
{
	size_t mark;
	struct wr w = sftp_reply(s, FXP_STATUS, &mark);

	wr_u32(&w, status);
	wr_cstr(&w, text_of(status));
	wr_cstr(&w, "");
	sftp_end(s, &w, mark);
	if (status != FX_OK && status != FX_EOF)
		sftp_say(s, LEVEL_INFO, "sent status %s", text_of(status));
}

enum status
sftp_reply_name(struct sftp *s, const char *name)
{
	static const struct attrs none;
	size_t mark;
	struct wr w = sftp_reply(s, FXP_NAME, &mark);

	wr_u32(&w, 1);
	wr_cstr(&w, name);
	wr_cstr(&w, name);
	attrs_write(&w, &none);
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}

enum status
sftp_reply_handle(struct sftp *s, struct handle *new, const char *path)
{
	uint32_t number;
	size_t mark;
	struct wr w;

	if (handles_add(&s->handles, new, path, &number) != OK) {
		if (new->upload != NULL)
			upload_drop(s, new);
		return FX_FAILURE;
	}
	w = sftp_reply(s, FXP_HANDLE, &mark);
	wr_u32(&w, 4);
	wr_u32(&w, number);
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}

enum status
sftp_reply_attrs(struct sftp *s, const struct stat *st)
{
	struct attrs a = attrs_of(st);
	size_t mark;
	struct wr w = sftp_reply(s, FXP_ATTRS, &mark);

	attrs_write(&w, &a);
	sftp_end(s, &w, mark);
	return FX_REPLIED;
}

enum status
sftp_status_of(int why)
{
	switch (why) {
	case 0:
		return FX_OK;
	case ENOENT:
	case ENOTDIR:
	case EBADF:
	case ELOOP:
		return FX_NO_SUCH_FILE;
	case EPERM:
	case EACCES:
	case EFAULT:
		return FX_PERMISSION_DENIED;
	case ENAMETOOLONG:
	case EINVAL:
		return FX_BAD_MESSAGE;
	case ENOSYS:
		return FX_OP_UNSUPPORTED;
	default:
		return FX_FAILURE;
	}
}

enum status
sftp_done(int failed)
{
	return failed ? sftp_status_of(errno) : FX_OK;
}

char *
sftp_path(struct rd *r)
{
	struct slice s = rd_string(r);

	if (slice_has_nul(s))
		rd_fail(r, ERR_FORMAT);
	return rd_status(r) == OK ? mem_text(s) : NULL;
}

/* ---- the client's first word ----------------------------------------------------- */

static void
reply_version(struct sftp *s)
{
	struct wr w = wr_into(&s->out);
	size_t mark = wr_begin(&w);

	wr_u8(&w, FXP_VERSION);
	wr_u32(&w, 3);
	for (size_t i = 0; i < REQUESTS; i++) {
		const struct request *q = &requests[i];

		if (q->extension == NULL || s->o->refused[i] ||
		    (s->o->read_only && q->writes))
			continue;
		wr_cstr(&w, q->extension);
		wr_cstr(&w, q->version);
	}
	sftp_end(s, &w, mark);
}

static bool
begin(struct sftp *s, struct rd *r)
{
	uint32_t version = rd_u32(r);

	if (rd_status(r) != OK)
		return false;
	sftp_say(s, LEVEL_VERBOSE, "received client version %u", version);
	s->begun = true;
	reply_version(s);
	return true;
}

/* ---- requests ---------------------------------------------------------------------- */

static const struct request *
find(uint8_t type, struct slice extension)
{
	for (size_t i = 0; i < REQUESTS; i++)
		if (requests[i].type == type &&
		    (type != FXP_EXTENDED ||
			slice_is(extension, requests[i].extension)))
			return &requests[i];
	return NULL;
}

static bool
is_refused(const struct sftp *s, const struct request *q)
{
	const struct sftp_options *o = s->o;

	if (o->refused[q - requests])
		sftp_say(s, LEVEL_VERBOSE, "Refusing %s %s request",
		    o->listed ? "non-allowlisted" : "denylisted", q->name);
	else if (o->read_only && q->writes)
		sftp_say(s, LEVEL_VERBOSE,
		    "Refusing %s request in read-only mode", q->name);
	else
		return false;
	return true;
}

/* False: a field was missing. */
static bool
serve_request(struct sftp *s, const struct request *q, struct rd *r)
{
	enum status status =
	    is_refused(s, q) ? FX_PERMISSION_DENIED : q->on(s, r);

	if (rd_status(r) != OK)
		return false;
	if (status != FX_REPLIED)
		reply_status(s, status);
	return true;
}

/* One message, without its length. False: the end. */
static bool
serve(struct sftp *s, struct slice message)
{
	struct rd r = rd_from(message);
	uint8_t type = rd_u8(&r);
	struct slice extension = SLICE_NONE;
	const struct request *q;

	if (!s->begun)
		return type == FXP_INIT && begin(s, &r);
	s->id = rd_u32(&r);
	if (type == FXP_EXTENDED)
		extension = rd_string(&r);
	if (rd_status(&r) != OK)
		return false;
	if ((q = find(type, extension)) != NULL)
		return serve_request(s, q, &r);
	if (type == FXP_EXTENDED)
		reply_status(s, FX_OP_UNSUPPORTED);
	else
		sftp_say(s, LEVEL_ERROR, "Unknown message %u", type);
	return true;
}

/* ---- the loop ------------------------------------------------------------------------ */

/* The next message, if all of it is there; ERR_TOO_LONG. */
static enum err
next(struct sftp *s, struct slice *message)
{
	struct slice data = slice_from(ring_data(&s->in));
	struct rd r = rd_from(data);
	uint32_t n = rd_u32(&r);

	if (rd_status(&r) != OK)
		return ERR_MORE;
	if (n > SFTP_MESSAGE_MAX)
		return ERR_TOO_LONG;
	if (n > r.left.n)
		return ERR_MORE;
	*message = slice_first(r.left, n);
	return OK;
}

static size_t
waiting(const struct sftp *s)
{
	return s->out.n - s->sent;
}

static void
give_up(struct sftp *s, const char *why)
{
	sftp_say(s, LEVEL_ERROR, "%s", why);
	s->over = true;
}

/* Write once what waits. */
static void
flush(struct sftp *s, int out)
{
	size_t n = 0;
	enum err e;

	if (waiting(s) == 0 || s->blocked)
		return;
	e = io_write(out, slice_skip(buf_slice(&s->out), s->sent), &n);
	s->blocked = n < waiting(s);
	s->sent += n;
	if (s->sent == s->out.n) {
		buf_reset(&s->out);
		s->sent = 0;
	} else if (s->sent > s->out.n / 2) {
		buf_consume(&s->out, s->sent);
		s->sent = 0;
	}
	if (e != OK && e != ERR_AGAIN)
		s->over = true; /* the client is gone */
}

/* False: there is more to serve, once the client takes its replies. */
static bool
serve_all(struct sftp *s, int out)
{
	struct slice message;
	enum err e = OK;

	while (!s->over && waiting(s) < OUT_HOLD &&
	       (e = next(s, &message)) == OK) {
		if (!serve(s, message))
			give_up(s, "bad message");
		else if (s->too_full)
			give_up(s, "a reply found no room");
		ring_consume(&s->in, message.n + 4);
		if (waiting(s) >= OUT_WRITE)
			flush(s, out);
	}
	if (e == ERR_TOO_LONG)
		give_up(s, "bad message length");
	return e != OK;
}

/* True: the client has sent all. */
static bool
fill(struct sftp *s, int in, size_t *size)
{
	struct bytes room;
	size_t n;
	enum err e;

	if (ring_room(&s->in, *size, &room) != OK &&
	    ring_room(&s->in, 1, &room) != OK)
		return false; /* later */
	room = bytes_first(room, *size);
	e = io_read(in, room, &n);
	if (e == OK) {
		ring_filled(&s->in, n);
		if (n == *size)
			*size = READ_SIZE;
	}
	return e != OK && e != ERR_AGAIN;
}

/* True: there is something to read, or its end. */
static bool
wait_for(struct sftp *s, int in, bool more, int out)
{
	bool room = more && ring_data(&s->in).n < RING_MAX;
	struct pollfd fds[2] = {{.fd = room ? in : -1, .events = POLLIN},
	    {.fd = waiting(s) > 0 ? out : -1, .events = POLLOUT}};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	s->blocked = s->blocked && fds[1].revents == 0;
	return fds[0].revents != 0;
}

static void
run(struct sftp *s, int in, int out)
{
	size_t size = READ_FIRST;
	bool ended = false;

	while (!s->over) {
		bool all = serve_all(s, out);

		flush(s, out);
		if (!all && waiting(s) < OUT_HOLD)
			continue; /* no event would tell of what the ring has */
		if (s->over || (ended && waiting(s) == 0))
			break;
		if (wait_for(s, in, !ended, out))
			ended = fill(s, in, &size);
	}
}

static void
close_all(struct sftp *s)
{
	for (uint32_t i = 0; i < s->handles.n; i++) {
		struct handle *h = &s->handles.v[i];

		if (h->kind == HANDLE_FILE)
			sftp_say(s, LEVEL_INFO,
			    "forced close \"%s\" bytes read %llu written %llu",
			    sftp_quote(h->path),
			    (unsigned long long)h->octets_read,
			    (unsigned long long)h->octets_written);
		else if (h->kind == HANDLE_FOLDER)
			sftp_say(s, LEVEL_INFO, "forced closedir \"%s\"",
			    sftp_quote(h->path));
		if (h->upload != NULL)
			upload_drop(s, h);
		if (h->kind != HANDLE_NONE)
			(void)handles_close(&s->handles, h);
	}
	mem_free(s->handles.v);
}

/* Shared with whoever gave it to us: as it was, at the end. */
static bool
set_nonblocking(int fd, bool *was)
{
	int flags = fcntl(fd, F_GETFL);

	*was = flags >= 0 && (flags & O_NONBLOCK) != 0;
	return flags >= 0 && (*was || io_nonblock(fd, true) == OK);
}

/* The folder of -d, in the root; and what the root has. */
static void
start_below_root(struct sftp *s)
{
	SCOPED(mem_free_at) char *path = NULL;
	char *start = NULL;
	struct stat st;

	if (s->o->start != NULL &&
	    (sftp_start(s->o, "", s->o->user, getuid(), &path) != OK ||
		(start = place_real(s, path)) == NULL ||
		place_stat(s, start, true, &st) != 0 || !S_ISDIR(st.st_mode)))
		give_up(s, "the start directory can't be entered");
	if (start != NULL) {
		mem_free(s->start);
		s->start = start;
	}
	quota_count(s);
}

int
sftp_serve(int in, int out, const struct sftp_options *o,
    const struct sftp_ops *ops)
{
	struct sftp s = {.o = o,
	    .ops = ops,
	    .in = RING_LIMIT(RING_MAX),
	    .out = BUF_LIMIT(OUT_MAX)};
	bool in_was, out_was;

	if (!set_nonblocking(in, &in_was) || !set_nonblocking(out, &out_was))
		return 1;
	if (o->has_umask)
		umask(o->umask);
	handles_init(&s.handles);
	s.start = o->root == 0 ? getcwd(NULL, 0) : mem_strdup("/");
	sftp_say(&s, LEVEL_INFO, "session opened for local user %s from [%s]",
	    o->user, o->address);
	if (o->root != 0)
		start_below_root(&s);
	run(&s, in, out);
	close_all(&s);
	sftp_say(&s, LEVEL_INFO, "session closed for local user %s from [%s]",
	    o->user, o->address);
	ring_clear(&s.in);
	buf_clear(&s.out);
	mem_free(s.start);
	if ((!in_was && io_nonblock(in, false) != OK) ||
	    (!out_was && io_nonblock(out, false) != OK))
		return 1;
	return s.over ? 1 : 0;
}
