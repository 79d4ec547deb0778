/*
 * agent.c - a socket for the client's authentication agent
 *
 * Source:  OpenSSH's PROTOCOL.agent; draft-ietf-sshm-ssh-agent §4
 *
 * One for a connection: who asks first decides by which name channels are
 * opened. What the agent says passes unread.
 */
#include "forward.h"

#include "permit.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/crypto/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MASK       0177u
#define NAME_TRIES 4

/* Homes may be shared by machines: whose socket is this? */
static uint64_t
hash_of_host(void)
{
	char name[256] = "";
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	if (gethostname(name, sizeof(name) - 1) != 0)
		name[0] = '\0';
	for (const char *p = name; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return hash;
}

static bool
make_dir(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* "~/.ssh/agent/s.HASH.sshd.RANDOM" */
static struct incoming *
listen_at_home(struct session *s, enum open_kind kind)
{
	SCOPED(mem_free_at)
	char *ssh = mem_format("%s/.ssh", s->grant->home);
	SCOPED(mem_free_at) char *dir = mem_format("%s/agent", ssh);

	if (!make_dir(ssh) || !make_dir(dir))
		return NULL;
	for (int i = 0; i < NAME_TRIES; i++) {
		SCOPED(mem_free_at)
		char *path = mem_format("%s/s.%010llx.sshd.%08x%02x", dir,
		    (unsigned long long)hash_of_host() & 0xffffffffffULL,
		    rng_u32(), rng_u32() & 0xffu);
		struct incoming *in = incoming_path(s, kind, path, MASK, false);

		if (in != NULL || errno != EADDRINUSE)
			return in;
	}
	return NULL;
}

/* Where the home can't be written to, or its path is too long. */
static struct incoming *
listen_at_tmp(struct session *s, enum open_kind kind)
{
	char dir[] = "/tmp/ssh-XXXXXXXXXX";
	SCOPED(mem_free_at) char *path = NULL;
	struct incoming *in;

	if (mkdtemp(dir) == NULL)
		return NULL;
	path = mem_format("%s/agent.%d", dir, (int)getpid());
	in = incoming_path(s, kind, path, MASK, false);
	if (in == NULL) {
		(void)rmdir(dir);
		return NULL;
	}
	s->agent_dir = mem_strdup(dir);
	return in;
}

bool
agent_start(struct session *s, bool connect_name)
{
	enum open_kind kind = connect_name ? OPEN_AGENT_CONNECT : OPEN_AGENT;

	if (!permit_agent(&s->conf, s->grant)) {
		log_debug1("agent forwarding disabled");
		return false;
	}
	if (s->agent != NULL)
		return false;
	s->agent = listen_at_home(s, kind);
	if (s->agent == NULL)
		s->agent = listen_at_tmp(s, kind);
	if (s->agent == NULL) {
		log_error("agent socket: %s", strerror(errno));
		return false;
	}
	return true;
}

void
agent_stop(struct session *s)
{
	if (s->agent != NULL)
		incoming_close(take(&s->agent));
	if (s->agent_dir != NULL && rmdir(s->agent_dir) != 0)
		log_debug1("rmdir %s: %s", s->agent_dir, strerror(errno));
	mem_free(take(&s->agent_dir));
}
