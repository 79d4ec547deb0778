#include "sallyport/crypto/sign.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/crypto/secret.h"

#include "sign_kind.h"

static const struct sign_kind *
kind_of(enum key_type type)
{
	static const struct sign_kind *const kinds[] = {
	    [KEY_RSA] = &sign_rsa,
	    [KEY_ECDSA_256] = &sign_ecdsa,
	    [KEY_ECDSA_384] = &sign_ecdsa,
	    [KEY_ECDSA_521] = &sign_ecdsa,
	    [KEY_ED25519] = &sign_ed25519,
	    [KEY_SK_ECDSA] = &sign_ecdsa,
	    [KEY_SK_ED25519] = &sign_ed25519,
	    [KEY_MLDSA44_ED25519] = &sign_mldsa44,
	};

	return (size_t)type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type]
							       : NULL;
}

enum err
sign_check_public(const struct public_key *k, unsigned int rsa_bits_min)
{
	const struct sign_kind *kind = kind_of(k->type);

	return kind == NULL ? ERR_KEY_TYPE : kind->check(k, rsa_bits_min);
}

unsigned int
sign_rsa_bits(const struct public_key *k)
{
	struct slice n = k->rsa_n;

	while (n.n > 0 && n.p[0] == 0)
		n = slice_skip(n, 1);
	if (n.n == 0 || n.n > UINT16_MAX)
		return n.n == 0 ? 0 : UINT32_MAX;
	return (unsigned int)n.n * 8 -
	       ((unsigned int)__builtin_clz(n.p[0]) - 24);
}

enum err
sign_verify(const struct public_key *k, enum hash_id hash, struct slice message,
    const struct raw_signature *sig)
{
	const struct sign_kind *kind = kind_of(k->type);

	return kind == NULL ? ERR_SIGNATURE
			    : kind->verify(k, hash, message, sig);
}

struct signer *
sign_new(const struct sign_kind *kind, enum key_type type, size_t octets)
{
	struct signer *s = mem_new(sizeof(*s));

	s->kind = kind;
	s->type = type;
	s->public.type = type;
	s->room = secret_bytes(octets);
	return s;
}

struct slice
sign_keep(struct signer *s, size_t *used, struct slice part)
{
	struct bytes at = bytes_first(bytes_skip(s->room, *used), part.n);

	must(at.n == part.n);
	slice_copy(part, at);
	*used += part.n;
	return slice_from(at);
}

enum err
signer_ed25519(struct slice seed32, struct signer **s)
{
	return sign_ed25519_signer(seed32, s);
}

enum err
signer_ecdsa(enum key_type type, struct slice point, struct slice d,
    struct signer **s)
{
	return sign_ecdsa_signer(type, point, d, s);
}

enum err
signer_rsa(const struct rsa_private *parts, struct signer **s)
{
	return sign_rsa_signer(parts, s);
}

enum err
signer_mldsa44(struct slice seeds64, struct signer **s)
{
	return sign_mldsa44_signer(seeds64, s);
}

enum err
signer_from_pem(struct slice text, struct signer **s)
{
	return sign_pem_read(text, s);
}

enum err
signer_generate(enum key_type type, unsigned int bits, struct signer **s)
{
	const struct sign_kind *kind = kind_of(type);

	if (kind == NULL || type == KEY_SK_ECDSA || type == KEY_SK_ED25519)
		return ERR_KEY_TYPE;
	return kind->generate(type, bits, s);
}

void
signer_free(struct signer *s)
{
	if (s == NULL)
		return;
	EVP_PKEY_free(s->pkey); /* wipes its private numbers */
	secret_free(s->room.p);
	mem_free(s);
}

enum key_type
signer_type(const struct signer *s)
{
	return s->type;
}

void
signer_public(const struct signer *s, struct public_key *k)
{
	*k = s->public;
}

void
signer_private(const struct signer *s, struct rsa_private *parts)
{
	*parts = s->private;
}

enum err
signer_sign(struct signer *s, enum hash_id hash, struct slice message,
    uint8_t *out, struct raw_signature *sig)
{
	*sig = (struct raw_signature){0};
	return s->kind->sign(s, hash, message, out, sig);
}
