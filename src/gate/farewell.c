/*
 * farewell.c - how a connection ended: the log's line, the peer's message
 *
 * The words are those of OpenSSH's sshd, since people's filters read them; the
 * monitor adds " [preauth]", and writes "invalid user " for "authenticating
 * user " where the account isn't one: the gate doesn't know.
 */
#include "gate.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_MS 500 /* for the last message; then the peer goes without */
#define WHO_MAX     600 /* a name, every octet escaped, and the address */
#define VERSION_LOG 256 /* octets of an identification line in the log */
#define OFFER_LOG   640 /* octets of a peer's list; the address is before it */
#define REASON_LOG  256 /* octets of a peer's parting words */

/* "10.0.0.1 port 22", with the name before it once there is one. */
static const char *
who(const struct gate *g, char room[WHO_MAX])
{
	const char *user = userauth_name(&g->auth);

	snprintf(room, WHO_MAX, "%s%s%s%s port %u",
	    user != NULL ? "authenticating user " : "",
	    user != NULL ? log_quote(slice_cstr(user)) : "",
	    user != NULL ? " " : "", g->conn->peer_ip,
	    (unsigned int)g->conn->peer_port);
	return room;
}

static bool
is_identified(const struct gate *g)
{
	return transport_peer_version(g->transport).n > 0;
}

/* ---- the connection went away ---- */

_Noreturn void
farewell_lost(struct gate *g, enum err e)
{
	bool reset = e == ERR_PEER_RESET;
	int error = errno;
	char room[WHO_MAX];

	if (!is_identified(g) && reset)
		log_error("kex_exchange_identification: read: Connection reset "
			  "by peer");
	else if (!is_identified(g) && e != ERR_SYSTEM)
		log_verbose("kex_exchange_identification: Connection closed by "
			    "remote host");
	if (e == ERR_EOF || e == ERR_PEER_CLOSED || reset)
		log_info("Connection %s by %s", reset ? "reset" : "closed",
		    who(g, room));
	else if (e == ERR_SYSTEM && error == ETIMEDOUT)
		log_info("Connection from %s timed out", who(g, room));
	else
		log_info("Read error from remote host %s: %s", who(g, room),
		    e == ERR_SYSTEM ? strerror(error) : err_sentence(e));
	gate_leave(g, 0);
}

/* ---- scanners ---- */

/* What follows "SSH-2.0-" */
static struct slice
software_of(struct slice line)
{
	line = slice_skip(line, slice_find(line, '-') + 1);
	return slice_skip(line, slice_find(line, '-') + 1);
}

void
farewell_scanner(struct gate *g)
{
	struct slice line = transport_peer_version(g->transport);
	struct slice software = software_of(line);
	const char *word = NULL;
	char room[WHO_MAX];

	if (slice_starts(software, SLICE_STR("Probe-")))
		word = "probed";
	else if (line.n > 0 &&
		 memmem(line.p, line.n, "SSH_Version_Mapper", 18) != NULL)
		word = "scanned";
	if (word == NULL)
		return;
	log_info("%s from %s port %u with %s.  Don't panic.", word,
	    g->conn->peer_ip, (unsigned int)g->conn->peer_port,
	    log_quote_max(line, VERSION_LOG));
	log_info("Connection closed by %s", who(g, room));
	gate_leave(g, 1);
}

/* ---- the peer says goodbye ---- */

static _Noreturn void
peer_disconnected(struct gate *g)
{
	struct slice text;
	uint32_t code = transport_peer_reason(g->transport, &text);
	char room[WHO_MAX];

	log_at(code == DISCONNECT_BY_APPLICATION ? LEVEL_INFO : LEVEL_ERROR,
	    "Received disconnect from %s port %u:%u: %s", g->conn->peer_ip,
	    (unsigned int)g->conn->peer_port, code,
	    log_quote_max(text, REASON_LOG));
	log_info("Disconnected from %s", who(g, room));
	gate_leave(g, 0);
}

