#include "suite.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/roles.h"

#include "errand/lookup.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a resolver of our own ------------------------------------------------------ */

static const char *ptr;        /* what the address is called; NULL: nothing */
static const char *forward[4]; /* addresses of that name, NULL-terminated */
static const char *asked;      /* what was asked for */

static int
name_of(const struct sockaddr *a, socklen_t n, char *name, size_t size)
{
	(void)a;
	(void)n;
	if (ptr == NULL)
		return EAI_NONAME;
	snprintf(name, size, "%s", ptr);
	return 0;
}

static int
addresses_of(const char *name, int family, struct addrinfo **list)
{
	const struct addrinfo hints = {.ai_family = family,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST};
	struct addrinfo **at = list;

	asked = name;
	*list = NULL;
	for (size_t i = 0; forward[i] != NULL; i++) {
		if (getaddrinfo(forward[i], NULL, &hints, at) == 0)
			at = &(*at)->ai_next;
	}
	return *list == NULL ? EAI_NONAME : 0;
}

static const struct lookup_resolver fake = {name_of, addresses_of};

static enum lookup_result
look_up(const char *ip, const char *name, const char *address, char *out)
{
	ptr = name;
	asked = NULL;
	forward[0] = address;
	forward[1] = NULL;
	return lookup_name(&fake, ip, out);
}

/* ---- there and back --------------------------------------------------------------- */

static const struct {
	const char *ip, *name, *address;
	enum lookup_result result;
} cases[] = {
    {"192.0.2.7", "a.example", "192.0.2.7", LOOKUP_CONFIRMED},
    {"2001:db8::7", "a.example", "2001:db8:0::7", LOOKUP_CONFIRMED},
    {"192.0.2.7", "a.example", "192.0.2.8", LOOKUP_ELSEWHERE},
    {"2001:db8::7", "a.example", "2001:db8::8", LOOKUP_ELSEWHERE},
    {"192.0.2.7", "a.example", NULL, LOOKUP_UNKNOWN},
    {"192.0.2.7", NULL, "192.0.2.7", LOOKUP_NONE},
    {"UNKNOWN", "a.example", "192.0.2.7", LOOKUP_NONE},
    {"", "a.example", "192.0.2.7", LOOKUP_NONE},
    /* what reads like an address isn't a name, whatever it maps to */
    {"192.0.2.7", "192.0.2.7", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "10.0.0.1", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "10.0.0.1.", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "0x0a000001", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "::1", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "a b.example", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "*.example", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "!a.example", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "a,b", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "a\nb", "192.0.2.7", LOOKUP_NASTY},
    {"192.0.2.7", "\xc3\xa4.example", "192.0.2.7", LOOKUP_NASTY},
};
#define CASES (int)(sizeof(cases) / sizeof(cases[0]))

START_TEST(a_name_counts_if_it_maps_back)
{
	char name[LOOKUP_NAME_MAX + 1];

	ck_assert_int_eq(look_up(cases[_i].ip, cases[_i].name,
			     cases[_i].address, name),
	    cases[_i].result);
	/* of what isn't a name nobody is asked */
	if (cases[_i].result == LOOKUP_NASTY || cases[_i].result == LOOKUP_NONE)
		ck_assert_ptr_null(asked);
}
END_TEST

START_TEST(one_of_several_addresses_is_enough)
{
	char name[LOOKUP_NAME_MAX + 1];

	ptr = "a.example";
	forward[0] = "192.0.2.1";
	forward[1] = "192.0.2.2";
	forward[2] = "192.0.2.7";
	forward[3] = NULL;
	ck_assert_int_eq(lookup_name(&fake, "192.0.2.7", name),
	    LOOKUP_CONFIRMED);
}
END_TEST

START_TEST(names_are_written_in_one_way)
{
	char name[LOOKUP_NAME_MAX + 1];

	ck_assert_int_eq(look_up("192.0.2.7", "Host-1_x.EXAMPLE.", "192.0.2.7",
			     name),
	    LOOKUP_CONFIRMED);
	ck_assert_str_eq(name, "host-1_x.example");
}
END_TEST

/* ---- the process ----------------------------------------------------------------------- */

static pid_t
errand(const char *ip, uint64_t until_ms, struct rpc **monitor)
{
	pid_t self = getpid(), pid;
	int pair[2];

	log_set_level(LEVEL_QUIET);
	ck_assert_int_eq(io_pair(pair), OK);
	pid = spawn_fork();
	if (pid == 0)
		lookup_main(ip, until_ms, pair[1], self);
	close(pair[1]);
	*monitor = rpc_new(pair[0]);
	return pid;
}

/* Whatever this machine says of its own address, it is one of the answers. */
START_TEST(it_answers_once_and_ends)
{
	struct lookup_msg m;
	struct rpc *monitor;
	uint32_t number;
	int status = -1;
	pid_t pid = errand("127.0.0.1", clock_mono_ms() + 20000, &monitor);

	ck_assert_int_eq(rpc_receive(monitor, false, &number), OK);
	ck_assert_uint_eq(number, ERRAND_NAME);
	ck_assert_int_eq(rpc_decode(monitor, &layout_lookup_msg, &m), OK);
	ck_assert_uint_le(m.result, LOOKUP_NASTY);
	ck_assert(m.result != LOOKUP_CONFIRMED || m.name.n > 0);
	ck_assert_int_eq(rpc_receive(monitor, false, &number), ERR_EOF);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rpc_free(monitor);
}
END_TEST

START_TEST(it_ends_when_its_time_is_over)
{
	struct rpc *monitor;
	int status = -1;
	pid_t pid = errand("127.0.0.1", clock_mono_ms() - 1, &monitor);

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	rpc_free(monitor);
}
END_TEST

TCase *
check_lookup(void)
{
	TCase *tc = tcase_create("errand/lookup");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_name_counts_if_it_maps_back, 0, CASES);
	tcase_add_test(tc, one_of_several_addresses_is_enough);
	tcase_add_test(tc, names_are_written_in_one_way);
	tcase_add_test(tc, it_answers_once_and_ends);
	tcase_add_test(tc, it_ends_when_its_time_is_over);
	return tc;
}
