/*
 * transport.h - RFC 4253 as a function from octets to octets
 *
 * Runs in: gate (before login), session (after). No I/O, no clock, no log
 * above debug. The server's side (tests have a client's of their own).
 *
 *     octets read ──► transport_input ring ──► transport_next ──► payloads
 *     payloads ──► transport_begin/transport_end ──► transport_output ──► write
 *
 * Messages 1 to 49 (and 192, 193) are served in here, key exchanges included;
 * transport_next gives the others. What the transport cannot know is asked
 * through struct transport_ops: the host key's signature and groups.
 */
#ifndef SALLYPORT_TRANSPORT_TRANSPORT_H
#define SALLYPORT_TRANSPORT_TRANSPORT_H

#include "sallyport/base/err.h"
#include "sallyport/base/ring.h"
#include "sallyport/base/slice.h"
#include "sallyport/base/wr.h"
#include "sallyport/transport/compress.h"

#include <stdbool.h>
#include <stdint.h>

/* Message numbers, RFC 4250 §4.1 */
enum {
	MSG_DISCONNECT = 1,
	MSG_IGNORE = 2,
	MSG_UNIMPLEMENTED = 3,
	MSG_DEBUG = 4,
	MSG_SERVICE_REQUEST = 5,
	MSG_SERVICE_ACCEPT = 6,
	MSG_EXT_INFO = 7,
	MSG_KEXINIT = 20,
	MSG_NEWKEYS = 21,
	MSG_KEX_FIRST = 30,
	MSG_KEX_LAST = 49,
	MSG_USERAUTH_REQUEST = 50,
	MSG_USERAUTH_FAILURE = 51,
	MSG_USERAUTH_SUCCESS = 52,
	MSG_USERAUTH_BANNER = 53,
	MSG_USERAUTH_PK_OK = 60,
	MSG_USERAUTH_INFO_REQUEST = 60,
	MSG_USERAUTH_INFO_RESPONSE = 61,
	MSG_USERAUTH_GSSAPI_RESPONSE = 60,
	MSG_USERAUTH_GSSAPI_TOKEN = 61,
	MSG_USERAUTH_GSSAPI_EXCHANGE_COMPLETE = 63,
	MSG_USERAUTH_GSSAPI_ERRTOK = 65,
	MSG_USERAUTH_GSSAPI_MIC = 66,
	MSG_GLOBAL_REQUEST = 80,
	MSG_REQUEST_SUCCESS = 81,
	MSG_REQUEST_FAILURE = 82,
	MSG_CHANNEL_OPEN = 90,
	MSG_CHANNEL_OPEN_CONFIRMATION = 91,
	MSG_CHANNEL_OPEN_FAILURE = 92,
	MSG_CHANNEL_WINDOW_ADJUST = 93,
	MSG_CHANNEL_DATA = 94,
	MSG_CHANNEL_EXTENDED_DATA = 95,
	MSG_CHANNEL_EOF = 96,
	MSG_CHANNEL_CLOSE = 97,
	MSG_CHANNEL_REQUEST = 98,
	MSG_CHANNEL_SUCCESS = 99,
	MSG_CHANNEL_FAILURE = 100,
	MSG_PING = 192,
	MSG_PONG = 193
};

#define TRANSPORT_PACKET_MAX  ((size_t)256 << 10) /* SEC-21 */
#define TRANSPORT_PAYLOAD_MAX ((size_t)255 << 10) /* what we send, at most */

/* One host key as offered: a row of the public list. */
struct transport_hostkey {
	struct slice type; /* name inside the blob: "ssh-rsa", or the
			    * certificate's "ssh-rsa-cert-v01@openssh.com" */
	struct slice blob; /* K_S */
};

