#include "sallyport/base/must.h"
#include "sallyport/crypto/mac.h"
#include "sallyport/crypto/secret.h"

#include "library.h"
#include "vector.h"

#define KEY_OCTETS  16
#define BLOCK       16   /* of AES */
#define CHUNK       1024 /* octets that the first layer makes one word of */
#define STRIPE      32   /* and takes at a time */
#define STREAMS_MAX 4    /* 32 bits of tag each */
#define KEY_WORDS   (CHUNK / 4 + 4 * (STREAMS_MAX - 1))
#define MESSAGE_MAX ((size_t)16 << 20) /* beyond it, RFC 4418 §5.3 changes */
#define POLY_KEY    UINT64_C(0x01ffffff01ffffff) /* bits a key may have */
#define PRIME_64    59                           /* 2^64 - 59 */
#define PRIME_36    (((uint64_t)1 << 36) - 5)
#define WORD_RANGE  UINT64_C(0xffffffff00000000) /* §5.3, maxwordrange */

/* What the key derivation of RFC 4418 §3.2 is asked for */
enum derived { KEY_PAD, KEY_NH, KEY_POLY, KEY_INNER, KEY_XOR };

/* In secret memory. Stream i uses the first layer's key 4 i words further. */
struct umac {
	size_t streams;
	uint32_t nh[KEY_WORDS];
	uint64_t poly[STREAMS_MAX];
	uint64_t inner[STREAMS_MAX][4]; /* the last four of eight: below */
	uint32_t mask[STREAMS_MAX];
	EVP_CIPHER_CTX *pad;
	bool has_pad;
	uint64_t pad_nonce; /* without its lowest bit, if tags have 8 octets */
	uint8_t pad_octets[BLOCK];
};

static uint32_t
load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint64_t
load_be64(const uint8_t *p)
{
	return (uint64_t)load_be32(p) << 32 | load_be32(p + 4);
}

