#include "sallyport/key/keyopts.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/base/wr.h"

#include <time.h>

#define TUNNEL_MAX 0x7ffffffdU /* the two above mean "any" and an error */
#define HOST_MAX   1024        /* NI_MAXHOST with its NUL: 1025 */
#define VALUE_MAX  ((size_t)16 << 10)

/* How an option is written in one place of a line */
struct use {
	struct keyopts *o;
	const struct option *row;
	bool negated;       /* "no-" stood before it */
	struct slice value; /* unquoted */
	const char **why;
};

struct option {
	const char *name;
	enum { FLAG = 0, NEGATABLE = 1, VALUE = 2 } form;
	enum err (*apply)(const struct use *u);
	uint32_t bit;
};

static enum err
refuse(const struct use *u, const char *why)
{
	*u->why = why;
	return ERR_FORMAT;
}

/* ---- flags ------------------------------------------------------------ */

static enum err
apply_permit(const struct use *u)
{
	if (u->negated)
		u->o->permits &= ~u->row->bit;
	else
		u->o->permits |= u->row->bit;
	return OK;
}

static enum err
apply_restrict(const struct use *u)
{
	u->o->permits = KEYOPTS_RESTRICT;
	return OK;
}

static enum err
apply_cert_authority(const struct use *u)
{
	u->o->cert_authority = true;
	return OK;
}

static enum err
apply_touch(const struct use *u)
{
	u->o->no_touch = u->negated;
	return OK;
}

static enum err
apply_verify(const struct use *u)
{
	u->o->verify = !u->negated;
	return OK;
}

/* ---- single values ---------------------------------------------------- */

static enum err
set_once(const struct use *u, bool *has, struct buf *text)
{
	if (*has)
		return refuse(u, "an option is given twice");
	*has = true;
	return buf_append(text, u->value);
}

static enum err
apply_command(const struct use *u)
{
	return set_once(u, &u->o->has_command, &u->o->command);
}

static enum err
apply_principals(const struct use *u)
{
	if (u->value.n == 0)
		return refuse(u, "empty list of principals");
	return set_once(u, &u->o->has_principals, &u->o->principals);
}

static enum err
apply_from(const struct use *u)
{
	enum pattern_result result;

	/* A mask with bits outside would match something not meant */
	if (u->value.n == 0 ||
	    pattern_addr_list(u->value, SLICE_NONE, &result) != OK)
		return refuse(u, "invalid list in from");
	return set_once(u, &u->o->has_from, &u->o->from);
}

static enum err
apply_tunnel(const struct use *u)
{
	uint64_t device;

	if (slice_is(u->value, "any")) {
		u->o->tunnel = KEYOPTS_TUNNEL_ANY;
		return OK;
	}
	if (text_number(u->value, 0, TUNNEL_MAX, &device) != OK)
		return refuse(u, "invalid tun device");
	u->o->tunnel = (uint32_t)device;
	return OK;
}

/* ---- lists ------------------------------------------------------------ */

static enum err
add_string(struct buf *list, struct slice s)
{
	struct wr w = wr_into(list);

	wr_string(&w, s);
	return wr_end(&w, NULL);
}

static bool
is_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') &&
		    (c < 'a' || c > 'z'))
			return false;
	}
	return s.n > 0;
}

static bool
has_name(const struct buf *list, struct slice name)
{
	struct rd r = rd_from(buf_slice(list));

	while (rd_status(&r) == OK && r.left.n > 0) {
		struct slice entry = rd_string(&r);

		if (slice_equal(slice_first(entry, slice_find(entry, '=')),
			name))
			return true;
	}
	return false;
}

static enum err
apply_environment(const struct use *u)
{
	size_t n = slice_find(u->value, '=');
	struct slice name = slice_first(u->value, n);

	if (n == u->value.n || !is_name(name))
		return refuse(u, "invalid environment variable");
	if (u->o->nenvironment == KEYOPTS_ENVIRONMENT_MAX)
		return refuse(u, "too many environment variables");
	if (has_name(&u->o->environment, name))
		return OK; /* the first one counts */
	u->o->nenvironment++;
	return add_string(&u->o->environment, u->value);
}

/* "[host]:port", "host:port", "host/port"; false where nothing separates. */
static bool
split_host(struct slice s, struct slice *host, struct slice *port)
{
	size_t n;

	if (s.n > 0 && s.p[0] == '[') {
		n = slice_find(s, ']');
		*host = slice_skip(slice_first(s, n), 1);
		s = slice_skip(s, n + 1);
		n = 0;
	} else {
		size_t slash = slice_find(s, '/');

		n = slice_find(s, ':');
		n = slash < n ? slash : n;
		*host = slice_first(s, n);
	}
	*port = slice_skip(s, n + 1);
	return n < s.n && (s.p[n] == ':' || s.p[n] == '/');
}

