#include "sallyport/conf/conf.h"

#include "fixture.h"
#include "suite.h"

#include "config.h"
#include "sallyport/base/mem.h"
#include "sallyport/crypto/algo.h"

#include <stdio.h>

/* Text, keyword, and its value without and with the facts of bob. */
static const struct {
	const char *text;
	const char *keyword;
	const char *global;
	const char *bob;
} merges[] = {
    /* the first value among the blocks wins, and overrides the global one */
    {"Banner /g\nMatch user bob\nBanner /1\nBanner /2\nMatch user b*\n"
     "Banner /3\n",
	"banner", "/g", "/1"},
    {"Banner /g\nMatch user al\nBanner /1\nMatch user bob\nBanner none\n",
	"banner", "/g", "none"},
    /* lists that add up do so among the blocks, replacing the global one */
    {"AllowUsers g\nMatch user bob\nAllowUsers a\nAllowUsers b\n"
     "Match user b*\nAllowUsers c\nMatch user al\nAllowUsers d\n",
	"allowusers", "g", "a|b|c"},
    {"AcceptEnv G\nAcceptEnv H\nMatch user bob\nAcceptEnv A\n", "acceptenv",
	"G|H", "A"},
    /* where the first line counts, so does the first block's */
    {"SetEnv G=1 H=2\nMatch user bob\nSetEnv A=1\nSetEnv B=2\n"
     "Match user b*\nSetEnv C=3\n",
	"setenv", "G=1 H=2", "A=1"},
    {"AuthorizedKeysFile g\nMatch user bob\nAuthorizedKeysFile none\n",
	"authorizedkeysfile", "g", "none"},
    {"PermitOpen a:1\nMatch user bob\nPermitOpen b:2 c:3\n", "permitopen",
	"a:1", "b:2 c:3"},
    /* the last mask wins */
    {"StreamLocalBindMask 01\nMatch user bob\nStreamLocalBindMask 02\n"
     "Match user b*\nStreamLocalBindMask 03\n",
	"streamlocalbindmask", "01", "03"},
    /* subsystems by name, the block's before the global ones */
    {"Subsystem sftp /g\nSubsystem other /o\nMatch user bob\n"
     "Subsystem sftp internal-sftp\nMatch user b*\nSubsystem sftp /x\n"
     "Subsystem more /m\n",
	"subsystem", "sftp /g|other /o", "sftp internal-sftp|more /m|other /o"},
    /* "Match all" sets the global value, and the block's */
    {"Banner /g\nMatch all\nBanner /all\n", "banner", "/all", "/all"},
    {"Match user bob\nBanner /1\nMatch all\nBanner /all\n", "banner", "/all",
	"/1"},
    {"Port 1\nMatch user bob\nBanner /x\nMatch all\nPort 2\n", "port", "1|2",
	"1|2"},
    {"Match user bob\nPubkeyAcceptedAlgorithms ssh-rsa\n",
	"casignaturealgorithms",
	"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
	"ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,"
	"sk-ecdsa-sha2-nistp256@openssh.com,"
	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com,"
	"rsa-sha2-512,rsa-sha2-256",
	"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
	"ecdsa-sha2-nistp521,sk-ssh-ed25519@openssh.com,"
	"sk-ecdsa-sha2-nistp256@openssh.com,"
	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com,"
	"rsa-sha2-512,rsa-sha2-256"},
#ifdef WITH_PAM
    {"Match user bob\nPAMServiceName other\n", "pamservicename", "sshd",
	"other"},
#endif
};

START_TEST(blocks_override_and_the_first_one_wins)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	struct conf_facts bob = {.user = "bob"};

	fixture_main(&f, merges[_i].text);
	ck_assert_str_eq(fixture_value(&f, NULL, merges[_i].keyword),
	    merges[_i].global);
	ck_assert_str_eq(fixture_value(&f, &bob, merges[_i].keyword),
	    merges[_i].bob);
	/* Applying doesn't change what is applied to. */
	ck_assert_str_eq(fixture_value(&f, NULL, merges[_i].keyword),
	    merges[_i].global);
}
END_TEST

START_TEST(global_values_know_nothing_of_blocks)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;

	fixture_main(&f, "Banner /g\nMatch user bob\nBanner /b\n");
	ck_assert_str_eq(conf_global(f.set)->banner, "/g");
	ck_assert_ptr_eq(conf_global(f.set)->set, f.set);
}
END_TEST

