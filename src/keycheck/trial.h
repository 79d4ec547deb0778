/*
 * trial.h - a key that is tried, and what was found out about it
 *
 * Private to keycheck. Everything in it is a stranger's; what is wrong with
 * it is told by trial_refuse in short, for the monitor's line with the rule,
 * and in sshd's words by whoever finds it out.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_TRIAL_H
#define SALLYPORT_SRC_KEYCHECK_TRIAL_H

#include "keycheck.h"

#include "sallyport/key/cert.h"

struct trial {
	struct keycheck *k;
	const struct judge_req *req;
	const struct algo *alg; /* as announced; NULL: unknown */
	bool certified;
	struct cert cert;   /* then */
	struct key key;     /* of a certificate, the one that it is for */
	struct slice plain; /* blob of that key alone */
	struct buf plain_room;
	struct slice wanted; /* blob that a line must hold: the key's, or that
			      * of the CA which signed the certificate */
	struct buf base64;   /* wanted as text: what is searched for */
	bool ca_checked;     /* the CA's signature was, with this result */
	enum err ca_result;
};

/* Parse what is asked about, which is kept; clear in either case. False: refused, with the reason. */
bool
trial_init(struct trial *t, struct keycheck *k, const struct judge_req *req);
void trial_clear(struct trial *t);

/* Note why, and what keyword decided; returns false. */
bool trial_refuse_by(struct keycheck *k, enum judge_rule rule,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same where no keyword did. */
bool trial_refuse(struct keycheck *k, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append "TYPE SHA256:…", with more behind the type. */
void trial_name_key(const struct trial *t, const struct key *key,
    const char *more, struct buf *out);

/* Append what the result's line has behind "ssh2: ". */
void trial_name_whole(const struct trial *t, struct buf *out);

/* "TYPE SHA256:…" of the key, or of the certificate ("TYPE-CERT") or, with
 * ca, of its CA; one of two buffers in turn. */
const char *trial_name(const struct trial *t, bool ca);

#endif
