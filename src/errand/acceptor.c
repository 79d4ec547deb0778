/*
 * acceptor.c - Kerberos tokens of gssapi-with-mic (RFC 4462 §3)
 *
 * Tokens are the network's, and libkrb5 reads them with keys at hand that could
 * make anybody's ticket for this host. So it happens here, for one exchange: as
 * root the keytab is copied into memory, then the process becomes nobody in an
 * empty directory, behind a filter; and only then it hears of a token.
 *
 * libkrb5 alone is used, for tickets; the mechanism's few octets around them
 * are gsstoken.c's. It has one context, made before the door closes, where
 * libgssapi would want to read krb5.conf again for each call.
 *
 * There is no replay cache, which would be a file that all connections write.
 * A token that is seen again opens nothing: the login needs a MIC over this
 * connection's session id, made with a key that the token doesn't show, and
 * what it delegates is handed on after that alone.
 */
#include "errand.h"

#include "ccfile.h"
#include "gsstoken.h"
#include "krb5lib.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_FAILED  1
#define EXIT_USAGE   2
#define PID_MAX      4194304 /* the kernel's own bound */
#define HOST_MAX     256
#define KEYTAB       "MEMORY:sallyport"
#define SERVICE      "host"
#define PROTOCOL     (-1765328384L) /* code of KDC_ERR_NONE, RFC 4120 §7.5.9 */
#define PROTOCOL_MAX 128
#define ERR_GENERIC  60

struct acceptor {
	struct krb5lib k;
	bool strict;   /* this host's own name alone */
	bool delegate; /* take credentials that the client gives */
	krb5_keytab keys;
	unsigned int nkeys;
	krb5_principal self;    /* of the first key */
	krb5_enctype *enctypes; /* what krb5.conf permits; 0-terminated */

	/* once there was a token */
	krb5_auth_context auth;
	krb5_authenticator *claim;
	krb5_keyblock *key; /* of the client's MIC */
	bool acceptors_key; /* it is ours */
	bool complete;
	struct buf token;  /* the answer's */
	struct buf ccache; /* what was delegated, as a file */
	char *principal;
};

/* ---- the keytab: as root ---------------------------------------------------- */

/* A host that is called by a short name has keys by its long one. */
static bool
is_our_name(struct slice name, const char *host)
{
	if (strchr(host, '.') == NULL)
		name = slice_first(name, slice_find(name, '.'));
	return text_same_nocase(name, slice_cstr(host));
}

static bool
is_wanted(const struct acceptor *a, krb5_const_principal p, const char *host)
{
	if (!a->strict)
		return true;
	return p->length == 2 &&
	       slice_is(krb5lib_slice(&p->data[0]), SERVICE) &&
	       is_our_name(krb5lib_slice(&p->data[1]), host);
}

/* Until the end of the keytab. */
static krb5_error_code
copy_keys(struct acceptor *a, krb5_keytab from, const char *host)
{
	const struct krb5lib *k = &a->k;
	krb5_kt_cursor cursor;
	krb5_keytab_entry entry;
	krb5_error_code code = k->kt_start_seq_get(k->context, from, &cursor);

	if (code != 0)
		return code;
	while (code == 0 &&
	       k->kt_next_entry(k->context, from, &entry, &cursor) == 0) {
		if (is_wanted(a, entry.principal, host)) {
			code = k->kt_add_entry(k->context, a->keys, &entry);
			a->nkeys++;
		}
		if (a->self == NULL && a->nkeys > 0) {
			a->self = entry.principal; /* kept */
			entry.principal = NULL;
		} else {
			k->free_keytab_entry_contents(k->context, &entry);
		}
	}
	(void)k->kt_end_seq_get(k->context, from, &cursor);
	return code;
}

/* NULL, or why not. */
static const char *
prepare(struct acceptor *a)
{
	const struct krb5lib *k = &a->k;
	char host[HOST_MAX] = "";
	krb5_keytab file;
	krb5_error_code code;
	const char *why = krb5lib_load(&a->k);

	if (why != NULL)
		return why;
	if (gethostname(host, sizeof(host) - 1) != 0)
		return "this host has no name";
	code = k->kt_default(k->context, &file);
	if (code == 0)
		code = k->kt_resolve(k->context, KEYTAB, &a->keys);
	if (code == 0)
		code = copy_keys(a, file, host);
	if (code == 0)
		code = k->get_permitted_enctypes(k->context, &a->enctypes);
	if (code != 0)
		return krb5lib_sentence(k, code);
	return a->nkeys > 0 ? NULL : "the keytab has no key of this host";
}

