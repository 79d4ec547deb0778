#include "client.h"

#include "sallyport/base/io.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void
to_pipe(void *ctx, enum log_level level, const char *text)
{
	(void)level;
	dprintf(*(int *)ctx, "%s\n", text);
}

static const char *
user_name(void *ctx, uid_t uid)
{
	(void)ctx;
	return uid == getuid() ? "joe" : NULL;
}

static const char *
home(void *ctx, const char *user)
{
	(void)ctx;
	return strcmp(user, "ann") == 0 ? "/" : NULL;
}

void
client_init(struct client *c)
{
	*c = (struct client){.fd = -1, .log = -1};
	c->o.level = LEVEL_VERBOSE;
	c->o.user = "joe";
	c->o.address = "192.0.2.1";
	strcpy(c->dir, "/tmp/check-sftp-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(c->dir));
	ck_assert_int_eq(chdir(c->dir), 0);
}

void
client_root(struct client *c)
{
	c->o.root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_gt(c->o.root, 0);
}

void
client_start(struct client *c)
{
	int pair[2], logs[2];
	struct sftp_ops ops = {.log = to_pipe,
	    .user_name = user_name,
	    .group_name = user_name,
	    .home = home,
	    .ctx = &logs[1]};

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(pipe(logs), 0);
	ck_assert_int_ge(c->pid = fork(), 0);
	if (c->pid == 0) {
		close(pair[0]);
		_exit(sftp_serve(pair[1], pair[1], &c->o, &ops));
	}
	close(pair[1]);
	close(logs[1]);
	c->fd = pair[0];
	c->log = logs[0];
	c->id = 3; /* INIT has a version in the id's place */
	ck_assert_int_eq(io_write_all(c->fd, SLICE_STR("\0\0\0\5\1\0\0\0\3")),
	    OK);
	(void)client_reply(c, FXP_VERSION);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

int
client_leave(struct client *c)
{
	int status;

	close(c->fd);
	c->fd = -1;
	ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
	c->pid = 0;
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void
client_clear(struct client *c)
{
	if (c->pid > 0)
		(void)client_leave(c);
	if (c->log >= 0)
		close(c->log);
	if (c->o.root > 0)
		close(c->o.root);
	buf_clear(&c->in);
	ck_assert_int_eq(chdir("/"), 0);
	nftw(c->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void
client_send(struct client *c, unsigned int type, const char *format, ...)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);
	size_t mark = wr_begin(&w);
	va_list ap;

	wr_u8(&w, (uint8_t)type);
	wr_u32(&w, ++c->id);
	va_start(ap, format);
	for (; *format != '\0'; format++)
		switch (*format) {
		case 's':
			wr_cstr(&w, va_arg(ap, const char *));
			break;
		case 'u':
			wr_u32(&w, va_arg(ap, unsigned int));
			break;
		case 'q':
			wr_u64(&w, va_arg(ap, uint64_t));
			break;
		case 'h':
			wr_u32(&w, 4);
			wr_u32(&w, va_arg(ap, unsigned int));
			break;
		default:
			ck_abort();
		}
	va_end(ap);
	wr_finish(&w, mark);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	ck_assert_int_eq(io_write_all(c->fd, buf_slice(&b)), OK);
}

static void
read_all(int fd, uint8_t *p, size_t n)
{
	for (ssize_t got; n > 0; p += got, n -= (size_t)got)
		ck_assert_int_gt(got = read(fd, p, n), 0);
}

struct rd
client_reply(struct client *c, unsigned int type)
{
	uint8_t head[4];
	struct rd r = rd_from(SLICE_OF(head));
	struct bytes room;
	uint32_t n;

	read_all(c->fd, head, sizeof(head));
	n = rd_u32(&r);
	ck_assert_uint_ge(n, 5);
	ck_assert_uint_le(n, SFTP_MESSAGE_MAX);
	buf_reset(&c->in);
	ck_assert_int_eq(buf_reserve(&c->in, n, &room), OK);
	read_all(c->fd, room.p, n);
	buf_filled(&c->in, n);
	r = rd_from(buf_slice(&c->in));
	ck_assert_uint_eq(rd_u8(&r), type);
	ck_assert_uint_eq(rd_u32(&r), c->id);
	return r;
}

uint32_t
client_status(struct client *c)
{
	struct rd r = client_reply(c, FXP_STATUS);
	uint32_t status = rd_u32(&r);

	(void)rd_string(&r);
	(void)rd_string(&r);
	ck_assert_int_eq(rd_end(&r), OK);
	return status;
}

uint32_t
client_handle(struct client *c)
{
	struct rd r = client_reply(c, FXP_HANDLE);
	struct slice h = rd_string(&r);
	struct rd number = rd_from(h);

	ck_assert_int_eq(rd_end(&r), OK);
	return rd_u32(&number);
}

void
client_put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

void
client_holds(const char *name, const char *text)
{
	char room[256] = "";
	FILE *f = fopen(name, "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(room, 1, sizeof(room) - 1, f), strlen(text));
	fclose(f);
	ck_assert_str_eq(room, text);
}
