/*
 * fuzz_kexinit.c - a client's KEXINIT, and what comes of it
 *
 * Input: the payload. What is chosen stands in both sides' lists, and is no
 * mark; what isn't is told with the list that had no match.
 */
#include "sallyport/base/must.h"
#include "transport/kexinit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kexinit server = {
    .kex = {(const uint8_t *)"curve25519-sha256,ecdh-sha2-nistp256,ext-info-s",
	47},
    .hostkeys = {(const uint8_t *)"ssh-ed25519,rsa-sha2-512", 24},
    .ciphers_in = {(const uint8_t *)"aes128-ctr,aes128-gcm@openssh.com", 33},
    .ciphers_out = {(const uint8_t *)"aes128-ctr,aes128-gcm@openssh.com", 33},
    .macs_in = {(const uint8_t *)"hmac-sha2-256,umac-64@openssh.com", 33},
    .macs_out = {(const uint8_t *)"hmac-sha2-256,umac-64@openssh.com", 33},
    .comp_in = {(const uint8_t *)"none,zlib@openssh.com", 21},
    .comp_out = {(const uint8_t *)"none,zlib@openssh.com", 21},
};

static void
in_both(const struct algo *a, struct slice client, struct slice mine)
{
	must(a != NULL && (a->flags & ALGO_PSEUDO) == 0);
	must(algo_list_has(client, slice_cstr(a->name)));
	must(algo_list_has(mine, slice_cstr(a->name)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kexinit_outcome o = {.kex = NULL};
	struct slice theirs = SLICE_NONE;
	struct kexinit c;
	enum err e = kexinit_parse(slice_make(data, size), &c);

	if (e != OK)
		return 0;
	(void)kexinit_is_strict(&c);
	(void)kexinit_wants_ext_info(&c);
	e = kexinit_choose(&c, &server, &o, &theirs);
	must(e == OK || (e >= ERR_NO_KEX && e <= ERR_NO_COMP));
	if (e != OK)
		return 0;
	in_both(o.kex, c.kex, server.kex);
	in_both(o.hostkey, c.hostkeys, server.hostkeys);
	in_both(o.cipher_in, c.ciphers_in, server.ciphers_in);
	in_both(o.cipher_out, c.ciphers_out, server.ciphers_out);
	must((o.mac_in == NULL) == ((o.cipher_in->flags & ALGO_AEAD) != 0));
	must((o.mac_out == NULL) == ((o.cipher_out->flags & ALGO_AEAD) != 0));
	must(!o.guess_wrong || c.follows);
	return 0;
}
