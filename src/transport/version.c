#include "version.h"

/* A decimal number off the front of s; false if there is none below 10000. */
static bool
number(struct slice *s, uint32_t *v)
{
	size_t n = 0;

	*v = 0;
	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9' && n < 4)
		*v = *v * 10 + (uint32_t)(s->p[n++] - '0');
	*s = slice_skip(*s, n);
	return n > 0;
}

static bool
skip_octet(struct slice *s, char c)
{
	if (s->n == 0 || s->p[0] != (uint8_t)c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

/*
 * OpenSSH 6.5 and 6.6 (not 6.6.1) encode about one shared secret of
 * curve25519 in 512 wrongly; their exchange would fail at random.
 */
static unsigned int
quirks_of(struct slice software)
{
	if (slice_starts(software, SLICE_STR("OpenSSH_6.5")))
		return VERSION_BAD_CURVE25519;
	if (slice_starts(software, SLICE_STR("OpenSSH_6.6")) &&
	    !slice_starts(software, SLICE_STR("OpenSSH_6.6.1")))
		return VERSION_BAD_CURVE25519;
	return 0;
}

/* "SSH-2.0-software…"; CR and NUL may stand nowhere in it. */
static enum err
parse(struct slice line, struct version *v)
{
	struct slice s = line;
	uint32_t minor;

	if (slice_has_nul(s) || slice_find(s, '\r') < s.n ||
	    !slice_starts(s, SLICE_STR("SSH-")))
		return ERR_VERSION;
	s = slice_skip(s, 4);
	if (!number(&s, &v->major) || !skip_octet(&s, '.') ||
	    !number(&s, &minor) || !skip_octet(&s, '-') || s.n == 0)
		return ERR_VERSION;
	v->quirks = quirks_of(s);
	/* 1.99 speaks both, RFC 4253 §5.1 */
	if (v->major == 2 || (v->major == 1 && minor == 99))
		return OK;
	return ERR_VERSION_MAJOR;
}

enum err
version_read(struct slice in, struct version *v, size_t *used)
{
	size_t n = slice_find(in, '\n');

	*v = (struct version){.line = slice_first(in, VERSION_LINE_MAX)};
	if (n > VERSION_LINE_MAX)
		return ERR_VERSION;
	if (n == in.n)
		return ERR_MORE;
	*used = n + 1;
	v->line = slice_first(in, n);
	if (n > 0 && in.p[n - 1] == '\r')
		v->line = slice_first(in, n - 1);
	return parse(v->line, v);
}

struct slice
version_answer(enum err e)
{
	if (e == ERR_VERSION)
		return SLICE_STR("Invalid SSH identification string.\r\n");
	if (e == ERR_VERSION_MAJOR)
		return SLICE_STR("Protocol major versions differ.\r\n");
	return SLICE_NONE;
}
