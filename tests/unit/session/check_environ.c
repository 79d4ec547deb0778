#include "suite.h"

#include "environ.h"
#include "sallyport/base/wr.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST(words)                                                            \
	((struct conf_list){(words), sizeof(words) / sizeof(*words)})

static const char *const everything[] = {"*"};

static bool
add(struct environment *e, const char *name, const char *value)
{
	struct conf_list any = LIST(everything);

	return environ_add_client(e, &any, slice_cstr(name), slice_cstr(value));
}

START_TEST(a_variable_is_set_once)
{
	struct environment e = {.v = NULL};

	environ_set(&e, SLICE_STR("A"), "1");
	environ_set(&e, SLICE_STR("AB"), "2");
	environ_set(&e, SLICE_STR("A"), "3=");
	ck_assert_uint_eq(e.n, 2);
	ck_assert_str_eq(environ_get(&e, "A"), "3=");
	ck_assert_str_eq(environ_get(&e, "AB"), "2");
	ck_assert_ptr_null(environ_get(&e, "B"));
	ck_assert_ptr_null(e.v[2]);
	environ_set(&e, SLICE_STR("C"), NULL);
	ck_assert_uint_eq(e.n, 2);
	environ_clear(&e);
}
END_TEST

START_TEST(only_what_is_named_is_accepted)
{
	static const char *const names[] = {"LANG", "LC_*"};
	struct conf_list accept = LIST(names), none = {NULL, 0};

	ck_assert(environ_accepts(&accept, SLICE_STR("LANG")));
	ck_assert(environ_accepts(&accept, SLICE_STR("LC_ALL")));
	ck_assert(!environ_accepts(&accept, SLICE_STR("LANGUAGE")));
	ck_assert(!environ_accepts(&accept, SLICE_STR("lang")));
	ck_assert(!environ_accepts(&none, SLICE_STR("LANG")));
}
END_TEST

static const char *const refused[] = {"LD_PRELOAD", "LD_LIBRARY_PATH",
    "BASH_ENV", "BASH_FUNC_ls%%", "ENV", "IFS", "SHELLOPTS", "PS4", "PATH",
    "GLIBC_TUNABLES", "SSH_ORIGINAL_COMMAND", "SSH_USER_AUTH", "", "A B",
    "A\nB", "A=B", "=", "\x80"};

START_TEST(loaders_and_shells_are_not_spoken_to)
{
	struct environment e = {.v = NULL};

	ck_assert(!add(&e, refused[_i], "x"));
	ck_assert_uint_eq(e.n, 0);
}
END_TEST

START_TEST(a_value_with_a_nul_is_refused)
{
	struct environment e = {.v = NULL};
	struct conf_list any = LIST(everything);

	ck_assert(
	    !environ_add_client(&e, &any, SLICE_STR("A"), SLICE_STR("1\0002")));
	ck_assert(environ_add_client(&e, &any, SLICE_STR("A"), SLICE_NONE));
	ck_assert_str_eq(environ_get(&e, "A"), "");
	environ_clear(&e);
}
END_TEST

START_TEST(a_client_sets_only_so_many)
{
	struct environment e = {.v = NULL};
	char name[16];

	for (unsigned int i = 0; i < ENVIRON_CLIENT_MAX; i++) {
		snprintf(name, sizeof(name), "V%u", i);
		ck_assert(add(&e, name, "x"));
	}
	ck_assert(!add(&e, "ONE_MORE", "x"));
	ck_assert(add(&e, "V0", "y")); /* but it may change its mind */
	environ_clear(&e);
}
END_TEST

START_TEST(a_client_fills_only_so_much)
{
	struct environment e = {.v = NULL};
	struct conf_list any = LIST(everything);
	char *large = calloc(1, ENVIRON_CLIENT_OCTETS / 2);

	memset(large, 'x', ENVIRON_CLIENT_OCTETS / 2);
	ck_assert(environ_add_client(&e, &any, SLICE_STR("A"),
	    slice_make(large, ENVIRON_CLIENT_OCTETS / 2)));
	ck_assert(!environ_add_client(&e, &any, SLICE_STR("B"),
	    slice_make(large, ENVIRON_CLIENT_OCTETS / 2)));
	ck_assert_uint_le(e.octets, ENVIRON_CLIENT_OCTETS);
	free(large);
	environ_clear(&e);
}
END_TEST