START_TEST(takes_only_a_set_of_its_own_blocks)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	static const uint8_t none[3];
	uint8_t bits[2] = {0xff, 0x01};
	struct conf c;

	fixture_main(&f, "Match user 1\nMatch user 2\nMatch user 3\n"
			 "Match user 4\nMatch user 5\nMatch user 6\n"
			 "Match user 7\nMatch user 8\nMatch user 9\n");
	ck_assert_int_eq(conf_apply(f.set, slice_make(bits, 2), &c), OK);
	ck_assert_int_eq(conf_apply(f.set, slice_make(none, 2), &c), OK);
	ck_assert_int_eq(conf_apply(f.set, slice_make(bits, 1), &c),
	    ERR_FORMAT);
	ck_assert_int_eq(conf_apply(f.set, slice_make(none, 3), &c),
	    ERR_FORMAT);
	ck_assert_int_eq(conf_apply(f.set, SLICE_NONE, &c), ERR_FORMAT);
	bits[1] = 0x02;
	ck_assert_int_eq(conf_apply(f.set, slice_make(bits, 2), &c),
	    ERR_FORMAT);
}
END_TEST

START_TEST(tells_whether_host_keys_are_the_default_ones)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(fixture_clear) struct fixture g = FIXTURE;
	SCOPED(fixture_clear) struct fixture h = FIXTURE;

	fixture_main(&f, "");
	ck_assert(conf_global(f.set)->host_keys_default);
	ck_assert_uint_eq(conf_global(f.set)->host_keys.n, 4);
	ck_assert_str_eq(conf_global(f.set)->host_keys.v[2],
	    SYSCONFDIR "/sallyport/ssh_host_ed25519_key");
	fixture_main(&g, "HostKey /x\n");
	ck_assert(!conf_global(g.set)->host_keys_default);
	ck_assert_uint_eq(conf_global(g.set)->host_keys.n, 1);
	fixture_main(&h, "HostKey none\n");
	ck_assert(!conf_global(h.set)->host_keys_default);
	ck_assert_uint_eq(conf_global(h.set)->host_keys.n, 0);
}
END_TEST

START_TEST(joins_what_any_block_may_accept)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const char *all;

	fixture_main(&f, "PubkeyAcceptedAlgorithms ssh-ed25519\n"
			 "Match user a\nPubkeyAcceptedAlgorithms rsa-sha2-512,"
			 "ssh-ed25519\nMatch user b\nBanner /x\n"
			 "PubkeyAcceptedAlgorithms ssh-rsa\n");
	all = conf_any_pubkey_algorithms(f.set);
	ck_assert_str_eq(all, "ssh-ed25519,rsa-sha2-512,ssh-rsa");
}
END_TEST

/* Old devices in one network get an old cipher, and nobody else does. */
START_TEST(blocks_of_addresses_act_before_the_key_exchange)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const char *kex;
	struct conf_facts old = {.user = "bob",
	    .address = "10.0.0.7",
	    .local_port = 22};
	struct conf_facts other = {.address = "10.1.0.7", .local_port = 2222};
	struct conf *c;

	fixture_main(&f,
	    "Ciphers aes256-ctr\nRekeyLimit 1G\n"
	    "Match address 10.0.0.0/24\nCiphers aes128-cbc\nBanner /x\n"
	    "KexAlgorithms diffie-hellman-group-exchange-sha256\n"
	    "Match localport 22\nCiphers 3des-cbc\nCompression no\n"
	    "Match user bob\nRekeyLimit 2G\n"
	    "Match address 10.0.0.0/8 localport 2222\nRekeyLimit 3G\n");
	c = conf_early(f.set, &old);
	ck_assert_str_eq(c->ciphers, "aes128-cbc");
	ck_assert_str_eq(c->kex_algorithms,
	    "diffie-hellman-group-exchange-sha256");
	ck_assert(!c->compression);
	ck_assert_uint_eq(c->rekey_octets, (uint64_t)1 << 30);
	ck_assert_ptr_null(c->banner); /* later, when all is known */
	mem_free(c);
	c = conf_early(f.set, &other);
	ck_assert_str_eq(c->ciphers, "aes256-ctr");
	ck_assert(c->compression);
	ck_assert_uint_eq(c->rekey_octets, (uint64_t)3 << 30);
	ck_assert_str_eq(fixture_value(&f, &old, "ciphers"), "aes128-cbc");
	mem_free(c);
	kex = conf_any_kex_algorithms(f.set);
	ck_assert_ptr_nonnull(strstr(kex, "group-exchange"));
}
END_TEST

