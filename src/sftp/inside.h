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
	bool failed; /* something that was to be written isn't there */
	uint64_t octets_read, octets_written;
	struct upload *upload; /* or NULL */
	uint32_t next_free;    /* slot + 1 */
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

/* Octets below SftpRoot; see quota.c below */
struct quota {
	uint64_t used;
	bool unknown; /* it couldn't be counted: nothing may grow */
};

/* ---- sftp.c -------------------------------------------------------------------- */

struct sftp {
	const struct sftp_options *o;
	const struct sftp_ops *ops;
	struct ring in;
	struct buf out;
	size_t sent;  /* octets at the front of out */
	bool blocked; /* the client's side took no more of them */
	struct handles handles;
	struct quota quota;
	uint32_t uploads; /* handles that have one */
	char *start;   /* the folder at the beginning; with SftpRoot, in it */
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
sftp_reply_handle(struct sftp *s, struct handle *new, const char *path);
enum status sftp_reply_attrs(struct sftp *s, const struct stat *st);

/* An account's home, NULL: none that can be told. */
const char *extended_home(const struct sftp *s, const char *user);

/* For the log; where the level doesn't ask for it, nothing is worked out. */
#define sftp_say(s, at, ...)                                                   \
	do {                                                                   \
		if ((at) <= (s)->o->level)                                     \
			sftp_say_line((s), (at), __VA_ARGS__);                 \
	} while (0)
void sftp_say_line(const struct sftp *s, enum log_level level,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * A path of a request as a C string, for mem_free; NULL after a fault of r.
 * One with a NUL octet can't be opened by anybody: ERR_FORMAT.
 */
char *sftp_path(struct rd *r);

/* The names as the log shows them: quoted, bounded. */
const char *sftp_quote(const char *path);

/* ---- place.c: where a path of the client's leads ---------------------------- */

/* open(2); with SftpRoot nothing outside of it, which is EACCES. */
int place_open(const struct sftp *s, const char *path, int flags, mode_t mode);
int place_stat(const struct sftp *s, const char *path, bool follow,
    struct stat *st);

/* A name, for the calls that end with "at" and follow no link at the end. */
struct place {
	int dir; /* AT_FDCWD, or the descriptor of the folder it is in */
	const char *name;
	char *text; /* name lies in it; or NULL */
};

#define PLACE_NONE ((struct place){.dir = -1})

/* 0, or -1 with errno; place_clear in either case. Without SftpRoot the name
 * is the path. p->name lives as long as path. */
int place_find(const struct sftp *s, const char *path, struct place *p);
/* The same, and the folder's descriptor is opened in any case. */
int place_folder(const struct sftp *s, const char *path, struct place *p);
void place_clear(struct place *p); /* for SCOPED */

/* Would a link at that path, to that target, lead out of SftpRoot? */
bool
place_leads_out(const struct sftp *s, const char *link, const char *target);

/* realpath(3) with SftpRoot for the root, but the last component needn't be
 * there; for mem_free. NULL with errno. */
char *place_real(const struct sftp *s, const char *path);

/* ---- quota.c: octets below SftpRoot ------------------------------------------- */

/* What is there, at the beginning. */
void quota_count(struct sftp *s);

/* An open file before something is done to it. */
struct quota_file {
	bool counts; /* a regular file, and there is a quota */
	uint64_t size;
};

/* False with EDQUOT: there is no room for it to reach end. */
bool
quota_before(const struct sftp *s, int fd, uint64_t end, struct quota_file *q);
void quota_after(struct sftp *s, int fd, const struct quota_file *q);
/* How far a file may grow. */
uint64_t quota_end(const struct sftp *s, const struct quota_file *q);

/* A name before it goes, and when it is gone. */
struct quota_name {
	bool last; /* the only one that the file has */
	dev_t dev;
	ino_t ino;
	uint64_t size;
};
struct quota_name quota_look(const struct sftp *s, int dir, const char *name);
void quota_gone(struct sftp *s, const struct quota_name *q);
/* Before a handle is closed: it may be the last that a file without a name
 * had. */
void quota_close(struct sftp *s, const struct handle *h);

/* What is left of the quota; UINT64_MAX without one. */
uint64_t quota_left(const struct sftp *s);

/* ---- upload.c: a file that comes into being when it is whole ------------------- */

/*
 * Open a file of another name for what would go to path. False: it is to be
 * opened as it is, be it that this gives an error. flags are of open(2).
 */
bool upload_begin(struct sftp *s, const char *path, int flags, mode_t mode,
    struct handle *new);
/* The handle is closed: the file gets its name. 0 or errno. */
int upload_end(struct sftp *s, struct handle *h);
/* Nothing came of it: the file is removed. Doesn't close. */
void upload_drop(struct sftp *s, struct handle *h);
/* Who asks for path means this file, or NULL. */
const struct handle *upload_at(const struct sftp *s, const char *path);

/* ---- stat.c ------------------------------------------------------------------ */

/* The mode that is set where a client wants another. */
mode_t stat_mode(const struct sftp *s, mode_t kind, uint32_t wanted);

/* ---- own.c ------------------------------------------------------------------------ */

/*
 * Is it a file of procfs that tells about this very process? Forked, not
 * exec'd, it would tell the address-space layout of a generation.
 */
bool own_is(int fd);

#endif