static void
store_be64(uint8_t *p, uint64_t v)
{
	for (unsigned int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* ---- AES: both of its uses are counter mode from a given block ---- */

static EVP_CIPHER_CTX *
aes_new(const uint8_t key[KEY_OCTETS])
{
	const struct algo *a = algo_find(ALGO_CIPHER, SLICE_STR("aes128-ctr"));
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (c != NULL &&
	    EVP_EncryptInit_ex(c, library_cipher(a), NULL, key, NULL) == 1)
		return c;
	EVP_CIPHER_CTX_free(c);
	return NULL;
}

/* out (zero before) becomes AES of the blocks high||low, high||low+1 … */
static bool
aes_blocks(EVP_CIPHER_CTX *c, uint64_t high, uint64_t low, struct bytes out)
{
	uint8_t first[BLOCK];
	int n;

	store_be64(first, high);
	store_be64(first + 8, low);
	return EVP_EncryptInit_ex(c, NULL, NULL, NULL, first) == 1 &&
	       EVP_EncryptUpdate(c, out.p, &n, out.p, (int)out.n) == 1;
}

/* §3.2.1: counted from 1 */
static bool
derive(EVP_CIPHER_CTX *c, enum derived what, struct bytes out)
{
	memset(out.p, 0, out.n);
	return aes_blocks(c, (uint64_t)what, 1, out);
}

/* ---- keys ---- */

static bool
derive_keys(struct umac *u, EVP_CIPHER_CTX *c)
{
	uint8_t k[KEY_WORDS * 4];
	size_t streams = u->streams;
	bool good;

	good = derive(c, KEY_NH, bytes_make(k, CHUNK + 4 * 4 * (streams - 1)));
	for (size_t i = 0; i < CHUNK / 4 + 4 * (streams - 1); i++)
		u->nh[i] = load_be32(k + 4 * i);
	good = good && derive(c, KEY_POLY, bytes_make(k, 24 * streams));
	for (size_t i = 0; i < streams; i++)
		u->poly[i] = load_be64(k + 24 * i) & POLY_KEY;
	/*
	 * The third layer multiplies eight pieces of 16 bits. Four of them are
	 * zero as long as a message is below MESSAGE_MAX, and so are not kept.
	 */
	good = good && derive(c, KEY_INNER, bytes_make(k, 64 * streams));
	for (size_t i = 0; i < streams; i++)
		for (size_t j = 0; j < 4; j++)
			u->inner[i][j] =
			    load_be64(k + 64 * i + 32 + 8 * j) % PRIME_36;
	good = good && derive(c, KEY_XOR, bytes_make(k, 4 * streams));
	for (size_t i = 0; i < streams; i++)
		u->mask[i] = load_be32(k + 4 * i);
	good = good && derive(c, KEY_PAD, bytes_make(k, KEY_OCTETS));
	u->pad = good ? aes_new(k) : NULL;
	secret_wipe(k, sizeof(k));
	return u->pad != NULL;
}

enum err
umac_new(struct slice key, size_t tag_octets, struct umac **out)
{
	EVP_CIPHER_CTX *c;
	struct umac *u;
	bool good;

	if (key.n != KEY_OCTETS || (tag_octets != 8 && tag_octets != 16))
		return ERR_KEY_LENGTH;
	u = secret_new(sizeof(*u));
	u->streams = tag_octets / 4;
	c = aes_new(key.p);
	good = c != NULL && derive_keys(u, c);
	EVP_CIPHER_CTX_free(c);
	if (!good) {
		umac_free(u);
		return ERR_CRYPTO;
	}
	*out = u;
	return OK;
}

void
umac_free(struct umac *u)
{
	if (u == NULL)
		return;
	EVP_CIPHER_CTX_free(u->pad); /* wipes its key */
	secret_free(u);
}

/* ---- layer 1: words times words, §5.2 ---- */

ALWAYS_INLINE u32x4
key_words(const uint32_t *key)
{
	u32x4 v;

	memcpy(&v, key, sizeof(v));
	return v;
}

/* a0 b0 + a1 b1 and a2 b2 + a3 b3, in whatever order the words lie */
ALWAYS_INLINE u64x2
products(u32x4 a, u32x4 b)
{
	u64x2 x = (u64x2)a, y = (u64x2)b;

	return multiply_low(x, y) + multiply_low(x >> 32, y >> 32);
}

/*
 * Add to each stream's sum. n: whole stripes. Neighbouring streams share three
 * quarters of a message's and half of a key's loads, so two go at once.
 */
static void
nh(const uint32_t *key, size_t streams, const uint8_t *m, size_t n,
    uint64_t sums[STREAMS_MAX])
{
	for (size_t i = 0; i < streams; i += 2) {
		const uint32_t *k = key + 4 * i;
		u64x2 one = {0}, two = {0};

		for (size_t at = 0; at < n; at += STRIPE, k += STRIPE / 4) {
			u32x4 low = load_le32x4(m + at);
			u32x4 high = load_le32x4(m + at + 16);

			one += products(low + key_words(k),
			    high + key_words(k + 4));
			two += products(low + key_words(k + 4),
			    high + key_words(k + 8));
		}
		sums[i] += one[0] + one[1];
		sums[i + 1] += two[0] + two[1];
	}
}

/* One word a stream from up to CHUNK octets, padded to whole stripes. */
static void
layer_one(const struct umac *u, struct slice chunk, uint64_t words[STREAMS_MAX])
{
	size_t whole = chunk.n / STRIPE * STRIPE;
	uint8_t last[STRIPE] = {0};

	for (size_t i = 0; i < u->streams; i++)
		words[i] = 8 * chunk.n;
	nh(u->nh, u->streams, chunk.p, whole, words);
	if (whole < chunk.n || chunk.n == 0) {
		slice_copy(slice_skip(chunk, whole), BYTES_OF(last));
		nh(u->nh + whole / 4, u->streams, last, STRIPE, words);
	}
}

/* ---- layer 2: a polynomial modulo 2^64 - 59, §5.3 ---- */

__extension__ typedef unsigned __int128 u128;

/* y k + m, within 64 bits but not the least */
static uint64_t
poly_word(uint64_t y, uint64_t k, uint64_t m)
{
	u128 t = (u128)y * k;

	t = (uint64_t)t + (t >> 64) * PRIME_64 + m;
	t = (uint64_t)t + (t >> 64) * PRIME_64;
	t = (uint64_t)t + (t >> 64) * PRIME_64;
	return (uint64_t)t;
}

/* A word beyond the range is told by two; that happens once in 2^32. */
static uint64_t
poly_step(uint64_t y, uint64_t k, uint64_t m)
{
	if (m < WORD_RANGE)
		return poly_word(y, k, m);
	y = poly_word(y, k, 0 - (uint64_t)PRIME_64 - 1);
	return poly_word(y, k, m - PRIME_64);
}

/* The least residue */
static uint64_t
poly_end(uint64_t y)
{
	u128 over = (u128)y + PRIME_64;

	return y + PRIME_64 * (uint64_t)(over >> 64);
}

static void
layer_two(const struct umac *u, struct slice data, uint64_t words[STREAMS_MAX])
{
	uint64_t next[STREAMS_MAX];

	for (size_t i = 0; i < u->streams; i++)
		words[i] = 1;
	for (; data.n > 0; data = slice_skip(data, CHUNK)) {
		layer_one(u, slice_first(data, CHUNK), next);
		for (size_t i = 0; i < u->streams; i++)
			words[i] = poly_step(words[i], u->poly[i], next[i]);
	}
	for (size_t i = 0; i < u->streams; i++)
		words[i] = poly_end(words[i]);
}

/* ---- layer 3: to 32 bits, §5.4 ---- */

static uint32_t
layer_three(const struct umac *u, size_t stream, uint64_t word)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < 4; i++)
		sum += (word >> (48 - 16 * i) & 0xffff) * u->inner[stream][i];
	return (uint32_t)(sum % PRIME_36) ^ u->mask[stream];
}

/* ---- the tag ---- */

/*
 * The pad of a nonce, §3.3. One block serves two neighbouring nonces where a
 * tag takes half of it.
 */
static const uint8_t *
pad_for(struct umac *u, const uint8_t nonce[8])
{
	uint64_t n = load_be64(nonce), half = u->streams == 2 ? n & 1 : 0;

	n -= half;
	if (!u->has_pad || u->pad_nonce != n) {
		memset(u->pad_octets, 0, sizeof(u->pad_octets));
		u->has_pad = aes_blocks(u->pad, n, 0, BYTES_OF(u->pad_octets));
		must(u->has_pad);
		u->pad_nonce = n;
	}
	return u->pad_octets + 8 * half;
}

void
umac_tag(struct umac *u, struct slice data, const uint8_t nonce[8],
    uint8_t *tag)
{
	const uint8_t *pad = pad_for(u, nonce);
	uint64_t words[STREAMS_MAX];

	must(data.n <= MESSAGE_MAX);
	if (data.n <= CHUNK)
		layer_one(u, data, words);
	else
		layer_two(u, data, words);
	for (size_t i = 0; i < u->streams; i++) {
		uint32_t v = layer_three(u, i, words[i]);

		for (size_t k = 0; k < 4; k++)
			tag[4 * i + k] =
			    (uint8_t)(v >> (24 - 8 * k)) ^ pad[4 * i + k];
	}
}
