#include "sallyport/crypto/algo.h"

#include "sallyport/base/buf.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/pattern.h"

#define NAME_MAX_OCTETS 64 /* RFC 4251 §6 */
#define ROWS_MAX        128

/*
 * Sets of rows are bits, so that choosing and dropping duplicates needs no
 * list to be walked twice.
 */
struct row_set {
	uint64_t bits[ROWS_MAX / 64];
};

#define DEF    ALGO_DEFAULT
#define CERT   ALGO_CERT
#define PSEUDO ALGO_PSEUDO

/* clang-format off */
enum { FIRST_ROW = __COUNTER__ + 1 };
#define ROW(name_, kind_, flags_)                                            \
	.name = (name_), .kind = (kind_), .flags = (flags_),                 \
	.number = (uint16_t)(__COUNTER__ - FIRST_ROW)

#define DH(name_, flags_, group_, hash_)                                     \
	{ROW(name_, ALGO_KEX, flags_), .family = KEX_DH,                     \
	    .group = DH_##group_, .hash = HASH_##hash_}
#define GEX(name_, flags_, hash_)                                            \
	{ROW(name_, ALGO_KEX, flags_), .family = KEX_GEX,                    \
	    .hash = HASH_##hash_}
#define ECDH(name_, flags_, curve_, hash_)                                   \
	{ROW(name_, ALGO_KEX, flags_), .family = KEX_ECDH,                   \
	    .curve = CURVE_##curve_, .hash = HASH_##hash_}
#define HYBRID(name_, flags_, kem_, curve_, hash_)                           \
	{ROW(name_, ALGO_KEX, flags_), .family = KEX_HYBRID,                 \
	    .kem = KEM_##kem_, .curve = CURVE_##curve_, .hash = HASH_##hash_}
#define MARK(name_) {ROW(name_, ALGO_KEX, PSEUDO)}

/* name: of the algorithm; blob: in the key; sig: in the signature */
#define KEY(name_, flags_, key_, hash_, blob_, sig_)                         \
	{ROW(name_, ALGO_KEY, flags_), .key = KEY_##key_,                    \
	    .hash = HASH_##hash_, .blob_type = (blob_), .plain = (sig_)}

#define CIPHER(name_, flags_, mode_, key_, iv_, block_, tag_)                \
	{ROW(name_, ALGO_CIPHER, flags_), .mode = MODE_##mode_,              \
	    .key_octets = (key_), .iv_octets = (iv_), .block = (block_),     \
	    .tag_octets = (tag_)}

#define HMAC(name_, flags_, hash_, key_, tag_)                               \
	{ROW(name_, ALGO_MAC, flags_), .mac = MAC_HMAC,                      \
	    .hash = HASH_##hash_, .key_octets = (key_), .tag_octets = (tag_)}
#define UMAC(name_, flags_, tag_)                                            \
	{ROW(name_, ALGO_MAC, flags_), .mac = MAC_UMAC,                      \
	    .key_octets = 16, .tag_octets = (tag_)}

#define COMP(name_, flags_) {ROW(name_, ALGO_COMP, flags_)}

#define AEAD ALGO_AEAD
#define ETM  ALGO_ETM

/* Names that stand in several columns */
#define E25519 "ssh-ed25519"
#define EC256  "ecdsa-sha2-nistp256"
#define EC384  "ecdsa-sha2-nistp384"
#define EC521  "ecdsa-sha2-nistp521"
#define SK255  "sk-ssh-ed25519@openssh.com"
#define SK256  "sk-ecdsa-sha2-nistp256@openssh.com"
#define WEB256 "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
#define RSA    "ssh-rsa"
#define RSA256 "rsa-sha2-256"
#define RSA512 "rsa-sha2-512"
#define C      "-cert-v01@openssh.com"
#define MLDSA  "ssh-mldsa44-ed25519@openssh.com"
#define MLDSAC "ssh-mldsa44-ed25519" C
#define SK255C "sk-ssh-ed25519" C
#define SK256C "sk-ecdsa-sha2-nistp256" C

static const struct algo rows[] = {
	/*     name                                    in   KEM        curve   hash   */
	HYBRID("mlkem768x25519-sha256",                DEF, MLKEM768,  X25519, SHA256),
	HYBRID("sntrup761x25519-sha512",               DEF, SNTRUP761, X25519, SHA512),
	HYBRID("sntrup761x25519-sha512@openssh.com",   DEF, SNTRUP761, X25519, SHA512),
	ECDH  ("curve25519-sha256",                    DEF,            X25519, SHA256),
	ECDH  ("curve25519-sha256@libssh.org",         DEF,            X25519, SHA256),
	ECDH  ("ecdh-sha2-nistp256",                   DEF,            P256,   SHA256),
	ECDH  ("ecdh-sha2-nistp384",                   DEF,            P384,   SHA384),
	ECDH  ("ecdh-sha2-nistp521",                   DEF,            P521,   SHA512),
	/* The server's default has had no finite fields since OpenSSH 10.0 */
	GEX   ("diffie-hellman-group-exchange-sha256", 0,                      SHA256),
	DH    ("diffie-hellman-group16-sha512",        0,   GROUP16,           SHA512),
	DH    ("diffie-hellman-group18-sha512",        0,   GROUP18,           SHA512),
	DH    ("diffie-hellman-group14-sha256",        0,   GROUP14,           SHA256),
	GEX   ("diffie-hellman-group-exchange-sha1",   0,                      SHA1),
	DH    ("diffie-hellman-group14-sha1",          0,   GROUP14,           SHA1),
	DH    ("diffie-hellman-group1-sha1",           0,   GROUP1,            SHA1),
	MARK  ("ext-info-c"),                    /* RFC 8308 §2.1 */
	MARK  ("ext-info-s"),
	MARK  ("kex-strict-c-v00@openssh.com"),
	MARK  ("kex-strict-s-v00@openssh.com"),

	/*  name                         in        key         hash    in the blob  in the signature */
	KEY(E25519 C,                    DEF|CERT, ED25519,    SHA512, E25519 C,    E25519),
	KEY(EC256 C,                     DEF|CERT, ECDSA_256,  SHA256, EC256 C,     EC256),
	KEY(EC384 C,                     DEF|CERT, ECDSA_384,  SHA384, EC384 C,     EC384),
	KEY(EC521 C,                     DEF|CERT, ECDSA_521,  SHA512, EC521 C,     EC521),
	KEY(SK255C,                      DEF|CERT, SK_ED25519, SHA256, SK255C,      SK255),
	KEY(SK256C,                      DEF|CERT, SK_ECDSA,   SHA256, SK256C,      SK256),
	KEY("webauthn-" SK256C,          DEF|CERT, SK_ECDSA,   SHA256, SK256C,      WEB256),
	KEY(RSA512 C,                    DEF|CERT, RSA,        SHA512, RSA C,       RSA512),
	KEY(RSA256 C,                    DEF|CERT, RSA,        SHA256, RSA C,       RSA256),
	KEY(E25519,                      DEF,      ED25519,    SHA512, E25519,      E25519),
	KEY(EC256,                       DEF,      ECDSA_256,  SHA256, EC256,       EC256),
	KEY(EC384,                       DEF,      ECDSA_384,  SHA384, EC384,       EC384),
	KEY(EC521,                       DEF,      ECDSA_521,  SHA512, EC521,       EC521),
	KEY(SK255,                       DEF,      SK_ED25519, SHA256, SK255,       SK255),
	KEY(SK256,                       DEF,      SK_ECDSA,   SHA256, SK256,       SK256),
	KEY(WEB256,                      DEF,      SK_ECDSA,   SHA256, SK256,       WEB256),
	KEY(RSA512,                      DEF,      RSA,        SHA512, RSA,         RSA512),
	KEY(RSA256,                      DEF,      RSA,        SHA256, RSA,         RSA256),
	/* The draft isn't an RFC yet: off by default, as in OpenSSH 10.5 */
	KEY(MLDSAC,                 CERT,MLDSA44_ED25519, SHA512, MLDSAC,      MLDSA),
	KEY(MLDSA,                  0,   MLDSA44_ED25519, SHA512, MLDSA,       MLDSA),
	KEY(RSA C,                       CERT,     RSA,        SHA1,   RSA C,       RSA),
	KEY(RSA,                         0,        RSA,        SHA1,   RSA,         RSA),

	/*     name                            in        mode        key iv block tag */
	CIPHER("chacha20-poly1305@openssh.com", DEF|AEAD, CHACHAPOLY, 64,  0,  8, 16),
	CIPHER("aes128-gcm@openssh.com",        DEF|AEAD, GCM,        16, 12, 16, 16),
	CIPHER("aes256-gcm@openssh.com",        DEF|AEAD, GCM,        32, 12, 16, 16),
	CIPHER("aes128-ctr",                    DEF,      CTR,        16, 16, 16,  0),
	CIPHER("aes192-ctr",                    DEF,      CTR,        24, 16, 16,  0),
	CIPHER("aes256-ctr",                    DEF,      CTR,        32, 16, 16,  0),
	CIPHER("aes128-cbc",                    0,        CBC,        16, 16, 16,  0),
	CIPHER("aes192-cbc",                    0,        CBC,        24, 16, 16,  0),
	CIPHER("aes256-cbc",                    0,        CBC,        32, 16, 16,  0),
	CIPHER("3des-cbc",                      0,        CBC,        24,  8,  8,  0),

	/*   name                             in       hash    key tag */
	UMAC("umac-64-etm@openssh.com",       DEF|ETM,              8),
	UMAC("umac-128-etm@openssh.com",      DEF|ETM,             16),
	HMAC("hmac-sha2-256-etm@openssh.com", DEF|ETM, SHA256, 32, 32),
	HMAC("hmac-sha2-512-etm@openssh.com", DEF|ETM, SHA512, 64, 64),
	HMAC("hmac-sha1-etm@openssh.com",     DEF|ETM, SHA1,   20, 20),
	UMAC("umac-64@openssh.com",           DEF,                  8),
	UMAC("umac-128@openssh.com",          DEF,                 16),
	HMAC("hmac-sha2-256",                 DEF,     SHA256, 32, 32),
	HMAC("hmac-sha2-512",                 DEF,     SHA512, 64, 64),
	HMAC("hmac-sha1",                     DEF,     SHA1,   20, 20),
	HMAC("hmac-sha1-96-etm@openssh.com",  ETM,     SHA1,   20, 12),
	HMAC("hmac-sha1-96",                  0,       SHA1,   20, 12),
	HMAC("hmac-md5-etm@openssh.com",      ETM,     MD5,    16, 16),
	HMAC("hmac-md5",                      0,       MD5,    16, 16),
	HMAC("hmac-md5-96-etm@openssh.com",   ETM,     MD5,    16, 12),
	HMAC("hmac-md5-96",                   0,       MD5,    16, 12),

	COMP("none",             DEF),
	COMP("zlib@openssh.com", DEF), /* begins after login */
};
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= ROWS_MAX, "a row_set has a bit for every row");

const struct algo *
algo_row(size_t i)
{
	return i < ROWS ? &rows[i] : NULL;
}

/* ALGO_CA is a view: the keys' rows that name no certificate. */
static bool
is_of_kind(const struct algo *a, enum algo_kind kind)
{
	if (kind == ALGO_CA)
		return a->kind == ALGO_KEY && (a->flags & ALGO_CERT) == 0;
	return a->kind == kind;
}

const struct algo *
algo_find(enum algo_kind kind, struct slice name)
{
	if (name.n == 0 || name.n > NAME_MAX_OCTETS)
		return NULL;
	for (size_t i = 0; i < ROWS; i++)
		if (is_of_kind(&rows[i], kind) && slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

/* The same for names that can be configured and chosen. */
static const struct algo *
find_real(enum algo_kind kind, struct slice name)
{
	const struct algo *a = algo_find(kind, name);

	return a != NULL && (a->flags & ALGO_PSEUDO) == 0 ? a : NULL;
}

static bool
set_has(const struct row_set *set, const struct algo *a)
{
	return (set->bits[a->number / 64] >> (a->number % 64) & 1) != 0;
}

static void
set_add(struct row_set *set, const struct algo *a)
{
	set->bits[a->number / 64] |= UINT64_C(1) << (a->number % 64);
}

/* Add every row of this kind that the pattern fits; false if none does. */
static bool
set_add_matches(struct row_set *set, enum algo_kind kind, struct slice pattern)
{
	bool hit = false;

	for (size_t i = 0; i < ROWS; i++) {
		const struct algo *a = &rows[i];

		if (!is_of_kind(a, kind) || (a->flags & ALGO_PSEUDO) != 0 ||
		    !pattern_match(pattern, slice_cstr(a->name), false))
			continue;
		set_add(set, a);
		hit = true;
	}
	return hit;
}

/* The list without the character that says what to do with it. */
static char
cut_prefix(struct slice *list)
{
	char c = list->n > 0 ? (char)list->p[0] : '\0';

	if (c != '+' && c != '-' && c != '^')
		return '\0';
	*list = slice_skip(*list, 1);
	return c;
}

bool
algo_list_valid(enum algo_kind kind, struct slice list, bool wildcards,
    struct slice *bad)
{
	char prefix = cut_prefix(&list);
	struct slice name = list;
	struct row_set ignored = {{0}};

	*bad = list;
	if (list.n == 0)
		return false;
	while (slice_next(&list, ',', &name)) {
		*bad = name;
		if (name.n == 0 || name.p[0] == '!')
			return false;
		if (prefix == '-' || find_real(kind, name) != NULL)
			continue;
		if (!wildcards || !set_add_matches(&ignored, kind, name))
			return false;
	}
	*bad = SLICE_NONE;
	return true;
}

static void
put(struct buf *out, struct row_set *seen, const struct algo *a)
{
	enum err e = OK;

	if (set_has(seen, a))
		return;
	set_add(seen, a);
	if (out->n > 0)
		e = buf_append_cstr(out, ",");
	if (e == OK)
		e = buf_append_cstr(out, a->name);
	must(e == OK); /* bounded by the table */
}

/* Rows of a kind that are in want (all, if NULL) and have the flags. */
static void
put_rows(struct buf *out, struct row_set *seen, enum algo_kind kind,
    const struct row_set *want, unsigned int flags)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct algo *a = &rows[i];

		if (is_of_kind(a, kind) && (a->flags & flags) == flags &&
		    (want == NULL || set_has(want, a)))
			put(out, seen, a);
	}
}

static void
put_list(struct buf *out, struct row_set *seen, enum algo_kind kind,
    struct slice list)
{
	bool wildcards = kind == ALGO_KEY || kind == ALGO_CA;
	struct slice name;

	while (slice_next(&list, ',', &name)) {
		const struct algo *a = find_real(kind, name);
		struct row_set matches = {{0}};

		if (a != NULL)
			put(out, seen, a);
		else if (wildcards && set_add_matches(&matches, kind, name))
			put_rows(out, seen, kind, &matches, 0);
	}
}

/* What a '-' list names counts as seen before the default is written. */
static void
remove_list(struct row_set *seen, enum algo_kind kind, struct slice list)
{
	struct slice name;

	while (slice_next(&list, ',', &name))
		(void)set_add_matches(seen, kind, name);
}

char *
algo_list_resolve(enum algo_kind kind, const char *text)
{
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	struct slice list = slice_cstr(text);
	struct row_set seen = {{0}};
	bool empty = list.n == 0;
	char prefix = cut_prefix(&list);

	if (prefix == '-')
		remove_list(&seen, kind, list);
	else if (prefix != '+')
		put_list(&out, &seen, kind, list);
	if (prefix != '\0' || empty)
		put_rows(&out, &seen, kind, NULL, ALGO_DEFAULT);
	if (prefix == '+')
		put_list(&out, &seen, kind, list);
	if (prefix == '-' && out.n == 0) {
		seen = (struct row_set){{0}};
		put_rows(&out, &seen, kind, NULL, ALGO_DEFAULT);
	}
	return mem_text(buf_slice(&out));
}

bool
algo_list_has(struct slice list, struct slice name)
{
	struct slice element;

	while (slice_next(&list, ',', &element))
		if (slice_equal(element, name))
			return true;
	return false;
}

const struct algo *
algo_choose(enum algo_kind kind, struct slice client, struct slice server)
{
	struct row_set offered = {{0}};
	const struct algo *a;
	struct slice name;

	while (slice_next(&server, ',', &name))
		if ((a = find_real(kind, name)) != NULL)
			set_add(&offered, a);
	while (slice_next(&client, ',', &name))
		if ((a = find_real(kind, name)) != NULL && set_has(&offered, a))
			return a;
	return NULL;
}

enum key_type
algo_key_type(struct slice blob_type)
{
	const struct algo *a = algo_find(ALGO_CA, blob_type);

	/* rsa-sha2-* and webauthn-* name signatures, not keys */
	return a != NULL && slice_is(blob_type, a->blob_type) ? a->key
							      : KEY_NONE;
}