/* ---- we do ---- */

/* As far as it can be said: code 0 says nothing. */
static _Noreturn void
say(struct gate *g, uint32_t code, const char *text)
{
	transport_disconnect(g->transport, code, text);
	(void)gate_flush(g, PATIENCE_MS);
	gate_leave(g, 1);
}

static _Noreturn void
disconnect(struct gate *g, uint32_t code, const char *text)
{
	char room[WHO_MAX];

	log_info("Disconnecting %s: %s", who(g, room), text);
	say(g, code, text);
}

static _Noreturn void
fatal(struct gate *g, enum err e)
{
	char room[WHO_MAX];

	log_info("ssh_dispatch_run_fatal: Connection from %s: %s", who(g, room),
	    err_sentence(e));
	say(g, err_disconnect_code(e), "Packet corrupt");
}

/* Before there are packets the answer is a line of text. */
static _Noreturn void
bad_identification(struct gate *g, enum err e, const char *text)
{
	struct slice answer = transport_plain_answer(g->transport);
	bool major = e == ERR_VERSION_MAJOR;
	size_t n;

	if (major)
		log_error("%s", text);
	else
		log_verbose("kex_exchange_identification: client sent invalid "
			    "protocol identifier \"%s\"",
		    log_quote_max(transport_peer_version(g->transport),
			VERSION_LOG));
	log_info("banner exchange: Connection from %s port %u: %s",
	    g->conn->peer_ip, (unsigned int)g->conn->peer_port,
	    major ? "could not read protocol version" : "invalid format");
	/* nothing was written before, so there is room, or nobody */
	if (io_write(g->conn->out, answer, &n) != OK)
		log_debug1("the answer to it wasn't taken");
	gate_leave(g, 1);
}

static _Noreturn void
no_match(struct gate *g, enum err e, const char *text)
{
	log_info("Unable to negotiate with %s port %u: %s. Their offer: %s",
	    g->conn->peer_ip, (unsigned int)g->conn->peer_port, text,
	    log_quote_max(transport_their_offer(g->transport), OFFER_LOG));
	say(g, err_disconnect_code(e), text);
}

/*
 * Damaged or forged packets: the log tells which, the peer gets one and the
 * same answer, since what was wrong is what an attacker wants to know (SEC-31).
 */
static _Noreturn void
damaged(struct gate *g, const char *text)
{
	log_info("%s", text);
	fatal(g, ERR_MAC);
}

_Noreturn void
farewell_transport(struct gate *g, enum err e)
{
	const char *text;
	uint32_t code;

	if (e == ERR_PEER_DISCONNECT)
		peer_disconnected(g);
	code = transport_fail(g->transport, e, &text);
	switch (e) {
	case ERR_RPC: /* the monitor is gone, or ended us */
		gate_leave(g, 1);
	case ERR_VERSION:
	case ERR_VERSION_MAJOR:
		bad_identification(g, e, text);
	case ERR_NO_KEX:
	case ERR_NO_HOSTKEY:
	case ERR_NO_CIPHER:
	case ERR_NO_MAC:
	case ERR_NO_COMP:
		no_match(g, e, text);
	case ERR_PACKET_LENGTH:
	case ERR_PADDING:
	case ERR_MAC:
		damaged(g, text);
	default:
		if (code == DISCONNECT_NONE)
			fatal(g, e);
		disconnect(g, code, text);
	}
}

_Noreturn void
farewell_auth(struct gate *g, enum err e)
{
	uint32_t code = err_disconnect_code(e);

	/* refused, which the monitor logged: the client may have been told why */
	if (e == ERR_DENIED)
		(void)gate_flush(g, PATIENCE_MS);
	if (e == ERR_RPC || e == ERR_DENIED)
		gate_leave(g, 1);
	if (code == DISCONNECT_NONE)
		fatal(g, e);
	disconnect(g, code, userauth_fail(&g->auth, e));
}
