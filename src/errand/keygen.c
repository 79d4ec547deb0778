/*
 * keygen.c - host keys that are missing
 *
 * As root, since the folder is; reads nothing. A key appears under its name
 * whole or not at all, and never in another's place: two daemons may start at
 * once, and the second must take what the first one made.
 */
#include "errand.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/rng.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/key/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA       ((size_t)64 << 10)
#define EXIT_FAILED 1
#define EXIT_USAGE  2

struct kind {
	const char *name;
	uint32_t bits; /* 0: any */
	enum key_type type;
};

/* clang-format off */
static const struct kind kinds[] = {
	{"ed25519", 0,   KEY_ED25519},
	{"ecdsa",   256, KEY_ECDSA_256},
	{"ecdsa",   384, KEY_ECDSA_384},
	{"ecdsa",   521, KEY_ECDSA_521},
	{"rsa",     0,   KEY_RSA},
	{"mldsa44", 0,   KEY_MLDSA44_ED25519},
};
/* clang-format on */

static enum err
generate(struct slice name, uint64_t bits, struct signer **s)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_is(name, kinds[i].name) &&
		    (kinds[i].bits == 0 || kinds[i].bits == bits))
			return signer_generate(kinds[i].type,
			    (unsigned int)bits, s);
	return ERR_UNKNOWN_ALGO;
}

/* Write a new file and see to it that it stays. */
static enum err
write_new(const char *path, mode_t mode, struct slice text)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	SCOPED(io_close) int fd = open(path, flags, mode);
	enum err e;

	/* the mode is what was asked, whatever the umask is */
	if (fd < 0 || fchmod(fd, mode) != 0)
		return ERR_SYSTEM;
	if ((e = io_write_all(fd, text)) != OK)
		return e;
	return fsync(fd) == 0 ? OK : ERR_SYSTEM;
}

/* Some file systems know no rename that spares what is there: a second name
 * does the same. */
static enum err
move_unless_there(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return OK;
	if (errno == EINVAL && link(from, to) == 0)
		return unlink(from) == 0 ? OK : ERR_SYSTEM;
	return ERR_SYSTEM;
}

/* Under a name of its own first. ERR_SYSTEM with EEXIST: path is there. */
static enum err
put(const char *path, mode_t mode, bool replace, struct slice text)
{
	SCOPED(mem_free_at)
	char *new = mem_format("%s.%08x%08x", path, (unsigned int)rng_u32(),
	    (unsigned int)rng_u32());
	enum err e = write_new(new, mode, text);
	int why;

	if (e == OK && replace)
		e = rename(new, path) == 0 ? OK : ERR_SYSTEM;
	else if (e == OK)
		e = move_unless_there(new, path);
	if (e != OK) {
		why = errno;
		(void)unlink(new);
		errno = why;
	}
	return e;
}

static enum err
write_pair(const struct signer *s, const char *path)
{
	SCOPED(mem_free_at) char *public_path = mem_format("%s.pub", path);
	SCOPED(buf_clear) struct buf private = BUF_SECRET(KEYFILE_MAX);
	SCOPED(buf_clear) struct buf public = BUF_LIMIT(KEYFILE_MAX);
	char host[256] = "";
	char comment[sizeof(host) + 8];
	enum err e;

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	snprintf(comment, sizeof(comment), "root@%s", host);
	if ((e = keyfile_write(s, comment, &private)) != OK)
		return e;
	if ((e = keyfile_write_public(s, comment, &public)) != OK)
		return e;
	if ((e = put(path, 0600, false, buf_slice(&private))) != OK)
		return e;
	return put(public_path, 0644, true, buf_slice(&public));
}

static int
make(struct slice type, uint64_t bits, const char *path)
{
	struct signer *s = NULL;
	enum err e = generate(type, bits, &s);

	if (e == OK)
		e = write_pair(s, path);
	signer_free(s);
	if (e == OK)
		return 0;
	if (e == ERR_SYSTEM && errno == EEXIST) {
		log_debug1("host key %s is there already", path);
		return 0;
	}
	log_error("Unable to make host key \"%s\": %s", path,
	    e == ERR_SYSTEM ? strerror(errno) : err_sentence(e));
	return EXIT_FAILED;
}

int
keygen_run(struct slice arguments)
{
	SCOPED(mem_free_at) char *path = NULL;
	struct slice type;
	struct slice bits;
	uint64_t n;

	if (!slice_next(&arguments, ' ', &type) ||
	    !slice_next(&arguments, ' ', &bits) || arguments.n == 0 ||
	    text_number(bits, 0, SIGN_RSA_BITS_MAX, &n) != OK) {
		log_error("keygen: TYPE BITS PATH are needed");
		return EXIT_USAGE;
	}
	secret_init(ARENA);
	path = mem_text(arguments); /* it may hold blanks */
	return make(type, n, path);
}
