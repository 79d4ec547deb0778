/*
 * client.h - the other end: an SSH client's transport in memory, for tests
 *
 * It frames packets by itself rather than with src/transport/packet.c, so that
 * a fault there isn't its own mirror image. struct pair is a client and the
 * server's transport with octets carried between them in pieces of any size.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/crypto/algo.h"
#include "sallyport/crypto/cipher.h"
#include "sallyport/crypto/dh.h"
#include "sallyport/crypto/ecdh.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/crypto/kem.h"
#include "sallyport/crypto/mac.h"
#include "sallyport/crypto/sign.h"
#include "sallyport/transport/compress.h"
#include "sallyport/transport/transport.h"

#define CLIENT_VERSION "SSH-2.0-TestClient_1.0 in memory"
#define SERVER_VERSION "SSH-2.0-Sallyport_0.1 OpenSSH_9.9"

struct client_options {
	const char *kex;
	const char *hostkeys;
	const char *ciphers;
	const char *macs;
	const char *comp;
	const char *version;
	bool strict;
	bool ext_info;
	bool follows; /* guess: send a first packet at once */
	uint32_t gex_min, gex_n, gex_max;
};

/* What clients usually say: everything, strict, with ext-info. */
extern const struct client_options client_usual;

struct client_side {
	const struct algo *cipher_alg, *mac_alg;
	struct cipher *cipher;
	struct mac *mac;
	uint32_t seq;
	size_t peeked;
	bool zlib;
	struct compress_stream *stream;
};

struct client {
	struct client_options o;
	struct buf wire;  /* octets for the server */
	struct buf in;    /* octets of the server's, unread */
	struct buf got;   /* payloads for the layer above, as strings */
	struct buf queue; /* payloads held during an exchange, as strings */
	struct client_side out_side, in_side;
	bool identified;
	bool exchanging;   /* from our KEXINIT to our NEWKEYS */
	bool in_exchange;  /* until both NEWKEYS */
	bool server_quiet; /* from the server's KEXINIT to its NEWKEYS */
	bool keyed;
	bool strict;            /* in force */
	bool authenticated;     /* delayed compression runs */
	unsigned int exchanges; /* completed */
	unsigned int ext_infos;
	struct buf ext_info; /* the last one */
	struct buf server_version;
	struct buf init_c, init_s;
	const struct algo *kex, *hostkey;
	const struct algo *cipher_in, *cipher_out, *mac_in, *mac_out;
	bool zlib_in, zlib_out;
	struct ecdh *ecdh;
	struct dh *dh;
	uint8_t kem_secret[KEM_SECRET_MAX];
	struct buf public; /* Q_C, raw */
	struct buf gex;    /* min, n, max, p, g as hashed */
	uint8_t session_id[HASH_MAX];
	size_t session_id_n;
	struct client_side next_in;
	uint8_t extra_padding;  /* blocks added to every packet */
	uint32_t unimplemented; /* sequence number last told; ~0: none */
};

void client_init(struct client *c, const struct client_options *o);
void client_clear(struct client *c);

/* Identification and KEXINIT go to wire. */
void client_start(struct client *c);
/* One packet, whatever it is and whenever; or one that waits its turn. */
void client_put(struct client *c, struct slice payload);
void client_send(struct client *c, struct slice payload);
void client_rekey(struct client *c);
/* Octets from the server; everything that can be served is. */
enum err client_take(struct client *c, struct slice octets);

struct pair {
	struct transport_offer offer;
	struct transport_ops ops;
	struct transport_hostkey key;
	struct signer *signer;
	struct buf blob, signature;
	unsigned int signatures; /* how often it was asked */
	struct transport *t;
	struct client c;
	size_t piece; /* octets carried at a time; 0: all */
	uint64_t now_s;
	struct buf got; /* payloads that the server delivered, as strings */
	enum err error; /* of transport_next, but for ERR_MORE */
};

/* Server with everything on offer; NULL: client_usual. */
void pair_init(struct pair *p, const struct client_options *o);
void pair_clear(struct pair *p);

/* Carry until nothing moves any more. ERR_MORE: all well. */
enum err pair_run(struct pair *p);
/* Key exchange, service request, authentication, success. */
void pair_login(struct pair *p);
/* The server sends a payload. */
enum err pair_send(struct pair *p, struct slice payload);
/* The next payload that the server (or client) got; empty: none. */
struct slice pair_got(struct pair *p);
struct slice client_got(struct client *c);
/* Export, free, import; the session's compression is set. */
void pair_hand_over(struct pair *p);

#endif
