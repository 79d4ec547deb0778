/*
 * asked.h - requests about a test key, signed ones too
 */
#ifndef SALLYPORT_TESTS_KEYCHECK_ASKED_H
#define SALLYPORT_TESTS_KEYCHECK_ASKED_H

#include "home.h"

#include "sallyport/crypto/sign.h"

#define ASKED_SESSION SLICE_STR("0123456789abcdef0123456789abcdef")

/* A request and what its slices point to. */
struct asked {
	struct judge_req req;
	struct buf blob;
	struct buf sig;
};

/* About NAME.pub, announcing alg; unsigned. */
void asked_init(struct asked *a, const char *name, const char *alg);
void asked_clear(struct asked *a);

/* What RFC 4252 §7 or §9 has signed, for the request as it stands. */
void asked_data(const struct asked *a, struct buf *data);

/* Sign it with NAME's private key. */
void asked_sign(struct asked *a, const char *name);

#endif
