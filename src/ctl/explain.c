/*
 * explain.c - what would become of a login, by which rule
 *
 * The decision of monitor/admit.c and monitor/methods.c once more, on the same
 * configuration, rule by rule and aloud; tests/system/test_ctl.py holds the
 * two together. Load, penalties and passwords aren't looked at: they are of
 * the moment.
 */
#include "ctl.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/pattern.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/memfile.h"

#include <shadow.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUNDLE_MAX ((size_t)32 << 20) /* as a spawner takes it */
#define LINE_MAX_  2048

/* ---- writing ------------------------------------------------------------------- */

void
explain_line(enum mark mark, const char *format, ...)
{
	static const char *const marks[] = {"     ", "yes  ", "no   "};
	char text[LINE_MAX_];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	/* names in it are a stranger's, or a user's */
	printf("%s%s\n", marks[mark], log_quote_max(slice_cstr(text), 900));
}

const char *
explain_origin(const struct case_of *x, const void *member, size_t element)
{
	static char text[512];
	struct conf_origin at;

	if (!conf_origin(&x->conf, x->blocks, member, element, &at))
		return " (default)";
	if (at.line == 0)
		snprintf(text, sizeof(text), " (%s)", at.file);
	else
		snprintf(text, sizeof(text), " (%s:%u)", at.file, at.line);
	return text;
}

static void
refuse(struct case_of *x, const char *rule, const char *what,
    const char *origin)
{
	x->allowed = false;
	explain_line(MARK_NO, "%s: %s%s", rule, what, origin);
}

/* ---- the configuration ------------------------------------------------------------ */

static void
complain(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	if (level <= LEVEL_ERROR)
		fprintf(stderr, "sallyportctl: %s\n", line);
}

static enum err
bundle_of_file(const char *file, struct buf *bundle)
{
	const struct conf_source source = {.file = file};
	char why[1024];
	enum err e = conf_read(&source, bundle, why, sizeof(why));

	if (e != OK)
		fprintf(stderr, "sallyportctl: %s\n", why);
	return e;
}

/* What the daemon serves with, the command line and included files in it. */
static enum err
bundle_of_daemon(const struct ctl *c, struct buf *bundle)
{
	const struct empty_msg req = {0};
	struct configuration_rep rep;
	struct rpc *r = ask_open(c);
	enum err e;

	if (r == NULL)
		return ERR_NOT_FOUND;
	if ((e = ask_configuration(r, &req, &rep)) == OK)
		e = memfile_read(rep.bundle.fd, bundle);
	if (e != OK)
		(void)ask_failed(c, e);
	rpc_free(r);
	return e;
}

static enum err
configure(struct case_of *x)
{
	SCOPED(buf_clear) struct buf bundle = BUF_LIMIT(BUNDLE_MAX);
	struct conf_set *set;
	enum err e;

	if (x->c->file != NULL)
		e = bundle_of_file(x->c->file, &bundle);
	else
		e = bundle_of_daemon(x->c, &bundle);
	if (e == OK)
		e = conf_parse(buf_slice(&bundle), complain, NULL, &set);
	if (e == OK)
		x->set = set;
	return e;
}

/* ---- Match ---------------------------------------------------------------------------- */

static enum err
match(struct case_of *x)
{
	static uint8_t room[CONF_BLOCKS_OCTETS];
	const struct ctl *c = x->c;
	const struct conf_facts facts = {.user = x->account.name,
	    .invalid_user = !x->account.known,
	    .groups = (const char *const *)x->account.groups,
	    .ngroups = x->account.ngroups,
	    .host = c->host != NULL ? c->host : c->address,
	    .address = c->address,
	    .local_address = c->local_address,
	    .local_port = c->local_port,
	    .rdomain = c->rdomain};
	struct conf_origin at;
	size_t n;

	conf_match(x->set, &facts, room, &n);
	x->blocks = slice_make(room, n);
	for (size_t i = 0; i < n * 8; i++)
		if ((room[i / 8] >> (i % 8) & 1) != 0 &&
		    conf_block(x->set, i, &at))
			explain_line(MARK_NONE, "Match: %s:%u holds", at.file,
			    at.line);
	return conf_apply(x->set, x->blocks, &x->conf);
}

/* ---- the account ------------------------------------------------------------------------ */