START_TEST(a_file_is_read_line_by_line)
{
	static const char *const names[] = {"A*", "C"};
	struct conf_list patterns = LIST(names);
	struct environment e = {.v = NULL};

	environ_add_text(&e,
	    SLICE_STR("# comment\n\n  A=1 \nAB = 2\nB=3\nnothing\nC=a=b\nA"),
	    &patterns);
	ck_assert_uint_eq(e.n, 2);
	ck_assert_str_eq(environ_get(&e, "A"), "1");
	ck_assert_str_eq(environ_get(&e, "C"), "a=b");
	environ_clear(&e);
}
END_TEST

/* ---- precedence ---- */

struct sources {
	struct conf conf;
	struct grant grant;
	struct conn conn;
	struct environment client;
	struct environ_facts facts;
	struct buf key;
};

static void
sources_init(struct sources *s)
{
	memset(s, 0, sizeof(*s));
	s->conf.permit_user_environment = (struct conf_list)LIST(everything);
	s->grant.user = "joe";
	s->grant.uid = 1000;
	s->grant.home = "/home/joe";
	strcpy(s->conn.peer_ip, "192.0.2.1");
	strcpy(s->conn.local_ip, "192.0.2.2");
	s->conn.peer_port = 1234;
	s->conn.local_port = 22;
	s->facts = (struct environ_facts){.conf = &s->conf,
	    .grant = &s->grant,
	    .conn = &s->conn,
	    .client = &s->client,
	    .shell = "/bin/sh"};
}

/* Each place, in the order of sshd_config's manual, sets X. */
enum place { CLIENT, KEY, USER_FILE, PAM, SET_ENV, PLACES };

START_TEST(the_later_place_wins)
{
	static const char *const pam[] = {"X=3", NULL};
	static const char *const own[] = {"X=4"};
	struct environment e = {.v = NULL};
	struct sources s;
	char expected[2] = {(char)('0' + _i), '\0'};

	sources_init(&s);
	ck_assert(add(&s.client, "X", "0"));
	if (_i >= KEY) {
		struct wr w = wr_into(&s.key);

		wr_cstr(&w, "X=1");
		ck_assert_int_eq(wr_end(&w, NULL), OK);
		s.grant.environment = buf_slice(&s.key);
	}
	if (_i >= USER_FILE)
		s.facts.user_file = SLICE_STR("X=2\n");
	if (_i >= PAM)
		s.grant.pam_env = pam;
	if (_i >= SET_ENV)
		s.conf.set_env = (struct conf_list)LIST(own);
	environ_build(&e, &s.facts);
	ck_assert_str_eq(environ_get(&e, "X"), expected);
	environ_clear(&e);
	environ_clear(&s.client);
	buf_clear(&s.key);
}
END_TEST

START_TEST(the_account_and_the_connection_are_told)
{
	struct environment e = {.v = NULL};
	struct sources s;

	sources_init(&s);
	s.facts.term = "xterm";
	s.facts.tty = "/dev/pts/3";
	s.facts.original = "date";
	ck_assert(!add(&s.client, "USER", "root"));
	environ_build(&e, &s.facts);
	ck_assert_str_eq(environ_get(&e, "USER"), "joe");
	ck_assert_str_eq(environ_get(&e, "LOGNAME"), "joe");
	ck_assert_str_eq(environ_get(&e, "HOME"), "/home/joe");
	ck_assert_str_eq(environ_get(&e, "SHELL"), "/bin/sh");
	ck_assert_str_eq(environ_get(&e, "TERM"), "xterm");
	ck_assert_str_eq(environ_get(&e, "MAIL"), "/var/mail/joe");
	ck_assert_str_eq(environ_get(&e, "PATH"),
	    "/usr/local/bin:/usr/bin:/bin:/usr/games");
	ck_assert_str_eq(environ_get(&e, "SSH_CLIENT"), "192.0.2.1 1234 22");
	ck_assert_str_eq(environ_get(&e, "SSH_CONNECTION"),
	    "192.0.2.1 1234 192.0.2.2 22");
	ck_assert_str_eq(environ_get(&e, "SSH_TTY"), "/dev/pts/3");
	ck_assert_str_eq(environ_get(&e, "SSH_ORIGINAL_COMMAND"), "date");
	environ_clear(&e);
	environ_clear(&s.client);
}
END_TEST

