#include "fixture.h"

#include "sallyport/key/knownline.h"

/* A whole Ed25519 blob in base64 */
#define KEY                                                                    \
	"AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define LINE(hosts) hosts " ssh-ed25519 " KEY " a comment"

/* HMAC-SHA1 of "host.example" under the octets 0 to 19 */
#define HASHED "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|IZ1zV0swCfFUvwvqRtiJbYJ0/LA="

static struct knownline k;

static enum err
parse(const char *text)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KNOWNLINE_MAX);
	enum err e = knownline_parse(slice_cstr(text), &blob, &k);

	if (e == OK)
		ck_assert_uint_eq(blob.n, 51);
	return e;
}

static const struct {
	const char *line;
	enum err result;
	enum known_marker marker;
	const char *hosts;
} lines[] = {
    {LINE("a,b"), OK, KNOWN_HOST, "a,b"},
    {" \t" LINE("a") "\r\n", OK, KNOWN_HOST, "a"},
    {"a\tssh-ed25519\t" KEY, OK, KNOWN_HOST, "a"},
    {LINE("@cert-authority *.x"), OK, KNOWN_AUTHORITY, "*.x"},
    {LINE("@revoked *"), OK, KNOWN_REVOKED, "*"},
    {"", ERR_NOT_FOUND, KNOWN_HOST, NULL},
    {" # " LINE("a"), ERR_NOT_FOUND, KNOWN_HOST, NULL},
    {LINE("@revoked @cert-authority a"), ERR_FORMAT, KNOWN_HOST, NULL},
    {LINE("@Revoked a"), ERR_FORMAT, KNOWN_HOST, NULL},
    {LINE("@"), ERR_FORMAT, KNOWN_HOST, NULL},
    {"@revoked", ERR_FORMAT, KNOWN_HOST, NULL},
    {"a", ERR_UNKNOWN_ALGO, KNOWN_HOST, NULL},
    {"a 1024 35 123456789", ERR_UNKNOWN_ALGO, KNOWN_HOST, NULL},
    {"a ssh-dss " KEY, ERR_UNKNOWN_ALGO, KNOWN_HOST, NULL},
    {"a ssh-ed25519-cert-v01@openssh.com " KEY, ERR_UNKNOWN_ALGO, KNOWN_HOST,
	NULL},
    {"a rsa-sha2-256 " KEY, ERR_UNKNOWN_ALGO, KNOWN_HOST, NULL},
    {"a ssh-rsa " KEY, ERR_FORMAT, KNOWN_HOST, NULL},
    {"a ssh-ed25519", ERR_FORMAT, KNOWN_HOST, NULL},
    {"a ssh-ed25519 !" KEY, ERR_FORMAT, KNOWN_HOST, NULL},
};

START_TEST(a_line_is_marker_hosts_and_key)
{
	ck_assert_int_eq(parse(lines[_i].line), lines[_i].result);
	if (lines[_i].result != OK)
		return;
	ck_assert_int_eq(k.marker, lines[_i].marker);
	ck_assert(slice_is(k.hosts, lines[_i].hosts));
	ck_assert_int_eq(k.type, KEY_ED25519);
}
END_TEST

START_TEST(no_line_holds_a_nul)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KNOWNLINE_MAX);

	ck_assert_int_eq(knownline_parse(SLICE_STR("a\0 ssh-ed25519 " KEY),
			     &blob, &k),
	    ERR_FORMAT);
}
END_TEST

static const struct {
	const char *hosts;
	bool named; /* host.example */
} names[] = {
    {"host.example", true},
    {"HOST.Example", true},
    {"a,host.example", true},
    {"*.example", true},
    {"host.exampl?", true},
    {"*", true},
    {"host", false},
    {"*.example,!host.*", false},
    {"!host.*,*.example", false},
    {"!other.*,*.example", true},
    {"!other.*", false},
    {"[host.example]:22", false},
    {"[host.example]:2222", false},
    {HASHED, true},
    {HASHED "x", false},
    {"|1|AAECAwQFBgcICQoLDA0ODxAREhM=|", false},
    {"|1|AAECAwQFBgcICQoLDA0ODxAREhM=", false},
    {"|1||", false},
    {"|1", false},
    {"|", false},
    {"|1|AAECAwQ=|AAECAwQ=", false},
    {"|2|AAECAwQFBgcICQoLDA0ODxAREhM=|AAECAwQFBgcICQoLDA0ODxAREhM=", false},
};

START_TEST(hosts_are_patterns_or_a_hash)
{
	SCOPED(mem_free_at)
	char *line = mem_format("%s ssh-ed25519 " KEY, names[_i].hosts);
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(KNOWNLINE_MAX);

	ck_assert_int_eq(knownline_parse(slice_cstr(line), &blob, &k), OK);
	ck_assert(
	    knownline_names(&k, SLICE_STR("host.example")) == names[_i].named);
	if (strncmp(names[_i].hosts, "|1|", 3) == 0)
		ck_assert(!knownline_names(&k, SLICE_STR("other.example")));
}
END_TEST

TCase *
check_knownline(void)
{
	TCase *tc = tcase_create("key/knownline");

	tcase_add_loop_test(tc, a_line_is_marker_hosts_and_key, 0,
	    sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tc, no_line_holds_a_nul);
	tcase_add_loop_test(tc, hosts_are_patterns_or_a_hash, 0,
	    sizeof(names) / sizeof(names[0]));
	return tc;
}
