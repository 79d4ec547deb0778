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

#define HASH_OCTETS  CRYPT_OUTPUT_SIZE
#define ENTRY_OCTETS 1024 /* libc's own first guess; longer: not found */
#define DAY_S        86400
#define WARN_DAYS    14 /* before an account expires: as sshd */

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

static bool
is_usable(const char *hash)
{
	return hash[0] != '\0' && hash[0] != '*' && hash[0] != '!';
}

/*
 * What one who has no usable hash is measured with: root's hash, whose setting
 * is likely to be the others'; else what this system's libcrypt prefers.
 */
static void
decoy_hash(char room[HASH_OCTETS])
{
	SCOPED(entry_wipe) struct entry e = {.found = false};
	static const char salt[32]; /* nothing is kept of this hash */

	entry_read(&e, "root");
	if (e.found && is_usable(e.s.sp_pwdp) &&
	    slice_to_cstr(slice_cstr(e.s.sp_pwdp), room, HASH_OCTETS))
		return;
	if (crypt_gensalt_rn(NULL, 0, salt, sizeof(salt), room, HASH_OCTETS) ==
	    NULL)
		room[0] = '\0';
}

/* Does password give this hash? One hash is computed whatever it is. */
static bool
hash_matches(const char *password, const char *hash)
{
	struct crypt_data *d = mem_new(sizeof(*d));
	bool usable = is_usable(hash);
	char decoy[HASH_OCTETS];
	const char *got;
	bool same;

	if (!usable)
		decoy_hash(decoy);
	got = crypt_r(password, usable ? hash : decoy, d);
	same = usable && got != NULL && strlen(got) == strlen(hash) &&
	       secret_equal(got, hash, strlen(hash));
	secret_wipe(decoy, sizeof(decoy));
	secret_wipe(d, sizeof(*d));
	mem_free(d);
	return same;
}

void
shadow_decoy(void)
{
	(void)hash_matches("", "!");
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

/* ---- ageing, in days since 1970; shadow(5) ----------------------------------- */

static long
today(void)
{
	return (long)(clock_wall_s() / DAY_S);
}

/* The account itself: for good, or since nobody changed the password. */
static bool
is_over(const struct spwd *s)
{
	bool idle = s->sp_lstchg > 0 && s->sp_max >= 0 && s->sp_inact >= 0 &&
		    today() - s->sp_lstchg > s->sp_max + s->sp_inact;

	return idle || (s->sp_expire > 0 && today() > s->sp_expire);
}

/* A password that may be changed: without one there is nothing to age. */
static bool
is_aged(const char *name, const struct spwd *s)
{
	const char *why = NULL;

	if (!is_usable(s->sp_pwdp))
		return false;
	if (s->sp_lstchg == 0)
		why = "root forced";
	else if (s->sp_max >= 0 && s->sp_lstchg > 0 &&
		 today() - s->sp_lstchg > s->sp_max)
		why = "password aged";
	if (why != NULL)
		log_info("User %s password has expired (%s)", name, why);
	return why != NULL;
}

static void
warn(struct buf *words, const char *what, long days)
{
	if (buf_printf(words, "Your %s will expire in %ld day%s.\n", what, days,
		days == 1 ? "" : "s") != OK)
		log_debug1("no room for a warning");
}

/* What is about to expire. */
static void
look_ahead(const struct spwd *s, struct buf *words)
{
	long left = s->sp_lstchg + s->sp_max - today();

	if (is_usable(s->sp_pwdp) && s->sp_max >= 0 && left <= s->sp_warn)
		warn(words, "password", left);
	left = s->sp_expire - today();
	if (s->sp_expire > 0 && left <= WARN_DAYS)
		warn(words, "account", left);
}

enum shadow_state
shadow_state(const char *name, struct buf *words)
{
	SCOPED(entry_wipe) struct entry e = {.found = false};

	entry_read(&e, name);
	if (!e.found)
		return SHADOW_USABLE; /* no ageing without an entry */
	if (e.s.sp_pwdp[0] == '!')
		return SHADOW_LOCKED;
	if (is_over(&e.s))
		return SHADOW_EXPIRED;
	if (is_aged(name, &e.s))
		return SHADOW_AGED;
	look_ahead(&e.s, words);
	return SHADOW_USABLE;
}