static bool
matches_user(const struct case_of *x, const char *pattern)
{
	const char *at = strchr(pattern, '@');
	const char *host = x->c->host != NULL ? x->c->host : x->c->address;
	struct slice name = slice_first(slice_cstr(pattern),
	    slice_find(slice_cstr(pattern), '@'));
	enum pattern_result r;

	if (!pattern_match(name, slice_cstr(x->account.name), false))
		return false;
	if (at == NULL)
		return true;
	if (pattern_addr_list(slice_cstr(at + 1), slice_cstr(x->c->address),
		&r) == OK &&
	    r == PATTERN_HIT)
		return true;
	return pattern_match(slice_cstr(at + 1), slice_cstr(host), true);
}

/* The entry that decides, or l->n; a '!' entry that holds always does. */
static size_t
find_user(const struct case_of *x, const struct conf_list *l)
{
	size_t hit = l->n;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i][0] == '!' && matches_user(x, l->v[i] + 1))
			return i;
		if (l->v[i][0] != '!' && hit == l->n &&
		    matches_user(x, l->v[i]))
			hit = i;
	}
	return hit;
}

/* The entry by which one of the user's groups is in the list, or l->n. */
static size_t
find_group(const struct case_of *x, const struct conf_list *l)
{
	for (size_t g = 0; g < x->account.ngroups; g++) {
		size_t hit = l->n;
		bool negated = false;

		for (size_t i = 0; i < l->n; i++) {
			const char *p = l->v[i];
			bool not = p[0] == '!';

			if (!pattern_match(slice_cstr(p + (not ? 1 : 0)),
				slice_cstr(x->account.groups[g]), false))
				continue;
			if (not )
				negated = true;
			else if (hit == l->n)
				hit = i;
		}
		if (hit < l->n && !negated)
			return hit;
	}
	return l->n;
}

static void
deny(struct case_of *x, const char *rule, const struct conf_list *l, size_t i)
{
	if (l->n == 0)
		return;
	if (i < l->n)
		refuse(x, rule, l->v[i], explain_origin(x, l, i));
	else
		explain_line(MARK_YES, "%s: not listed", rule);
}

static void
allow(struct case_of *x, const char *rule, const struct conf_list *l, size_t i)
{
	if (l->n == 0)
		return;
	if (i == l->n)
		refuse(x, rule, "not listed", explain_origin(x, l, 0));
	else if (l->v[i][0] == '!')
		refuse(x, rule, l->v[i], explain_origin(x, l, i));
	else
		explain_line(MARK_YES, "%s: %s%s", rule, l->v[i],
		    explain_origin(x, l, i));
}

static void
look_at_shell(struct case_of *x)
{
	const char *shell = x->account.shell;
	struct stat s;

	if (x->conf.chroot_directory != NULL)
		explain_line(MARK_NONE, "shell %s: looked for below %s", shell,
		    x->conf.chroot_directory);
	else if (stat(shell, &s) != 0)
		refuse(x, "shell", shell, " does not exist");
	else if (!S_ISREG(s.st_mode) || (s.st_mode & 0111) == 0)
		refuse(x, "shell", shell, " is not executable");
	else
		explain_line(MARK_YES, "shell: %s", shell);
}

/* With PAM, its account management says, and it alone. */
static void
look_at_shadow(struct case_of *x)
{
	const struct spwd *s;
	int64_t today = clock_wall_s() / 86400;

	if (x->conf.use_pam) {
		explain_line(MARK_NONE, "locked, expired: PAM will say%s",
		    explain_origin(x, &x->conf.use_pam, 0));
		return;
	}
	if ((s = getspnam(x->account.name)) == NULL)
		return;
	if (s->sp_pwdp[0] == '!')
		refuse(x, "account", "is locked", " (/etc/shadow)");
	else if (s->sp_expire > 0 && today > s->sp_expire)
		refuse(x, "account", "has expired", " (/etc/shadow)");
	else if (s->sp_lstchg == 0)
		refuse(x, "password", "has expired (root forced)",
		    " (/etc/shadow)");
	else if (s->sp_max >= 0 && s->sp_lstchg > 0 &&
		 today > s->sp_lstchg + s->sp_max)
		refuse(x, "password", "has expired", " (/etc/shadow)");
	else
		explain_line(MARK_YES, "account: neither locked nor expired");
}

