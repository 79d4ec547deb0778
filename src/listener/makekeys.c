/*
 * makekeys.c - missing host keys are made at the first start
 *
 * By an errand, so that no octet of a key passes through here. What takes its
 * time (RSA) is made in the background; a reload gives it to a keeper.
 */
#include "listener.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *file; /* end of the default path */
	const char *task; /* of the errand */
	bool background;  /* takes its time */
	const char *only; /* where HostKeyAlgorithms names it; NULL: always */
} made_keys[] = {
    {"ssh_host_ed25519_key", "ed25519 0", false, NULL},
    {"ssh_host_mldsa44_ed25519_key", "mldsa44 0", false,
	"ssh-mldsa44-ed25519@openssh.com"},
    {"ssh_host_ecdsa_key", "ecdsa 256", false, NULL},
    {"ssh_host_rsa_key", "rsa 3072", true, NULL},
};

static bool
is_wanted(const struct listener *l, const char *algorithm)
{
	return algorithm == NULL ||
	       algo_list_has(slice_cstr(l->conf->hostkey_algorithms),
		   slice_cstr(algorithm));
}

/* The folder of the default keys: ours, beside the configuration. */
static void
make_folder(const char *path)
{
	const char *end = strrchr(path, '/');
	SCOPED(mem_free_at)
	char *folder = mem_text(slice_make(path, (size_t)(end - path)));

	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		log_error("%s: %s", folder, strerror(errno));
}

static pid_t
make_key(const char *kind, const char *path, int *end)
{
	SCOPED(mem_free_at) char *task = mem_format("keygen %s %s", kind, path);
	int pair[2];
	pid_t pid;

	if (io_pair(pair) != OK)
		return -1;
	if (spawn_image(ROLE_ERRAND, task, pair[1], &pid) != OK)
		pid = -1;
	io_close(&pair[1]);
	if (end != NULL && pid > 0)
		*end = pair[0]; /* at its end this reads EOF */
	else
		io_close(&pair[0]);
	return pid;
}

/* The default path that ends in this name, or NULL. */
static const char *
default_path(const struct conf_list *paths, const char *file)
{
	for (size_t i = 0; i < paths->n; i++) {
		const char *end = strrchr(paths->v[i], '/');

		if (end != NULL && strcmp(end + 1, file) == 0)
			return paths->v[i];
	}
	return NULL;
}

static void
make_and_wait(const char *task, const char *path)
{
	pid_t pid = make_key(task, path, NULL);
	int status;

	if (pid > 0 && parent_reap(pid, false, &status) == OK && status != 0)
		log_error("host key %s wasn't made", path);
}

bool
makekeys_due(const struct listener *l)
{
	const struct conf_list *paths = &l->conf->host_keys;
	struct stat s;

	if (!l->conf->host_keys_default)
		return false;
	for (size_t i = 0; i < paths->n; i++)
		if (stat(paths->v[i], &s) == 0)
			return false; /* an administrator has chosen */
	return true;
}

void
makekeys_missing(struct listener *l)
{
	const struct conf_list *paths = &l->conf->host_keys;

	if (!makekeys_due(l))
		return;
	for (size_t k = 0; k < sizeof(made_keys) / sizeof(made_keys[0]); k++) {
		const char *path = default_path(paths, made_keys[k].file);

		if (path == NULL || !is_wanted(l, made_keys[k].only))
			continue;
		log_info("making host key %s", path);
		make_folder(path);
		if (made_keys[k].background)
			l->keygen_pid =
			    make_key(made_keys[k].task, path, &l->keygen_fd);
		else
			make_and_wait(made_keys[k].task, path);
	}
}

static void
on_key_made(struct watch *w, unsigned int events)
{
	struct listener *l = w->ctx;
	int status = -1;

	(void)events;
	loop_remove(w);
	io_close(&l->keygen_fd);
	if (parent_reap(l->keygen_pid, false, &status) == OK && status == 0)
		reload_begin(l); /* the keeper is to have it, too */
	else
		log_error("the RSA host key wasn't made");
	l->keygen_pid = 0;
}

void
makekeys_watch(struct listener *l)
{
	if (l->keygen_fd < 0)
		return;
	l->keygen_watch = (struct watch){.fd = l->keygen_fd,
	    .events = LOOP_READ,
	    .on = on_key_made,
	    .ctx = l};
	must(loop_add(l->loop, &l->keygen_watch) == OK);
}
