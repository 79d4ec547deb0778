#include "harness.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void
harness_init(struct harness *h)
{
	*h = (struct harness){.paths = HARNESS_PATHS,
	    .certs = HARNESS_PATHS,
	    .keys = BUF_LIMIT((size_t)128 << 10)};
	strcpy(h->dir, "/tmp/check-keeper.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(h->dir));
}

static void
remove_folder(const char *dir)
{
	SCOPED(mem_free_at) char *command = mem_format("rm -rf '%s'", dir);

	ck_assert_int_eq(system(command), 0);
}

void
harness_clear(struct harness *h)
{
	rpc_free(h->root);
	if (h->pid > 0) {
		kill(h->pid, SIGKILL);
		waitpid(h->pid, NULL, 0);
	}
	buf_clear(&h->paths);
	buf_clear(&h->certs);
	buf_clear(&h->keys);
	remove_folder(h->dir);
}

static void
put(struct slice text, const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(io_write_all(fd, text), OK);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void
copy(const char *name, const char *path, mode_t mode)
{
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;

	fixture_read(name, &text);
	put(buf_slice(&text), path, mode);
}

static void
add(struct buf *list, const char *text)
{
	struct wr w = wr_into(list);

	wr_cstr(&w, text);
	ck_assert_int_eq(wr_end(&w, NULL), OK);
}

void
harness_add_key(struct harness *h, const char *name, mode_t mode,
    const char *origin)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", h->dir, name);

	if (mode != 0)
		copy(name, path, mode);
	add(&h->paths, path);
	add(&h->paths, origin);
}

void
harness_add_public(struct harness *h, const char *name, const char *ending)
{
	SCOPED(mem_free_at) char *file = mem_format("%s.pub", name);
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", h->dir, file);
	SCOPED(mem_free_at)
	char *listed = mem_format("%s/%s%s", h->dir, name, ending);

	copy(file, path, 0644);
	add(&h->paths, listed);
	add(&h->paths, "c");
}

void
harness_add_fido(struct harness *h, const char *name)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", h->dir, name);
	SCOPED(buf_clear) struct buf text = FIXTURE_BUF;

	fixture_sk_file(name, 1, "handle", &text);
	put(buf_slice(&text), path, 0600);
	add(&h->paths, path);
	add(&h->paths, "c");
}

void
harness_add_cert(struct harness *h, const char *name)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", h->dir, name);

	copy(name, path, 0644);
	add(&h->certs, path);
}

/* In the child: the channel is where spawn_image puts it. */
static void
become_keeper(int channel)
{
	if (channel != SPAWN_CHANNEL) {
		dup2(channel, SPAWN_CHANNEL);
		close(channel);
	}
	io_close_but(SPAWN_CHANNEL + 1, NULL, 0);
	_exit(keeper_main(NULL));
}

void
harness_start(struct harness *h, bool check)
{
	struct keeper_start_msg m = {.hostkeys = buf_slice(&h->paths),
	    .certificates = buf_slice(&h->certs),
	    .provider = slice_cstr(h->provider),
	    .agent = slice_cstr(h->agent),
	    .check = check};
	struct keys_msg answer;
	uint32_t number;
	char word[32];
	int pair[2];

	log_open(TARGET_STDERR, LEVEL_QUIET, 0, false);
	log_export(word);
	m.log = slice_cstr(word);
	ck_assert_int_eq(io_pair(pair), OK);
	h->pid = spawn_fork();
	ck_assert_int_ge(h->pid, 0);
	if (h->pid == 0)
		become_keeper(pair[1]);
	close(pair[1]);
	h->root = rpc_new(pair[0]);
	ck_assert_int_eq(rpc_send(h->root, KEEPER_START,
			     &layout_keeper_start_msg, &m),
	    OK);
	ck_assert_int_eq(rpc_receive(h->root, false, &number), OK);
	ck_assert_uint_eq(number, KEEPER_KEYS);
	ck_assert_int_eq(rpc_decode(h->root, &layout_keys_msg, &answer), OK);
	ck_assert_int_eq(buf_append(&h->keys, answer.keys), OK);
	h->count = answer.count;
}

bool
harness_entry(const struct harness *h, size_t n, uint32_t *number,
    bool *certificate, struct slice *blob)
{
	struct rd r = rd_from(buf_slice(&h->keys));

	for (size_t i = 0; r.left.n > 0; i++) {
		struct slice type;

		*number = rd_u32(&r);
		*certificate = rd_bool(&r);
		type = rd_string(&r);
		*blob = rd_string(&r);
		ck_assert_int_eq(rd_status(&r), OK);
		ck_assert(slice_equal(type, key_blob_type(*blob)));
		if (i == n)
			return true;
	}
	return false;
}

struct rpc *
harness_link(struct rpc *root, bool further)
{
	struct link_msg m = {.further_links = further};
	int pair[2];

	ck_assert_int_eq(io_pair(pair), OK);
	m.link.fd = pair[1];
	ck_assert_int_eq(ask_link(root, &m, NULL), OK);
	close(pair[1]);
	return rpc_new(pair[0]);
}

int
harness_wait(struct harness *h)
{
	int status;

	for (int i = 0; i < 1000; i++) {
		pid_t pid = waitpid(h->pid, &status, WNOHANG);

		if (pid == h->pid) {
			h->pid = 0;
			return status;
		}
		poll(NULL, 0, 10);
	}
	return -1;
}
