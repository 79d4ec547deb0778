/*
 * inside.h - struct transport, for the files of this room that work on it
 */
#ifndef INSIDE_H
#define INSIDE_H

#include "exchange.h"
#include "output.h"
#include "packet.h"
#include "phases.h"
#include "sallyport/base/buf.h"
#include "sallyport/base/ring.h"
#include "sallyport/crypto/hash.h"
#include "sallyport/transport/transport.h"

#include <stdbool.h>

#define INPUT_MAX        ((size_t)512 << 10)
#define REASON_MAX       512 /* octets kept of a peer's parting words */
#define FAIL_TEXT_MAX    192
#define SESSION_ID_MAX   HASH_MAX
#define PEER_VERSION_MAX 8192

struct transport {
	const struct transport_offer *offer;
	const struct transport_ops *ops;
	uint64_t now_s; /* as of the last call that told it */

	/* input */
	struct ring input;
	size_t held; /* octets of the packet whose payload was given */
	struct packet_dir in;
	uint32_t in_seq; /* of the last packet opened */
	bool zlib_in;    /* negotiated for the present keys */
	bool inflating;  /* and begun: the peer knows that it is in */
	struct compress_stream *inflater;
	struct buf inflated;

	struct output out;

	/* where we are */
	bool identified;
	enum phase phase;
	enum phase after; /* the exchange that is under way */
	struct exchange *exchange;
	unsigned int before_login; /* exchanges so far */
	bool skip_packet;          /* a guess of the peer's was wrong */
	bool strict;
	bool keyed;
	bool wants_ext_info; /* ext-info-c */
	bool takes_ext_info; /* the client may still send one */
	bool ext_in_auth;    /* it asked for a second one */
	uint64_t rekeyed_s;  /* when the present keys came into force */

	/* what is known */
	struct buf peer_version;
	unsigned int quirks;
	uint8_t session_id[SESSION_ID_MAX];
	size_t session_id_n;
	struct buf first_hostkey;
	struct buf peer_hostkeys; /* the client's list of algorithms */
	const struct algo *hostkey_alg;

	/* how it ended */
	enum err broken;        /* sticky: found where nothing is returned */
	enum err version_error; /* the identification line's */
	uint32_t peer_major;
	uint8_t fault_message; /* number of the message that wasn't allowed */
	bool late_kexinit;     /* strict, but not the very first packet */
	bool slow_exchange;
	struct buf their_offer;
	uint32_t reason_code;
	struct buf reason_text;
	char fail_text[FAIL_TEXT_MAX];
};

#endif
