#include "desk.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"
#include "sallyport/proc/outputs.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static struct desk d;
static char *me;

static void
init(void)
{
	ck_assert_int_eq(spawn_image_open(), OK);
	unsetenv("LANG");
	me = mem_strdup(getuid() == 0 ? "root" : getenv("USER"));
	desk_told = (struct tokens_rep){.fingerprint = SLICE_STR("SHA256:ab+/"),
	    .key = SLICE_STR("AAAA+/=="),
	    .type = SLICE_STR("ssh-ed25519-cert-v01@openssh.com"),
	    .ca_fingerprint = SLICE_STR("MD5:aa:bb"),
	    .ca_key = SLICE_STR("BBBB"),
	    .ca_type = SLICE_STR("ssh-ed25519"),
	    .id = SLICE_STR("Jo's $(key) \303\244"),
	    .serial = SLICE_STR("77")};
}

static void
begin(const char *lines)
{
	SCOPED(mem_free_at)
	char *text = mem_format("AuthorizedKeysCommandUser %s\n"
				"AuthorizedPrincipalsCommandUser %s\n%s",
	    me, me, lines);

	desk_init(&d, text);
	d.conn.accepted_ms = clock_mono_ms();
	ops_key_start(&d.m);
}

static void
clear(void)
{
	desk_clear(&d);
	mem_free(me);
}

/* What it printed; "" where nothing counts. */
static const char *
run(enum judge_want want, uint32_t which)
{
	static char text[8192];
	struct judge_rep asked = {.want = (uint8_t)want, .which = which};
	SCOPED(buf_clear) struct buf out = BUF_LIMIT(sizeof(text) - 1);
	int fd = -1;

	ck_assert_int_eq(command_run(&d.m, &asked, &fd), OK);
	text[0] = '\0';
	if (fd < 0)
		return text;
	ck_assert_int_eq(memfile_read(fd, &out), OK);
	io_close(&fd);
	ck_assert(slice_to_cstr(buf_slice(&out), text, sizeof(text)));
	return text;
}

