/*
 * admit.c - may this account try, from there?
 *
 * Order of sshd: exists, locked, shell, DenyUsers, AllowUsers, DenyGroups,
 * AllowGroups. Who is refused goes through the same exchange as everybody
 * else and always fails.
 */
#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/pattern.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "user" or "user@host"; host may be a pattern, an address or CIDR. */
static bool
user_matches(const struct monitor *m, const char *pattern)
{
	const char *at = strchr(pattern, '@');
	struct slice name = at == NULL
				? slice_cstr(pattern)
				: slice_make(pattern, (size_t)(at - pattern));

	if (!pattern_match(name, slice_cstr(m->account.name), false))
		return false;
	if (at == NULL)
		return true;
	return pattern_host(slice_cstr(at + 1), slice_cstr(m->conn->peer_ip),
	    slice_cstr(m->host));
}

/* A leading '!' negates and ends the search with a no; *which: what decided. */
static enum pattern_result
in_users(const struct monitor *m, const struct conf_list *l, size_t *which)
{
	enum pattern_result r = PATTERN_NONE;

	*which = 0;
	for (size_t i = 0; i < l->n; i++) {
		const char *p = l->v[i];
		bool not = p[0] == '!';

		if (!user_matches(m, p + (not ? 1 : 0)))
			continue;
		if (r == PATTERN_NONE || not )
			*which = i;
		r = not ? PATTERN_NEGATED : PATTERN_HIT;
		if (not )
			break;
	}
	return r;
}

static bool
in_groups(const struct monitor *m, const struct conf_list *l, size_t *which)
{
	*which = 0;
	for (size_t g = 0; g < m->account.nnames; g++) {
		bool hit = false, negated = false;

		for (size_t i = 0; i < l->n; i++) {
			const char *p = l->v[i];
			bool not = p[0] == '!';

			if (!pattern_match(slice_cstr(p + (not ? 1 : 0)),
				slice_cstr(m->account.group_names[g]), false))
				continue;
			if (!hit && !not )
				*which = i;
			negated = negated || not ;
			hit = hit || !not ;
		}
		if (hit && !negated)
			return true;
	}
	return false;
}

static bool
refuse(struct monitor *m, enum refusal why, const char *detail)
{
	refusal_log(m, why, detail);
	return false;
}

/* By an entry of a list, which is told. */
static bool
refuse_by(struct monitor *m, enum refusal why, const struct conf_list *l,
    size_t which)
{
	refusal_log_entry(m, why, l->v[which], which);
	return false;
}

/* By an entry of a list of those who may. */
static bool
pass_by(const struct monitor *m, enum refusal rule, const struct conf_list *l,
    size_t which)
{
	if (l->n > 0)
		refusal_passed(m, rule, l->v[which], which);
	return true;
}

static bool
shell_serves(struct monitor *m)
{
	struct stat s;

	if (m->conf.chroot_directory != NULL)
		return true; /* it's another file in there */
	if (stat(m->account.shell, &s) != 0)
		return refuse(m, REFUSED_SHELL_MISSING, m->account.shell);
	if (!S_ISREG(s.st_mode) || (s.st_mode & 0111) == 0)
		return refuse(m, REFUSED_SHELL_NOT_EXECUTABLE,
		    m->account.shell);
	refusal_passed(m, REFUSED_SHELL_MISSING, m->account.shell, 0);
	return true;
}

static bool
users_allow(struct monitor *m)
{
	const struct conf *c = &m->conf;
	enum pattern_result r;
	size_t at;

	if (in_users(m, &c->deny_users, &at) != PATTERN_NONE)
		return refuse_by(m, REFUSED_DENY_USERS, &c->deny_users, at);
	(void)pass_by(m, REFUSED_DENY_USERS, &c->deny_users, 0);
	r = in_users(m, &c->allow_users, &at);
	if (r == PATTERN_NEGATED)
		return refuse_by(m, REFUSED_ALLOW_USERS_NOT, &c->allow_users,
		    at);
	if (c->allow_users.n > 0 && r == PATTERN_NONE)
		return refuse(m, REFUSED_ALLOW_USERS, NULL);
	return pass_by(m, REFUSED_ALLOW_USERS, &c->allow_users, at);
}

