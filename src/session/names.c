#include "names.h"

#include "sallyport/base/mem.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define KEPT 64u /* a folder has few owners; one slot a number's low bits */

struct kept {
	bool known;
	uint32_t id;
	char *name; /* NULL: there is none */
};

static struct kept users[KEPT], groups[KEPT];

static const char *
user_of(uint32_t id)
{
	const struct passwd *p = getpwuid(id);

	return p == NULL ? NULL : p->pw_name;
}

static const char *
group_of(uint32_t id)
{
	const struct group *g = getgrgid(id);

	return g == NULL ? NULL : g->gr_name;
}

static const char *
look_up(struct kept *all, uint32_t id, const char *(*ask)(uint32_t id))
{
	struct kept *k = &all[id % KEPT];
	const char *name;

	if (k->known && k->id == id)
		return k->name;
	mem_free(k->name);
	name = ask(id);
	*k = (struct kept){.known = true,
	    .id = id,
	    .name = name == NULL ? NULL : mem_strdup(name)};
	return k->name;
}

const char *
names_user(void *ctx, uid_t uid)
{
	(void)ctx;
	return look_up(users, uid, user_of);
}

const char *
names_group(void *ctx, gid_t gid)
{
	(void)ctx;
	return look_up(groups, gid, group_of);
}

const char *
names_home(void *ctx, const char *user)
{
	const struct passwd *p =
	    user[0] == '\0' ? getpwuid(getuid()) : getpwnam(user);

	(void)ctx;
	return p == NULL ? NULL : p->pw_dir;
}
