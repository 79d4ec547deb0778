#include "values_ssh.h"

#include "suite.h"
#include "values_cases.h"

static const struct good_line good[] = {
    {"Ciphers aes128-ctr,aes256-ctr,aes128-ctr", "ciphers",
	"aes128-ctr,aes256-ctr"},
    {"Ciphers -*ctr,chacha*", "ciphers",
	"aes128-gcm@openssh.com,aes256-gcm@openssh.com"},
    {"Ciphers -*", "ciphers",
	"chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,"
	"aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr"},
    {"Ciphers ^aes256-ctr", "ciphers",
	"aes256-ctr,chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,"
	"aes256-gcm@openssh.com,aes128-ctr,aes192-ctr"},
    {"MACs -umac*,hmac-sha1*,*-etm@*", "macs", "hmac-sha2-256,hmac-sha2-512"},
    {"KexAlgorithms diffie-hellman-group1-sha1", "kexalgorithms",
	"diffie-hellman-group1-sha1"},
    {"HostKeyAlgorithms ssh-ed*", "hostkeyalgorithms",
	"ssh-ed25519-cert-v01@openssh.com,ssh-ed25519"},
    {"PubkeyAcceptedKeyTypes rsa-sha2-512,ssh-rsa", "pubkeyacceptedalgorithms",
	"rsa-sha2-512,ssh-rsa"},
    {"CASignatureAlgorithms rsa-*", "casignaturealgorithms",
	"rsa-sha2-512,rsa-sha2-256"},
    {"FingerprintHash md5\nFingerprintHash Sha512", "fingerprinthash",
	"SHA512"},
    {"Compression Delayed", "compression", "yes"},
    {"Compression no", "compression", "no"},
    {"RekeyLimit 16", "rekeylimit", "16 0"},
    {"RekeyLimit 1.5G 1w", "rekeylimit", "1610612736 604800"},
    {"RekeyLimit default 1h", "rekeylimit", "0 3600"},
    {"RekeyLimit 0 none", "rekeylimit", "0 0"},
    {"RequiredRSASize 512", "requiredrsasize", "1024"},
    {"RequiredRSASize 3072", "requiredrsasize", "3072"},
    {"PermitRootLogin Without-Password", "permitrootlogin",
	"prohibit-password"},
    {"PermitRootLogin forced-commands-only", "permitrootlogin",
	"forced-commands-only"},
    {"IgnoreRhosts shosts-only", "ignorerhosts", "shosts-only"},
    {"AuthenticationMethods any", "authenticationmethods", "any"},
    {"AuthenticationMethods none", "authenticationmethods", "none"},
    {"AuthenticationMethods publickey,publickey "
     "keyboard-interactive:pam,password",
	"authenticationmethods",
	"publickey,publickey keyboard-interactive:pam,password"},
    {"PubkeyAuthOptions none", "pubkeyauthoptions", "none"},
    {"PubkeyAuthOptions verify-required", "pubkeyauthoptions",
	"verify-required"},
    {"PubkeyAuthOptions verify-required Touch-required", "pubkeyauthoptions",
	"touch-required verify-required"},
    {"AllowUsers a b@10.0.0.0/8\nAllowUsers c@*.example", "allowusers",
	"a|b@10.0.0.0/8|c@*.example"},
};

START_TEST(takes_a_good_value)
{
	good_line(&good[_i]);
}
END_TEST

static const struct bad_line bad[] = {
    {"Ciphers x", "Bad SSH2 cipher spec 'x'."},
    {"Ciphers aes*", "Bad SSH2 cipher spec 'aes*'."},
    {"Ciphers +", "Bad SSH2 cipher spec '+'."},
    {"Ciphers aes128-ctr,,aes256-ctr", "Bad SSH2 cipher spec"},
    {"MACs !hmac-sha1", "Bad SSH2 mac spec '!hmac-sha1'."},
    {"KexAlgorithms y", "ERROR: Unsupported KEX algorithm \"y\"\n"
			"FATAL: main line 1: Bad SSH2 KexAlgorithms 'y'."},
    {"KexAlgorithms kex-strict-s-v00@openssh.com", "Bad SSH2 KexAlgorithms"},
    {"HostKeyAlgorithms x*", "Bad key types 'x*'."},
    {"CASignatureAlgorithms *-cert-v01@openssh.com", "Bad key types"},
    {"FingerprintHash crc", "unsupported option \"crc\"."},
    {"RekeyLimit 15", "RekeyLimit too small"},
    {"RekeyLimit none", "Bad RekeyLimit number 'none': Invalid argument"},
    {"RekeyLimit 1G x", "invalid time value."},
    {"RekeyLimit 1G 1h 2", "extra arguments at end of line"},
    {"PermitRootLogin maybe", "unsupported option \"maybe\"."},
    {"AuthenticationMethods foo",
	"ERROR: Unknown authentication method \"foo\" in list\n"
	"FATAL: main line 1: invalid AuthenticationMethods method list."},
    {"AuthenticationMethods publickey,", "invalid AuthenticationMethods"},
    {"AuthenticationMethods any publickey", "invalid AuthenticationMethods"},
    {"AuthenticationMethods \"\"", "invalid AuthenticationMethods"},
    {"PubkeyAuthOptions touch-required,verify-required",
	"ERROR: main line 1: unsupported PubkeyAuthOptions option"},
    {"AllowUsers a@10.0.0.1/8", "invalid AllowUsers pattern: \"a@10.0.0.1/8\""},
    {"DenyUsers \"\"", "invalid DenyUsers pattern: \"\""},
};

START_TEST(refuses_a_bad_value)
{
	bad_line(&bad[_i]);
}
END_TEST

START_TEST(counts_a_list_of_methods_only_if_all_are_enabled)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_main(&f, "PasswordAuthentication no\n");
	fixture_apply(&f, NULL);
	ck_assert(values_ssh_methods_enabled(
	    SLICE_STR("publickey,keyboard-interactive:pam"), &f.conf));
	ck_assert(!values_ssh_methods_enabled(SLICE_STR("publickey,password"),
	    &f.conf));
	ck_assert(values_ssh_methods_enabled(SLICE_STR("none"), &f.conf));
	ck_assert(!values_ssh_methods_enabled(SLICE_STR("foo"), &f.conf));
}
END_TEST

TCase *check_values_ssh(void);

TCase *
check_values_ssh(void)
{
	TCase *tc = tcase_create("conf/values_ssh");

	tcase_add_loop_test(tc, takes_a_good_value, 0,
	    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refuses_a_bad_value, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, counts_a_list_of_methods_only_if_all_are_enabled);
	return tc;
}
