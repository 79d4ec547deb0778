/*
 * trail.c - what Linux audit is told of a connection
 *
 *     USER_LOGIN       each attempt that failed; once for who is in
 *     USER_AUTH        each signature, and each password without PAM
 *     USER_START, _END a terminal; without PAM the session, too
 *     CRYPTO_KEY_USER  a key that was proved; the transport's keys are gone
 *
 * The texts are those of sshd's records, since tools and filters read them.
 * libpam itself records what it does (USER_AUTH of a password, USER_ACCT,
 * CRED_ACQ, USER_START of the session): that isn't said twice.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/audit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REFRESH_MS  5000u /* a question costs more than a record */
#define EXE_MAX     4096
#define NO_TERMINAL "ssh"
#define HEX         "0123456789ABCDEF"

/* Is there somebody to tell? Found out before forks; a monitor goes by what was
 * true at its own. */
static struct {
	bool exists, on;
	uint64_t asked_ms;
	char *exe; /* as a value of a record */
} warm;

/* ---- values ------------------------------------------------------------- */

/* What a reader of records would take for the end of the value. */
static bool
needs_encoding(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '"')
			return true;
	return false;
}

/* Foreign text: in quotes, or all of it in hexadecimal digits. */
static char *
value(struct slice text)
{
	SCOPED(buf_clear) struct buf hex = BUF_EMPTY;

	if (!needs_encoding(text))
		return mem_format("\"%.*s\"", (int)text.n,
		    text.n > 0 ? (const char *)text.p : "");
	for (size_t i = 0; i < text.n; i++) {
		char two[] = {HEX[text.p[i] >> 4], HEX[text.p[i] & 15]};

		if (buf_append(&hex, slice_make(two, sizeof(two))) != OK)
			break; /* BUF_MAX is far away */
	}
	return mem_text(buf_slice(&hex));
}

/* A name that isn't an account's may be a password, typed too early. */
static char *
account_of(const struct monitor *m)
{
	if (m->user == NULL)
		return value(SLICE_STR("(unknown user)"));
	if (!m->valid)
		return value(SLICE_STR("(invalid user)"));
	return value(slice_cstr(m->user));
}

/* "SHA256:…" comes from keycheck, which reads what strangers send. */
static bool
is_fingerprint(struct slice text)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ+/:=";

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == 0 || strchr(alphabet, text.p[i]) == NULL)
			return false;
	return text.n > 0;
}

/* ---- records ------------------------------------------------------------ */

void
trail_warm(void)
{
	char path[EXE_MAX];
	ssize_t n;

	warm.on = (warm.exists = audit_exists()) && audit_is_on();
	warm.asked_ms = clock_mono_ms();
	if (!warm.exists)
		return;
	n = readlink("/proc/self/exe", path, sizeof(path));
	warm.exe = n > 0 ? value(slice_make(path, (size_t)n)) : mem_strdup("?");
}

void
trail_refresh(void)
{
	uint64_t now = clock_mono_ms();

	if (!warm.exists || now - warm.asked_ms < REFRESH_MS)
		return;
	warm.asked_ms = now;
	warm.on = audit_is_on();
}

static bool
is_wanted(const struct monitor *m)
{
	return warm.on && m->common->root;
}

/* The operation, then what all records end with. ERR_SYSTEM with errno. */
__attribute__((format(printf, 5, 6))) static enum err
record(struct monitor *m, uint16_t type, bool good, const char *terminal,
    const char *operation, ...)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(AUDIT_TEXT_MAX);
	const char *address =
	    m->conn->peer_port == UINT16_MAX ? "?" : m->conn->peer_ip;
	char what[AUDIT_TEXT_MAX / 2];
	va_list args;
	enum err e;

	va_start(args, operation);
	vsnprintf(what, sizeof(what), operation, args);
	va_end(args);
	e = buf_printf(&text,
	    "%s exe=%s hostname=%s addr=%s terminal=%s res=%s", what, warm.exe,
	    m->host != NULL ? m->host : "?", address, terminal,
	    good ? "success" : "failed");
	if (e == OK)
		e = audit_write(type, buf_slice(&text));
	if (e != OK)
		log_error("linux_audit_write_entry failed: %s",
		    e == ERR_SYSTEM ? strerror(errno) : err_sentence(e));
	return e;
}

