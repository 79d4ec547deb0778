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
#include <string.h>

/* Who has no usable hash is measured with this setting's cost. */
#define DECOY_SETTING "$6$salyportdecoyxx$"
#define DAY_S         86400

/* The setting that this system's accounts use: root's, if it has a hash. */
static const char *
decoy_setting(void)
{
	const struct spwd *s = getspnam("root");
	static char copy[256];

	if (s == NULL || s->sp_pwdp == NULL || s->sp_pwdp[0] != '$' ||
	    strlen(s->sp_pwdp) >= sizeof(copy))
		return DECOY_SETTING;
	memcpy(copy, s->sp_pwdp, strlen(s->sp_pwdp) + 1);
	return copy;
}

/* Does password give this hash? One hash is computed whatever it is. */
static bool
hash_matches(const char *password, const char *hash)
{
	struct crypt_data *d = mem_new(sizeof(*d));
	bool usable =
	    hash != NULL && hash[0] != '\0' && hash[0] != '*' && hash[0] != '!';
	const char *got = crypt_r(password, usable ? hash : decoy_setting(), d);
	bool same = usable && got != NULL && strlen(got) == strlen(hash) &&
		    secret_equal(got, hash, strlen(hash));

	secret_wipe(d, sizeof(*d));
	mem_free(d);
	return same;
}

bool
shadow_check(const struct monitor *m, struct slice password)
{
	const struct spwd *s =
	    m->account.known ? getspnam(m->account.name) : NULL;
	char hash[512] = "!";
	char *text;
	bool good;

	if (s == NULL)
		log_error("Could not get shadow information for %s",
		    m->account.known ? m->account.name : "NOUSER");
	else if (s->sp_pwdp != NULL && strlen(s->sp_pwdp) < sizeof(hash))
		memcpy(hash, s->sp_pwdp, strlen(s->sp_pwdp) + 1);
	text = mem_text(password);
	good = hash_matches(text, hash);
	/* an account without a password, where that is allowed; s may be
	 * another's by now */
	if (hash[0] == '\0')
		good = password.n == 0 && m->conf.permit_empty_passwords;
	secret_wipe(text, password.n);
	mem_free(text);
	secret_wipe(hash, sizeof(hash));
	return good && m->valid;
}

/* Ageing; expired is told in the log. */
static bool
is_expired(const char *name, const struct spwd *s)
{
	long today = (long)(clock_wall_s() / DAY_S);

	if (s->sp_expire > 0 && today > s->sp_expire) {
		log_info("Account %s has expired", name);
		return true;
	}
	if (s->sp_lstchg == 0) {
		log_info("User %s password has expired (root forced)", name);
		return true;
	}
	if (s->sp_max > 0 && s->sp_lstchg > 0 &&
	    today > s->sp_lstchg + s->sp_max) {
		log_info("User %s password has expired (password aged)", name);
		return true;
	}
	return false;
}

enum shadow_state
shadow_state(const char *name)
{
	const struct spwd *s = getspnam(name);

	if (s == NULL)
		return SHADOW_USABLE; /* no ageing without an entry */
	if (s->sp_pwdp != NULL && s->sp_pwdp[0] == '!')
		return SHADOW_LOCKED;
	return is_expired(name, s) ? SHADOW_EXPIRED : SHADOW_USABLE;
}
