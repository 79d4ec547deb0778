#include "parse.h"

#include "fixture.h"
#include "keywords.h"
#include "suite.h"

#include "sallyport/base/mem.h"

#include <stdio.h>

/* ---- complaints: FILE "main", all that is said -------------------------- */

static const struct {
	const char *text;
	enum err err;
	const char *said;
} cases[] = {
    {"", OK, ""},
    {"\r\n# x\r\n\t\r\nPort 22\r\n", OK, ""},
    {"Foo bar\nPort 1\nBar=x\n", ERR_CONFIG,
	"ERROR: main: line 1: Bad configuration option: Foo\n"
	"ERROR: main: line 3: Bad configuration option: Bar\n"
	"FATAL: main: terminating, 2 bad configuration options\n"},
    {"PermitRotLogin yes\nx\\\001 y\n", ERR_CONFIG,
	"ERROR: main: line 1: Bad configuration option: PermitRotLogin (did "
	"you mean \"PermitRootLogin\"?)\n"
	"ERROR: main: line 2: Bad configuration option: x\\134\\001\n"
	"FATAL: main: terminating, 2 bad configuration options\n"},
    {"\xef\xbb\xbfPort 22\n", ERR_CONFIG,
	"ERROR: main: line 1: Bad configuration option: "
	"\\357\\273\\277Port\n"
	"ERROR: main line 1: a byte-order mark (expected none)\n"
	"FATAL: main: terminating, 1 bad configuration options\n"},
    {"Banner \"x\nPort\nPORT 1 2\n", ERR_CONFIG,
	"ERROR: main line 1: invalid quotes (Banner: expected a quote that "
	"closes)\n"
	"ERROR: main line 2: no argument after keyword \"Port\" (Port: "
	"expected a port from 1 to 65535)\n"
	"ERROR: main line 3: keyword PORT extra arguments at end of line "
	"(Port: expected no more than 1)\n"
	"FATAL: main: terminating, 3 bad configuration options\n"},
    {"Port # 22\n", ERR_CONFIG,
	"ERROR: main line 1: no argument after keyword \"Port\" (Port: "
	"expected a port from 1 to 65535)\n"
	"FATAL: main: terminating, 1 bad configuration options\n"},
    {"UsePAM x\nFoo\n", ERR_CONFIG,
	"FATAL: main line 1: unsupported option \"x\". (UsePAM: expected yes "
	"or no)\n"},
    {"Banner /x\nBanner \"\"\n", ERR_CONFIG,
	"FATAL: main line 2: missing file name. (Banner: expected a path, or "
	"none)\n"},
    {"UseLogin no\nProtocol 2\nDebianBanner no\nHPNDisabled x y z\n", OK,
	"INFO: main line 1: Deprecated option UseLogin\n"
	"DEBUG2: main line 2: Ignored option Protocol\n"
	"INFO: main line 3: Unsupported option DebianBanner\n"
	"INFO: main line 4: Unsupported option HPNDisabled\n"},
    {"uselogin\n", ERR_CONFIG,
	"ERROR: main line 1: no argument after keyword \"uselogin\" "
	"(UseLogin: expected an argument)\n"
	"FATAL: main: terminating, 1 bad configuration options\n"},
    {"Match user x\nport 1\n", ERR_CONFIG,
	"FATAL: main line 2: Directive 'port' is not allowed within a Match "
	"block (Port: expected before the first Match or behind \"Match "
	"all\")\n"},
    {"Match user x\nFoo 1\n", ERR_CONFIG,
	"ERROR: main: line 2: Bad configuration option: Foo\n"
	"FATAL: main line 2: Directive 'Foo' is not allowed within a Match "
	"block\n"},
    {"Match user x\nBanner /x\nMatch all\nPort 1\n", OK, ""},
    {"Match version OpenSSH_10.*\nPort 1\n", OK, ""},
    {"Match version OpenSSH_9.*\nUseLogin 1\n", ERR_CONFIG,
	"FATAL: main line 2: Directive 'UseLogin' is not allowed within a "
	"Match block (UseLogin: expected before the first Match or behind "
	"\"Match all\")\n"},
    {"Match foo\n", ERR_CONFIG,
	"ERROR: Unsupported Match attribute foo\n"
	"FATAL: main line 1: Bad Match condition (Match: expected All, "
	"Invalid-User, or User, Group, Host, Address, LocalAddress, LocalPort, "
	"RDomain or Version with what to compare with)\n"},
    /* what isn't built yet is told once, where it differs from the default */
    {"KerberosAuthentication no\nKerberosGetAFSToken yes\n", OK,
	"INFO: main line 2: KerberosGetAFSToken isn't acted upon yet\n"},
    {"KerberosAuthentication no\nKerberosAuthentication yes\n", OK,
	"INFO: main line 2: KerberosAuthentication isn't acted upon yet\n"
	"VERBOSE: main line 2: KerberosAuthentication has no effect: main "
	"line 1 came first\n"},
    /* sshd on Linux has none, either; a line that sets none is no harm */
    {"Match user x\nRDomain none\nRDomain %D\n", ERR_CONFIG,
	"FATAL: main line 3: setting RDomain not supported on this platform. "
	"(RDomain: expected none)\n"},
    /* advice: lines that another one makes moot */
    {"Banner /a\nBanner /a\n", OK,
	"VERBOSE: main line 2: Banner has no effect: main line 1 came first\n"},
    {"FingerprintHash md5\nFingerprintHash sha256\n", OK,
	"VERBOSE: main line 1: FingerprintHash has no effect: main line 2 "
	"comes later\n"},
    {"HostKey none\nHostKey /x\n", OK,
	"VERBOSE: main line 2: HostKey has no effect: main line 1 says it "
	"all\n"},
    {"Subsystem a /x\nSubsystem b /y\nSubsystem a /z\n", OK,
	"VERBOSE: main line 3: Subsystem has no effect: main line 1 says it "
	"all\n"},
    {"AllowUsers a\nAllowUsers a\nPort 1\nPort 2\n", OK, ""},
    {"Banner /a\nMatch all\nBanner /b\n", OK, ""},
    {"Port 1\nMatch all\nAddressFamily any\nAddressFamily inet\n", OK,
	"VERBOSE: main line 4: AddressFamily has no effect: main line 3 came "
	"first\n"},
    {"VersionAddendum x # y\n", OK,
	"INFO: main line 1: VersionAddendum: what looks like a comment is part "
	"of it\n"},
    {"\nAuthenticationMethods password,publickey\n"
     "PubkeyAuthentication no\n",
	ERR_CONFIG,
	"FATAL: main line 2: AuthenticationMethods cannot be satisfied by "
	"enabled authentication methods (AuthenticationMethods: expected a "
	"list of enabled ones)\n"},
    {"AuthenticationMethods password,publickey password\n"
     "PubkeyAuthentication no\n",
	OK, ""},
    /* keys are exchanged before the user is known */
    {"Match user x\nCiphers aes128-ctr\n", ERR_CONFIG,
	"FATAL: main line 2: Directive 'Ciphers' is not allowed within a Match "
	"block (Ciphers: expected outside of blocks, or where only Address, "
	"LocalAddress, LocalPort and RDomain are asked: keys are exchanged "
	"before the user is known)\n"},
    {"Match address 10.0.0.0/8 localport 22 rdomain x\nMACs hmac-sha1\n", OK,
	""},
};

