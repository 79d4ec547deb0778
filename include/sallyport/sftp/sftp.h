/*
 * sftp.h - a server of the SSH File Transfer Protocol, version 3
 *
 * Source:  draft-ietf-secsh-filexfer-02, as OpenSSH's clients speak it, and
 *          the extensions of OpenSSH's PROTOCOL §4; SEC-49
 * Runs in: a child of the session (internal-sftp), and sftp-server.
 *
 *     requests ──► ring ──► one row of the table each ──► replies, coalesced
 *
 * It works with the rights, the root directory and the working directory of
 * its process, and with SftpRoot below one folder. A READ's data goes from the
 * file into the reply, a WRITE's from the request into the file.
 */
#ifndef SALLYPORT_SFTP_SFTP_H
#define SALLYPORT_SFTP_SFTP_H

#include "sallyport/base/err.h"
#include "sallyport/base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SFTP_MESSAGE_MAX 262144u /* octets of a request or reply */
#define SFTP_DATA_MAX    261120u /* of file contents in one of them */

/* What it asks of its owner, who may look up names and write a log. */
struct sftp_ops {
	/* One line, foreign text in it escaped. */
	void (*log)(void *ctx, enum log_level level, const char *text);
	/* Name of an account; NULL: unknown. Valid until the next call. */
	const char *(*user_name)(void *ctx, uid_t uid);
	const char *(*group_name)(void *ctx, gid_t gid);
	/* Home of an account ("" is the present user's); NULL: no such user. */
	const char *(*home)(void *ctx, const char *user);
	void *ctx;
};

#define SFTP_REQUESTS_MAX 40

struct sftp_options {
	bool read_only;
	bool refused[SFTP_REQUESTS_MAX]; /* by row of the table: -P, -p */
	bool listed;                     /* by -p, for the log's words */
	enum log_level level;
	int facility;
	bool to_stderr;
	bool has_umask;
	mode_t umask;
	const char *start; /* -d, tokens not expanded; or NULL */
	const char *query; /* -Q, or NULL */
	bool help;         /* -h */
	/* not set by options */
	const char *user;    /* for the log */
	const char *address; /* the client's, for the log */
	int root;            /* SftpRoot, opened; 0: none. Stays the caller's */
	bool has_file_mode, has_dir_mode;
	mode_t file_mode, dir_mode; /* whatever a client asks for */
	uint64_t quota;             /* octets below root; 0: no limit */
	bool atomic;                /* a file that is put appears when whole */
};

/*
 * Arguments of sftp-server and internal-sftp. Texts are borrowed from argv,
 * whose order getopt may change. ERR_CONFIG: *fault says what is wrong.
 */
MUST_USE enum err sftp_options_parse(struct sftp_options *o, int argc,
    char **argv, const char **fault);

/* Name of the table's row i ("posix-rename"), NULL behind the last. */
const char *sftp_request_name(size_t i);

/*
 * The start folder: home, or -d with its tokens (%d home, %u user, %U uid, %%)
 * and a leading ~. Freed by mem_free. ERR_FORMAT.
 */
MUST_USE enum err sftp_start(const struct sftp_options *o, const char *home,
    const char *user, uid_t uid, char **path);

/*
 * Serve requests from in to out until the client leaves. The descriptors are
 * made non-blocking meanwhile. 0, or 1 after a request that can't be
 * understood or an error of theirs; why was logged.
 */
int sftp_serve(int in, int out, const struct sftp_options *o,
    const struct sftp_ops *ops);

#endif
