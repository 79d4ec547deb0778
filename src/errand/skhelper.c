/*
 * skhelper.c - signatures by FIDO host keys, through SecurityKeyProvider
 *
 * The provider is a foreign library: it opens devices, waits for a finger, may
 * hang or crash. So each signature is made by a child with a deadline, and
 * this process, which the keeper has its link to, never loads it. Runs with
 * the rights of the daemon's start, since devices are root's.
 *
 * The library's interface is that of ssh's own providers, version 10:
 *
 *      uint32_t sk_api_version(void)
 *      int sk_sign(alg, data, data_len, application, handle, handle_len,
 *          flags, pin, options, &answer)
 */
#include "errand.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/key/sig.h"
#include "sallyport/proc/deadline.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/keeper_ops.h"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#define EXIT_FAILED   1
#define EXIT_USAGE    2
#define ARENA         ((size_t)16 << 10)
#define DEADLINE_MS   30000 /* LoginGraceTime is longer, patience isn't */
#define API_MAJOR     0x000a0000u
#define API_MASK      0xffff0000u
#define API_ECDSA     0u
#define API_ED25519   1u
#define SIGNATURE_MAX 4096

/* What sk_sign gives; the library's memory, and gone with this process. */
struct answer {
	uint8_t flags;
	uint32_t counter;
	uint8_t *r; /* Ed25519: the whole signature */
	size_t r_octets;
	uint8_t *s;
	size_t s_octets;
};

typedef uint32_t version_fn(void);
typedef int sign_fn(uint32_t alg, const uint8_t *data, size_t data_len,
    const char *application, const uint8_t *handle, size_t handle_len,
    uint8_t flags, const char *pin, void **options, struct answer **answer);

static void *
symbol(void *library, const char *path, const char *name)
{
	void *p = dlsym(library, name);

	if (p == NULL)
		log_error("Provider \"%s\" has no %s", path, name);
	return p;
}

static sign_fn *
load(const char *path)
{
	void *library = path[0] == '/' ? dlopen(path, RTLD_NOW) : NULL;
	version_fn *version;
	uint32_t have;

	if (library == NULL) {
		log_error("Provider \"%s\" dlopen failed: %s", path,
		    path[0] == '/' ? dlerror() : "not an absolute path");
		return NULL;
	}
	version = (version_fn *)symbol(library, path, "sk_api_version");
	if (version == NULL)
		return NULL;
	have = version();
	if ((have & API_MASK) != API_MAJOR) {
		log_error("Provider \"%s\" implements unsupported version "
			  "0x%08lx (supported: 0x%08lx)",
		    path, (unsigned long)have, (unsigned long)API_MAJOR);
		return NULL;
	}
	return (sign_fn *)symbol(library, path, "sk_sign");
}

/* ---- one signature: in the child ------------------------------------------ */

static struct raw_signature
raw_of(const struct answer *a, enum key_type type)
{
	struct raw_signature raw = {SLICE_NONE, SLICE_NONE, SLICE_NONE};

	if (type == KEY_SK_ECDSA) {
		raw.r = slice_make(a->r, a->r_octets);
		raw.s = slice_make(a->s, a->s_octets);
	} else {
		raw.octets = slice_make(a->r, a->r_octets);
	}
	return raw;
}

static enum err
ask_device(sign_fn *sign, const struct key *k, const struct fido_sign_msg *m,
    struct answer **a)
{
	SCOPED(mem_free_at) char *application = mem_text(k->application);
	uint32_t alg = k->type == KEY_SK_ECDSA ? API_ECDSA : API_ED25519;
	int failed = sign(alg, m->data.p, m->data.n, application, m->handle.p,
	    m->handle.n, m->flags, NULL, NULL, a);

	if (failed == 0 && *a != NULL)
		return OK;
	log_error("The FIDO host key \"%s\" didn't sign: error %d",
	    log_quote(k->application), failed);
	return ERR_CRYPTO;
}

/* What doesn't hold is told here rather than by every client. */
static enum err
make(sign_fn *sign, const struct fido_sign_msg *m, struct buf *out)
{
	struct sig s = {.alg = algo_find(ALGO_CA, key_blob_type(m->blob))};
	struct answer *a = NULL;
	struct key k;
	enum err e;

	if ((e = key_parse(m->blob, &k)) != OK)
		return e;
	if (s.alg == NULL || !key_is_sk(k.type))
		return ERR_UNKNOWN_ALGO;
	if ((e = ask_device(sign, &k, m, &a)) != OK)
		return e;
	s.raw = raw_of(a, k.type);
	s.flags = a->flags;
	s.counter = a->counter;
	if ((e = sig_verify(&k, s.alg, &s, m->data)) != OK) {
		log_error("The signature of the FIDO host key \"%s\" doesn't "
			  "hold: %s",
		    log_quote(k.application), err_sentence(e));
		return e;
	}
	return sig_write_sk(&s, out);
}

static int
sign_once(struct rpc *keeper, const char *path, const struct fido_sign_msg *m)
{
	SCOPED(buf_clear) struct buf signature = BUF_LIMIT(SIGNATURE_MAX);
	struct fido_signed_msg rep = {.number = m->number, .ok = true};
	sign_fn *sign;

	if (deadline_set(clock_mono_ms() + DEADLINE_MS) != OK)
		return EXIT_FAILED;
	if ((sign = load(path)) == NULL || make(sign, m, &signature) != OK)
		return EXIT_FAILED;
	rep.signature = buf_slice(&signature);
	return rpc_send(keeper, KEEPER_FIDO_SIGNED, &layout_fido_signed_msg,
		   &rep) == OK
		   ? 0
		   : EXIT_FAILED;
}

/* ---- one after the other ---------------------------------------------------- */

static enum err
serve(struct rpc *keeper, const char *path, const struct fido_sign_msg *m)
{
	struct fido_signed_msg failed = {.number = m->number, .ok = false};
	pid_t pid = spawn_fork();
	int status = -1;

	if (pid == 0)
		_exit(sign_once(keeper, path, m));
	if (pid > 0 && parent_reap(pid, false, &status) == OK && status == 0)
		return OK;
	if (pid > 0 && parent_is_crash(status))
		log_error("Provider \"%s\" crashed", path);
	return rpc_send(keeper, KEEPER_FIDO_SIGNED, &layout_fido_signed_msg,
	    &failed);
}

int
skhelper_run(struct slice arguments)
{
	SCOPED(mem_free_at) char *path = mem_text(arguments);
	struct rpc *keeper;
	struct fido_sign_msg m;
	uint32_t number;
	enum err e;

	if (path[0] == '\0') {
		log_error("skhelper: PATH is needed");
		return EXIT_USAGE;
	}
	secret_init(ARENA);
	signal(SIGPIPE, SIG_IGN);
	keeper = rpc_new(SPAWN_CHANNEL);
	while ((e = rpc_receive(keeper, false, &number)) == OK) {
		if (number != KEEPER_FIDO_SIGN)
			return EXIT_FAILED;
		if (rpc_decode(keeper, &layout_fido_sign_msg, &m) != OK ||
		    serve(keeper, path, &m) != OK)
			return EXIT_FAILED;
		rpc_idle(keeper);
	}
	return e == ERR_EOF ? 0 : EXIT_FAILED;
}