/* A command without an account to run it; its own warning is of no interest. */
START_TEST(a_command_wants_an_account)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_file(&f, "main",
	    _i == 0 ? "\nAuthorizedKeysCommand /x\n"
		    : "\nAuthorizedPrincipalsCommand /x\n");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f,
	    _i == 0 ? "FATAL: main line 2: AuthorizedKeysCommand set without "
		      "AuthorizedKeysCommandUser ("
		    : "FATAL: main line 2: AuthorizedPrincipalsCommand set "
		      "without AuthorizedPrincipalsCommandUser ("));
}
END_TEST

START_TEST(says_what_is_wrong_and_where)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_file(&f, "main", cases[_i].text);
	fixture_parse(&f);
	ck_assert_int_eq(f.err, cases[_i].err);
	ck_assert_int_eq(buf_append(&f.said, slice_make("", 1)), OK);
	ck_assert_str_eq((const char *)f.said.p, cases[_i].said);
}
END_TEST

START_TEST(refuses_a_nul_octet)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	static const char text[] = "sallyport-bundle 1\n"
				   "file 1 11\nmPort 22 #\0\n\n";

	ck_assert_int_eq(buf_append(&f.bundle, SLICE_STR(text)), OK);
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, "FATAL: m line 1: NUL octet"));
}
END_TEST

