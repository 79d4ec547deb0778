#include "environ.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_USER     "/usr/local/bin:/usr/bin:/bin:/usr/games"
#define PATH_ROOT     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAIL_DIR      "/var/mail"
#define FILE_VARS_MAX 1000u /* of ~/.ssh/environment */

void
environ_clear(struct environment *e)
{
	for (size_t i = 0; i < e->n; i++)
		mem_free(e->v[i]);
	mem_free(e->v);
	*e = (struct environment){.v = NULL};
}

/* Index of a name, or e->n. */
static size_t
find(const struct environment *e, struct slice name)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		struct slice entry = slice_cstr(e->v[i]);

		if (slice_starts(entry, name) && entry.n > name.n &&
		    entry.p[name.n] == '=')
			break;
	}
	return i;
}

void
environ_set(struct environment *e, struct slice name, const char *value)
{
	size_t i = find(e, name);

	if (value == NULL)
		return;
	if (i < e->n) {
		e->octets -= strlen(e->v[i]);
		mem_free(e->v[i]);
	} else {
		size_t room = e->n == 0 ? 0 : e->n + 1;

		e->v = mem_resize(e->v, room, e->n + 2, sizeof(*e->v));
		e->n++;
	}
	e->v[i] =
	    mem_format("%.*s=%s", (int)name.n, (const char *)name.p, value);
	e->octets += strlen(e->v[i]);
}

static void
set(struct environment *e, const char *name, const char *value)
{
	environ_set(e, slice_cstr(name), value);
}

const char *
environ_get(const struct environment *e, const char *name)
{
	size_t i = find(e, slice_cstr(name));

	return i < e->n ? e->v[i] + strlen(name) + 1 : NULL;
}

/* ---- the client's ---- */

/*
 * Names that say what a loader, a libc or a shell runs or reads before the
 * user's program does. A pattern of AcceptEnv doesn't mean them.
 */
static const char *const never[] = {
    "LD_*",
    "GLIBC_TUNABLES",
    "MALLOC_*",
    "GCONV_PATH",
    "LOCPATH",
    "NLSPATH",
    "RES_OPTIONS",
    "HOSTALIASES",
    "LOCALDOMAIN",
    "BASH_*",
    "BASHOPTS",
    "SHELLOPTS",
    "ENV",
    "IFS",
    "PS4",
    "ZDOTDIR",
    "FPATH",
    "CDPATH",
    "PATH",
    "HOME",
    "SHELL",
    "USER",
    "LOGNAME",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "SSH_ORIGINAL_COMMAND",
    "SSH_USER_AUTH",
    "SSH_TUNNEL",
};

static bool
is_never(struct slice name)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (pattern_match(slice_cstr(never[i]), name, false))
			return true;
	return false;
}

static bool
is_name(struct slice name)
{
	if (name.n == 0 || name.n > 256)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f || name.p[i] == '=')
			return false;
	return true;
}

static bool
matches_any(const struct conf_list *patterns, struct slice name)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (pattern_match(slice_cstr(patterns->v[i]), name, false))
			return true;
	return false;
}

bool
environ_accepts(const struct conf_list *accept, struct slice name)
{
	return is_name(name) && !is_never(name) && matches_any(accept, name);
}

bool
environ_add_client(struct environment *e, const struct conf_list *accept,
    struct slice name, struct slice value)
{
	SCOPED(mem_free_at) char *text = NULL;

	if (!environ_accepts(accept, name) || slice_has_nul(value))
		return false;
	if (find(e, name) == e->n && e->n >= ENVIRON_CLIENT_MAX)
		return false;
	if (value.n > ENVIRON_CLIENT_OCTETS ||
	    e->octets + name.n + value.n + 2 > ENVIRON_CLIENT_OCTETS)
		return false;
	text = mem_text(value);
	environ_set(e, name, text);
	return true;
}

/* ---- others' ---- */

/* "NAME=value", from a list of ours or of the user's. */
static void
set_assignment(struct environment *e, struct slice line,
    const struct conf_list *patterns)
{
	struct slice name = slice_first(line, slice_find(line, '='));
	SCOPED(mem_free_at) char *value = NULL;

	if (name.n == line.n || !is_name(name) || slice_has_nul(line))
		return;
	if (patterns != NULL && !matches_any(patterns, name))
		return;
	value = mem_text(slice_skip(line, name.n + 1));
	environ_set(e, name, value);
}

void
environ_add_text(struct environment *e, struct slice text,
    const struct conf_list *patterns)
{
	struct slice line;

	for (size_t n = 0;
	     n < FILE_VARS_MAX && slice_next(&text, '\n', &line);) {
		line = text_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		set_assignment(e, line, patterns);
		n++;
	}
}

static void
add_key(struct environment *e, const struct environ_facts *f)
{
	struct rd r = rd_from(f->grant->environment);

	while (rd_status(&r) == OK && r.left.n > 0)
		set_assignment(e, rd_string(&r),
		    &f->conf->permit_user_environment);
}

/* PAM's modules don't tell who logged in, and from where. */
static void
add_pam(struct environment *e, const char *const *vars)
{
	for (; vars != NULL && *vars != NULL; vars++) {
		struct slice var = slice_cstr(*vars);

		if (!slice_starts(var, SLICE_STR("SSH_AUTH_INFO")) &&
		    !slice_starts(var, SLICE_STR("SSH_CONNECTION")))
			set_assignment(e, var, NULL);
	}
}

static void
add_account(struct environment *e, const struct environ_facts *f)
{
	const struct grant *g = f->grant;

	set(e, "USER", g->user);
	set(e, "LOGNAME", g->user);
	set(e, "HOME", g->home);
	set(e, "PATH", g->uid == 0 ? PATH_ROOT : PATH_USER);
	set(e, "SHELL", f->shell);
	if (!f->conf->use_pam) {
		char mail[256];

		snprintf(mail, sizeof(mail), MAIL_DIR "/%.200s", g->user);
		set(e, "MAIL", mail);
	}
	set(e, "TZ", getenv("TZ"));
	set(e, "XDG_RUNTIME_DIR", getenv("XDG_RUNTIME_DIR"));
	set(e, "TERM", f->term);
	set(e, "KRB5CCNAME", g->ccache);
}

static void
add_connection(struct environment *e, const struct environ_facts *f)
{
	const struct conn *c = f->conn;
	char text[192];

	snprintf(text, sizeof(text), "%s %u %u", c->peer_ip, c->peer_port,
	    c->local_port);
	set(e, "SSH_CLIENT", text);
	snprintf(text, sizeof(text), "%s %u %s %u", c->peer_ip, c->peer_port,
	    c->local_ip, c->local_port);
	set(e, "SSH_CONNECTION", text);
	set(e, "SSH_TTY", f->tty);
	set(e, "SSH_ORIGINAL_COMMAND", f->original);
	set(e, "SSH_USER_AUTH", f->auth_file);
	set(e, "DISPLAY", f->display);
	set(e, "SSH_AUTH_SOCK", f->agent);
	set(e, "SSH_TUNNEL", f->tunnel);
}

void
environ_build(struct environment *e, const struct environ_facts *f)
{
	const struct conf_list *own = &f->conf->set_env;

	for (size_t i = 0; i < f->client->n; i++)
		set_assignment(e, slice_cstr(f->client->v[i]), NULL);
	add_account(e, f);
	add_key(e, f);
	environ_add_text(e, f->user_file, &f->conf->permit_user_environment);
	add_pam(e, f->grant->pam_env);
	for (size_t i = 0; i < own->n; i++)
		set_assignment(e, slice_cstr(own->v[i]), NULL);
	add_connection(e, f);
}
