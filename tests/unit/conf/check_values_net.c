#include "values_net.h"

#include "suite.h"
#include "values_cases.h"

static const struct good_line good[] = {
    {"", "port", "22"},
    {"Port 1\nPort ssh\nPort 65535", "port", "1|22|65535"},
    {"", "listenaddress", "[::]:22|0.0.0.0:22"},
    {"AddressFamily inet6", "listenaddress", "[::]:22"},
    {"AddressFamily INET\nPort 5\nPort 6", "listenaddress",
	"0.0.0.0:5|0.0.0.0:6"},
    /* address by address, each with every port, whichever comes first */
    {"ListenAddress 1.2.3.4\nPort 5\nListenAddress ::1\nPort 6",
	"listenaddress", "1.2.3.4:5|1.2.3.4:6|[::1]:5|[::1]:6"},
    {"Port 5\nListenAddress [::1]:7\nListenAddress 1.2.3.4:8", "listenaddress",
	"[::1]:7|1.2.3.4:8"},
    {"ListenAddress name\nListenAddress name:7", "listenaddress",
	"name:22|name:7"},
    {"ListenAddress [::1] rdomain vrf", "listenaddress",
	"[::1]:22 rdomain vrf"},
    {"ListenAddress *:80", "listenaddress", "[::]:80|0.0.0.0:80"},
    {"IPQoS AF21", "ipqos", "af21 af21"},
    {"IPQoS va 16", "ipqos", "va 16"},
    {"IPQoS 184 0", "ipqos", "ef cs0"},
    {"IPQoS lowdelay none", "ipqos", "none none"},
    {"MaxStartups 7", "maxstartups", "7:30:7"},
    {"MaxStartups 1:1:1", "maxstartups", "1:1:1"},
    {"MaxStartups 3:100:9", "maxstartups", "3:100:9"},
    {"PerSourceMaxStartups 3", "persourcemaxstartups", "3"},
    {"PerSourceMaxStartups none", "persourcemaxstartups", "none"},
    {"PerSourceNetBlockSize 24", "persourcenetblocksize", "24:128"},
    {"PerSourceNetBlockSize 0:64", "persourcenetblocksize", "0:64"},
};

START_TEST(takes_a_good_value)
{
	good_line(&good[_i]);
}
END_TEST

static const struct bad_line bad[] = {
    {"Port 0", "Badly formatted port number."},
    {"Port 65536", "Badly formatted port number."},
    {"Port -1", "Badly formatted port number."},
    {"Port nosuchservice", "Badly formatted port number."},
    {"ListenAddress 1.2.3.4:0", "bad port number"},
    {"ListenAddress 1.2.3.4:", "bad address:port usage"},
    {"ListenAddress a:b]:", "bad address:port usage"},
    {"ListenAddress [::1", "bad address:port usage"},
    {"ListenAddress [::1]x", "bad address:port usage"},
    {"ListenAddress []:1", "bad address:port usage"},
    {"ListenAddress :1", "bad address:port usage"},
    {"ListenAddress a b", "bad ListenAddress syntax"},
    {"ListenAddress a rdomain", "missing rdomain name."},
    {"AddressFamily ipx", "unsupported option \"ipx\"."},
    {"IPQoS x", "Bad IPQoS value: x"},
    {"IPQoS 256", "Bad IPQoS value: 256"},
    {"IPQoS 0x10", "Bad IPQoS value: 0x10"},
    {"MaxStartups 1:2", "Invalid MaxStartups spec."},
    {"MaxStartups 9:30:1", "Invalid MaxStartups spec."},
    {"MaxStartups 1:0:2", "Invalid MaxStartups spec."},
    {"MaxStartups 1:101:2", "Invalid MaxStartups spec."},
    {"MaxStartups 1:2:3:4", "Invalid MaxStartups spec."},
    {"MaxStartups 1:2:3:", "Invalid MaxStartups spec."},
    {"PerSourceMaxStartups x", "integer value invalid."},
    {"PerSourceNetBlockSize 33", "Invalid PerSourceNetBlockSize spec."},
    {"PerSourceNetBlockSize 32:129", "Invalid PerSourceNetBlockSize spec."},
};

START_TEST(refuses_a_bad_value)
{
	bad_line(&bad[_i]);
}
END_TEST

START_TEST(takes_256_ports_and_no_more)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;

	for (unsigned int i = 1; i <= 257; i++)
		ck_assert_int_eq(buf_printf(&text, "Port %u\n", i), OK);
	ck_assert_int_eq(buf_append(&text, slice_make("", 1)), OK);
	fixture_file(&f, "main", (const char *)text.p);
	fixture_parse(&f);
	ck_assert_int_eq(f.err, ERR_CONFIG);
	ck_assert(fixture_said(&f, "FATAL: main line 257: too many ports."));
}
END_TEST

TCase *check_values_net(void);

TCase *
check_values_net(void)
{
	TCase *tc = tcase_create("conf/values_net");

	tcase_add_loop_test(tc, takes_a_good_value, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refuses_a_bad_value, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, takes_256_ports_and_no_more);
	return tc;
}