/* ---- a ticket: confined ------------------------------------------------------- */

/* krb5.conf isn't there any more for the library to ask. And the ciphers of
 * RFC 4757 and before make MICs of another form, which nobody should use. */
static bool
is_permitted(const struct acceptor *a, krb5_enctype type)
{
	static const krb5_enctype old[] = {ENCTYPE_DES3_CBC_SHA1,
	    ENCTYPE_ARCFOUR_HMAC, ENCTYPE_ARCFOUR_HMAC_EXP};

	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		if (type == old[i])
			return false;
	for (const krb5_enctype *e = a->enctypes; *e != 0; e++)
		if (type == *e)
			return true;
	return false;
}

#define CONTEXT_FLAGS /* not DO_TIME: that is the replay cache */              \
	(KRB5_AUTH_CONTEXT_DO_SEQUENCE | KRB5_AUTH_CONTEXT_USE_SUBKEY)

/* In this context, whose numbers aren't those of the credentials' message. */
static krb5_error_code
read_credentials(const struct krb5lib *k, krb5_auth_context context,
    struct slice message, krb5_creds ***creds)
{
	krb5_data data = krb5lib_data(message);
	krb5_error_code code = k->auth_con_setflags(k->context, context, 0);

	return code == 0 ? k->rd_cred(k->context, context, &data, creds, NULL)
			 : code;
}

/* What the client gave us to act for it. Whether it sealed it again or not:
 * the ticket's key did so already, around the whole authenticator. */
static krb5_error_code
take_credentials(struct acceptor *a, struct slice message)
{
	const struct krb5lib *k = &a->k;
	krb5_auth_context plain = NULL;
	krb5_creds **creds = NULL;
	krb5_error_code code = read_credentials(k, a->auth, message, &creds);

	if (code != 0 && k->auth_con_init(k->context, &plain) == 0 &&
	    read_credentials(k, plain, message, &creds) == 0)
		code = 0;
	if (code == 0)
		code = k->auth_con_setflags(k->context, a->auth, CONTEXT_FLAGS);
	if (code != 0)
		return code;
	/* too large to be passed on: the login needs none */
	if (ccfile_write(creds, &a->ccache) != OK)
		buf_reset(&a->ccache);
	return 0;
}

static krb5_error_code
answer_ap_req(struct acceptor *a)
{
	const struct krb5lib *k = &a->k;
	krb5_data rep = {0};
	krb5_error_code code = k->mk_rep(k->context, a->auth, &rep);

	if (code == 0 && gsstoken_write(GSSTOKEN_AP_REP, krb5lib_slice(&rep),
			     &a->token) != OK)
		code = KRB5KRB_ERR_GENERIC;
	return code;
}

/* RFC 4121 §2: ours where we gave one, else the client's, else the ticket's. */
static krb5_error_code
choose_key(struct acceptor *a, bool mutual)
{
	const struct krb5lib *k = &a->k;
	krb5_error_code code = 0;

	if (mutual)
		code = k->auth_con_getsendsubkey(k->context, a->auth, &a->key);
	a->acceptors_key = a->key != NULL;
	if (code == 0 && a->key == NULL)
		code = k->auth_con_getrecvsubkey(k->context, a->auth, &a->key);
	if (code == 0 && a->key == NULL)
		code = k->auth_con_getkey(k->context, a->auth, &a->key);
	if (code != 0)
		return code;
	return a->key != NULL && is_permitted(a, a->key->enctype)
		   ? 0
		   : KRB5_NOPERM_ETYPE;
}