/* Add "host:port" in one spelling, so that what reads it knows only that. */
static enum err
add_endpoint(const struct use *u, struct slice host, struct slice port,
    struct buf *list)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(VALUE_MAX);
	bool brackets = slice_find(host, ':') < host.n;
	uint64_t number;
	enum err e;

	if (host.n == 0 || host.n > HOST_MAX)
		return refuse(u, "invalid host in a permission");
	if (!slice_is(port, "*") && text_number(port, 1, 65535, &number) != OK)
		return refuse(u, "invalid port in a permission");
	e = buf_append_cstr(&text, brackets ? "[" : "");
	if (e == OK)
		e = buf_append(&text, host);
	if (e == OK)
		e = buf_append_cstr(&text, brackets ? "]:" : ":");
	if (e == OK)
		e = buf_append(&text, port);
	return e == OK ? add_string(list, buf_slice(&text)) : e;
}

static enum err
apply_permitopen(const struct use *u)
{
	struct slice host;
	struct slice port;

	if (++u->o->npermitopen > KEYOPTS_PERMIT_MAX)
		return refuse(u, "too many permissions");
	if (!split_host(u->value, &host, &port))
		return refuse(u, "a permission without a port");
	return add_endpoint(u, host, port, &u->o->permitopen);
}

static enum err
apply_permitlisten(const struct use *u)
{
	struct slice host;
	struct slice port;

	if (++u->o->npermitlisten > KEYOPTS_PERMIT_MAX)
		return refuse(u, "too many permissions");
	if (!split_host(u->value, &host, &port)) {
		host = SLICE_STR("*");
		port = u->value;
	}
	return add_endpoint(u, host, port, &u->o->permitlisten);
}

/* ---- time ------------------------------------------------------------- */

static bool
take_digits(struct slice *s, size_t n, int *v)
{
	uint64_t number = 0;

	if (s->n < n || text_number(slice_first(*s, n), 0, 9999, &number) != OK)
		return false;
	*s = slice_skip(*s, n);
	*v = (int)number;
	return true;
}

/* YYYYMMDD[HHMM[SS]], every part within its range */
static bool
read_moment(struct slice s, struct tm *tm)
{
	struct tm same;

	*tm = (struct tm){.tm_isdst = -1};
	if (!take_digits(&s, 4, &tm->tm_year) ||
	    !take_digits(&s, 2, &tm->tm_mon) ||
	    !take_digits(&s, 2, &tm->tm_mday))
		return false;
	if (s.n > 0 && (!take_digits(&s, 2, &tm->tm_hour) ||
			   !take_digits(&s, 2, &tm->tm_min)))
		return false;
	if (s.n > 0 && !take_digits(&s, 2, &tm->tm_sec))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	same = *tm;
	(void)timegm(&same); /* moves 31 April to 1 May */
	return s.n == 0 && same.tm_year == tm->tm_year &&
	       same.tm_mon == tm->tm_mon && same.tm_mday == tm->tm_mday &&
	       same.tm_hour == tm->tm_hour && same.tm_min == tm->tm_min &&
	       same.tm_sec == tm->tm_sec;
}

/*
 * mktime() without its look at the zone's file, which a process in an empty
 * root directory can't read: localtime_r() knows the zone from before. The
 * second step is for moments near a change of the clocks.
 */
static int64_t
local_seconds(const struct tm *tm)
{
	struct tm copy = *tm;
	struct tm here;
	int64_t as_utc = timegm(&copy);
	int64_t t = as_utc;

	for (int i = 0; i < 2; i++) {
		time_t at = (time_t)t;

		if (localtime_r(&at, &here) == NULL)
			return 0;
		t = as_utc - here.tm_gmtoff;
	}
	return t;
}

static bool
cut_end(struct slice *s, const char *end)
{
	size_t n = strlen(end);

	if (s->n < n || !slice_is(slice_skip(*s, s->n - n), end))
		return false;
	*s = slice_first(*s, s->n - n);
	return true;
}

static enum err
apply_expiry(const struct use *u)
{
	struct slice s = u->value;
	bool utc = cut_end(&s, "Z") || cut_end(&s, "UTC");
	struct tm tm;
	int64_t t;

	if (!read_moment(s, &tm))
		return refuse(u, "invalid expiry time");
	t = utc ? timegm(&tm) : local_seconds(&tm);
	if (t < 1)
		t = 1; /* long ago; 0 stands for never */
	if (u->o->expires == 0 || (uint64_t)t < u->o->expires)
		u->o->expires = (uint64_t)t;
	return OK;
}