START_TEST(refuses_an_overlong_line_by_its_number)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(mem_free_at) char *text = mem_new(70000);

	memset(text, 'x', 69999);
	memcpy(text, "\n\nBanner ", 9);
	fixture_file(&f, "main", text);
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, "FATAL: main line 3: line too long"));
}
END_TEST

/* ---- the lines of the start --------------------------------------------- */

START_TEST(lines_of_the_start_win)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_line(&f, "Banner=/first");
	fixture_line(&f, "port 1");
	fixture_file(&f, "main", "Banner /second\nPort 2\n");
	fixture_parse(&f);
	ck_assert_str_eq(fixture_value(&f, NULL, "banner"), "/first");
	ck_assert_str_eq(fixture_value(&f, NULL, "port"), "1|2");
}
END_TEST

START_TEST(p_makes_port_lines_of_files_moot_but_not_their_errors)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(fixture_clear) struct fixture g = FIXTURE;

	fixture_line(&f, "Port 1");
	fixture_file(&f, "main", "Port 2\nListenAddress 1.2.3.4:3\n");
	ck_assert_int_eq(buf_append_cstr(&f.bundle, "ports 0 0\n\n"), OK);
	fixture_parse(&f);
	ck_assert_str_eq(fixture_value(&f, NULL, "port"), "1");
	ck_assert_str_eq(fixture_value(&f, NULL, "listenaddress"), "1.2.3.4:3");
	fixture_line(&g, "Port 1");
	fixture_file(&g, "main", "Port x\n");
	ck_assert_int_eq(buf_append_cstr(&g.bundle, "ports 0 0\n\n"), OK);
	fixture_parse(&g);
	ck_assert_int_eq(g.err, ERR_CONFIG);
}
END_TEST

static const struct {
	const char *line;
	const char *said;
} starts[] = {
    {"Match all", "FATAL: Match directive not supported as a command-line "
		  "option"},
    {"Include /x", "FATAL: Include directive not supported"},
    {"Foo x", "ERROR: command-line: line 0: Bad configuration option: Foo"},
    {"UsePAM x", "FATAL: command-line line 0: unsupported option \"x\"."},
    {"Port 1\nPort 2", "FATAL: command-line line 0: newline in an option"},
};

START_TEST(refuses_a_bad_line_of_the_start)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_line(&f, starts[_i].line);
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, starts[_i].said));
}
END_TEST

/* ---- Include ------------------------------------------------------------ */

START_TEST(includes_in_the_place_of_the_line)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_file(&f, "main", "Port 1\nInclude a \"b c\" none\nPort 5\n");
	fixture_file(&f, "x", "Port 2\nBanner /x");
	fixture_file(&f, "y", "Port 4\nBanner /y\n");
	fixture_file(&f, "z", "Port 3\n");
	fixture_glob(&f, "a", "1 3");
	fixture_glob(&f, "b c", "2");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, OK);
	ck_assert_str_eq(fixture_value(&f, NULL, "port"), "1|2|3|4|5");
	ck_assert_str_eq(fixture_value(&f, NULL, "banner"), "/x");
}
END_TEST

