/*
 * inside.h - a server's state; private to this room
 */
#ifndef SALLYPORT_SRC_SFTP_INSIDE_H
#define SALLYPORT_SRC_SFTP_INSIDE_H

#include "sallyport/base/buf.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/ring.h"
#include "sallyport/base/wr.h"
#include "sallyport/sftp/sftp.h"

#include <dirent.h>
#include <sys/stat.h>

/* Messages and status codes of the draft, §3 and §7 */
enum {
	FXP_INIT = 1,
	FXP_VERSION,
	FXP_OPEN,
	FXP_CLOSE,
	FXP_READ,
	FXP_WRITE,
	FXP_LSTAT,
	FXP_FSTAT,
	FXP_SETSTAT,
	FXP_FSETSTAT,
	FXP_OPENDIR,
	FXP_READDIR,
	FXP_REMOVE,
	FXP_MKDIR,
	FXP_RMDIR,
	FXP_REALPATH,
	FXP_STAT,
	FXP_RENAME,
	FXP_READLINK,
	FXP_SYMLINK,
	FXP_STATUS = 101,
	FXP_HANDLE,
	FXP_DATA,
	FXP_NAME,
	FXP_ATTRS,
	FXP_EXTENDED = 200,
	FXP_EXTENDED_REPLY
};

enum status {
	FX_OK,
	FX_EOF,
	FX_NO_SUCH_FILE,
	FX_PERMISSION_DENIED,
	FX_FAILURE,
	FX_BAD_MESSAGE,
	FX_NO_CONNECTION,
	FX_CONNECTION_LOST,
	FX_OP_UNSUPPORTED,
	FX_REPLIED /* not on the wire: the handler answered by itself */
};

/* ---- attrs.c --------------------------------------------------------------- */

enum { ATTR_SIZE = 1, ATTR_OWNER = 2, ATTR_MODE = 4, ATTR_TIMES = 8 };
#define ATTR_EXTENDED 0x80000000u

struct attrs {
	uint32_t has; /* ATTR_… */
	uint64_t size;
	uint32_t uid, gid, mode, atime, mtime;
};

struct attrs attrs_read(struct rd *r);
struct attrs attrs_of(const struct stat *st);
void attrs_write(struct wr *w, const struct attrs *a);

/* ---- handles.c --------------------------------------------------------------- */

enum handle_kind { HANDLE_NONE, HANDLE_FILE, HANDLE_FOLDER };

struct handle {
	enum handle_kind kind;
	uint32_t generation; /* an old number doesn't mean a new file */
	int fd;
	DIR *folder;
	char *path;  /* as the client said it, for the log */
	bool append; /* a write's offset doesn't count */
	uint64_t octets_read, octets_written;
	uint32_t next_free; /* slot + 1 */
};

struct handles {
	struct handle *v;
	uint32_t n;    /* slots in use ever */
	uint32_t free; /* slot + 1 of the first free one */
	uint32_t max;
};

void handles_init(struct handles *h);

/*
 * Takes fd and folder (or closes them: no room, -1). The handle's number for
 * the client, which is the argument of the others.
 */
MUST_USE enum err handles_add(struct handles *h, const struct handle *new,
    const char *path, uint32_t *number);

/* The handle of a request, NULL if it is none of that kind. */
struct handle *handles_get(const struct handles *h, struct slice number,
    enum handle_kind kind);
struct handle *handles_any(const struct handles *h, struct slice number);

/* 0, or errno of the close. */
int handles_close(struct handles *h, struct handle *handle);

/* ---- sftp.c -------------------------------------------------------------------- */

struct sftp {
	const struct sftp_options *o;
	const struct sftp_ops *ops;
	struct ring in;
	struct buf out;
	size_t sent; /* octets at the front of out */
	struct handles handles;
	char *start;   /* the working directory at the beginning */
	uint32_t id;   /* of the request that is served */
	bool begun;    /* INIT came */
	bool over;     /* nothing can be understood any more */
	bool too_full; /* a reply found no room */
};

/* A handler reads its fields and does its work only where none is missing. */
typedef enum status sftp_handler(struct sftp *s, struct rd *r);

sftp_handler on_open, on_close, on_read, on_write, on_lstat, on_stat, on_fstat,
    on_setstat, on_fsetstat, on_opendir, on_readdir, on_remove, on_mkdir,
    on_rmdir, on_realpath, on_rename, on_readlink, on_symlink;
sftp_handler on_posix_rename, on_statvfs, on_fstatvfs, on_hardlink, on_fsync,
    on_lsetstat, on_limits, on_expand_path, on_copy_data, on_home_directory,
    on_users_groups_by_id;

/* A reply begins with its length, type and id; finish what was begun. */
struct wr sftp_reply(struct sftp *s, uint8_t type, size_t *mark);
void sftp_end(struct sftp *s, struct wr *w, size_t mark);

enum status sftp_status_of(int why); /* errno */
enum status sftp_done(int failed);   /* what a system call gave */

/* NAME with one entry and no attributes. */
enum status sftp_reply_name(struct sftp *s, const char *name);
/* HANDLE for new, which is taken; a limit reached is a failure. */
enum status
sftp_reply_handle(struct sftp *s, const struct handle *new, const char *path);
enum status sftp_reply_attrs(struct sftp *s, const struct stat *st);

/* For the log; only where the level asks for it. */
void sftp_say(const struct sftp *s, enum log_level level, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * A path of a request as a C string, for mem_free; NULL after a fault of r.
 * One with a NUL octet can't be opened by anybody: ERR_FORMAT.
 */
char *sftp_path(struct rd *r);

/* The names as the log shows them: quoted, bounded. */
const char *sftp_quote(const char *path);

/* ---- own.c ------------------------------------------------------------------------ */

/*
 * Is it a file of procfs that tells about this very process? Forked, not
 * exec'd, it would tell the address-space layout of a generation.
 */
bool own_is(int fd);

#endif