static const char *const later[] = {"Match user x\nRekeyLimit 2G\n",
    "Match address 10.0.0.0/8\nBanner /x\n", "Ciphers aes128-ctr\n"};

START_TEST(without_such_blocks_nothing_is_made)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	struct conf_facts facts = {.address = "10.0.0.7", .local_port = 22};

	fixture_main(&f, later[_i]);
	ck_assert_ptr_null(conf_early(f.set, &facts));
}
END_TEST

/* The defaults of OpenSSH 10.5, as far as they are members of their own */
START_TEST(defaults_are_those_of_the_reference)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const struct conf *c;

	fixture_main(&f, "");
	c = conf_global(f.set);
	ck_assert_uint_eq(c->nports, 1);
	ck_assert_uint_eq(c->port[0], 22);
	ck_assert_uint_eq(c->login_grace_s, 120);
	ck_assert_uint_eq(c->startups_begin, 10);
	ck_assert_uint_eq(c->startups_rate, 30);
	ck_assert_uint_eq(c->startups_full, 100);
	ck_assert_uint_eq(c->per_source_startups, UINT32_MAX);
	ck_assert_uint_eq(c->spawner_generation, 64);
	ck_assert_uint_eq(c->ipqos_interactive, 0xb8);
	ck_assert_uint_eq(c->ipqos_bulk, 0);
	ck_assert_uint_eq(c->streamlocal_mask, 0177);
	ck_assert_uint_eq(c->fingerprint_hash, HASH_SHA256);
	ck_assert_int_eq(c->permit_root_login, ROOT_PROHIBIT_PASSWORD);
	ck_assert(c->password && c->kbdint && c->pubkey && c->strict_modes);
	ck_assert(!c->use_pam && !c->permit_empty_passwords);
	ck_assert_uint_eq(c->authentication_methods.n, 0);
	ck_assert_uint_eq(c->authorized_keys_files.n, 2);
	ck_assert_str_eq(c->permit_open.v[0], "any");
	ck_assert_ptr_null(c->force_command);
	ck_assert_ptr_null(c->version_addendum);
	ck_assert_str_eq(c->pid_file, "/run/sallyportd.pid");
	ck_assert_str_eq(c->pam_service, "sshd");
}
END_TEST

/* With 2,000 blocks each finds the one that is its own. */
START_TEST(thousands_of_blocks_are_told_apart)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	char name[16];

	for (unsigned int i = 0; i < 2000; i++)
		ck_assert_int_eq(buf_printf(&text,
				     "Match user u%u address 10.0.%u.%u\n"
				     "MaxSessions %u\n",
				     i, i / 256, i % 256, i),
		    OK);
	ck_assert_int_eq(buf_append(&text, slice_make("", 1)), OK);
	fixture_main(&f, (const char *)text.p);
	for (unsigned int i = 0; i < 2000; i += 111) {
		SCOPED(mem_free_at)
		char *address = mem_format("10.0.%u.%u", i / 256, i % 256);
		struct conf_facts facts = {.user = name, .address = address};

		(void)snprintf(name, sizeof(name), "u%u", i);
		fixture_apply(&f, &facts);
		ck_assert_uint_eq(f.conf.max_sessions, i);
	}
}
END_TEST

START_TEST(refuses_what_is_no_bundle)
{
	struct conf_set *set;

	ck_assert_int_eq(conf_parse(SLICE_STR("Port 22\n"), NULL, NULL, &set),
	    ERR_FORMAT);
	ck_assert_ptr_null(set);
	conf_free(set);
}
END_TEST

TCase *check_conf(void);

TCase *
check_conf(void)
{
	TCase *tc = tcase_create("conf/conf");

	tcase_add_loop_test(tc, blocks_override_and_the_first_one_wins, 0,
	    sizeof(merges) / sizeof(merges[0]));
	tcase_add_test(tc, global_values_know_nothing_of_blocks);
	tcase_add_test(tc, takes_only_a_set_of_its_own_blocks);
	tcase_add_test(tc, tells_whether_host_keys_are_the_default_ones);
	tcase_add_test(tc, joins_what_any_block_may_accept);
	tcase_add_test(tc, blocks_of_addresses_act_before_the_key_exchange);
	tcase_add_loop_test(tc, without_such_blocks_nothing_is_made, 0, 3);
	tcase_add_test(tc, defaults_are_those_of_the_reference);
	tcase_add_test(tc, thousands_of_blocks_are_told_apart);
	tcase_add_test(tc, refuses_what_is_no_bundle);
	return tc;
}
