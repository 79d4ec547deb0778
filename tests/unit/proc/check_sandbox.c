#include "children.h"
#include "suite.h"

#include "config.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/sandbox.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/* How a test's child comes to its role; loops go over both. */
enum { AS_ROOT, AS_USER, WAYS };

/*
 * Root's way needs the unprivileged account, and its root directory, which is
 * put on a file system of the test's own. False where it can't be tried.
 */
static bool
prepare(int way)
{
	char path[] = PRIVSEP_PATH;
	uid_t uid;
	gid_t gid;

	if (way == AS_USER)
		return true;
	if (getuid() != 0 || creds_unprivileged(&uid, &gid) != OK)
		return false;
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", dirname(path), "tmpfs", 0, "mode=0755") != 0)
		return false;
	return sandbox_root_ready() == OK;
}

static void
enter(int way, enum role role)
{
	if (way == AS_USER)
		CHILD(child_become_user());
	sandbox_enter(role, getppid());
}

/* ---- what kills ---- */

static void
make_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void
make_process(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
exec_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
}

static void
send_signal(void)
{
	kill(getppid(), 0);
}

static void
trace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void
map_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
}

static void
make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void
ask_terminal(void)
{
	struct winsize size;

	ioctl(0, TIOCGWINSZ, &size);
}

static void
push_input(void)
{
	char c = 'x';

	ioctl(0, TIOCSTI, &c);
}

static void
copy_descriptor(void)
{
	fcntl(0, F_DUPFD, 10);
}

