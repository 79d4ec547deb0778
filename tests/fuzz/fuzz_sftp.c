/*
 * fuzz_sftp.c - requests in any order (SEC-49)
 *
 * Input: what a client sends, from INIT on. It works as nobody in a folder of
 * its own, then the same again below that as SftpRoot, with all that goes with
 * it; without the right to become nobody, nothing that changes a file is served.
 */
#include "sallyport/base/must.h"
#include "sallyport/sftp/sftp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534
#define QUOTA  ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
forget(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	(void)level;
	(void)text;
}

static const char *
no_name(void *ctx, uint32_t id)
{
	(void)ctx;
	return id % 2 ? "odd" : NULL;
}

static const char *
no_home(void *ctx, const char *user)
{
	(void)ctx;
	return user[0] == '\0' ? "." : NULL;
}

static int
scratch(void)
{
	static char dir[] = "/tmp/fuzz-sftp-XXXXXX";
	static int fd = -1;

	if (fd >= 0)
		return fd;
	must(mkdtemp(dir) != NULL && chmod(dir, 0777) == 0);
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	must(fd >= 0);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sftp_ops ops = {.log = forget,
	    .user_name = no_name,
	    .group_name = no_name,
	    .home = no_home};
	struct sftp_options o = {.level = LEVEL_VERBOSE,
	    .user = "joe",
	    .address = "192.0.2.1",
	    .read_only = getuid() != 0};
	int in = memfd_create("in", MFD_CLOEXEC);
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(in >= 0 && out >= 0 && here >= 0);
	must(write(in, data, size) == (ssize_t)size);
	must(lseek(in, 0, SEEK_SET) == 0);
	must(fchdir(scratch()) == 0);
	setfsuid(NOBODY);
	(void)sftp_serve(in, out, &o, &ops);
	o.root = scratch();
	o.quota = QUOTA;
	o.atomic = o.has_file_mode = o.has_dir_mode = true;
	o.file_mode = 0640;
	o.dir_mode = 0750;
	must(lseek(in, 0, SEEK_SET) == 0);
	(void)sftp_serve(in, out, &o, &ops);
	setfsuid(getuid());
	must(fchdir(here) == 0);
	close(in);
	close(out);
	close(here);
	return 0;
}