/* For records whose loss is told, and no more. */
static void
told(enum err e)
{
	if (e != OK)
		log_debug1("audit: one record is missing");
}

/* ---- on the way in ------------------------------------------------------- */

static void
credential(struct monitor *m, const char *operation, bool good)
{
	SCOPED(mem_free_at) char *account = account_of(m);

	told(record(m, AUDIT_TYPE_USER_AUTH, good, NO_TERMINAL, "op=%s acct=%s",
	    operation, account));
}

void
trail_key(struct monitor *m, const char *operation, struct slice fingerprint,
    bool good)
{
	SCOPED(mem_free_at) char *account = NULL;

	if (!is_wanted(m))
		return;
	credential(m, operation, good);
	if (!is_fingerprint(fingerprint))
		return;
	account = account_of(m);
	told(record(m, AUDIT_TYPE_CRYPTO_KEY, good, NO_TERMINAL,
	    "op=negotiate kind=auth-key fp=%.*s rport=%u acct=%s",
	    (int)fingerprint.n, (const char *)fingerprint.p,
	    (unsigned int)m->conn->peer_port, account));
}

void
trail_password(struct monitor *m, bool good)
{
	if (is_wanted(m))
		credential(m, "password grantors=shadow", good);
}

void
trail_failed(struct monitor *m)
{
	SCOPED(mem_free_at) char *account = NULL;

	if (!is_wanted(m))
		return;
	account = account_of(m);
	told(record(m, AUDIT_TYPE_USER_LOGIN, false, NO_TERMINAL,
	    "op=login acct=%s", account));
}

/* ---- in ------------------------------------------------------------------ */

static enum err
login(struct monitor *m, uint16_t type, const char *terminal)
{
	return record(m, type, true, terminal, "op=login id=%lu",
	    (unsigned long)m->account.uid);
}

enum err
trail_login(struct monitor *m)
{
	enum err e;

	if (!is_wanted(m))
		return OK;
	if ((e = login(m, AUDIT_TYPE_USER_LOGIN, NO_TERMINAL)) != OK)
		return e;
	m->trail_session = !m->conf.use_pam;
	if (!m->trail_session)
		return OK;
	return login(m, AUDIT_TYPE_USER_START, NO_TERMINAL);
}

void
trail_line(struct monitor *m, const struct line *line, bool open)
{
	char terminal[sizeof("/dev/") + sizeof(line->name)];

	if (!is_wanted(m))
		return;
	snprintf(terminal, sizeof(terminal), "/dev/%s", line->name);
	told(login(m, open ? AUDIT_TYPE_USER_START : AUDIT_TYPE_USER_END,
	    terminal));
}

/* ---- the end ------------------------------------------------------------- */

void
trail_end(struct monitor *m)
{
	bool in = m->phase == PHASE_SESSION;

	/* a stranger who made no keys leaves none, and isn't told of */
	if (m->session_id_octets == 0 || !is_wanted(m))
		return;
	if (m->trail_session)
		told(login(m, AUDIT_TYPE_USER_END, NO_TERMINAL));
	told(record(m, AUDIT_TYPE_CRYPTO_KEY, true, NO_TERMINAL,
	    "op=destroy kind=session fp=? direction=both spid=%ld suid=%lu "
	    "rport=%u laddr=%s lport=%u",
	    (long)m->keys_pid,
	    (unsigned long)(in ? m->account.uid : m->common->gate_uid),
	    (unsigned int)m->conn->peer_port, m->conn->local_ip,
	    (unsigned int)m->conn->local_port));
}