static bool
groups_allow(struct monitor *m)
{
	const struct conf *c = &m->conf;
	size_t at = 0;

	if (c->deny_groups.n == 0 && c->allow_groups.n == 0)
		return true;
	account_group_names(&m->account);
	if (m->account.nnames == 0)
		return refuse(m, REFUSED_NO_GROUPS, NULL);
	if (in_groups(m, &c->deny_groups, &at))
		return refuse_by(m, REFUSED_DENY_GROUPS, &c->deny_groups, at);
	(void)pass_by(m, REFUSED_DENY_GROUPS, &c->deny_groups, 0);
	if (c->allow_groups.n > 0 && !in_groups(m, &c->allow_groups, &at))
		return refuse(m, REFUSED_ALLOW_GROUPS, NULL);
	return pass_by(m, REFUSED_ALLOW_GROUPS, &c->allow_groups, at);
}

/* What shadow(5) says against it. */
static bool
shadow_allows(struct monitor *m)
{
	static const enum refusal why[] = {
	    [SHADOW_LOCKED] = REFUSED_LOCKED,
	    [SHADOW_EXPIRED] = REFUSED_EXPIRED,
	};
	enum shadow_state state;

	if (m->conf.use_pam || !m->common->root)
		return true;
	state = shadow_state(m->account.name, &m->messages);
	m->must_change = state == SHADOW_AGED;
	if (state != SHADOW_USABLE && state != SHADOW_AGED)
		return refuse(m, why[state], NULL);
	refusal_passed(m, REFUSED_LOCKED,
	    m->must_change ? "; its password has expired: in to change it alone"
			   : "",
	    0);
	return true;
}

bool
admit_account(struct monitor *m)
{
	if (!m->account.known)
		return refuse(m, REFUSED_UNKNOWN, NULL);
	if (!m->common->root && m->account.uid != getuid())
		return refuse(m, REFUSED_OTHER_ACCOUNT, NULL);
	refusal_passed(m, REFUSED_UNKNOWN, NULL, 0);
	return shadow_allows(m) && shell_serves(m) && users_allow(m) &&
	       groups_allow(m);
}

/* PermitRootLogin's words, for the log */
static const char *const root_words[] = {
    [ROOT_NO] = "no",
    [ROOT_YES] = "yes",
    [ROOT_PROHIBIT_PASSWORD] = "prohibit-password",
    [ROOT_FORCED_COMMANDS] = "forced-commands-only",
};

static bool
root_may(const struct monitor *m, const char *method, bool forced)
{
	bool key = strcmp(method, "publickey") == 0 ||
		   strcmp(method, "hostbased") == 0 ||
		   strcmp(method, "gssapi-with-mic") == 0;

	switch (m->conf.permit_root_login) {
	case ROOT_YES:
		return true;
	case ROOT_PROHIBIT_PASSWORD:
		return key;
	case ROOT_FORCED_COMMANDS:
		return key && forced;
	case ROOT_NO:
	default:
		return false;
	}
}

bool
admit_root(struct monitor *m, const char *method, bool forced)
{
	if (m->account.uid != 0)
		return true;
	if (!root_may(m, method, forced))
		return refuse(m, REFUSED_ROOT,
		    root_words[m->conf.permit_root_login]);
	refusal_passed(m, REFUSED_ROOT, root_words[m->conf.permit_root_login],
	    0);
	if (m->conf.permit_root_login == ROOT_FORCED_COMMANDS)
		log_info("Root login accepted for forced command.");
	return true;
}

void
admit_tell_root(struct monitor *m, const char *method)
{
	if (m->account.known && m->account.uid == 0 &&
	    !root_may(m, method, true))
		refusal_log_rule(m, REFUSED_ROOT,
		    root_words[m->conf.permit_root_login]);
}

bool
admit_root_password(const struct monitor *m)
{
	return m->account.uid != 0 || m->conf.permit_root_login == ROOT_YES;
}
