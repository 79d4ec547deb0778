#include "house.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 20

/* Words of a command line, behind the program's name. */
static void
parse(const char *text, struct cmdline *c)
{
	static char *argv[WORDS + 2];
	static char name[] = "/usr/sbin/sshd";
	struct slice rest = slice_cstr(text), word;
	int argc = 1;

	argv[0] = name;
	while (slice_next(&rest, ' ', &word) && argc <= WORDS)
		if (word.n > 0)
			argv[argc++] = mem_text(word);
	argv[argc] = NULL;
	optind = 1;
	cmdline_parse(argc, argv, c);
}

/* Flags that stand for keywords are lines, in their order. */
START_TEST(flags_become_lines)
{
	static const struct {
		const char *words, *lines;
	} all[] = {
	    {"", ""},
	    {"-p 2222 -p 23", "Port 2222|Port 23|"},
	    {"-g 2m", "LoginGraceTime 2m|"},
	    {"-h /k -h /l", "HostKey \"/k\"|HostKey \"/l\"|"},
	    {"-c /c", "HostCertificate \"/c\"|"},
	    {"-oPort=1 -o UsePAM=no", "Port=1|UsePAM=no|"},
	    {"-q", "LogLevel QUIET|"},
	    {"-d", "LogLevel DEBUG1|"},
	    {"-ddd", "LogLevel DEBUG3|"},
	    {"-dddddd", "LogLevel DEBUG3|"},
	    {"-oMaxAuthTries=1 -p 5", "MaxAuthTries=1|Port 5|"},
	    {"-b 768 -k 3600 -u 0", ""},
	};
	SCOPED(buf_clear) struct buf lines = BUF_LIMIT(1000);
	struct cmdline c;

	parse(all[_i].words, &c);
	ck_assert_uint_eq(c.source.nlines, c.nlines);
	for (size_t i = 0; i < c.source.nlines; i++)
		ck_assert_int_eq(buf_printf(&lines, "%s|", c.source.lines[i]),
		    OK);
	ck_assert(slice_is(buf_slice(&lines), all[_i].lines));
}
END_TEST

START_TEST(flags_are_noted)
{
	struct cmdline c;

	parse("-D -e -i -t -T -G -f /etc/x -C user=a -C addr=b", &c);
	ck_assert(c.foreground && c.log_stderr && c.inetd);
	ck_assert(c.test && c.dump && c.dump_plain);
	ck_assert_str_eq(c.source.file, "/etc/x");
	ck_assert_uint_eq(c.nspecs, 2);
	ck_assert(!c.family_given && !c.source.ports_final);
	parse("-4", &c);
	ck_assert(c.family_given && c.family == FAMILY_INET);
	parse("-6", &c);
	ck_assert(c.family_given && c.family == FAMILY_INET6);
	parse("-p 22", &c);
	ck_assert(c.source.ports_final);
	parse("-d", &c);
	ck_assert(c.foreground && c.debug == 1);
}
END_TEST

START_TEST(the_path_is_absolute)
{
	struct cmdline c;

	parse("", &c);
	ck_assert_str_eq(c.path, "/usr/sbin/sshd");
}
END_TEST

/* Exit status, and a part of what is said on standard error. */
START_TEST(what_is_wrong_is_told)
{
	static const struct {
		const char *words;
		int status;
		const char *said;
	} all[] = {
	    {"-p 0", 1, "Bad port number.\n"},
	    {"-p 65536", 1, "Bad port number.\n"},
	    {"-p 22x", 1, "Bad port number.\n"},
	    {"-g 1y", 1, "Invalid login grace time.\n"},
	    {"-R", 255, "-R not supported here\n"},
	    {"-Z", 1, "usage: "},
	    {"-p", 1, "usage: "},
	    {"x", 1, "Extra argument x.\n"},
	    {"-D x y", 1, "Extra argument x.\n"},
	    {"-C user=a", 1, "without test mode"},
	    {"-V", 0, "Sallyport_"},
	    {"-E /no/such/folder/log", 1, "Couldn't open logfile"},
	};
	char text[2000] = "";
	struct cmdline c;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		dup2(fds[1], STDERR_FILENO);
		parse(all[_i].words, &c);
		_exit(99);
	}
	close(fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	n = read(fds[0], text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	close(fds[0]);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), all[_i].status);
	ck_assert_ptr_nonnull(strstr(text, all[_i].said));
}
END_TEST

/* -E: the file is standard error from then on; %p is the pid. */
START_TEST(a_log_file_takes_standard_error)
{
	char folder[] = "/tmp/check-cmdline-XXXXXX";
	SCOPED(mem_free_at) char *words = NULL;
	SCOPED(mem_free_at) char *path = NULL;
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(100);
	struct cmdline c;
	int status, fd;
	pid_t pid;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	words = mem_format("-E %s/%%P-%%p%%%%", folder);
	if ((pid = fork()) == 0) {
		parse(words, &c);
		dprintf(STDERR_FILENO, "here");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	path = mem_format("%s/sshd-%ld%%", folder, (long)pid);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(io_read_all(fd, 100, &text), OK);
	ck_assert(slice_is(buf_slice(&text), "here"));
	close(fd);
	unlink(path);
	rmdir(folder);
}
END_TEST

TCase *
check_cmdline(void)
{
	TCase *tc = tcase_create("listener/cmdline");

	tcase_add_loop_test(tc, flags_become_lines, 0, 12);
	tcase_add_test(tc, flags_are_noted);
	tcase_add_test(tc, the_path_is_absolute);
	tcase_add_loop_test(tc, what_is_wrong_is_told, 0, 12);
	tcase_add_test(tc, a_log_file_takes_standard_error);
	return tc;
}
