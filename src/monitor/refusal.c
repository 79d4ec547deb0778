/*
 * refusal.c - every reason for which a login is refused (one table)
 *
 * The log tells it exactly, the peer learns nothing. A first line has the
 * words that people's filters read; a second one, the same for all, the rule
 * and the line of the configuration that decided. Filters anchor their
 * patterns at both ends, so the rule can't stand in the first.
 */
#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

#include <stddef.h>

#define LINE_OCTETS ((size_t)2048)
#define NOWHERE     SIZE_MAX /* no keyword decides this */

/* U: the user's name; A: the client's address; H: its name, where there is one
 * (UseDNS); P: port; D: detail */
struct refusal_row {
	const char *line; /* for filters; NULL: somebody else writes it */
	const char *rule; /* NULL: the line says all there is to say */
	size_t keyword;   /* whose line decided: offset in struct conf */
	const char *word; /* for the statistics; stays the same */
};

#define BY(member) offsetof(struct conf, member)

/* clang-format off */
static const struct refusal_row rows[REFUSALS] = {
	[REFUSED_UNKNOWN] = {
		"Invalid user %U from %A port %P", NULL,
		NOWHERE, "unknown_user"},
	[REFUSED_LOCKED] = {
		"User %U not allowed because account is locked",
		"the account is locked", NOWHERE, "locked"},
	[REFUSED_SHELL_MISSING] = {
		"User %U not allowed because shell %D does not exist",
		"shell %D does not exist", NOWHERE, "shell"},
	[REFUSED_SHELL_NOT_EXECUTABLE] = {
		"User %U not allowed because shell %D is not executable",
		"shell %D is not executable", NOWHERE, "shell"},
	[REFUSED_DENY_USERS] = {
		"User %U from %H not allowed because listed in DenyUsers",
		"DenyUsers %D", BY(deny_users), "deny_users"},
	[REFUSED_ALLOW_USERS] = {
		"User %U from %H not allowed because not listed in AllowUsers",
		"not listed in AllowUsers", BY(allow_users), "allow_users"},
	[REFUSED_ALLOW_USERS_NOT] = {
		"User %U from %H not allowed because not listed in AllowUsers",
		"AllowUsers %D", BY(allow_users), "allow_users"},
	[REFUSED_DENY_GROUPS] = {
		"User %U from %H not allowed because a group is listed in "
		"DenyGroups",
		"DenyGroups %D", BY(deny_groups), "deny_groups"},
	[REFUSED_ALLOW_GROUPS] = {
		"User %U from %H not allowed because none of user's groups are "
		"listed in AllowGroups",
		"no group is listed in AllowGroups", BY(allow_groups),
		"allow_groups"},
	[REFUSED_NO_GROUPS] = {
		"User %U from %H not allowed because not in any group",
		"not in any group", NOWHERE, "no_groups"},
	[REFUSED_EXPIRED] = {
		"Account %U has expired",
		"the account has expired", NOWHERE, "expired"},
	[REFUSED_ROOT] = {
		"ROOT LOGIN REFUSED FROM %A port %P",
		"PermitRootLogin %D", BY(permit_root_login), "root_login"},
	[REFUSED_OTHER_ACCOUNT] = {
		"User %U not allowed because this daemon runs as another "
		"ordinary user",
		"the daemon runs as another ordinary user", NOWHERE,
		"other_account"},
	[REFUSED_CONNECTION] = {
		"administratively prohibited connection for %D%U from %A port "
		"%P",
		"RefuseConnection yes", BY(refuse_connection),
		"refuse_connection"},
	[REFUSED_METHODS] = {
		NULL, "no list of AuthenticationMethods can be satisfied",
		BY(authentication_methods), "methods"},
	[REFUSED_PAM] = {
		NULL, "PAM's account management: %D", BY(pam_service),
		"pam_account"},
	[REFUSED_TRIES] = {
		NULL, "MaxAuthTries %D", BY(max_auth_tries), NULL},
	[REFUSED_UNLISTED] = {
		NULL, "%D listed by AuthorizedKeysFile",
		BY(authorized_keys_files), NULL},
};