START_TEST(an_included_file_with_errors_ends_everything_in_its_name)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_file(&f, "main", "Bad 1\nInclude a\nWorse 2\n");
	fixture_file(&f, "x", "\nFoo\nFoo 1\n");
	fixture_glob(&f, "a", "1");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, "x line 2: no argument after keyword"));
	ck_assert(fixture_said(&f, "x: line 3: Bad configuration option"));
	ck_assert(fixture_said(&f, "FATAL: x: terminating, 2 bad"));
	ck_assert(!fixture_said(&f, "Worse"));
}
END_TEST

START_TEST(ends_a_circle_of_includes)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_file(&f, "main", "Include main\n");
	fixture_glob(&f, "main", "0");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f,
	    "FATAL: main line 1: Too many recursive configuration includes"));
}
END_TEST

/* Without the bound this would be 8^16 files. */
START_TEST(bounds_what_includes_multiply)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	char pattern[16];
	char text[128];
	char number[16];

	for (int i = 0; i < 15; i++) {
		(void)snprintf(text, sizeof(text),
		    "Include %d %d %d %d %d %d %d %d\n", i, i, i, i, i, i, i,
		    i);
		(void)snprintf(pattern, sizeof(pattern), "%d", i);
		(void)snprintf(number, sizeof(number), "%d", i + 1);
		fixture_file(&f, "file", text);
		fixture_glob(&f, pattern, number);
	}
	fixture_file(&f, "last", "");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, "too many included files"));
}
END_TEST

START_TEST(goes_16_files_deep)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	char text[32];
	char number[16];

	for (int i = 0; i <= PARSE_INCLUDE_DEPTH; i++) {
		(void)snprintf(text, sizeof(text), "Include %d\nPort %d\n", i,
		    i + 1);
		(void)snprintf(number, sizeof(number), "%d", i);
		fixture_file(&f, "file", text);
		if (i > 0)
			fixture_glob(&f, text + 8, number);
	}
	fixture_parse(&f);
	ck_assert_int_eq(f.err, OK);
}
END_TEST

static const char *const broken[] = {"x", "9", "0 x", "-1"};

START_TEST(refuses_numbers_of_no_file)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_file(&f, "main", "Include a\n");
	fixture_file(&f, "x", "");
	fixture_glob(&f, "a", _i == 2 ? "1 x" : broken[_i]);
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, "broken bundle"));
}
END_TEST

/* ---- Match and Include -------------------------------------------------- */

START_TEST(a_match_in_an_included_file_ends_with_it)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	struct conf_facts bob = {.user = "bob"};

	fixture_file(&f, "main", "Include a\nBanner /global\nPort 7\n");
	fixture_file(&f, "x", "Match user bob\nBanner /bob\n");
	fixture_glob(&f, "a", "1");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, OK);
	ck_assert_str_eq(fixture_value(&f, NULL, "banner"), "/global");
	ck_assert_str_eq(fixture_value(&f, &bob, "banner"), "/bob");
}
END_TEST

START_TEST(what_a_block_includes_belongs_to_it)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	struct conf_facts bob = {.user = "bob"};
	struct conf_facts bob_here = {.user = "bob", .host = "here"};
	struct conf_facts al_here = {.user = "al", .host = "here"};

	fixture_file(&f, "main",
	    "Match user bob\nMaxSessions 1\nInclude a\n"
	    "MaxAuthTries 3\nBanner /after\n");
	fixture_file(&f, "x",
	    "MaxSessions 2\nMatch host here\n"
	    "MaxAuthTries 2\nMatch all\nPermitTTY no\n");
	fixture_glob(&f, "a", "1");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, OK);
	ck_assert_str_eq(fixture_value(&f, &bob, "maxsessions"), "1");
	ck_assert_str_eq(fixture_value(&f, &bob, "maxauthtries"), "3");
	ck_assert_str_eq(fixture_value(&f, &bob, "permittty"), "no");
	ck_assert_str_eq(fixture_value(&f, &bob, "banner"), "/after");
	ck_assert_str_eq(fixture_value(&f, &bob_here, "maxauthtries"), "2");
	ck_assert_str_eq(fixture_value(&f, &al_here, "maxauthtries"), "6");
	ck_assert_str_eq(fixture_value(&f, &al_here, "permittty"), "yes");
	ck_assert_str_eq(fixture_value(&f, NULL, "banner"), "none");
}
END_TEST