static void
control_process(void)
{
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
read_memory(void)
{
	char c;
	struct iovec iov = {&c, 1};

	syscall(SYS_process_vm_readv, getppid(), &iov, 1UL, &iov, 1UL, 0UL);
}

static void
unlink_file(void)
{
	unlink("/nowhere");
}

static void
use_bpf(void)
{
	syscall(SYS_bpf, 0, NULL, 0);
}

#if defined(__x86_64__)
static void
call_x32(void)
{
	syscall(0x40000000L | SYS_getpid);
}

/* getpid of the 32-bit interface: 20, which is writev on ours */
static void
call_32bit(void)
{
	long result = 20;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
}
#endif

static void (*const forbidden[])(void) = {
    make_socket,
    make_process,
    exec_program,
    send_signal,
    trace,
    map_code,
    make_code,
    ask_terminal,
    push_input,
    copy_descriptor,
    control_process,
    read_memory,
    unlink_file,
    use_bpf,
#if defined(__x86_64__)
    call_x32,
    call_32bit,
#endif
};
#define FORBIDDEN (int)(sizeof(forbidden) / sizeof(forbidden[0]))

static void
try_forbidden(int arg)
{
	enter(arg % WAYS, ROLE_GATE);
	forbidden[arg / WAYS]();
}

START_TEST(a_gate_dies_of_what_it_must_not_do)
{
	if (prepare(_i % WAYS))
		ck_assert(
		    child_killed_by(child_run(try_forbidden, _i), SIGSYS));
}
END_TEST

/* ---- what serves ---- */

static void
use_memory(void)
{
	char *p = mem_new((size_t)8 << 20);
	char *q = mem_resize(mem_new(100), 100, 1 << 20, 1);

	memset(p, 1, (size_t)8 << 20);
	mem_free(p);
	mem_free(q);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHILD(p != MAP_FAILED && mprotect(p, 4096, PROT_NONE) == 0);
	CHILD(mlock(p + 4096, 4096) == 0 || errno == ENOMEM || errno == EPERM);
	CHILD(madvise(p, 8192, MADV_WIPEONFORK) == 0);
	CHILD(munmap(p, 8192) == 0);
}

static void
use_clock(void)
{
	struct timespec now;
	char c;

	CHILD(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	CHILD(syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) == 0);
	CHILD(getrandom(&c, 1, 0) == 1);
	CHILD(getpid() > 0);
}

static void
find_no_file(void)
{
	struct stat st;

	CHILD(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
	CHILD(access("/etc/passwd", R_OK) < 0 && errno == EACCES);
	CHILD(stat("/etc/passwd", &st) < 0 && errno == EACCES);
	CHILD(open("new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 &&
	      errno == EACCES);
}

static void
use_descriptors(int pair[2])
{
	struct epoll_event e = {.events = EPOLLIN};
	int loop = epoll_create1(EPOLL_CLOEXEC);
	char c = 'x';

	CHILD(loop >= 0);
	CHILD(epoll_ctl(loop, EPOLL_CTL_ADD, pair[0], &e) == 0);
	CHILD(send(pair[1], &c, 1, MSG_NOSIGNAL) == 1);
	CHILD(epoll_wait(loop, &e, 1, 1000) == 1);
	CHILD(io_nonblock(pair[0], true) == OK);
	CHILD(recv(pair[0], &c, 1, 0) == 1);
	CHILD(recv(pair[0], &c, 1, 0) < 0 && errno == EAGAIN);
	CHILD(poll(NULL, 0, 1) == 0);
	io_close(&loop);
}

static void
work_as_gate(int way)
{
	SCOPED(mem_free_at) uint8_t *state = mem_new(900000);
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	int pair[2], fd;

	CHILD(io_pair(pair) == OK);
	enter(way, ROLE_GATE);
	use_memory();
	use_clock();
	find_no_file();
	use_descriptors(pair);
	CHILD(memfile_make("s", slice_make(state, 900000), &fd) == OK);
	CHILD(memfile_read(fd, &out) == OK && out.n == 900000);
	CHILD(shutdown(pair[0], SHUT_RDWR) == 0);
}

START_TEST(a_gate_can_do_its_work)
{
	if (prepare(_i))
		ck_assert(child_ok(child_run(work_as_gate, _i)));
}
END_TEST

static void
work_as_keycheck(int way)
{
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	char head[4];
	int pair[2];

	CHILD(file >= 0 && io_pair(pair) == OK);
	enter(way, ROLE_KEYCHECK);
	use_memory();
	use_clock();
	find_no_file();
	use_descriptors(pair);
	CHILD(fstat(file, &st) == 0 && st.st_size > 4);
	CHILD(pread(file, head, 4, 0) == 4 && head[1] == 'E');
	CHILD(lseek(file, 2, SEEK_SET) == 2 && read(file, head, 2) == 2);
	make_socket();
}

START_TEST(keycheck_reads_what_is_open_and_opens_nothing)
{
	if (prepare(_i))
		ck_assert(
		    child_killed_by(child_run(work_as_keycheck, _i), SIGSYS));
}
END_TEST

static void
work_as_keeper(int way)
{
	int pair[2];

	CHILD(io_pair(pair) == OK);
	enter(way, ROLE_KEEPER);
	use_memory();
	use_clock();
	find_no_file();
	use_descriptors(pair);
	/* the log's attempt to connect anew */
	CHILD(socket(AF_UNIX, SOCK_DGRAM, 0) < 0 && errno == EACCES);
	make_process();
}

START_TEST(the_keeper_lives_without_a_log_daemon)
{
	if (prepare(_i))
		ck_assert(
		    child_killed_by(child_run(work_as_keeper, _i), SIGSYS));
}
END_TEST

/* ---- what can be seen from outside ---- */

static int hold[2];

static void
stay(int way)
{
	char c = 'r';

	enter(way, ROLE_GATE);
	if (write(hold[1], &c, 1) == 1)
		poll(NULL, 0, 20000);
}

/* A gate that has entered and waits to be looked at. */
static pid_t
confined(int way)
{
	pid_t pid;
	char c;

	ck_assert_int_eq(io_pipe(hold), OK);
	if ((pid = fork()) == 0) {
		stay(way);
		_exit(0);
	}
	io_close(&hold[1]);
	ck_assert_int_eq(read(hold[0], &c, 1), 1);
	io_close(&hold[0]);
	return pid;
}

static void
release(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* A file of /proc/PID; of one test at a time. */
static const char *
proc_text(pid_t pid, const char *file)
{
	static char text[8192];
	char path[64];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static bool
status_says(pid_t pid, const char *line)
{
	return strstr(proc_text(pid, "status"), line) != NULL;
}

/* The hard limit, which stands in the second column. */
static unsigned long
limit_of(pid_t pid, const char *what)
{
	const char *line = strstr(proc_text(pid, "limits"), what);
	unsigned long hard;

	ck_assert_ptr_nonnull(line);
	if (sscanf(line + strlen(what), "%*s %lu", &hard) != 1)
		return ULONG_MAX; /* unlimited */
	return hard;
}

START_TEST(a_gate_has_no_right_left)
{
	pid_t pid;

	if (!prepare(_i))
		return;
	pid = confined(_i);
	ck_assert(sandbox_is_filtered(pid));
	ck_assert(!sandbox_is_filtered(getpid()));
	ck_assert(status_says(pid, "\nNoNewPrivs:\t1\n"));
	ck_assert(status_says(pid, "\nCapPrm:\t0000000000000000\n"));
	ck_assert(status_says(pid, "\nCapEff:\t0000000000000000\n"));
	ck_assert(status_says(pid, "\nCapInh:\t0000000000000000\n"));
	ck_assert(status_says(pid, "\nCapAmb:\t0000000000000000\n"));
	release(pid);
}
END_TEST

START_TEST(a_gate_of_root_is_nobody_in_an_empty_place)
{
	char line[64], path[64], root[256];
	ssize_t n;
	uid_t uid;
	gid_t gid;
	pid_t pid;

	if (!prepare(AS_ROOT))
		return;
	ck_assert_int_eq(creds_unprivileged(&uid, &gid), OK);
	pid = confined(AS_ROOT);
	snprintf(line, sizeof(line), "\nUid:\t%u\t%u\t%u\t%u\n", uid, uid, uid,
	    uid);
	ck_assert(status_says(pid, line));
	snprintf(line, sizeof(line), "\nGid:\t%u\t%u\t%u\t%u\n", gid, gid, gid,
	    gid);
	ck_assert(status_says(pid, line));
	ck_assert(status_says(pid, "\nGroups:\t \n"));
	ck_assert(status_says(pid, "\nCapBnd:\t0000000000000000\n"));
	snprintf(path, sizeof(path), "/proc/%ld/root", (long)pid);
	n = readlink(path, root, sizeof(root) - 1);
	ck_assert_int_gt(n, 0);
	root[n] = '\0';
	ck_assert_str_eq(root, PRIVSEP_PATH);
	snprintf(path, sizeof(path), "/proc/%ld/cwd", (long)pid);
	n = readlink(path, root, sizeof(root) - 1);
	root[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(root, PRIVSEP_PATH);
	release(pid);
}
END_TEST

START_TEST(a_gate_has_small_limits)
{
	pid_t pid;

	if (!prepare(_i))
		return;
	pid = confined(_i);
	ck_assert_uint_eq(limit_of(pid, "Max processes"), 0);
	ck_assert_uint_eq(limit_of(pid, "Max core file size"), 0);
	ck_assert_uint_le(limit_of(pid, "Max file size"), 1 << 20);
	ck_assert_uint_le(limit_of(pid, "Max open files"), 128);
	release(pid);
}
END_TEST

/* Even of the same user, even though its parent. */
static void
look_into_own_child(int arg)
{
	char path[64];
	pid_t pid;

	(void)arg;
	CHILD(child_become_user());
	pid = confined(AS_USER);
	snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
	CHILD(open(path, O_RDONLY | O_CLOEXEC) < 0);
	CHILD(ptrace(PTRACE_ATTACH, pid, NULL, NULL) != 0);
	release(pid);
}

START_TEST(a_gate_cannot_be_looked_into)
{
	ck_assert(child_ok(child_run(look_into_own_child, 0)));
}
END_TEST

/* ---- the rest ---- */

static void
enter_session(int role)
{
	CHILD(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1);
	sandbox_enter((enum role)role, getppid());
	CHILD(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHILD(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	CHILD(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0);
	make_process();
	make_socket();
}

START_TEST(a_session_is_only_hidden)
{
	ck_assert(child_ok(child_run(enter_session, ROLE_SESSION)));
	ck_assert(child_ok(child_run(enter_session, ROLE_MONITOR)));
	ck_assert(child_ok(child_run(enter_session, ROLE_SPAWNER)));
}
END_TEST

static void
enter_errand(int way)
{
	uid_t uid = getuid();
	gid_t gid;

	enter(way, ROLE_ERRAND);
	if (way == AS_ROOT)
		CHILD(creds_unprivileged(&uid, &gid) == OK && getuid() == uid);
	CHILD(getuid() != 0);
	CHILD(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHILD(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
	make_socket();
}

START_TEST(an_errand_loses_its_rights_but_not_the_network)
{
	if (prepare(_i))
		ck_assert(child_ok(child_run(enter_errand, _i)));
}
END_TEST

static void
enter_with(int mode)
{
	CHILD(chmod(PRIVSEP_PATH, (mode_t)mode) == 0);
	CHILD(sandbox_root_ready() == ERR_DENIED);
	close(2); /* it tells why */
	enter(AS_ROOT, ROLE_GATE);
}

/* SEC-12: never "log and go on". */
START_TEST(half_a_sandbox_is_the_end)
{
	static const int modes[] = {0775, 0757, 01777};

	if (!prepare(AS_ROOT))
		return;
	for (size_t i = 0; i < 3; i++) {
		int status = child_run(enter_with, modes[i]);

		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), 255);
	}
}
END_TEST

static void
enter_without(int how)
{
	CHILD(rmdir(PRIVSEP_PATH) == 0);
	if (how == 1)
		CHILD(symlink("/tmp", PRIVSEP_PATH) == 0);
	if (how == 2)
		CHILD(mknod(PRIVSEP_PATH, S_IFREG | 0644, 0) == 0);
	if (how > 0)
		close(2);
	enter(AS_ROOT, ROLE_GATE);
}

START_TEST(a_missing_root_directory_is_made_but_no_other_taken)
{
	if (!prepare(AS_ROOT))
		return;
	ck_assert(child_ok(child_run(enter_without, 0)));
	ck_assert(child_ok(child_run(enter_without, 0)));
	ck_assert_int_eq(WEXITSTATUS(child_run(enter_without, 1)), 255);
	ck_assert_int_eq(unlink(PRIVSEP_PATH), 0);
	ck_assert_int_eq(sandbox_root_ready(), OK);
	ck_assert_int_eq(WEXITSTATUS(child_run(enter_without, 2)), 255);
}
END_TEST

TCase *
check_sandbox(void)
{
	TCase *tc = tcase_create("proc/sandbox");

	tcase_add_loop_test(tc, a_gate_dies_of_what_it_must_not_do, 0,
	    FORBIDDEN * WAYS);
	tcase_add_loop_test(tc, a_gate_can_do_its_work, 0, WAYS);
	tcase_add_loop_test(tc, keycheck_reads_what_is_open_and_opens_nothing,
	    0, WAYS);
	tcase_add_loop_test(tc, the_keeper_lives_without_a_log_daemon, 0, WAYS);
	tcase_add_loop_test(tc, a_gate_has_no_right_left, 0, WAYS);
	tcase_add_test(tc, a_gate_of_root_is_nobody_in_an_empty_place);
	tcase_add_loop_test(tc, a_gate_has_small_limits, 0, WAYS);
	tcase_add_test(tc, a_gate_cannot_be_looked_into);
	tcase_add_test(tc, a_session_is_only_hidden);
	tcase_add_loop_test(tc, an_errand_loses_its_rights_but_not_the_network,
	    0, WAYS);
	tcase_add_test(tc, half_a_sandbox_is_the_end);
	tcase_add_test(tc, a_missing_root_directory_is_made_but_no_other_taken);
	return tc;
}