/* What explain says of those whom the rule doesn't refuse. */
static const char *const passed[REFUSALS] = {
	[REFUSED_UNKNOWN]       = "account %U",
	[REFUSED_LOCKED]        = "neither locked nor expired%D",
	[REFUSED_SHELL_MISSING] = "shell %D",
	[REFUSED_DENY_USERS]    = "not listed in DenyUsers",
	[REFUSED_ALLOW_USERS]   = "AllowUsers %D",
	[REFUSED_DENY_GROUPS]   = "no group is listed in DenyGroups",
	[REFUSED_ALLOW_GROUPS]  = "AllowGroups %D",
	[REFUSED_ROOT]          = "PermitRootLogin %D",
};

_Static_assert(REFUSALS <= 32, "struct monitor tells by bits which were told");

/* Of a key's refusal, by enum judge_rule. */
static const size_t key_keywords[JUDGE_RULES] = {
	[RULE_NONE]          = NOWHERE,
	[RULE_UNLISTED]      = NOWHERE,
	[RULE_ALGORITHMS]    = BY(pubkey_algorithms),
	[RULE_CA_ALGORITHMS] = BY(ca_algorithms),
	[RULE_RSA_SIZE]      = BY(required_rsa_size),
	[RULE_REVOKED]       = BY(revoked_keys),
	[RULE_STRICT_MODES]  = BY(strict_modes),
	[RULE_TOUCH]         = BY(pubkey_touch),
	[RULE_HOST_ALGORITHMS]  = BY(hostbased_algorithms),
	[RULE_USER_KNOWN_HOSTS] = BY(ignore_user_known_hosts),
	[RULE_RHOSTS]           = BY(ignore_rhosts),
};
/* clang-format on */

/* ---- texts --------------------------------------------------------------- */

static enum err
append_token(const struct monitor *m, char token, const char *detail,
    struct buf *line)
{
	switch (token) {
	case 'U':
		return buf_append_cstr(line, log_quote(slice_cstr(m->user)));
	case 'A':
		return buf_append_cstr(line, m->conn->peer_ip);
	case 'H':
		return buf_append_cstr(line, m->host);
	case 'P':
		return buf_printf(line, "%u", (unsigned int)m->conn->peer_port);
	default:
		return detail == NULL ? OK
				      : buf_append_cstr(line,
					    log_quote(slice_cstr(detail)));
	}
}

static enum err
append(const struct monitor *m, const char *template, const char *detail,
    struct buf *line)
{
	enum err e = OK;

	for (const char *p = template; *p != '\0' && e == OK; p++)
		e = *p != '%' ? buf_append(line, slice_make(p, 1))
			      : append_token(m, *++p, detail, line);
	return e;
}

/* Who wants to change it knows where. */
enum err
refusal_place(const struct monitor *m, size_t keyword, size_t element,
    struct buf *line)
{
	const char *member = (const char *)&m->conf + keyword;
	struct conf_origin o;

	if (keyword == NOWHERE)
		return OK;
	if (!conf_origin(&m->conf, slice_make(m->blocks, m->nblocks), member,
		element, &o))
		return buf_append_cstr(line, " (default)");
	if (o.line == 0)
		return buf_printf(line, " (%s)", o.file);
	return buf_printf(line, " (%s line %u)", o.file, o.line);
}

/* The rule and its place, to whoever asks for a decision. */
static void
explain(const struct monitor *m, enum explain_mark mark, const char *template,
    const char *detail, size_t keyword, size_t element)
{
	SCOPED(buf_clear) struct buf line = BUF_LIMIT(LINE_OCTETS);
	SCOPED(mem_free_at) char *text = NULL;

	if (append(m, template, detail, &line) != OK ||
	    refusal_place(m, keyword, element, &line) != OK)
		return;
	text = mem_text(buf_slice(&line));
	m->explain->say(mark, text);
}

void
refusal_passed(const struct monitor *m, enum refusal why, const char *detail,
    size_t element)
{
	if (m->explain != NULL)
		explain(m, EXPLAIN_YES, passed[why], detail, rows[why].keyword,
		    element);
}

