#include "advice.h"

#include "fixture.h"
#include "suite.h"

static bool
has(const char *name)
{
	return strcmp(name, "anna") == 0 || strcmp(name, "root") == 0;
}

static void
complain(void *ctx, enum log_level level, const char *line)
{
	ck_assert_int_eq(level, LEVEL_VERBOSE);
	ck_assert_int_eq(buf_printf(ctx, "%s\n", line), OK);
}

#define NEVER "Match has no effect: "
#define OUT   " locks out everybody"

static const struct {
	const char *text;
	const char *said; /* nothing else; "main" stands before each line */
} cases[] = {
    {"AllowUsers anna\nMatch User anna,nobody\nBanner /x\n", ""},
    {"Match User nobody\nBanner /x\n", "line 1: " NEVER "there is no such "
				       "user\n"},
    {"Match Group nobody,none\n", "line 1: " NEVER "there is no such group\n"},
    {"Match User nob*\n", ""},
    {"Match User !anna\n", "line 1: " NEVER "a list of negations alone holds "
			   "for nobody\n"},
    {"Match User *,!anna\n", ""},
    {"Match Version OpenSSH_9*\n",
	"line 1: " NEVER "the version is " CONF_MATCH_VERSION "\n"},
    {"Match Host *.org\n", "line 1: " NEVER "names aren't looked up (UseDNS "
			   "no)\n"},
    {"Match Host 10.*\n", ""},
    {"UseDNS yes\nMatch Host *.org\n", ""},
    {"Match LocalPort 23\n", "line 1: " NEVER "no such port is listened on\n"},
    {"ListenAddress 127.0.0.1:23\nMatch LocalPort 23\n", ""},
    {"ListenAddress 127.0.0.1:23\nMatch LocalPort 22\n",
	"line 2: " NEVER "no such port is listened on\n"},
    {"ListenAddress 127.0.0.1\nMatch LocalAddress 127.0.0.2\n",
	"line 2: " NEVER "no such address is listened on\n"},
    {"ListenAddress 127.0.0.1\nListenAddress ::\nMatch LocalAddress 1.2.3.4\n",
	""},
    {"Match User anna User root\n", "line 1: " NEVER "its conditions exclude "
				    "each other\n"},
    {"Match Invalid-User Group anna\n",
	"line 1: " NEVER "its conditions exclude each other\n"},
    {"Match User anna\nBanner /x\nMatch Address 1.2.3.4\nBanner /y\n"
     "Match User anna\nMaxSessions 1\nBanner /z\n",
	"line 7: Banner has no effect: main line 2 came first, in a block that "
	"holds wherever this one does\n"},
    {"Match all\nBanner /x\nMatch User anna\nBanner /y\n",
	"line 4: Banner has no effect: main line 2 came first, in a block that "
	"holds wherever this one does\n"},
    {"SftpRoot /srv\nForceCommand internal-sftp -d /x\nSftpQuota 1G\n", ""},
    {"Match User anna\nSftpRoot /srv\nForceCommand internal-sftp\n", ""},
    {"SftpRoot /srv\nMatch User anna\nSftpRoot none\n",
	"line 1: SftpRoot is of internal-sftp alone: without \"ForceCommand "
	"internal-sftp\" beside it commands see everything\n"},
    {"ForceCommand internal-sftp\nMatch User anna\nSftpRoot /srv\n"
     "ForceCommand /bin/x\n",
	"line 3: SftpRoot is of internal-sftp alone: without \"ForceCommand "
	"internal-sftp\" beside it commands see everything\n"},
    {"SftpQuota 1G\nMatch User anna\nSftpQuota 2G\n",
	"line 1: SftpQuota has no effect without SftpRoot\nmain "
	"line 3: SftpQuota has no effect without SftpRoot\n"},
    {"AllowUsers nobody\n", "line 1: AllowUsers" OUT ": there is no such "
			    "user\n"},
    {"AllowUsers nobody\nMatch Address 1.2.3.4\nAllowUsers anna\n", ""},
    {"AllowUsers nobody@10.0.0.0/8 anna@10.0.0.0/8\n", ""},
    {"AllowGroups none !anna\n",
	"line 1: AllowGroups" OUT ": there is no such group\n"},
    {"Match Address 1.2.3.4\nDenyUsers *\n",
	"line 2: DenyUsers" OUT " whom the block is for\n"},
    {"AllowUsers root\nPermitRootLogin no\n",
	"line 1: AllowUsers" OUT ": root may not log in (PermitRootLogin "
	"no)\n"},
    {"PubkeyAuthentication no\nPasswordAuthentication no\n"
     "KbdInteractiveAuthentication no\n",
	"line 1: PubkeyAuthentication" OUT ": no method of authentication is "
	"enabled\n"},
    {"RefuseConnection yes\n", "line 1: RefuseConnection" OUT ": it says "
			       "so\n"},
};

START_TEST(says_what_does_nothing_and_who_is_locked_out)
{
	static const struct conf_world world = {has, has, false};
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(buf_clear) struct buf said = BUF_EMPTY;
	SCOPED(mem_free_at) char *expected = NULL;

	fixture_main(&f, cases[_i].text);
	conf_advise(f.set, &world, complain, &said);
	ck_assert_int_eq(buf_append(&said, slice_make("", 1)), OK);
	expected = mem_format("%s%s", cases[_i].said[0] != '\0' ? "main " : "",
	    cases[_i].said);
	ck_assert_str_eq((const char *)said.p, expected);
}
END_TEST

START_TEST(ports_of_somebody_else_are_moot)
{
	static const struct conf_world world = {has, has, "LISTEN_FDS"};
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(buf_clear) struct buf said = BUF_EMPTY;

	fixture_main(&f, "Port 1\nListenAddress ::1\nPort 2\n"
			 "Match LocalPort 3\n");
	conf_advise(f.set, &world, complain, &said);
	ck_assert_int_eq(buf_append(&said, slice_make("", 1)), OK);
	ck_assert_ptr_nonnull(
	    strstr((const char *)said.p, "main line 1: Port has no effect: "));
	ck_assert_ptr_nonnull(
	    strstr((const char *)said.p, "main line 3: Port has no effect: "));
	ck_assert_ptr_nonnull(strstr((const char *)said.p,
	    "main line 2: ListenAddress has no effect: "));
	ck_assert_ptr_null(strstr((const char *)said.p, "Match"));
}
END_TEST

TCase *check_advice(void);

TCase *
check_advice(void)
{
	TCase *tc = tcase_create("conf/advice");

	tcase_add_loop_test(tc, says_what_does_nothing_and_who_is_locked_out, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, ports_of_somebody_else_are_moot);
	return tc;
}