/* The ticket is good: what was asked for with it? */
static krb5_error_code
take_claim(struct acceptor *a)
{
	const krb5_checksum *sum = a->claim->checksum;
	struct gsstoken_checksum asked;
	krb5_error_code code = 0;
	bool mutual;

	if (sum == NULL || sum->checksum_type != GSSTOKEN_CHECKSUM_TYPE ||
	    gsstoken_read_checksum(slice_make(sum->contents, sum->length),
		&asked) != OK)
		return KRB5KRB_AP_ERR_INAPP_CKSUM;
	mutual = (asked.flags & GSSTOKEN_MUTUAL) != 0;
	if (asked.credentials.n > 0 && a->delegate)
		code = take_credentials(a, asked.credentials);
	if (code == 0 && mutual)
		code = answer_ap_req(a);
	return code == 0 ? choose_key(a, mutual) : code;
}

static krb5_error_code
take_ticket(struct acceptor *a, struct slice message)
{
	const struct krb5lib *k = &a->k;
	krb5_data data = krb5lib_data(message);
	krb5_ticket *ticket = NULL;
	krb5_keyblock *session = NULL;
	krb5_flags options;
	krb5_error_code code = k->auth_con_init(k->context, &a->auth);

	if (code == 0)
		code = k->auth_con_setflags(k->context, a->auth, CONTEXT_FLAGS);
	if (code == 0)
		code = k->rd_req(k->context, &a->auth, &data, NULL, a->keys,
		    &options, &ticket);
	if (code == 0)
		code = k->auth_con_getkey(k->context, a->auth, &session);
	if (code == 0 && (!is_permitted(a, ticket->enc_part.enctype) ||
			     !is_permitted(a, session->enctype)))
		code = KRB5_NOPERM_ETYPE;
	if (code == 0)
		code = k->auth_con_getauthenticator(k->context, a->auth,
		    &a->claim);
	if (code == 0)
		code = k->unparse_name(k->context, a->claim->client,
		    &a->principal);
	return code == 0 ? take_claim(a) : code;
}

/* KRB-ERROR: a client whose clock is wrong can say so then. */
static void
write_error(struct acceptor *a, krb5_error_code code)
{
	const struct krb5lib *k = &a->k;
	long number = (long)code - PROTOCOL;
	krb5_error error = {.server = a->self,
	    .error = number >= 0 && number < PROTOCOL_MAX ? (krb5_ui_4)number
							  : ERR_GENERIC};
	krb5_data octets = {0};

	buf_reset(&a->token);
	if (k->us_timeofday(k->context, &error.stime, &error.susec) == 0 &&
	    k->mk_error(k->context, &error, &octets) == 0 &&
	    gsstoken_write(GSSTOKEN_ERROR, krb5lib_slice(&octets), &a->token) !=
		OK)
		buf_reset(&a->token);
}

static void
on_token(struct acceptor *a, struct slice token, struct gss_answer_msg *answer)
{
	struct slice message;
	krb5_error_code code;
	enum err e = gsstoken_read(token, GSSTOKEN_AP_REQ, &message);

	if (e != OK) {
		answer->why = slice_cstr(err_sentence(e));
		return;
	}
	code = take_ticket(a, message);
	if (code != 0) {
		answer->why = slice_cstr(krb5lib_sentence(&a->k, code));
		write_error(a, code);
	}
	a->complete = answer->ok = code == 0;
	answer->token = buf_slice(&a->token);
}

/* ---- the MIC ------------------------------------------------------------------ */

static krb5_error_code
verify(const struct acceptor *a, struct slice data,
    const struct gsstoken_mic *mic)
{
	SCOPED(buf_clear) struct buf covered = BUF_EMPTY;
	const struct krb5lib *k = &a->k;
	krb5_checksum sum = {0};
	krb5_data octets;
	krb5_error_code code;

	if (buf_append(&covered, data) != OK ||
	    buf_append(&covered, mic->header) != OK)
		return KRB5KRB_ERR_GENERIC;
	octets = krb5lib_data(buf_slice(&covered));
	/* 0: the checksum that goes with this kind of key */
	code = k->c_make_checksum(k->context, 0, a->key,
	    GSSTOKEN_USAGE_INITIATOR, &octets, &sum);
	if (code != 0)
		return code;
	return sum.length == mic->checksum.n &&
		       secret_equal(sum.contents, mic->checksum.p, sum.length)
		   ? 0
		   : KRB5KRB_AP_ERR_BAD_INTEGRITY;
}

