/*
 * fuzz_agent.c - what an agent answers
 *
 * Input: one octet that chooses the algorithm asked for, then the octets
 * received. What is taken is a signature of that algorithm, and the same when
 * anything follows.
 */
#include "keeper/agent.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/key/sig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"ssh-ed25519", "rsa-sha2-256",
    "rsa-sha2-512", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"};

#define NAMES (sizeof(names) / sizeof(names[0]))

static void
followed_by_more(struct slice got, const struct algo *alg, size_t used,
    enum err e)
{
	SCOPED(buf_clear) struct buf more = BUF_EMPTY;
	struct slice signature;
	size_t again;

	must(buf_append(&more, slice_first(got, used)) == OK);
	must(buf_append_cstr(&more, "more") == OK);
	must(agent_answer(buf_slice(&more), alg, &signature, &again) == e);
	must(again == used);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct algo *alg;
	struct slice got, signature;
	struct sig s;
	size_t used;
	enum err e;

	if (size < 1)
		return 0;
	alg = algo_find(ALGO_CA, slice_cstr(names[data[0] % NAMES]));
	got = slice_make(data + 1, size - 1);
	e = agent_answer(got, alg, &signature, &used);
	must(used <= got.n);
	if (e == OK)
		must(sig_parse(signature, &s) == OK && s.alg == alg);
	if (used > 0)
		followed_by_more(got, alg, used, e);
	return 0;
}
