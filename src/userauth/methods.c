/*
 * methods.c - the methods that this server knows (one table)
 *
 * Which of them are enabled, and which is due, is the monitor's to say: it is
 * asked in any case, and counts.
 */
#include "methods.h"

static const struct method *const rows[] = {
    &none_method,
    &pubkey_method,
    &pubkey_hostbound_method,
    &password_method,
    &kbdint_method,
    &hostbased_method,
    &gssapi_method,
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct method *
methods_find(struct slice name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (slice_is(name, rows[i]->name))
			return rows[i];
	return NULL;
}

const struct method *
methods_row(size_t i)
{
	return i < ROWS ? rows[i] : NULL;
}

enum err
methods_verdict(enum err e, const struct verdict_rep *verdict,
    struct prompt_rep *rep)
{
	rep->verdict = verdict->verdict;
	rep->methods = verdict->methods;
	rep->message = verdict->message;
	return e;
}