static void
on_mic(struct acceptor *a, const struct gss_mic_msg *m,
    struct gss_answer_msg *answer)
{
	struct gsstoken_mic mic;
	krb5_error_code code;
	enum err e = gsstoken_read_mic(m->mic, &mic);

	/* whose key it is, and no token of the other direction or kind */
	if (e == OK &&
	    mic.flags != (a->acceptors_key ? GSSTOKEN_ACCEPTORS_KEY : 0))
		e = ERR_SIGNATURE;
	if (e != OK) {
		answer->why = slice_cstr(err_sentence(e));
		return;
	}
	code = verify(a, m->data, &mic);
	answer->ok = code == 0;
	answer->principal = slice_cstr(a->principal);
	if (code != 0)
		answer->why = slice_cstr(krb5lib_sentence(&a->k, code));
	else
		answer->ccache = buf_slice(&a->ccache);
}

/* ---- one exchange ---------------------------------------------------------------- */

static enum err
send(struct rpc *monitor, struct gss_answer_msg *answer)
{
	answer->why = slice_first(answer->why, GSS_WHY_MAX);
	if (answer->principal.n > GSS_PRINCIPAL_MAX) {
		answer->ok = false;
		answer->principal = SLICE_NONE;
	}
	return rpc_send(monitor, ERRAND_GSS_ANSWER, &layout_gss_answer_msg,
	    answer);
}

/* One token, one MIC, in this order. */
static enum err
serve_one(struct acceptor *a, struct rpc *monitor)
{
	struct gss_answer_msg answer = {.ok = false};
	struct gss_token_msg token;
	struct gss_mic_msg mic;
	uint32_t number;
	enum err e = rpc_receive(monitor, false, &number);

	if (e != OK)
		return e;
	if (number == ERRAND_GSS_TOKEN && a->auth == NULL) {
		e = rpc_decode(monitor, &layout_gss_token_msg, &token);
		if (e == OK)
			on_token(a, token.token, &answer);
	} else if (number == ERRAND_GSS_MIC && a->complete) {
		e = rpc_decode(monitor, &layout_gss_mic_msg, &mic);
		if (e == OK)
			on_mic(a, &mic, &answer);
		a->complete = false;
	} else {
		return ERR_PHASE;
	}
	return e == OK ? send(monitor, &answer) : e;
}

/* "PID [strict] [delegate]" */
static bool
read_arguments(struct slice arguments, struct acceptor *a, pid_t *monitor)
{
	struct slice word = SLICE_NONE;
	uint64_t pid;

	if (!slice_next(&arguments, ' ', &word) ||
	    text_number(word, 1, PID_MAX, &pid) != OK)
		return false;
	*monitor = (pid_t)pid;
	while (slice_next(&arguments, ' ', &word)) {
		a->strict = a->strict || slice_is(word, "strict");
		a->delegate = a->delegate || slice_is(word, "delegate");
	}
	return true;
}

int
acceptor_run(struct slice arguments)
{
	struct acceptor *a = mem_new(sizeof(*a));
	struct rpc *r = rpc_new(SPAWN_CHANNEL);
	struct gss_answer_msg ready = {.ok = false};
	pid_t monitor;
	enum err e;

	a->token = BUF_LIMIT(GSS_REPLY_MAX);
	a->ccache = BUF_SECRET(GSS_CCACHE_MAX);
	if (!read_arguments(arguments, a, &monitor)) {
		log_error("acceptor: the monitor's number is needed");
		return EXIT_USAGE;
	}
	parent_die_with(monitor);
	ready.why = slice_cstr(prepare(a));
	ready.ok = ready.why.n == 0;
	/* the image's descriptor isn't needed any more, nor the log's */
	io_close_but(STDERR_FILENO + 1, (const int[]){rpc_fd(r)}, 1);
	sandbox_enter(ROLE_ACCEPTOR, monitor);
	e = send(r, &ready);
	while (e == OK && ready.ok)
		e = serve_one(a, r);
	return e == OK || e == ERR_EOF ? 0 : EXIT_FAILED;
}
