/*
 * shadow.c - passwords without PAM: shadow(5) and crypt(3)
 *
 * A user who doesn't exist, or may not come in, costs the same hash.
 */
#include "monitor.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/crypto/secret.h"

#include <crypt.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>

/* Who has no usable hash is measured with this setting's cost. */
#define DECOY_SETTING "$6$salyportdecoyxx$"
#define SETTING_MAX   256
#define ENTRY_OCTETS  1024 /* libc's own first guess; longer: not found */
#define DAY_S         86400

/*
 * One entry, in a buffer of our own that is wiped: what libc keeps of the file
 * a fork would copy into the session.
 */
struct entry {
	struct spwd s; /* sp_pwdp isn't NULL if found */
	bool found;
	char text[ENTRY_OCTETS];
};

static void
entry_read(struct entry *e, const char *name)
{
	struct spwd *found = NULL;

	e->found =
	    getspnam_r(name, &e->s, e->text, sizeof(e->text), &found) == 0 &&
	    found != NULL && found->sp_pwdp != NULL;
}

static void
entry_wipe(struct entry *e)
{
	secret_wipe(e, sizeof(*e));
}

/* The setting that this system's accounts use: root's, if it has a hash. It
 * ends with the last '$', behind which the hash itself begins. */
static void
decoy_setting(char *room, size_t size)
{
	SCOPED(entry_wipe) struct entry e = {.found = false};
	const char *hash, *end;

	entry_read(&e, "root");
	hash = e.found ? e.s.sp_pwdp : "";
	end = strrchr(hash, '$');
	if (hash[0] != '$' ||
	    !slice_to_cstr(slice_make(hash, (size_t)(end + 1 - hash)), room,
		size))
		snprintf(room, size, "%s", DECOY_SETTING);
}

/* Does password give this hash? One hash is computed whatever it is. */
static bool
hash_matches(const char *password, const char *hash)
{
	struct crypt_data *d = mem_new(sizeof(*d));
	bool usable = hash[0] != '\0' && hash[0] != '*' && hash[0] != '!';
	char decoy[SETTING_MAX];
	const char *got;
	bool same;

	decoy_setting(decoy, sizeof(decoy));
	got = crypt_r(password, usable ? hash : decoy, d);
	same = usable && got != NULL && strlen(got) == strlen(hash) &&
	       secret_equal(got, hash, strlen(hash));
	secret_wipe(d, sizeof(*d));
	mem_free(d);
	return same;
}

bool
shadow_check(const struct monitor *m, struct slice password)
{
	SCOPED(entry_wipe) struct entry e = {.found = false};
	char *text;
	bool good;

	if (m->account.known)
		entry_read(&e, m->account.name);
	if (!e.found)
		log_error("Could not get shadow information for %s",
		    m->account.known ? m->account.name : "NOUSER");
	text = mem_text(password);
	good = hash_matches(text, e.found ? e.s.sp_pwdp : "!");
	/* an account without a password, where that is allowed */
	if (e.found && e.s.sp_pwdp[0] == '\0')
		good = password.n == 0 && m->conf.permit_empty_passwords;
	secret_wipe(text, password.n);
	mem_free(text);
	return good && m->valid;
}

static enum shadow_state
ageing(const struct spwd *s)
{
	long today = (long)(clock_wall_s() / DAY_S);

	if (s->sp_expire > 0 && today > s->sp_expire)
		return SHADOW_EXPIRED;
	if (s->sp_lstchg == 0)
		return SHADOW_FORCED;
	if (s->sp_max > 0 && s->sp_lstchg > 0 &&
	    today > s->sp_lstchg + s->sp_max)
		return SHADOW_AGED;
	return SHADOW_USABLE;
}

enum shadow_state
shadow_state(const char *name)
{
	SCOPED(entry_wipe) struct entry e = {.found = false};

	entry_read(&e, name);
	if (!e.found)
		return SHADOW_USABLE; /* no ageing without an entry */
	if (e.s.sp_pwdp[0] == '!')
		return SHADOW_LOCKED;
	return ageing(&e.s);
}
