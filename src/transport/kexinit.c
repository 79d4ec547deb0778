#include "kexinit.h"

#include "sallyport/base/rd.h"
#include "sallyport/crypto/rng.h"
#include "version.h"

#define COOKIE_OCTETS 16
#define MARKS         ",ext-info-s,kex-strict-s-v00@openssh.com"

/* ---- our offer ---- */

size_t
kexinit_key_for(const struct transport_offer *offer, const struct algo *hostkey)
{
	size_t i;

	/* The webauthn form comes from browsers: no host key signs so. */
	if (slice_starts(slice_cstr(hostkey->name), SLICE_STR("webauthn-")))
		return offer->nkeys;
	for (i = 0; i < offer->nkeys; i++)
		if (slice_is(offer->keys[i].type, hostkey->blob_type))
			break;
	return i;
}

static void
list_add(struct wr *w, size_t *n, struct slice name)
{
	if ((*n)++ > 0)
		wr_u8(w, ',');
	wr_raw(w, name);
}

void
kexinit_hostkeys(struct wr *w, const struct transport_offer *offer)
{
	struct slice rest = offer->hostkey_algorithms;
	const struct algo *a;
	struct slice name;
	size_t n = 0;

	while (slice_next(&rest, ',', &name)) {
		a = algo_find(ALGO_KEY, name);
		if (a != NULL && kexinit_key_for(offer, a) < offer->nkeys)
			list_add(w, &n, name);
	}
}

/* Our methods, but for what the peer's software does wrongly. */
static void
write_methods(struct wr *w, struct slice rest, unsigned int quirks, bool first)
{
	size_t mark = wr_begin(w);
	struct slice name;
	size_t n = 0;

	while (slice_next(&rest, ',', &name)) {
		if ((quirks & VERSION_BAD_CURVE25519) != 0 &&
		    slice_is(name, "curve25519-sha256@libssh.org"))
			continue;
		list_add(w, &n, name);
	}
	if (first)
		wr_raw(w,
		    n > 0 ? SLICE_STR(MARKS) : slice_skip(SLICE_STR(MARKS), 1));
	wr_finish(w, mark);
}

void
kexinit_write(struct wr *w, const struct transport_offer *offer,
    struct slice hostkeys, unsigned int quirks, bool first)
{
	uint8_t cookie[COOKIE_OCTETS];

	rng_bytes(BYTES_OF(cookie));
	wr_u8(w, MSG_KEXINIT);
	wr_raw(w, SLICE_OF(cookie));
	write_methods(w, offer->kex, quirks, first);
	wr_string(w, hostkeys);
	wr_string(w, offer->ciphers);
	wr_string(w, offer->ciphers);
	wr_string(w, offer->macs);
	wr_string(w, offer->macs);
	wr_string(w, offer->compression);
	wr_string(w, offer->compression);
	wr_string(w, SLICE_NONE); /* languages */
	wr_string(w, SLICE_NONE);
	wr_bool(w, false); /* we guess nothing */
	wr_u32(w, 0);
}

/* ---- the peer's ---- */

static struct slice
namelist(struct rd *r)
{
	struct slice list = rd_namelist(r, KEXINIT_LIST_MAX);
	struct slice rest = list;
	struct slice name;
	size_t n = 0;

	while (slice_next(&rest, ',', &name))
		if (++n > KEXINIT_NAMES_MAX) {
			rd_fail(r, ERR_TOO_LONG);
			return SLICE_NONE;
		}
	return list;
}

enum err
kexinit_parse(struct slice payload, struct kexinit *k)
{
	struct rd r = rd_from(payload);

	if (rd_u8(&r) != MSG_KEXINIT)
		return ERR_FORMAT;
	(void)rd_raw(&r, COOKIE_OCTETS);
	k->kex = namelist(&r);
	k->hostkeys = namelist(&r);
	k->ciphers_in = namelist(&r);
	k->ciphers_out = namelist(&r);
	k->macs_in = namelist(&r);
	k->macs_out = namelist(&r);
	k->comp_in = namelist(&r);
	k->comp_out = namelist(&r);
	(void)namelist(&r); /* languages */
	(void)namelist(&r);
	k->follows = rd_bool(&r);
	(void)rd_u32(&r); /* reserved */
	return rd_end(&r);
}

bool
kexinit_is_strict(const struct kexinit *client)
{
	return algo_list_has(client->kex,
	    SLICE_STR("kex-strict-c-v00@openssh.com"));
}

bool
kexinit_wants_ext_info(const struct kexinit *client)
{
	return algo_list_has(client->kex, SLICE_STR("ext-info-c"));
}

/* ---- the outcome ---- */

/* Choose from one pair of lists, unless something failed already. */
static void
choose(enum err *e, enum algo_kind kind, enum err none, struct slice client,
    struct slice server, const struct algo **chosen, struct slice *theirs)
{
	if (*e != OK)
		return;
	*chosen = algo_choose(kind, client, server);
	if (*chosen != NULL)
		return;
	*theirs = client;
	*e = none;
}

/* A MAC is chosen only where the cipher brings none of its own. */
static void
choose_mac(enum err *e, const struct algo *cipher, struct slice client,
    struct slice server, const struct algo **mac, struct slice *theirs)
{
	*mac = NULL;
	if (*e == OK && (cipher->flags & ALGO_AEAD) == 0)
		choose(e, ALGO_MAC, ERR_NO_MAC, client, server, mac, theirs);
}

static bool
is_zlib(const struct algo *a)
{
	return slice_is(SLICE_STR("zlib@openssh.com"), a->name);
}

static struct slice
first_name(struct slice list)
{
	struct slice name = SLICE_NONE;

	(void)slice_next(&list, ',', &name);
	return name;
}

/* RFC 4253 §7: a guess is right if both preferred the same. */
static bool
guess_is_wrong(const struct kexinit *client, const struct kexinit *server)
{
	return !slice_equal(first_name(client->kex), first_name(server->kex)) ||
	       !slice_equal(first_name(client->hostkeys),
		   first_name(server->hostkeys));
}

enum err
kexinit_choose(const struct kexinit *c, const struct kexinit *s,
    struct kexinit_outcome *out, struct slice *theirs)
{
	const struct algo *comp_in = NULL, *comp_out = NULL;
	enum err e = OK;

	choose(&e, ALGO_KEX, ERR_NO_KEX, c->kex, s->kex, &out->kex, theirs);
	choose(&e, ALGO_KEY, ERR_NO_HOSTKEY, c->hostkeys, s->hostkeys,
	    &out->hostkey, theirs);
	choose(&e, ALGO_CIPHER, ERR_NO_CIPHER, c->ciphers_in, s->ciphers_in,
	    &out->cipher_in, theirs);
	choose_mac(&e, out->cipher_in, c->macs_in, s->macs_in, &out->mac_in,
	    theirs);
	choose(&e, ALGO_COMP, ERR_NO_COMP, c->comp_in, s->comp_in, &comp_in,
	    theirs);
	choose(&e, ALGO_CIPHER, ERR_NO_CIPHER, c->ciphers_out, s->ciphers_out,
	    &out->cipher_out, theirs);
	choose_mac(&e, out->cipher_out, c->macs_out, s->macs_out, &out->mac_out,
	    theirs);
	choose(&e, ALGO_COMP, ERR_NO_COMP, c->comp_out, s->comp_out, &comp_out,
	    theirs);
	if (e != OK)
		return e;
	out->zlib_in = is_zlib(comp_in);
	out->zlib_out = is_zlib(comp_out);
	out->guess_wrong = c->follows && guess_is_wrong(c, s);
	return OK;
}