static bool
begins(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

START_TEST(arguments_are_split_and_then_replaced)
{
	begin("AuthorizedKeysCommand /bin/x %u \"a %u\" 'b c'  #d %% \\\n");
	d.m.account.name = mem_strdup("al ice");
	ck_assert(begins(run(WANT_KEYS, 0),
	    "/bin/x\nal ice\na al ice\nb c\n#d\n%\n\\\n--\n"));
}
END_TEST

START_TEST(tokens_of_keys)
{
	begin("AuthorizedKeysCommand /bin/x %f %k %t %h %C -%D-\n");
	ck_assert(
	    begins(run(WANT_KEYS, 0), "/bin/x\nSHA256:ab+/\nAAAA+/==\n"
				      "ssh-ed25519-cert-v01@openssh.com\n/\n"
				      "192.0.2.7 4711 192.0.2.1 22\n--\n--\n"));
}
END_TEST

START_TEST(tokens_of_certificates)
{
	begin("AuthorizedPrincipalsCommand /bin/x %F %K %T %i %s %f\n");
	ck_assert(begins(run(WANT_PRINCIPALS, 0),
	    "/bin/x\nMD5:aa:bb\nBBBB\nssh-ed25519\nJo's $(key) \303\244\n77\n"
	    "SHA256:ab+/\n--\n"));
}
END_TEST

/* A program for keys has always been told of whom. */
START_TEST(without_arguments_it_is_the_name)
{
	begin("AuthorizedKeysCommand /bin/x\n"
	      "AuthorizedPrincipalsCommand /bin/y\n");
	ck_assert(begins(run(WANT_KEYS, 0), "/bin/x\nalice\n--\n"));
	ck_assert(begins(run(WANT_PRINCIPALS, 0), "/bin/y\n--\n"));
}
END_TEST

START_TEST(environment_and_account)
{
	SCOPED(mem_free_at) char *tail = NULL;
	struct passwd *pw = getpwnam(me);
	const char *text;

	setenv("LANG", "C.UTF-8", 1);
	begin("AuthorizedKeysCommand timeout=7 /bin/x\n");
	text = strstr(run(WANT_KEYS, 0), "--\n");
	ck_assert_ptr_nonnull(text);
	tail = mem_format("--\nPATH=/usr/local/bin:/usr/bin:/bin:"
			  "/usr/local/sbin:/usr/sbin:/sbin\nUSER=%s\n"
			  "LOGNAME=%s\nHOME=%s\nLANG=C.UTF-8\n%u %u 7000\n",
	    me, me, pw->pw_dir, pw->pw_uid, pw->pw_gid);
	ck_assert_str_eq(text, tail);
}
END_TEST

/* Time enough to tell is left, whatever the line allows. */
START_TEST(the_grace_time_is_longer)
{
	begin("LoginGraceTime 10\nAuthorizedKeysCommand timeout=1h /bin/x\n");
	clock_fake(1000000, 1);
	d.conn.accepted_ms = 1000000 - 2000;
	ck_assert_ptr_nonnull(strstr(run(WANT_KEYS, 0), " 7000\n"));
	clock_fake(0, 0);
}
END_TEST

START_TEST(each_line_by_its_number)
{
	begin(
	    "AuthorizedKeysCommand /bin/x a\nAuthorizedKeysCommand /bin/x b\n");
	ck_assert(begins(run(WANT_KEYS, 0), "/bin/x\na\n"));
	ck_assert(begins(run(WANT_KEYS, 1), "/bin/x\nb\n"));
}
END_TEST

static const struct {
	const char *line;
	const char *said;
} failures[] = {
    {"/bin/status %u", "INFO AuthorizedKeysCommand /bin/status %u failed, "
		       "status 3"},
    {"/bin/signal", "ERROR AuthorizedKeysCommand /bin/signal killed by "
		    "signal 9"},
    {"timeout=5 /bin/slow", "ERROR AuthorizedKeysCommand /bin/slow timed out "
			    "after 5 seconds"},
    {"/bin/long", "ERROR AuthorizedKeysCommand /bin/long printed more than "
		  "4194304 octets"},
    {"/bin/absent x", "ERROR Could not stat AuthorizedKeysCommand "
		      "\"/bin/absent\": No such file or directory"},
    {"/bin/unsafe x", "ERROR Unsafe AuthorizedKeysCommand \"/bin/unsafe\": "
		      "bad ownership or modes for directory /bin"},
    {"/bin/crash", "ERROR AuthorizedKeysCommand: errand: end of file"},
    {"/bin/x %i", "ERROR AuthorizedKeysCommand /bin/x %i: unknown token or "
		  "open quote"},
    {"/bin/x %", "ERROR AuthorizedKeysCommand /bin/x %: unknown token or "
		 "open quote"},
};

START_TEST(failing_is_told)
{
	SCOPED(mem_free_at)
	char *line =
	    mem_format("AuthorizedKeysCommand %s\n", failures[_i].line);

	begin(line);
	ck_assert_str_eq(run(WANT_KEYS, 0), "");
	ck_assert(desk_logged(&d, failures[_i].said));
}
END_TEST

/* The spawner's end of the channel, and the table that it would fill. */
static struct rpc *spawner;
static struct outputs table;

static void
begin_keeping(const char *lines)
{
	int pair[2];

	begin(lines);
	ck_assert_int_eq(io_pair(pair), OK);
	spawner = rpc_new(pair[0]);
	d.common.outputs_channel = pair[1];
	d.common.outputs = &table;
}

/* Did the monitor send something to keep? Then it is in the table. */
static bool
was_kept(void)
{
	struct output_msg m;
	uint32_t number;

	if (rpc_receive(spawner, true, &number) != OK)
		return false;
	ck_assert_uint_eq(number, ERRAND_OUTPUT);
	ck_assert_int_eq(rpc_decode(spawner, &layout_output_msg, &m), OK);
	ck_assert_int_eq(outputs_put(&table, m.key, m.until_ms, clock_mono_ms(),
			     m.output.fd),
	    OK);
	return true;
}

/* Under what was run, and for as long as the line says. */
START_TEST(an_output_serves_again)
{
	begin_keeping("LoginGraceTime 0\n"
		      "AuthorizedKeysCommand cache=10 /bin/x %u\n"
		      "AuthorizedKeysCommand /bin/x %u\n"
		      "AuthorizedKeysCommand cache=10 /bin/status\n");
	clock_fake(1000, 1);
	ck_assert(begins(run(WANT_KEYS, 0), "/bin/x\nalice\n"));
	ck_assert(was_kept());
	ck_assert(begins(run(WANT_KEYS, 0), "/bin/x\nalice\n"));
	ck_assert(desk_said(&d, "what it printed before serves"));
	ck_assert(!was_kept());
	d.m.account.name = mem_strdup("bob");
	ck_assert(begins(run(WANT_KEYS, 0), "/bin/x\nbob\n"));
	ck_assert(was_kept());
	desk_forget_log(&d);
	/* a line that doesn't ask for it gets a run of its own */
	ck_assert(begins(run(WANT_KEYS, 1), "/bin/x\nbob\n"));
	ck_assert(!was_kept());
	/* nor is a failure kept */
	ck_assert_str_eq(run(WANT_KEYS, 2), "");
	ck_assert(!was_kept());
	clock_fake(11000, 1);
	ck_assert(begins(run(WANT_KEYS, 0), "/bin/x\nbob\n"));
	ck_assert(was_kept());
	ck_assert(!desk_said(&d, "what it printed before serves"));
	clock_fake(0, 0);
	command_forget(&d.m);
	ck_assert_uint_eq(table.n, 0);
	rpc_free(spawner);
}
END_TEST

START_TEST(the_account_must_be_there)
{
	mem_free(me);
	me = mem_strdup("no-such-%u");
	begin("AuthorizedKeysCommand /bin/x\n");
	ck_assert_str_eq(run(WANT_KEYS, 0), "");
	ck_assert(desk_logged(&d, "ERROR AuthorizedKeysCommandUser "
				  "\"no-such-alice\" not found"));
}
END_TEST

static struct {
	struct slice *member;
	struct slice text;
	char letter;
} odd[] = {{&desk_told.fingerprint, SLICE_STR("SHA256:ab cd"), 'f'},
    {&desk_told.key, SLICE_STR("AAAA-"), 'k'},
    {&desk_told.type, SLICE_STR("ssh-ed25519;"), 't'},
    {&desk_told.ca_fingerprint, SLICE_STR("a\n"), 'F'},
    {&desk_told.ca_key, SLICE_STR("BB BB"), 'K'},
    {&desk_told.ca_type, SLICE_STR("a\0b"), 'T'},
    {&desk_told.id, SLICE_STR("an\tid"), 'i'},
    {&desk_told.id, SLICE_STR("an\0id"), 'i'},
    {&desk_told.id, SLICE_STR("an\177id"), 'i'},
    {&desk_told.serial, SLICE_STR("-1"), 's'}};

/* keycheck may have been broken into: nothing of it goes unseen. */
START_TEST(what_keycheck_tells_is_checked)
{
	SCOPED(mem_free_at)
	char *line = mem_format("ERROR AuthorizedPrincipalsCommand: %%%c of "
				"this key can't be an argument",
	    odd[_i].letter);

	*odd[_i].member = odd[_i].text;
	begin("AuthorizedPrincipalsCommand /bin/x %u\n");
	ck_assert_str_eq(run(WANT_PRINCIPALS, 0), "");
	ck_assert(desk_logged(&d, line));
}
END_TEST

START_TEST(only_what_is_configured_is_run)
{
	struct judge_rep asked = {.want = WANT_KEYS, .which = 1};
	int fd = -1;

	begin("AuthorizedKeysCommand /bin/x\n");
	ck_assert_int_eq(command_run(&d.m, &asked, &fd), ERR_RPC);
	asked = (struct judge_rep){.want = WANT_PRINCIPALS};
	ck_assert_int_eq(command_run(&d.m, &asked, &fd), ERR_RPC);
	asked = (struct judge_rep){.want = 9};
	ck_assert_int_eq(command_run(&d.m, &asked, &fd), ERR_RPC);
	asked = (struct judge_rep){.want = WANT_KEYS};
	d.m.account.known = false;
	ck_assert_int_eq(command_run(&d.m, &asked, &fd), ERR_RPC);
	ck_assert_int_eq(fd, -1);
}
END_TEST

TCase *
check_command(void)
{
	TCase *tc = tcase_create("monitor/command");

	tcase_add_checked_fixture(tc, init, clear);
	tcase_add_test(tc, arguments_are_split_and_then_replaced);
	tcase_add_test(tc, tokens_of_keys);
	tcase_add_test(tc, tokens_of_certificates);
	tcase_add_test(tc, without_arguments_it_is_the_name);
	tcase_add_test(tc, environment_and_account);
	tcase_add_test(tc, the_grace_time_is_longer);
	tcase_add_test(tc, each_line_by_its_number);
	tcase_add_loop_test(tc, failing_is_told, 0,
	    (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(tc, an_output_serves_again);
	tcase_add_test(tc, the_account_must_be_there);
	tcase_add_loop_test(tc, what_keycheck_tells_is_checked, 0,
	    (int)(sizeof(odd) / sizeof(odd[0])));
	tcase_add_test(tc, only_what_is_configured_is_run);
	return tc;
}