static void
write_out(enum err e, const struct buf *line)
{
	if (e == OK)
		log_info("%.*s", (int)line->n, (const char *)line->p);
}

/* ---- accounts ------------------------------------------------------------- */

static void
tell_line(const struct monitor *m, const struct refusal_row *row,
    const char *detail)
{
	SCOPED(buf_clear) struct buf line = BUF_LIMIT(LINE_OCTETS);

	if (row->line != NULL)
		write_out(append(m, row->line, detail, &line), &line);
}

/* Once a connection: root's password is tried again and again. */
static void
tell_rule(struct monitor *m, enum refusal why, const char *detail,
    size_t element)
{
	SCOPED(buf_clear) struct buf line = BUF_LIMIT(LINE_OCTETS);
	const struct refusal_row *row = &rows[why];
	enum err e;

	if (m->explain != NULL && why == REFUSED_UNKNOWN)
		explain(m, EXPLAIN_NO, "there is no account %U", NULL, NOWHERE,
		    0);
	if (row->rule == NULL || (m->told & 1u << why) != 0)
		return;
	m->told |= 1u << why;
	if (m->explain != NULL) {
		explain(m, EXPLAIN_NO, row->rule, detail, row->keyword,
		    element);
		return;
	}
	e = append(m, "Login refused for %U from %A port %P: ", NULL, &line);
	if (e == OK)
		e = append(m, row->rule, detail, &line);
	if (e == OK)
		e = refusal_place(m, row->keyword, element, &line);
	write_out(e, &line);
}

void
refusal_log_entry(struct monitor *m, enum refusal why, const char *detail,
    size_t element)
{
	if (rows[why].word != NULL)
		m->refused = rows[why].word;
	tell_line(m, &rows[why], detail);
	tell_rule(m, why, detail, element);
}

void
refusal_log_rule(struct monitor *m, enum refusal why, const char *detail)
{
	if (rows[why].word != NULL)
		m->refused = rows[why].word;
	tell_rule(m, why, detail, 0);
}

void
refusal_log(struct monitor *m, enum refusal why, const char *detail)
{
	refusal_log_entry(m, why, detail, 0);
}

/* ---- keys ------------------------------------------------------------------ */

void
refusal_log_key(struct monitor *m, const struct judge_rep *j)
{
	SCOPED(buf_clear) struct buf line = BUF_LIMIT(LINE_OCTETS);
	enum err e;

	if (j->rule == RULE_UNLISTED) {
		m->unlisted++;
		return;
	}
	if (j->rule >= JUDGE_RULES || j->why.n == 0)
		return;
	m->told |= 1u << REFUSED_UNLISTED;
	if (m->explain != NULL) {
		SCOPED(mem_free_at) char *why = mem_text(j->why);

		explain(m, EXPLAIN_NO, "key refused: %D", why,
		    key_keywords[j->rule], 0);
		return;
	}
	e = append(m, "Key refused for %U from %A port %P: ", NULL, &line);
	if (e == OK && j->key_text.n > 0)
		e = buf_printf(&line, "%s: ", log_quote_max(j->key_text, 200));
	if (e == OK)
		e = buf_append_cstr(&line, log_quote_max(j->why, 600));
	if (e == OK)
		e = refusal_place(m, key_keywords[j->rule], 0, &line);
	write_out(e, &line);
}

/*
 * Clients try all keys that they have, so a line for each that isn't listed
 * would be a line too many; but whoever wasn't let in by any may wonder why.
 */
void
refusal_log_unlisted(struct monitor *m)
{
	SCOPED(mem_free_at) char *keys = NULL;

	if (m->unlisted == 0 || !m->valid || m->told != 0)
		return;
	keys = m->unlisted == 1
		   ? mem_strdup("the key that was offered isn't")
		   : mem_format("none of %u keys that were offered is",
			 (unsigned int)m->unlisted);
	refusal_log(m, REFUSED_UNLISTED, keys);
}
