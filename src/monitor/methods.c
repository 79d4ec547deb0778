/*
 * methods.c - AuthenticationMethods: what is still due
 *
 * Each list is a sequence that must be passed in order; a step may name a
 * submethod ("keyboard-interactive:pam"). What remains of each list is a slice
 * of the configuration's text.
 */
#include "config.h"

#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

#include <string.h>

struct method_row {
	const char *name;
	size_t enabled; /* offset of a bool in struct conf */
};

/* In the order in which they are told to the client */
static const struct method_row rows[] = {
    {"publickey", offsetof(struct conf, pubkey)},
#ifdef WITH_GSSAPI
    {"gssapi-with-mic", offsetof(struct conf, gssapi)},
#endif
    {"password", offsetof(struct conf, password)},
    {"keyboard-interactive", offsetof(struct conf, kbdint)},
    {"hostbased", offsetof(struct conf, hostbased)},
};

static bool
is_enabled(const struct monitor *m, struct slice name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_is(name, rows[i].name))
			return *(
			    const bool *)(const void *)((const char *)&m->conf +
							rows[i].enabled);
	/* an accepted "none" alone: an account without a password */
	return slice_is(name, "none") && m->conf.permit_empty_passwords &&
	       m->conf.password;
}

/* "publickey" of "publickey:x,password" */
static struct slice
first_method(struct slice list, struct slice *sub)
{
	struct slice step = slice_first(list, slice_find(list, ','));
	size_t colon = slice_find(step, ':');

	if (sub != NULL)
		*sub = slice_skip(step, colon + 1);
	return slice_first(step, colon);
}

static bool
list_is_possible(const struct monitor *m, struct slice list)
{
	struct slice rest = list, step;

	while (slice_next(&rest, ',', &step))
		if (!is_enabled(m, first_method(step, NULL)))
			return false;
	return true;
}

bool
methods_init(struct monitor *m)
{
	const struct conf_list *l = &m->conf.authentication_methods;

	m->methods.n = 0;
	m->methods.any =
	    l->n == 0 || (l->n == 1 && strcmp(l->v[0], "any") == 0);
	if (m->methods.any)
		return true;
	m->methods.lists = mem_array(l->n, sizeof(*m->methods.lists));
	for (size_t i = 0; i < l->n; i++) {
		struct slice list = slice_cstr(l->v[i]);

		if (list_is_possible(m, list))
			m->methods.lists[m->methods.n++] = list;
		else
			log_info("Authentication methods list \"%s\" contains "
				 "disabled method, skipping",
			    l->v[i]);
	}
	if (m->methods.n > 0)
		return true;
	log_error("AuthenticationMethods cannot be satisfied by enabled "
		  "authentication methods");
	refusal_log(m, REFUSED_METHODS, NULL);
	return false;
}

static bool
step_fits(struct slice list, const char *method, const char *sub)
{
	struct slice wanted_sub;
	struct slice name = first_method(list, &wanted_sub);

	return slice_is(name, method) &&
	       (wanted_sub.n == 0 ||
		   (sub != NULL && slice_is(wanted_sub, sub)));
}

bool
methods_allowed(const struct monitor *m, const char *method, const char *sub)
{
	if (!is_enabled(m, slice_cstr(method)))
		return false;
	if (m->methods.any)
		return true;
	for (size_t i = 0; i < m->methods.n; i++)
		if (step_fits(m->methods.lists[i], method, sub))
			return true;
	return false;
}

bool
methods_passed(struct monitor *m, const char *method, const char *sub)
{
	bool done = m->methods.any;

	for (size_t i = 0; i < m->methods.n; i++) {
		struct slice *list = &m->methods.lists[i];

		if (!step_fits(*list, method, sub))
			continue;
		*list = slice_skip(*list, slice_find(*list, ',') + 1);
		if (list->n == 0)
			done = true;
	}
	return done;
}

struct slice
methods_list(const struct monitor *m)
{
	static char text[128];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = strlen(rows[i].name);
		bool due = m->methods.any;

		for (size_t k = 0; k < m->methods.n && !due; k++)
			due = slice_is(first_method(m->methods.lists[k], NULL),
			    rows[i].name);
		if (!due || !is_enabled(m, slice_cstr(rows[i].name)) ||
		    n + length + 1 > sizeof(text))
			continue;
		if (n > 0)
			text[n++] = ',';
		memcpy(text + n, rows[i].name, length);
		n += length;
	}
	return slice_make(text, n);
}
