#include "certificate.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/conf/conf.h"
#include "sallyport/key/certopts.h"
#include "sallyport/key/sig.h"

#include <stdarg.h>
#include <stdio.h>

bool
certificate_refuse(const struct trial *t, const char *via, const char *format,
    ...)
{
	SCOPED(buf_clear) struct buf ca = BUF_LIMIT(256);
	char why[256];
	struct key key;
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	if (key_parse(t->cert.ca_blob, &key) == OK)
		trial_name_key(t, &key, " CA", &ca);
	log_error("Refusing certificate ID \"%s\" serial=%llu signed by %.*s "
		  "via %s: %s",
	    log_quote(t->cert.id), (unsigned long long)t->cert.serial,
	    (int)ca.n, ca.n > 0 ? (const char *)ca.p : "", via, why);
	return trial_refuse(t->k, "%s", why);
}

bool
certificate_algorithm_is_good(const struct trial *t)
{
	const char *list = t->k->start->conf->ca_algorithms;
	struct slice name = key_blob_type(t->cert.signature);

	if (algo_list_has(slice_cstr(list), name))
		return true;
	log_info("userauth_%s: certificate signature algorithm %s: "
		 "signature algorithm not supported [preauth]",
	    t->req->hostbased ? "hostbased" : "pubkey", log_quote(name));
	return trial_refuse_by(t->k, RULE_CA_ALGORITHMS,
	    "its CA's signature algorithm %s isn't in CASignatureAlgorithms",
	    log_quote(name));
}

/* Made once, however many lines name this CA. */
static enum err
verify(struct trial *t)
{
	const struct conf *conf = t->k->start->conf;

	if (!t->ca_checked)
		t->ca_result = cert_verify(&t->cert, conf->ca_algorithms,
		    conf->required_rsa_size);
	t->ca_checked = true;
	return t->ca_result;
}

static bool
is_in_time(const struct trial *t, const char *via)
{
	uint64_t now = (uint64_t)clock_wall_s();

	if (cert_is_valid_at(&t->cert, now))
		return true;
	return certificate_refuse(t, via, "Certificate invalid: %s",
	    now < t->cert.valid_after ? "not yet valid" : "expired");
}

/* A certificate without principals is nobody's, whoever trusts its CA. */
static bool
is_named(const struct trial *t, const char *user, const struct keyopts *o,
    const char *via)
{
	const struct cert *c = &t->cert;

	if (c->principals.n == 0)
		return certificate_refuse(t, via,
		    "Certificate lacks principal list");
	if (o->has_principals)
		return cert_names_any(c, buf_slice(&o->principals)) ||
		       certificate_refuse(t, via,
			   "Certificate does not contain an authorized "
			   "principal");
	return user == NULL || cert_names(c, slice_cstr(user)) ||
	       certificate_refuse(t, via,
		   "Certificate invalid: name is not a listed principal");
}

static bool
read_options(const struct trial *t, struct keyopts *theirs, const char *via)
{
	struct certopts_fault f;
	enum err e = certopts_read(&t->cert, theirs, &f);

	if (e == OK)
		return true;
	return certificate_refuse(t, via, "Certificate %s \"%s\" %s",
	    e == ERR_UNSUPPORTED ? "critical option" : "option",
	    log_quote(f.name), f.why);
}

static bool
is_source_permitted(const struct trial *t, const struct keyopts *theirs,
    const char *via)
{
	const char *ip = t->k->conn->peer_ip;
	enum pattern_result result = PATTERN_NONE;

	if (!theirs->has_source ||
	    (pattern_cidr_list(buf_slice(&theirs->source), slice_cstr(ip),
		 &result) == OK &&
		result == PATTERN_HIT))
		return true;
	log_info("%s: Authentication tried for %s with valid certificate but "
		 "not from a permitted source address (%s).",
	    via, t->k->start->user, ip);
	return certificate_refuse(t, via, "Refused by certificate options");
}

static bool
options_hold(const struct trial *t, struct keyopts *o, const char *via)
{
	SCOPED(keyopts_clear) struct keyopts theirs;
	enum err e;

	if (!read_options(t, &theirs, via) ||
	    !is_source_permitted(t, &theirs, via))
		return false;
	if ((e = certopts_merge(o, &theirs)) == OK)
		return true;
	return certificate_refuse(t, via, "%s",
	    e == ERR_DENIED ? "forced command options do not match"
			    : err_sentence(e));
}

bool
certificate_holds(struct trial *t, const char *user, struct keyopts *o,
    const char *via)
{
	enum err e;

	if (t->cert.kind != CERT_USER)
		return certificate_refuse(t, via,
		    "Certificate invalid: not a user certificate");
	if ((e = verify(t)) != OK)
		return certificate_refuse(t, via, "Certificate invalid: %s",
		    err_sentence(e));
	return is_in_time(t, via) && is_named(t, user, o, via) &&
	       options_hold(t, o, via);
}

static bool
is_named_host(const struct trial *t, const char *host, const char *via)
{
	if (t->cert.principals.n == 0)
		return certificate_refuse(t, via,
		    "Certificate lacks principal list");
	return cert_names_host(&t->cert, slice_cstr(host)) ||
	       certificate_refuse(t, via,
		   "Certificate invalid: name is not a listed principal");
}

bool
certificate_holds_host(struct trial *t, const char *host, const char *via)
{
	enum err e;

	if (t->cert.kind != CERT_HOST)
		return certificate_refuse(t, via,
		    "Certificate invalid: not a host certificate");
	if ((e = verify(t)) != OK)
		return certificate_refuse(t, via, "Certificate invalid: %s",
		    err_sentence(e));
	/* none is defined for hosts, so none can be heeded */
	if (t->cert.critical.n > 0)
		return certificate_refuse(t, via,
		    "Certificate contains unsupported critical options(s)");
	return is_in_time(t, via) && is_named_host(t, host, via);
}
