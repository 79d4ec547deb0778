/*
 * creds.c - become a user for good, and prove that there is no way back
 */
#include "sallyport/proc/creds.h"

#include "config.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool
creds_is_root(void)
{
	return getuid() == 0;
}

bool
creds_has_user(const char *name)
{
	return getpwnam(name) != NULL;
}

bool
creds_has_group(const char *name)
{
	return getgrnam(name) != NULL;
}

#define GROUPS_TOLD 1024 /* of one user; more are not looked at */

char **
creds_group_names(const char *user, size_t *n)
{
	const struct passwd *pw = getpwnam(user);
	SCOPED(mem_free_at) gid_t *ids = mem_array(GROUPS_TOLD, sizeof(*ids));
	char **names = mem_array(GROUPS_TOLD, sizeof(*names));
	int count = GROUPS_TOLD;
	const struct group *g;

	*n = 0;
	if (pw == NULL)
		return names;
	if (getgrouplist(user, pw->pw_gid, ids, &count) < 0)
		count = GROUPS_TOLD;
	for (int i = 0; i < count; i++)
		if ((g = getgrgid(ids[i])) != NULL)
			names[(*n)++] = mem_strdup(g->gr_name);
	return names;
}

/* ---- the one way down ---- */

/* Real, effective and saved ids are these. */
static enum err
ids_are(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) != 0 || getresgid(&rg, &eg, &sg) != 0)
		return ERR_SYSTEM;
	if (r != uid || e != uid || s != uid)
		return ERR_DENIED;
	if (rg != gid || eg != gid || sg != gid)
		return ERR_DENIED;
	return OK;
}

static int
by_gid(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return (x > y) - (x < y);
}

/* The kernel's list is what was asked, in whatever order. */
static enum err
groups_are(const gid_t *groups, size_t n)
{
	SCOPED(mem_free_at) gid_t *ours = NULL;
	SCOPED(mem_free_at) gid_t *asked = NULL;
	int count = getgroups(0, NULL);

	if (count < 0)
		return ERR_SYSTEM;
	if ((size_t)count != n)
		return ERR_DENIED;
	if (n == 0)
		return OK;
	ours = mem_array(n, sizeof(*ours));
	asked = mem_array(n, sizeof(*asked));
	if (getgroups(count, ours) != count)
		return ERR_SYSTEM;
	for (size_t i = 0; i < n; i++)
		asked[i] = groups[i];
	qsort(ours, n, sizeof(*ours), by_gid);
	qsort(asked, n, sizeof(*asked), by_gid);
	for (size_t i = 0; i < n; i++)
		if (ours[i] != asked[i])
			return ERR_DENIED;
	return OK;
}

/* Nothing that we were can be had again. Root stays root, of course. */
static enum err
no_way_back(uid_t uid, gid_t gid, gid_t old_gid)
{
	if (uid == 0)
		return OK;
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setuid(0) == 0 ||
	    setresuid(0, 0, 0) == 0)
		return ERR_DENIED;
	if (old_gid != gid && (setgid(old_gid) == 0 || setegid(old_gid) == 0))
		return ERR_DENIED;
	return OK;
}

enum err
creds_become(const struct creds *c)
{
	gid_t old_gid = getgid();
	enum err e;

	if (!creds_is_root())
		return ids_are(c->uid, c->gid);
	if (!c->keep_groups && setgroups(c->ngroups, c->groups) != 0)
		return ERR_SYSTEM;
	if (setresgid(c->gid, c->gid, c->gid) != 0 ||
	    setresuid(c->uid, c->uid, c->uid) != 0)
		return ERR_SYSTEM;
	if (!c->keep_groups && (e = groups_are(c->groups, c->ngroups)) != OK)
		return e;
	if ((e = no_way_back(c->uid, c->gid, old_gid)) != OK)
		return e;
	return ids_are(c->uid, c->gid);
}

/* ---- a user's rights for a while ---- */

/* What creds_return goes back to. */
static struct {
	bool borrowed;
	gid_t gid;
	gid_t *groups;
	size_t ngroups;
} before;

static enum err
remember(void)
{
	int n = getgroups(0, NULL);

	if (n < 0)
		return ERR_SYSTEM;
	before.ngroups = (size_t)n;
	before.gid = getegid();
	if (n > 0) {
		before.groups =
		    mem_array(before.ngroups, sizeof(*before.groups));
		if (getgroups(n, before.groups) != n)
			return ERR_SYSTEM;
	}
	before.borrowed = true;
	return OK;
}

enum err
creds_borrow(const struct creds *c)
{
	enum err e;

	if (!creds_is_root())
		return OK;
	must(!before.borrowed);
	if ((e = remember()) != OK)
		return e;
	/* the effective uid last: with it goes the right to the others */
	if (!c->keep_groups && setgroups(c->ngroups, c->groups) != 0)
		return ERR_SYSTEM;
	if (setegid(c->gid) != 0 || seteuid(c->uid) != 0)
		return ERR_SYSTEM;
	return geteuid() == c->uid && getegid() == c->gid ? OK : ERR_DENIED;
}

enum err
creds_return(void)
{
	bool ok;

	if (!creds_is_root())
		return OK;
	must(before.borrowed);
	ok = seteuid(0) == 0 && setegid(before.gid) == 0 &&
	     setgroups(before.ngroups, before.groups) == 0;
	mem_free(take(&before.groups));
	before.borrowed = false;
	return ok ? OK : ERR_SYSTEM;
}

/* ---- the unprivileged account ---- */

const char *
creds_unprivileged_name(void)
{
	return PRIVSEP_USER;
}

enum err
creds_unprivileged(uid_t *uid, gid_t *gid)
{
	static struct {
		bool known;
		uid_t uid;
		gid_t gid;
	} found; /* children of who asked first needn't look again */
	const struct passwd *pw;

	if (!found.known) {
		pw = getpwnam(PRIVSEP_USER);
		if (pw == NULL || pw->pw_uid == 0)
			return ERR_NOT_FOUND;
		found.uid = pw->pw_uid;
		found.gid = pw->pw_gid;
		found.known = true;
	}
	*uid = found.uid;
	*gid = found.gid;
	return OK;
}

/* ---- capabilities ---- */

enum err
creds_drop_bounding(void)
{
	unsigned long cap = 0;

	/* the kernel knows how many there are: the first unknown one ends it */
	while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
		cap++;
	return cap > 0 && errno == EINVAL ? OK : ERR_SYSTEM;
}

enum err
creds_drop_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return ERR_SYSTEM;
	if (syscall(SYS_capset, &head, sets) != 0 ||
	    syscall(SYS_capget, &head, sets) != 0)
		return ERR_SYSTEM;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if ((sets[i].effective | sets[i].permitted |
			sets[i].inheritable) != 0)
			return ERR_DENIED;
	return OK;
}