START_TEST(a_pipe_has_no_address)
{
	struct environment e = {.v = NULL};
	struct sources s;

	sources_init(&s);
	strcpy(s.conn.peer_ip, "UNKNOWN");
	strcpy(s.conn.local_ip, "UNKNOWN");
	s.conn.peer_port = s.conn.local_port = 65535;
	environ_build(&e, &s.facts);
	ck_assert_str_eq(environ_get(&e, "SSH_CONNECTION"),
	    "UNKNOWN 65535 UNKNOWN 65535");
	environ_clear(&e);
}
END_TEST

START_TEST(without_permission_key_and_file_set_nothing)
{
	struct environment e = {.v = NULL};
	struct sources s;
	struct wr w;

	sources_init(&s);
	s.conf.permit_user_environment = (struct conf_list){NULL, 0};
	w = wr_into(&s.key);
	wr_cstr(&w, "X=1");
	ck_assert_int_eq(wr_end(&w, NULL), OK);
	s.grant.environment = buf_slice(&s.key);
	s.facts.user_file = SLICE_STR("X=2\n");
	environ_build(&e, &s.facts);
	ck_assert_ptr_null(environ_get(&e, "X"));
	environ_clear(&e);
	buf_clear(&s.key);
}
END_TEST

START_TEST(nobody_but_us_says_where_the_client_is)
{
	static const char *const pam[] = {"SSH_CONNECTION=1 2 3 4",
	    "SSH_AUTH_INFO_0=secret", "KEPT=1", NULL};
	static const char *const own[] = {"SSH_CLIENT=5 6 7"};
	struct environment e = {.v = NULL};
	struct sources s;

	sources_init(&s);
	s.grant.pam_env = pam;
	s.conf.set_env = (struct conf_list)LIST(own);
	environ_build(&e, &s.facts);
	ck_assert_str_eq(environ_get(&e, "SSH_CLIENT"), "192.0.2.1 1234 22");
	ck_assert_str_eq(environ_get(&e, "SSH_CONNECTION"),
	    "192.0.2.1 1234 192.0.2.2 22");
	ck_assert_ptr_null(environ_get(&e, "SSH_AUTH_INFO_0"));
	ck_assert_str_eq(environ_get(&e, "KEPT"), "1");
	environ_clear(&e);
}
END_TEST

TCase *
check_environ(void)
{
	TCase *tc = tcase_create("session/environ");

	tcase_add_test(tc, a_variable_is_set_once);
	tcase_add_test(tc, only_what_is_named_is_accepted);
	tcase_add_loop_test(tc, loaders_and_shells_are_not_spoken_to, 0,
	    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tc, a_value_with_a_nul_is_refused);
	tcase_add_test(tc, a_client_sets_only_so_many);
	tcase_add_test(tc, a_client_fills_only_so_much);
	tcase_add_test(tc, a_file_is_read_line_by_line);
	tcase_add_loop_test(tc, the_later_place_wins, 0, PLACES);
	tcase_add_test(tc, the_account_and_the_connection_are_told);
	tcase_add_test(tc, a_pipe_has_no_address);
	tcase_add_test(tc, without_permission_key_and_file_set_nothing);
	tcase_add_test(tc, nobody_but_us_says_where_the_client_is);
	return tc;
}
