/*
 * certificate.h - does a user's certificate hold, or a host's, once its CA is
 * trusted?
 *
 * Private to keycheck. SEC-38: kind, CA's signature and algorithm, time,
 * principals, options, source address; revocation was asked before
 * (revoked.h).
 */
#ifndef SALLYPORT_SRC_KEYCHECK_CERTIFICATE_H
#define SALLYPORT_SRC_KEYCHECK_CERTIFICATE_H

#include "trial.h"

/*
 * user: the name that must be one of its principals; NULL where a line of
 * principals was found that names one. principals= in *o comes before user.
 * via: where trust in its CA stands, for the log. On true, *o is what the
 * line and the certificate allow together; on false, the refusal was logged.
 */
bool certificate_holds(struct trial *t, const char *user, struct keyopts *o,
    const char *via);

/*
 * Is it host's, as a host's certificate? host: a name in lower case, which must
 * be one of its principals or held by a pattern among them.
 */
bool certificate_holds_host(struct trial *t, const char *host, const char *via);

/* Is its CA's signature made by one of CASignatureAlgorithms? Logs if not. */
bool certificate_algorithm_is_good(const struct trial *t);

/* Log why it is refused; returns false. */
bool certificate_refuse(const struct trial *t, const char *via,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