/* clang-format off */
static const struct option options[] = {
	{"restrict",         FLAG,      apply_restrict,       0},
	{"cert-authority",   FLAG,      apply_cert_authority, 0},
	{"pty",              NEGATABLE, apply_permit,         KEYOPTS_PTY},
	{"port-forwarding",  NEGATABLE, apply_permit,         KEYOPTS_PORT},
	{"agent-forwarding", NEGATABLE, apply_permit,         KEYOPTS_AGENT},
	{"x11-forwarding",   NEGATABLE, apply_permit,         KEYOPTS_X11},
	{"user-rc",          NEGATABLE, apply_permit,         KEYOPTS_USER_RC},
	{"touch-required",   NEGATABLE, apply_touch,          0},
	{"verify-required",  NEGATABLE, apply_verify,         0},
	{"command",          VALUE,     apply_command,        0},
	{"from",             VALUE,     apply_from,           0},
	{"principals",       VALUE,     apply_principals,     0},
	{"expiry-time",      VALUE,     apply_expiry,         0},
	{"environment",      VALUE,     apply_environment,    0},
	{"permitopen",       VALUE,     apply_permitopen,     0},
	{"permitlisten",     VALUE,     apply_permitlisten,   0},
	{"tunnel",           VALUE,     apply_tunnel,         0},
};
/* clang-format on */

static const struct option *
find(struct slice name, bool *negated)
{
	struct slice no = SLICE_STR("no-");

	*negated =
	    name.n > no.n && text_same_nocase(slice_first(name, no.n), no);
	if (*negated)
		name = slice_skip(name, no.n);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!text_same_nocase(name, slice_cstr(options[i].name)))
			continue;
		return *negated && options[i].form != NEGATABLE ? NULL
								: &options[i];
	}
	return NULL;
}

/* Take a quoted text off the front; \" stands for a quote, \ for itself. */
static enum err
take_quoted(struct slice *rest, struct buf *value)
{
	if (rest->n == 0 || rest->p[0] != '"')
		return ERR_FORMAT;
	*rest = slice_skip(*rest, 1);
	while (rest->n > 0 && rest->p[0] != '"') {
		enum err e;

		if (slice_starts(*rest, SLICE_STR("\\\"")))
			*rest = slice_skip(*rest, 1);
		if ((e = buf_append(value, slice_first(*rest, 1))) != OK)
			return e;
		*rest = slice_skip(*rest, 1);
	}
	if (rest->n == 0)
		return ERR_FORMAT;
	*rest = slice_skip(*rest, 1);
	return OK;
}

static struct slice
take_name(struct slice *rest)
{
	size_t n = 0;
	struct slice name;

	while (n < rest->n && rest->p[n] != ',' && rest->p[n] != '=' &&
	       rest->p[n] != '"')
		n++;
	name = slice_first(*rest, n);
	*rest = slice_skip(*rest, n);
	return name;
}

/* One option off the front of rest. */
static enum err
take_option(struct slice *rest, struct use *u)
{
	SCOPED(buf_clear) struct buf value = BUF_LIMIT(VALUE_MAX);
	struct slice name = take_name(rest);
	bool has_value = rest->n > 0 && rest->p[0] == '=';

	if ((u->row = find(name, &u->negated)) == NULL)
		return refuse(u, "unknown option");
	if (has_value != (u->row->form == VALUE))
		return refuse(u, has_value ? "an option has no value"
					   : "an option needs a value");
	if (has_value) {
		*rest = slice_skip(*rest, 1);
		if (take_quoted(rest, &value) != OK)
			return refuse(u, "a value isn't quoted");
	}
	u->value = buf_slice(&value);
	return u->row->apply(u);
}

enum err
keyopts_parse(struct slice text, struct keyopts *o, const char **why)
{
	struct use u = {.o = o, .why = why};
	enum err e;

	*o = (struct keyopts){.permits = KEYOPTS_ALL,
	    .tunnel = KEYOPTS_TUNNEL_ANY};
	*why = "";
	if (slice_has_nul(text))
		return refuse(&u, "a NUL octet");
	while (text.n > 0) {
		if ((e = take_option(&text, &u)) != OK)
			return e;
		if (text.n == 0)
			break;
		if (text.p[0] != ',' || text.n == 1)
			return refuse(&u, "a comma is out of place");
		text = slice_skip(text, 1);
	}
	if (o->has_principals && !o->cert_authority)
		return refuse(&u, "principals of a key that is no CA");
	return OK;
}

void
keyopts_clear(struct keyopts *o)
{
	buf_clear(&o->command);
	buf_clear(&o->from);
	buf_clear(&o->source);
	buf_clear(&o->principals);
	buf_clear(&o->environment);
	buf_clear(&o->permitopen);
	buf_clear(&o->permitlisten);
}
