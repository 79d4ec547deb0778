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
	enum pattern_result r;

	if (!pattern_match(name, slice_cstr(m->account.name), false))
		return false;
	if (at == NULL)
		return true;
	if (pattern_addr_list(slice_cstr(at + 1), slice_cstr(m->conn->peer_ip),
		&r) == OK &&
	    r == PATTERN_HIT)
		return true;
	return pattern_match(slice_cstr(at + 1), slice_cstr(m->conn->peer_ip),
	    true);
}

/* A leading '!' negates: true then ends the search with a no. */
static enum pattern_result
in_users(const struct monitor *m, const struct conf_list *l)
{
	enum pattern_result r = PATTERN_NONE;

	for (size_t i = 0; i < l->n; i++) {
		const char *p = l->v[i];

		if (p[0] == '!' && user_matches(m, p + 1))
			return PATTERN_NEGATED;
		if (p[0] != '!' && user_matches(m, p))
			r = PATTERN_HIT;
	}
	return r;
}

static bool
in_groups(const struct monitor *m, const struct conf_list *l)
{
	for (size_t g = 0; g < m->account.nnames; g++) {
		bool hit = false, negated = false;

		for (size_t i = 0; i < l->n; i++) {
			const char *p = l->v[i];
			bool not = p[0] == '!';

			if (!pattern_match(slice_cstr(p + (not ? 1 : 0)),
				slice_cstr(m->account.group_names[g]), false))
				continue;
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
	return true;
}

static bool
lists_allow(struct monitor *m)
{
	const struct conf *c = &m->conf;

	if (c->deny_users.n > 0 && in_users(m, &c->deny_users) != PATTERN_NONE)
		return refuse(m, REFUSED_DENY_USERS, NULL);
	if (c->allow_users.n > 0 && in_users(m, &c->allow_users) != PATTERN_HIT)
		return refuse(m, REFUSED_ALLOW_USERS, NULL);
	if (c->deny_groups.n == 0 && c->allow_groups.n == 0)
		return true;
	account_group_names(&m->account);
	if (m->account.nnames == 0)
		return refuse(m, REFUSED_NO_GROUPS, NULL);
	if (c->deny_groups.n > 0 && in_groups(m, &c->deny_groups))
		return refuse(m, REFUSED_DENY_GROUPS, NULL);
	if (c->allow_groups.n > 0 && !in_groups(m, &c->allow_groups))
		return refuse(m, REFUSED_ALLOW_GROUPS, NULL);
	return true;
}

bool
admit_account(struct monitor *m)
{
	enum shadow_state state = SHADOW_USABLE;
	const char *keyword;

	if (!m->account.known)
		return refuse(m, REFUSED_UNKNOWN, NULL);
	if (!m->common->root && m->account.uid != getuid())
		return refuse(m, REFUSED_OTHER_ACCOUNT, NULL);
	if (!m->conf.use_pam && m->common->root)
		state = shadow_state(m->account.name);
	if (state == SHADOW_LOCKED)
		return refuse(m, REFUSED_LOCKED, NULL);
	if (state == SHADOW_EXPIRED || !shell_serves(m) || !lists_allow(m))
		return false;
	if (conf_refuses(&m->conf, &keyword))
		return refuse(m, REFUSED_KEYWORD, keyword);
	return true;
}

bool
admit_root(struct monitor *m, const char *method, bool forced)
{
	bool key = strcmp(method, "publickey") == 0 ||
		   strcmp(method, "hostbased") == 0 ||
		   strcmp(method, "gssapi-with-mic") == 0;

	if (m->account.uid != 0)
		return true;
	switch (m->conf.permit_root_login) {
	case ROOT_YES:
		return true;
	case ROOT_PROHIBIT_PASSWORD:
		if (key)
			return true;
		break;
	case ROOT_FORCED_COMMANDS:
		if (key && forced) {
			log_info("Root login accepted for forced command.");
			return true;
		}
		break;
	case ROOT_NO:
	default:
		break;
	}
	return refuse(m, REFUSED_ROOT, NULL);
}

bool
admit_root_password(const struct monitor *m)
{
	return m->account.uid != 0 || m->conf.permit_root_login == ROOT_YES;
}