static void
look_at_account(struct case_of *x)
{
	struct conf *c = &x->conf;
	const char *keyword;

	if (c->refuse_connection)
		refuse(x, "RefuseConnection", "yes",
		    explain_origin(x, &c->refuse_connection, 0));
	if (!x->account.known) {
		refuse(x, "account", x->c->user, " does not exist");
		return;
	}
	explain_line(MARK_YES, "account: %s, user id %lu", x->account.name,
	    (unsigned long)x->account.uid);
	look_at_shadow(x);
	look_at_shell(x);
	deny(x, "DenyUsers", &c->deny_users, find_user(x, &c->deny_users));
	allow(x, "AllowUsers", &c->allow_users, find_user(x, &c->allow_users));
	if (x->account.ngroups == 0 &&
	    (c->deny_groups.n > 0 || c->allow_groups.n > 0))
		refuse(x, "groups", "none has a name", "");
	deny(x, "DenyGroups", &c->deny_groups, find_group(x, &c->deny_groups));
	allow(x, "AllowGroups", &c->allow_groups,
	    find_group(x, &c->allow_groups));
	if (conf_refuses(c, &keyword))
		refuse(x, keyword,
		    "is set and isn't acted upon by this version", "");
}

/* ---- methods ------------------------------------------------------------------------------ */

/* May root come in by a key, by anything else? */
static void
look_at_root(struct case_of *x, bool *by_key, bool *by_word, bool forced)
{
	static const char *const words[] = {[ROOT_NO] = "no",
	    [ROOT_YES] = "yes",
	    [ROOT_PROHIBIT_PASSWORD] = "prohibit-password",
	    [ROOT_FORCED_COMMANDS] = "forced-commands-only"};
	enum conf_root rule = x->conf.permit_root_login;

	*by_key = *by_word = true;
	if (!x->account.known || x->account.uid != 0)
		return;
	*by_word = rule == ROOT_YES;
	*by_key = *by_word || rule == ROOT_PROHIBIT_PASSWORD ||
		  (rule == ROOT_FORCED_COMMANDS && forced);
	explain_line(*by_key ? MARK_YES : MARK_NO, "PermitRootLogin: %s%s",
	    words[rule], explain_origin(x, &x->conf.permit_root_login, 0));
}

static bool
tell_method(const struct case_of *x, const char *name, const bool *member,
    bool by_root)
{
	bool on = *member && by_root;

	explain_line(on ? MARK_YES : MARK_NO, "method %s: %s%s", name,
	    !*member   ? "disabled"
	    : !by_root ? "not for root"
		       : "enabled",
	    explain_origin(x, member, 0));
	return on;
}

static void
tell_sequences(const struct case_of *x)
{
	const struct conf_list *l = &x->conf.authentication_methods;

	for (size_t i = 0; i < l->n; i++)
		explain_line(MARK_NONE, "AuthenticationMethods: %s%s", l->v[i],
		    explain_origin(x, l, i));
}

static bool
look_at_methods(struct case_of *x)
{
	struct key_case key = {.lets_in = false};
	bool by_key, by_word, any;
	bool forced;

	if (x->c->key != NULL)
		explain_key(x, &key);
	forced = key.has_command || x->conf.force_command != NULL;
	look_at_root(x, &by_key, &by_word, forced);
	any = tell_method(x, "publickey", &x->conf.pubkey, by_key);
	if (x->c->key != NULL)
		any = any && key.lets_in;
	if (tell_method(x, "password", &x->conf.password, by_word) &&
	    x->c->key == NULL)
		any = true;
	if (tell_method(x, "keyboard-interactive", &x->conf.kbdint, by_word) &&
	    x->c->key == NULL)
		any = true;
	tell_sequences(x);
	if (x->conf.force_command != NULL)
		explain_line(MARK_NONE, "ForceCommand: %s%s",
		    x->conf.force_command,
		    explain_origin(x, &x->conf.force_command, 0));
	return any;
}

/* ---- all --------------------------------------------------------------------------------------- */

static bool
case_is_whole(const struct ctl *c)
{
	struct addr a;

	if (c->user == NULL || c->address == NULL) {
		fprintf(stderr, "sallyportctl: explain needs --user and "
				"--addr\n");
		return false;
	}
	if (addr_parse(slice_cstr(c->address), &a) == OK)
		return true;
	fprintf(stderr, "sallyportctl: %s: not an address\n", c->address);
	return false;
}

int
explain_run(const struct ctl *c)
{
	struct case_of x = {.c = c, .allowed = true};
	bool any;

	if (!case_is_whole(c))
		return EXIT_USAGE;
	if (configure(&x) != OK)
		return EXIT_NO_DAEMON;
	account_find(&x.account, c->user);
	if (match(&x) != OK)
		return EXIT_NO;
	look_at_account(&x);
	any = look_at_methods(&x);
	if (!x.allowed || !any) {
		printf("refused\n");
		return EXIT_NO;
	}
	printf("%s\n",
	    c->key != NULL ? "let in, by this key's signature" : "may try");
	return 0;
}
