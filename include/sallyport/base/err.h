/*
 * err.h - every error of the program: name, sentence, SSH disconnect code
 *
 * A function that can fail returns enum err; OK is 0. The sentence is for the
 * log and, where a code is given, for the text of SSH_MSG_DISCONNECT
 * (RFC 4253 §11.1). Nobody else translates errors.
 */
#ifndef SALLYPORT_BASE_ERR_H
#define SALLYPORT_BASE_ERR_H

#include <stdint.h>

/* Reason codes of SSH_MSG_DISCONNECT, RFC 4250 §4.2.2 */
#define DISCONNECT_NONE            0 /* nothing is sent */
#define DISCONNECT_NOT_ALLOWED     1
#define DISCONNECT_PROTOCOL_ERROR  2
#define DISCONNECT_KEX_FAILED      3
#define DISCONNECT_MAC_ERROR       5
#define DISCONNECT_COMPRESSION     6
#define DISCONNECT_NO_SERVICE      7
#define DISCONNECT_VERSION         8
#define DISCONNECT_CONNECTION_LOST 10
#define DISCONNECT_BY_APPLICATION  11
#define DISCONNECT_NO_MORE_AUTH    14

/* clang-format off */
#define ERRORS(E)                                                             \
	/* name              sentence                              code */    \
	E(OK,                "success",                            0)         \
	E(ERR_MORE,          "more octets are needed",             0)         \
	E(ERR_SHORT,         "message is shorter than its fields", 2)         \
	E(ERR_TRAILING,      "message has octets left over",       2)         \
	E(ERR_FORMAT,        "message is malformed",               2)         \
	E(ERR_TOO_LONG,      "larger than allowed",                2)         \
	E(ERR_FULL,          "a limit was reached",                2)         \
	E(ERR_PHASE,         "message is not allowed now",         2)         \
	E(ERR_STRICT_KEX,    "strict KEX violation",               2)         \
	E(ERR_PACKET_LENGTH, "bad packet length",                  2)         \
	E(ERR_PADDING,       "bad padding",                        2)         \
	E(ERR_MAC,           "message authentication code incorrect", 5)      \
	E(ERR_VERSION,       "invalid format of identification",   8)         \
	E(ERR_VERSION_MAJOR, "protocol major versions differ",     8)         \
	E(ERR_NO_KEX,        "no matching key exchange method found", 3)      \
	E(ERR_NO_HOSTKEY,    "no matching host key type found",    3)         \
	E(ERR_NO_CIPHER,     "no matching cipher found",           3)         \
	E(ERR_NO_MAC,        "no matching MAC found",              3)         \
	E(ERR_NO_COMP,       "no matching compression method found", 3)       \
	E(ERR_KEX,           "key exchange failed",                3)         \
	E(ERR_PUBLIC_VALUE,  "invalid public key exchange value",  3)         \
	E(ERR_SEQUENCE,      "sequence number wrapped",            3)         \
	E(ERR_REKEY,         "key exchange was not completed",     3)         \
	E(ERR_COMPRESS,      "compression error",                  6)         \
	E(ERR_SERVICE,       "service not available",              7)         \
	E(ERR_WINDOW,        "channel window exceeded",            2)         \
	E(ERR_CHANNEL,       "no such channel",                    2)         \
	E(ERR_TOO_MANY_AUTH, "Too many authentication failures",   2)         \
	E(ERR_PEER_CLOSED,   "connection closed by peer",          0)         \
	E(ERR_PEER_RESET,    "connection reset by peer",           0)         \
	E(ERR_PEER_DISCONNECT, "peer sent a disconnect message",   0)         \
	E(ERR_TIMEOUT,       "timed out",                          0)         \
	E(ERR_AGAIN,         "would block",                        0)         \
	E(ERR_EOF,           "end of file",                        0)         \
	E(ERR_SYSTEM,        "system call failed",                 0)         \
	E(ERR_NOT_FOUND,     "not found",                          0)         \
	E(ERR_DENIED,        "permission denied",                  0)         \
	E(ERR_UNKNOWN_ALGO,  "unknown or disabled algorithm",      0)         \
	E(ERR_UNSUPPORTED,   "not supported",                      0)         \
	E(ERR_KEY_TYPE,      "key type does not fit",              0)         \
	E(ERR_KEY_LENGTH,    "key length is out of range",         0)         \
	E(ERR_KEY_FORMAT,    "invalid format",                     0)         \
	E(ERR_KEY_ENCRYPTED, "incorrect passphrase supplied to decrypt private key", 0) \
	E(ERR_KEY_MODES,     "bad permissions",                    0)         \
	E(ERR_SIGNATURE,     "incorrect signature",                0)         \
	E(ERR_CRYPTO,        "cryptographic library failed",       0)         \
	E(ERR_NOMEM,         "out of memory",                      0)         \
	E(ERR_CONFIG,        "bad configuration",                  0)         \
	E(ERR_RPC,           "broken message between processes",   0)
/* clang-format on */

#define ERROR_ENUM(name, sentence, code) name,
enum err { ERRORS(ERROR_ENUM) ERR_COUNT };
#undef ERROR_ENUM

#define MUST_USE __attribute__((warn_unused_result))

/* "ERR_MORE": for tests and debug lines. */
const char *err_name(enum err e);

/* The sentence for the log; never NULL. */
const char *err_sentence(enum err e);

/* Code for SSH_MSG_DISCONNECT, or 0 where none is to be sent. */
uint32_t err_disconnect_code(enum err e);

#endif
