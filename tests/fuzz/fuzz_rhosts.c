/*
 * fuzz_rhosts.c - lines of .rhosts and its kin, with netgroups that an octet of
 * the input answers for
 *
 * Input: an octet, then a file. It is read once with every question open, and
 * once with them answered.
 */
#include "sallyport/base/must.h"

#include "keycheck/rhosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct oracle {
	uint8_t answers; /* a bit for each length of a group's name */
	bool open;
	size_t asked;
};

static enum rhosts_answer
ask(void *ctx, struct slice group, struct slice host, struct slice user)
{
	struct oracle *o = ctx;

	must(group.n > 0 && !slice_has_nul(group));
	must((host.n > 0) != (user.n > 0));
	o->asked++;
	if (o->open)
		return RHOSTS_UNKNOWN;
	return (o->answers >> (group.n % 8) & 1) != 0 ? RHOSTS_SAYS_YES
						      : RHOSTS_SAYS_NO;
}

static void
parse_each(struct slice text)
{
	struct rhosts_line l;
	struct slice one;

	while (slice_next(&text, '\n', &one)) {
		if (rhosts_parse(one, &l) != OK)
			continue;
		must(l.host.n > 0 && l.host.n + l.user.n <= one.n);
		must(slice_find(l.host, ' ') == l.host.n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rhosts_claim claim = {.host = SLICE_STR("host"),
	    .address = SLICE_STR("192.0.2.7"),
	    .client_user = SLICE_STR("anna"),
	    .account = SLICE_STR("anna")};
	struct slice text = slice_skip(slice_make(data, size), 1);
	struct oracle o = {.answers = size > 0 ? data[0] : 0, .open = true};
	enum rhosts_result early, late;
	size_t line = 0;

	parse_each(text);
	early = rhosts_search(text, &claim, ask, &o, &line);
	must((early == RHOSTS_WAITS) <= (o.asked > 0));
	must(line <= size);
	o.open = false;
	late = rhosts_search(text, &claim, ask, &o, &line);
	/* what could be said without answers stays true with them */
	must(late != RHOSTS_WAITS);
	must(early == RHOSTS_WAITS || early == late);
	return 0;
}
