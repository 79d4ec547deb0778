/*
 * methods.h - a server's half of an exchange, for the tests of one method
 */
#ifndef METHODS_H
#define METHODS_H

#include "kex.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "suite.h"

/* What a method makes of one client message, on a fresh exchange. */
static inline enum err
method_step(const char *name, uint8_t message, struct slice body)
{
	SCOPED(kex_clear) struct kex k = {.due = 0};

	kex_init(&k, algo_find(ALGO_KEX, slice_cstr(name)), 32, NULL);
	return kex_step(&k, message, body);
}

/* The same with a body of one string, or one mpint. */
static inline enum err
method_string(const char *name, struct slice value)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_string(&w, value);
	return method_step(name, KEX_INIT, buf_slice(&b));
}

static inline enum err
method_mpint(const char *name, struct slice value)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);

	wr_mpint(&w, value);
	return method_step(name, KEX_INIT, buf_slice(&b));
}

#endif
