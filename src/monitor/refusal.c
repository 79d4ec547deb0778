/*
 * refusal.c - every reason for which an account may not try (one table)
 *
 * The log tells it exactly, the peer learns nothing. The words are those that
 * people's filters read.
 */
#include "monitor.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"

/* U: the user's name; H: host; D: detail; P: port */
static const char *const reasons[] = {
    [REFUSED_UNKNOWN] = "Invalid user %U from %H port %P",
    [REFUSED_LOCKED] = "User %U not allowed because account is locked",
    [REFUSED_SHELL_MISSING] =
	"User %U not allowed because shell %D does not exist",
    [REFUSED_SHELL_NOT_EXECUTABLE] =
	"User %U not allowed because shell %D is not executable",
    [REFUSED_DENY_USERS] =
	"User %U from %H not allowed because listed in DenyUsers",
    [REFUSED_ALLOW_USERS] =
	"User %U from %H not allowed because not listed in AllowUsers",
    [REFUSED_DENY_GROUPS] = "User %U from %H not allowed because a group "
			    "is listed in DenyGroups",
    [REFUSED_ALLOW_GROUPS] = "User %U from %H not allowed because none "
			     "of user's groups are listed in AllowGroups",
    [REFUSED_NO_GROUPS] =
	"User %U from %H not allowed because not in any group",
    [REFUSED_EXPIRED] = "Account %U has expired",
    [REFUSED_ROOT] = "ROOT LOGIN REFUSED FROM %H port %P",
    [REFUSED_OTHER_ACCOUNT] = "User %U not allowed because this daemon "
			      "runs as another ordinary user",
    [REFUSED_KEYWORD] = "User %U not allowed because %D is set and isn't "
			"acted upon by this version",
    [REFUSED_CONNECTION] = "administratively prohibited connection for "
			   "%D%U from %H port %P",
};

/* The same for the statistics: one word, which stays the same. */
static const char *const words[] = {
    [REFUSED_UNKNOWN] = "unknown_user",
    [REFUSED_LOCKED] = "locked",
    [REFUSED_SHELL_MISSING] = "shell",
    [REFUSED_SHELL_NOT_EXECUTABLE] = "shell",
    [REFUSED_DENY_USERS] = "deny_users",
    [REFUSED_ALLOW_USERS] = "allow_users",
    [REFUSED_DENY_GROUPS] = "deny_groups",
    [REFUSED_ALLOW_GROUPS] = "allow_groups",
    [REFUSED_NO_GROUPS] = "no_groups",
    [REFUSED_EXPIRED] = "expired",
    [REFUSED_ROOT] = "root_login",
    [REFUSED_OTHER_ACCOUNT] = "other_account",
    [REFUSED_KEYWORD] = "keyword",
    [REFUSED_CONNECTION] = "refuse_connection",
};

void
refusal_log(struct monitor *m, enum refusal why, const char *detail)
{
	SCOPED(buf_clear) struct buf line = BUF_LIMIT(2048);
	enum err e = OK;

	m->refused = words[why];
	for (const char *p = reasons[why]; *p != '\0' && e == OK; p++) {
		if (*p != '%') {
			e = buf_append(&line, slice_make(p, 1));
			continue;
		}
		p++;
		if (*p == 'U')
			e = buf_append_cstr(&line,
			    log_quote(slice_cstr(m->user)));
		else if (*p == 'H')
			e = buf_append_cstr(&line, m->conn->peer_ip);
		else if (*p == 'P')
			e = buf_printf(&line, "%u",
			    (unsigned int)m->conn->peer_port);
		else if (detail != NULL)
			e = buf_append_cstr(&line,
			    log_quote(slice_cstr(detail)));
	}
	if (e == OK)
		log_info("%.*s", (int)line.n, (const char *)line.p);
}
