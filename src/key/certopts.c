#include "sallyport/key/certopts.h"

#include "sallyport/base/pattern.h"
#include "sallyport/base/rd.h"

/* An option as it stands in a certificate */
struct use {
	const struct row *row;
	struct slice data; /* of one with a value: that value */
	struct keyopts *o;
};

struct row {
	const char *name;
	enum { CRITICAL, EXTENSION } where;
	bool has_value;
	enum err (*apply)(const struct use *u);
	uint32_t permit; /* KEYOPTS_ bit of an extension */
};

/* Twice would leave open which one binds. */
static enum err
set_once(bool *has, struct buf *text, struct slice value)
{
	if (*has || slice_has_nul(value))
		return ERR_FORMAT;
	*has = true;
	return buf_append(text, value);
}

static enum err
apply_command(const struct use *u)
{
	return set_once(&u->o->has_command, &u->o->command, u->data);
}

static enum err
apply_source(const struct use *u)
{
	enum pattern_result result;

	if (u->data.n == 0 ||
	    pattern_cidr_list(u->data, SLICE_NONE, &result) != OK)
		return ERR_FORMAT;
	return set_once(&u->o->has_source, &u->o->source, u->data);
}

static enum err
apply_verify(const struct use *u)
{
	u->o->verify = true;
	return OK;
}

static enum err
apply_no_touch(const struct use *u)
{
	u->o->no_touch = true;
	return OK;
}

static enum err
apply_permit(const struct use *u)
{
	u->o->permits |= u->row->permit;
	return OK;
}

/* clang-format off */
static const struct row rows[] = {
	{"force-command",           CRITICAL,  true,  apply_command,  0},
	{"source-address",          CRITICAL,  true,  apply_source,   0},
	{"verify-required",         CRITICAL,  false, apply_verify,   0},
	{"no-touch-required",       EXTENSION, false, apply_no_touch, 0},
	{"permit-X11-forwarding",   EXTENSION, false, apply_permit,   KEYOPTS_X11},
	{"permit-agent-forwarding", EXTENSION, false, apply_permit,   KEYOPTS_AGENT},
	{"permit-port-forwarding",  EXTENSION, false, apply_permit,   KEYOPTS_PORT},
	{"permit-pty",              EXTENSION, false, apply_permit,   KEYOPTS_PTY},
	{"permit-user-rc",          EXTENSION, false, apply_permit,   KEYOPTS_USER_RC},
};
/* clang-format on */

static const struct row *
find(struct slice name, int where)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((int)rows[i].where == where && slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

/* A value is a string within the option's string. */
static enum err
read_value(struct use *u)
{
	struct rd r = rd_from(u->data);

	if (!u->row->has_value)
		return u->data.n == 0 ? OK : ERR_FORMAT;
	u->data = rd_string(&r);
	return rd_end(&r);
}

static enum err
read_list(struct slice list, int where, struct keyopts *o,
    struct certopts_fault *fault)
{
	struct rd r = rd_from(list);

	while (rd_status(&r) == OK && r.left.n > 0) {
		struct use u = {.o = o};
		enum err e;

		fault->name = rd_string(&r);
		u.data = rd_string(&r);
		if (rd_status(&r) != OK)
			break;
		u.row = find(fault->name, where);
		if (u.row == NULL && where == EXTENSION)
			continue;
		if (u.row == NULL) {
			fault->why = "is not supported";
			return ERR_UNSUPPORTED;
		}
		if ((e = read_value(&u)) != OK || (e = u.row->apply(&u)) != OK)
			return e;
	}
	return rd_end(&r);
}

enum err
certopts_read(const struct cert *c, struct keyopts *o,
    struct certopts_fault *fault)
{
	enum err e;

	*o = (struct keyopts){.tunnel = KEYOPTS_TUNNEL_ANY};
	*fault = (struct certopts_fault){.why = "is invalid"};
	if (c->valid_before != CERT_FOREVER)
		o->expires = c->valid_before;
	if ((e = read_list(c->critical, CRITICAL, o, fault)) != OK)
		return e;
	return read_list(c->extensions, EXTENSION, o, fault);
}

/* ---- together with a line's ---------------------------------------------- */

static enum err
merge_command(struct keyopts *o, const struct keyopts *cert)
{
	if (!cert->has_command)
		return OK;
	if (o->has_command)
		return slice_equal(buf_slice(&o->command),
			   buf_slice(&cert->command))
			   ? OK
			   : ERR_DENIED;
	o->has_command = true;
	return buf_append(&o->command, buf_slice(&cert->command));
}

enum err
certopts_merge(struct keyopts *o, const struct keyopts *cert)
{
	enum err e;

	if ((e = merge_command(o, cert)) != OK)
		return e;
	o->has_source = cert->has_source;
	buf_reset(&o->source);
	if ((e = buf_append(&o->source, buf_slice(&cert->source))) != OK)
		return e;
	o->permits = (o->permits & cert->permits & KEYOPTS_ALL) |
		     ((o->permits | cert->permits) & KEYOPTS_RESTRICT);
	o->no_touch = o->no_touch && cert->no_touch;
	o->verify = o->verify || cert->verify;
	if (o->expires == 0 ||
	    (cert->expires != 0 && cert->expires < o->expires))
		o->expires = cert->expires;
	return OK;
}
