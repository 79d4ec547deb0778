#include "key/fixture.h"

#include "sallyport/base/log.h"
#include "sallyport/key/keyfile.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[32];

static void
init(void)
{
	strcpy(dir, "/tmp/check-errand.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	log_set_level(LEVEL_QUIET);
}

static void
clear(void)
{
	SCOPED(mem_free_at) char *command = mem_format("rm -rf '%s'", dir);

	ck_assert_int_eq(system(command), 0);
}

static int
make(const char *kind, const char *name)
{
	SCOPED(mem_free_at)
	char *task = mem_format("keygen %s %s/%s", kind, dir, name);
	int status = -1;
	pid_t pid = spawn_fork();

	if (pid == 0)
		_exit(errand_main(task));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
read_file(const char *name, struct buf *out)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(io_read_all(fd, out->max, out), OK);
	close(fd);
}

static mode_t
mode_of(const char *name)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", dir, name);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static size_t
count_files(void)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

static const struct {
	const char *kind;
	enum key_type type;
} kinds[] = {{"ed25519 0", KEY_ED25519}, {"ecdsa 256", KEY_ECDSA_256},
    {"ecdsa 384", KEY_ECDSA_384}, {"ecdsa 521", KEY_ECDSA_521},
    {"rsa 2048", KEY_RSA}, {"mldsa44 0", KEY_MLDSA44_ED25519}};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

/* Our own reader's view; and ssh-keygen's, where there is one. */
START_TEST(makes_a_pair)
{
	SCOPED(buf_clear) struct buf file = BUF_LIMIT(KEYFILE_MAX);
	SCOPED(buf_clear) struct buf pub = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf ours = FIXTURE_BUF;
	SCOPED(mem_free_at)
	char *command =
	    mem_format("command -v ssh-keygen >/dev/null || exit 0; "
		       "ssh-keygen -y -f '%s/a key' | cmp - '%s/a key.pub'",
		dir, dir);
	struct slice comment;
	struct signer *s;

	umask(0);
	ck_assert_int_eq(make(kinds[_i].kind, "a key"), 0);
	ck_assert_uint_eq(mode_of("a key"), 0600);
	ck_assert_uint_eq(mode_of("a key.pub"), 0644);
	ck_assert_uint_eq(count_files(), 2);
	read_file("a key", &file);
	read_file("a key.pub", &pub);
	ck_assert_int_eq(keyfile_parse(buf_slice(&file), &s), OK);
	ck_assert_int_eq(signer_type(s), kinds[_i].type);
	ck_assert_int_eq(keyfile_write_public(s, "", &ours), OK);
	comment = slice_skip(buf_slice(&pub), ours.n - 1);
	ck_assert(slice_starts(comment, SLICE_STR("root@")));
	ck_assert(slice_starts(buf_slice(&pub),
	    slice_first(buf_slice(&ours), ours.n - 1)));
	signer_free(s);
	/* which doesn't know this one before 10.5 */
	if (kinds[_i].type != KEY_MLDSA44_ED25519)
		ck_assert_int_eq(system(command), 0);
}
END_TEST

/* Two daemons start at once: the second takes what the first one made. */
START_TEST(leaves_a_key_that_is_there)
{
	SCOPED(buf_clear) struct buf before = BUF_LIMIT(KEYFILE_MAX);
	SCOPED(buf_clear) struct buf after = BUF_LIMIT(KEYFILE_MAX);
	SCOPED(buf_clear) struct buf pub = BUF_LIMIT(KEYFILE_MAX);
	SCOPED(buf_clear) struct buf pub_after = BUF_LIMIT(KEYFILE_MAX);

	ck_assert_int_eq(make("ed25519 0", "key"), 0);
	read_file("key", &before);
	read_file("key.pub", &pub);
	ck_assert_int_eq(make("ecdsa 256", "key"), 0);
	read_file("key", &after);
	read_file("key.pub", &pub_after);
	ck_assert(slice_equal(buf_slice(&before), buf_slice(&after)));
	ck_assert(slice_equal(buf_slice(&pub), buf_slice(&pub_after)));
	ck_assert_uint_eq(count_files(), 2);
}
END_TEST

START_TEST(no_two_keys_are_alike)
{
	SCOPED(buf_clear) struct buf one = FIXTURE_BUF;
	SCOPED(buf_clear) struct buf two = FIXTURE_BUF;

	ck_assert_int_eq(make("ed25519 0", "one"), 0);
	ck_assert_int_eq(make("ed25519 0", "two"), 0);
	read_file("one.pub", &one);
	read_file("two.pub", &two);
	ck_assert(!slice_equal(buf_slice(&one), buf_slice(&two)));
}
END_TEST

START_TEST(refuses_what_is_no_kind_of_key)
{
	static const char *const bad[] = {"dsa 1024", "ecdsa 255", "rsa 512",
	    "rsa 16385", "rsa -1", "ed448 0", " 0"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(make(bad[i], "key") != 0, "%s", bad[i]);
	ck_assert_uint_eq(count_files(), 0);
}
END_TEST

TCase *
check_keygen(void)
{
	TCase *tc = tcase_create("errand/keygen");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_loop_test(tc, makes_a_pair, 0, KINDS);
	tcase_add_test(tc, leaves_a_key_that_is_there);
	tcase_add_test(tc, no_two_keys_are_alike);
	tcase_add_test(tc, refuses_what_is_no_kind_of_key);
	return tc;
}
