/*
 * ops_user.c - the name is known: Match, account, methods, banner
 */
#include "monitor.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/proc/memfile.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BANNER_MAX ((size_t)1 << 20) /* as sshd: a larger one isn't sent */

/* SEC-24: a name that libc and the log may be given. */
static bool
name_is_sane(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == 0)
			return false;
	return name.n <= USER_MAX;
}

/* Which Match blocks hold, and the configuration that they make. */
static enum err
match(struct monitor *m)
{
	struct conf_facts f = {.user = m->user,
	    .invalid_user = !m->account.known,
	    .host = m->host,
	    .address = m->conn->peer_ip,
	    .local_address =
		m->conn->local_ip[0] != '\0' ? m->conn->local_ip : NULL,
	    .local_port = m->conn->local_port != 0 ? m->conn->local_port : -1,
	    .rdomain = m->conn->rdomain[0] != '\0' ? m->conn->rdomain : NULL};
	uint8_t blocks[CONF_BLOCKS_OCTETS];
	enum err e;

	if (conf_match_wants_groups(m->common->set))
		account_group_names(&m->account);
	f.groups = (const char *const *)m->account.group_names;
	f.ngroups = m->account.nnames;
	conf_match(m->common->set, &f, blocks, &m->nblocks);
	m->blocks = mem_new(m->nblocks + 1);
	memcpy(m->blocks, blocks, m->nblocks);
	if ((e = conf_apply(m->common->set, slice_make(m->blocks, m->nblocks),
		 &m->conf)) != OK)
		return e;
	log_set_level(m->conf.log_level);
	log_places(m->conf.log_verbose.v, m->conf.log_verbose.n);
	return OK;
}

static int
banner(const struct monitor *m)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(BANNER_MAX);
	SCOPED(io_close) int fd = -1;
	int out = -1;

	if (m->conf.banner == NULL)
		return -1;
	fd = open(m->conf.banner, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || io_read_all(fd, BANNER_MAX, &text) != OK || text.n == 0)
		return -1;
	if (memfile_make("banner", buf_slice(&text), &out) != OK)
		return -1;
	return out;
}

enum err
ops_user_find(struct monitor *m)
{
	account_find(&m->account, m->user);
	host_learn(m);
	return match(m);
}

enum err
on_find_user(struct monitor *m, const struct user_req *req,
    struct user_rep *rep)
{
	struct slice name = req->user;
	enum err e;

	if (!name_is_sane(req->user))
		return ERR_FORMAT;
	m->user_sent = mem_text(req->user);
	m->role = contexts_role(&name);
	m->user = mem_text(slice_first(name, slice_find(name, ':')));
	phases_reach(m, PHASE_END_VERSION, req->version_at_ms);
	phases_reach(m, PHASE_END_KEX, req->kex_at_ms);
	ops_log_user(m);
	if ((e = ops_user_find(m)) != OK)
		return e;
	m->phase = PHASE_AUTH;
	rep->matched = slice_make(m->blocks, m->nblocks);
	rep->banner.fd = -1;
	if (m->conf.refuse_connection) {
		refusal_log(m, REFUSED_CONNECTION,
		    m->account.known ? "" : "invalid user ");
		m->prohibited = rep->refused = true;
		m->valid = false;
		return OK;
	}
	m->valid = slice_is(req->service, "ssh-connection") && admit_account(m);
	if (!methods_init(m))
		m->valid = false;
	if (m->valid)
		account_groups(&m->account);
	if (m->conf.pubkey || m->conf.hostbased)
		ops_key_start(m);
	if (m->conf.use_pam && (e = pam_begin(m)) != OK)
		return e;
	rep->methods = methods_list(m);
	rep->banner.fd = banner(m);
	return OK;
}

/* ---- methods without a credential ------------------------------------------ */

enum err
on_auth_none(struct monitor *m, const struct none_req *req,
    struct verdict_rep *rep)
{
	bool open = false;

	(void)req;
	if (!verdict_begin(m)) {
		verdict_reply(m, VERDICT_TOO_MANY, rep);
		return OK;
	}
	if (!m->none_tried && methods_allowed(m, "none", NULL))
		open = m->conf.use_pam ? pam_password(m, SLICE_NONE)
				       : shadow_check(m, SLICE_NONE);
	m->none_tried = true;
	verdict_reply(m, verdict_give(m, open, "none", NULL, NULL), rep);
	return OK;
}

static bool
name_is_word(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
	return name.n > 0 && name.n <= LOG_NAME_MAX;
}

enum err
on_auth_other(struct monitor *m, const struct kbdint_req *req,
    struct verdict_rep *rep)
{
	SCOPED(mem_free_at) char *name = NULL;

	if (!verdict_begin(m)) {
		verdict_reply(m, VERDICT_TOO_MANY, rep);
		return OK;
	}
	/* a name with blanks could write the rest of a log line as it likes */
	name = mem_strdup(name_is_word(req->devices) ? log_quote(req->devices)
						     : "invalid-method");
	verdict_reply(m, verdict_give(m, false, name, NULL, NULL), rep);
	return OK;
}

enum err
on_hand_over(struct monitor *m, const struct hand_over_msg *req,
    struct note_rep *rep)
{
	(void)rep;
	m->state = req->state.fd;
	return m->state >= 0 ? OK : ERR_RPC;
}
