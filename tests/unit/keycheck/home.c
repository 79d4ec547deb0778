#include "home.h"

#include "sallyport/base/log.h"
#include "sallyport/key/key.h"

#include <sys/stat.h>
#include <unistd.h>

#define ALGORITHMS                                                             \
	"ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp256,"          \
	"sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-256,rsa-sha2-512,"        \
	"ssh-ed25519-cert-v01@openssh.com"

void
home_init(struct home *h)
{
	*h = (struct home){.host_blob = FIXTURE_BUF};
	strcpy(h->dir, "/tmp/check-keycheck.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(h->dir));
	h->names[0] = ".ssh/authorized_keys";
	h->conf.authorized_keys_files =
	    (struct conf_list){.v = h->names, .n = 1};
	h->conf.pubkey = true;
	h->conf.pubkey_algorithms = ALGORITHMS;
	h->conf.hostbased_algorithms = ALGORITHMS;
	h->conf.ignore_rhosts = RHOSTS_NO;
	h->conf.fingerprint_hash = HASH_SHA256;
	h->conf.required_rsa_size = 1024;
	h->conf.log_level = LEVEL_DEBUG1;
	fixture_blob("ecdsa256", &h->host_blob);
	h->host = (struct common_key){.type = SLICE_STR("ecdsa-sha2-nistp256"),
	    .blob = buf_slice(&h->host_blob)};
	h->common = (struct common){.keys = &h->host, .nkeys = 1};
	strcpy(h->conn.peer_ip, "192.0.2.1");
	h->conn.peer_port = 4711;
	h->start = (struct keycheck_start){.user = "alice",
	    .home = h->dir,
	    .uid = getuid(),
	    .gid = getgid(),
	    .known = true,
	    .conf = &h->conf,
	    .host = h->conn.peer_ip};
}

void
home_clear(struct home *h)
{
	SCOPED(mem_free_at) char *command = mem_format("rm -rf '%s'", h->dir);

	log_open(TARGET_STDERR, LEVEL_INFO, 0, false);
	buf_clear(&h->host_blob);
	buf_clear(&h->lines);
	ck_assert_int_eq(system(command), 0);
}

static void
make_folders(char *path)
{
	for (char *at = strchr(path + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(path, 0755);
		*at = '/';
	}
}

void
home_write(struct home *h, const char *name, mode_t mode, const char *text)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", h->dir, name);
	int fd;

	make_folders(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(io_write_all(fd, slice_cstr(text)), OK);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

char *
home_line(const char *options, const char *key)
{
	SCOPED(buf_clear) struct buf blob = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;

	fixture_blob(key, &blob);
	ck_assert_int_eq(key_write_text(buf_slice(&blob), &text), OK);
	return mem_format("%s%s%.*s me@home\n", options,
	    options[0] == '\0' ? "" : " ", (int)text.n, (const char *)text.p);
}

static void
capture(void *ctx, enum log_level level, const char *text)
{
	struct home *h = ctx;

	(void)level;
	ck_assert_int_eq(buf_append_cstr(&h->lines, text), OK);
	ck_assert_int_eq(buf_append_cstr(&h->lines, "\n"), OK);
}

void
home_capture(struct home *h)
{
	log_set_level(LEVEL_DEBUG1);
	log_to_function(capture, h);
}

bool
home_logged(const struct home *h, const char *text)
{
	return h->lines.n > 0 &&
	       memmem(h->lines.p, h->lines.n, text, strlen(text)) != NULL;
}