struct transport_ops {
	/*
	 * Sign exchange hash H with host key number key by the plain algorithm
	 * alg; the blob goes to *signature (valid until the next call).
	 */
	enum err (*sign)(void *ctx, uint32_t key, struct slice alg,
	    struct slice hash, struct slice *signature);
	/* A group of RFC 4419 for these limits; ERR_NOT_FOUND. */
	enum err (*group)(void *ctx, uint32_t min, uint32_t n, uint32_t max,
	    struct slice *p, struct slice *g); /* valid until the next call */
	void *ctx;
};

/* What is offered. Slices and keys are borrowed for the transport's life. */
struct transport_offer {
	struct slice kex; /* comma lists, worked out (algo_list_resolve) */
	struct slice hostkey_algorithms;
	struct slice ciphers;
	struct slice macs;
	struct slice compression; /* "none" or "none,zlib@openssh.com" */
	struct slice sig_algs;    /* server-sig-algs of EXT_INFO */
	const struct transport_hostkey *keys;
	size_t nkeys;
	struct slice version;   /* our identification line as sent, no CR LF */
	uint64_t rekey_octets;  /* RekeyLimit; 0: the ciphers' own bounds */
	uint32_t rekey_seconds; /* 0: never by time */
};

struct transport;

/* A transport in the state right after our identification line was sent.
 * Gives; transport_free wipes. Keeps offer and ops. */
struct transport *transport_new(const struct transport_offer *offer,
    const struct transport_ops *ops);
void transport_free(struct transport *t);

/*
 * Who may compress hands over &compress_zlib (the session, directly after the
 * import). Without, "zlib@openssh.com" may be negotiated all the same, since
 * it starts behind USERAUTH_SUCCESS; what comes after that is left unread in
 * the ring (transport_next: ERR_MORE) and can't be sent.
 */
void transport_use_compression(struct transport *t,
    const struct transport_compression *c);

/* ---- input ---- */

/* The ring to read into (ring_room, ring_filled); at most 512 KiB. */
struct ring *transport_input(struct transport *t);

/*
 * The next payload for the layer above, its message number first: *payload
 * points into the input ring and lives until the next call. Everything below
 * is served on the way and may have produced output. now_s: a monotonic clock
 * in seconds (for rekey by time).
 *
 * ERR_MORE: read more. ERR_PEER_DISCONNECT: see transport_peer_reason. Other
 * errors end the connection: transport_fail says what to send and log.
 * seq of the payload's packet is kept for transport_unimplemented.
 */
MUST_USE enum err
transport_next(struct transport *t, uint64_t now_s, struct slice *payload);

/* The payloads that were given stay where they are until the ring is read into
 * again, not only until the next call: after login, without compression. */
bool transport_payloads_stay(const struct transport *t);

/* Answer SSH_MSG_UNIMPLEMENTED for the packet that transport_next gave. */
void transport_unimplemented(struct transport *t);

/* ---- output ---- */

/*
 * Begin a payload of at most max octets; write it through the returned writer
 * (message number first), then transport_end with what wr_end told. Only one
 * at a time. During a key exchange payloads are queued, at most 1 MiB
 * (SEC-29), then ERR_FULL from transport_end.
 */
struct wr transport_begin(struct transport *t, size_t max);
MUST_USE enum err transport_end(struct transport *t, const struct wr *w);

/*
 * Bulk data without a copy: room for size octets of payload in each of the
 * next *count packets (at least one; *count is lowered to what there is, one
 * with compression). The caller reads a descriptor straight into them behind
 * message headers of its own, and seals them in order (n = whole payload): all
 * full but the last. transport_bulk_abandon leaves out those that stay empty,
 * where the last sealed one was full. Not to be used while transport_may_send
 * is false.
 */
MUST_USE enum err transport_bulk(struct transport *t, size_t size,
    struct bytes *rooms, size_t *count);
MUST_USE enum err transport_bulk_seal(struct transport *t, size_t n);
void transport_bulk_abandon(struct transport *t);

/* False from our KEXINIT to our NEWKEYS: hold bulk data back. */
bool transport_may_send(const struct transport *t);

/* A key exchange is under way, until the peer's NEWKEYS: transport_export has
 * to wait, so go on calling transport_next. */