START_TEST(global_keywords_may_not_be_included_in_a_block)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_file(&f, "main", "Match user bob\nInclude a\n");
	fixture_file(&f, "x", "Match all\nPort 1\n");
	fixture_glob(&f, "a", "1");
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, "FATAL: x line 2: Directive 'Port' is not"));
}
END_TEST

/* ---- laws over the table ------------------------------------------------ */

/* Every default, written into a file, is what holds anyway, and is no reason
 * for a word. */
START_TEST(defaults_change_nothing)
{
	const struct keywords_row *row = keywords_row((size_t)_i);
	SCOPED(fixture_clear) struct fixture bare = FIXTURE;
	SCOPED(fixture_clear) struct fixture said = FIXTURE;
	SCOPED(mem_free_at) char *line = NULL;

	if (row == NULL || row->what != KEYWORDS_SETTING ||
	    row->preset == NULL || row->preset[0] == '\0' ||
	    strcmp(row->name, "HostKey") == 0)
		return;
	line = mem_format("%s %s\n", row->name, row->preset);
	fixture_main(&bare, "");
	fixture_main(&said, line);
	ck_assert_uint_eq(said.said.n, 0);
	fixture_apply(&bare, NULL);
	fixture_apply(&said, NULL);
	ck_assert_str_eq(fixture_dump(&said), fixture_dump(&bare));
}
END_TEST

/* May it stand in a block? The table says so, and nothing else. */
START_TEST(the_table_says_what_may_stand_in_a_block)
{
	const struct keywords_row *row = keywords_row((size_t)_i);
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(mem_free_at) char *text = NULL;

	if (row == NULL || row->what != KEYWORDS_SETTING ||
	    row->preset == NULL || row->preset[0] == '\0' ||
	    strcmp(row->name, "HostKey") == 0)
		return;
	text = mem_format("Match user x\n%s %s\n", row->name, row->preset);
	fixture_file(&f, "main", text);
	fixture_parse(&f);
	ck_assert_int_eq(f.err,
	    (row->flags & KEYWORDS_IN_MATCH) != 0 ? OK : ERR_CONFIG);
}
END_TEST

TCase *check_parse(void);

TCase *
check_parse(void)
{
	TCase *tc = tcase_create("conf/parse");

	tcase_add_loop_test(tc, says_what_is_wrong_and_where, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tc, a_command_wants_an_account, 0, 2);
	tcase_add_test(tc, refuses_a_nul_octet);
	tcase_add_test(tc, refuses_an_overlong_line_by_its_number);
	tcase_add_test(tc, lines_of_the_start_win);
	tcase_add_test(tc,
	    p_makes_port_lines_of_files_moot_but_not_their_errors);
	tcase_add_loop_test(tc, refuses_a_bad_line_of_the_start, 0,
	    sizeof(starts) / sizeof(starts[0]));
	tcase_add_test(tc, includes_in_the_place_of_the_line);
	tcase_add_test(tc,
	    an_included_file_with_errors_ends_everything_in_its_name);
	tcase_add_test(tc, ends_a_circle_of_includes);
	tcase_add_test(tc, bounds_what_includes_multiply);
	tcase_add_test(tc, goes_16_files_deep);
	tcase_add_loop_test(tc, refuses_numbers_of_no_file, 0,
	    sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(tc, a_match_in_an_included_file_ends_with_it);
	tcase_add_test(tc, what_a_block_includes_belongs_to_it);
	tcase_add_test(tc, global_keywords_may_not_be_included_in_a_block);
	tcase_add_loop_test(tc, defaults_change_nothing, 0, KEYWORDS_MAX);
	tcase_add_loop_test(tc, the_table_says_what_may_stand_in_a_block, 0,
	    KEYWORDS_MAX);
	return tc;
}