bool transport_is_exchanging(const struct transport *t);

/*
 * Sealed octets that wait for the socket; contiguous, and valid until the next
 * call that sends. A caller stops taking payloads (and so causing answers)
 * while the peer doesn't read: 8 MiB end the connection with ERR_FULL.
 */
struct slice transport_output(const struct transport *t);
void transport_sent(struct transport *t, size_t n);

/* Give idle buffers back (nothing unread, nothing unsent). The last payload
 * is no longer valid. */
void transport_idle(struct transport *t);

/* Append SSH_MSG_DISCONNECT; text at most 255 octets, made safe. */
void transport_disconnect(struct transport *t, uint32_t code, const char *text);

/*
 * After an error of transport_next or another: code for the disconnect
 * message (0: none) and the log's line ("Bad packet length 1349676916.",
 * "Unable to negotiate with IP port N: no matching … Their offer: …" lacks its
 * address: use transport_their_offer). text lives as long as t.
 */
uint32_t transport_fail(struct transport *t, enum err e, const char **text);

/* Of ERR_NO_*: the peer's list that had no match. */
struct slice transport_their_offer(const struct transport *t);

/* Of ERR_PEER_DISCONNECT: code and text (unsafe: quote it). */
uint32_t transport_peer_reason(const struct transport *t, struct slice *text);

/* ---- state ---- */

/* First NEWKEYS done both ways. */
bool transport_is_keyed(const struct transport *t);
struct slice transport_session_id(const struct transport *t);
struct slice transport_peer_version(const struct transport *t); /* whole line */

/* Plain text to send instead of a packet when the identification line was bad
 * ("Invalid SSH identification string.\r\n"), else empty. */
struct slice transport_plain_answer(const struct transport *t);

/* K_S of the first exchange (for publickey-hostbound). */
struct slice transport_first_hostkey(const struct transport *t);

/* Did the client's KEXINIT list this host key algorithm? (hostkeys-prove) */
bool transport_peer_takes(const struct transport *t, const char *alg);
/* Name of the host key algorithm of the last exchange. */
const char *transport_hostkey_alg(const struct transport *t);

/* Of the exchange under way (for ops->sign, which is called in it): names of
 * the method and of the cipher towards the client; "" where there is none. */
const char *transport_kex_alg(const struct transport *t);
const char *transport_cipher_alg(const struct transport *t);

/* Authentication done: allows our rekeying and the connection protocol. The
 * gate calls it right after SSH_MSG_USERAUTH_SUCCESS, behind which delayed
 * compression begins by itself. */
void transport_authenticated(struct transport *t);

/* ext-info-in-auth@openssh.com was given: a second EXT_INFO with sig_algs may
 * be sent, once, before the first answer of user authentication. */
void transport_second_ext_info(struct transport *t, struct slice sig_algs);

/* Begin a key exchange if it is time (octets, packets, now_s); needs
 * transport_authenticated. Called by the loop after a turn. An exchange that
 * the peer doesn't complete within ten minutes makes transport_next fail with
 * ERR_REKEY. */
void transport_rekey_if_due(struct transport *t, uint64_t now_s);

/* Seconds until transport_rekey_if_due has to be called again; 0: never. */
uint32_t transport_rekey_wait(const struct transport *t, uint64_t now_s);

/* Octets sealed and opened so far (log at the end). */
void
transport_totals(const struct transport *t, uint64_t *sent, uint64_t *received);

/* ---- handing over (SEC-7): only between key exchanges ---- */

/* The running state: keys, IVs, counters, sequence numbers, session id,
 * negotiated names, unread and unsent octets. ERR_PHASE during an exchange. */
MUST_USE enum err transport_export(struct transport *t, struct wr *w);

/* Validates it as hostile input; gives. Keeps offer and ops. */
MUST_USE enum err
transport_import(struct slice state, const struct transport_offer *offer,
    const struct transport_ops *ops, struct transport **t);

#endif
