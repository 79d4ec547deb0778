#include "rhosts.h"

#include "sallyport/base/text.h"

/* ---- one line -------------------------------------------------------------- */

/* Signs and '@' off the front of a word. */
static struct slice
unmark(struct slice word, bool *negated, bool *is_group)
{
	if (word.n > 0 && (word.p[0] == '-' || word.p[0] == '+')) {
		*negated = *negated || word.p[0] == '-';
		word = slice_skip(word, 1);
	}
	*is_group = word.n > 0 && word.p[0] == '@';
	return *is_group ? slice_skip(word, 1) : word;
}

enum err
rhosts_parse(struct slice text, struct rhosts_line *l)
{
	struct slice rest = text_trim(text);
	struct slice host, user;

	*l = (struct rhosts_line){.negated = false};
	if (rest.n == 0 || rest.p[0] == '#' ||
	    slice_starts(rest, SLICE_STR("NO_PLUS")))
		return ERR_NOT_FOUND;
	if (slice_has_nul(rest))
		return ERR_FORMAT;
	host = text_field(&rest);
	user = text_field(&rest);
	if (text_field(&rest).n > 0)
		return ERR_FORMAT;
	l->host = unmark(host, &l->negated, &l->host_is_group);
	l->user = unmark(user, &l->negated, &l->user_is_group);
	/* "+" has let in everybody elsewhere */
	return l->host.n == 0 || (user.n > 0 && l->user.n == 0) ? ERR_FORMAT
								: OK;
}

/* ---- does it hold? ---------------------------------------------------------- */

struct search {
	const struct rhosts_claim *claim;
	rhosts_ask *ask;
	void *ctx;
};

/* By its name, or by its address. Both are asked about at once. */
static enum rhosts_answer
group_has_host(const struct search *x, struct slice group)
{
	const struct rhosts_claim *c = x->claim;
	enum rhosts_answer name = x->ask(x->ctx, group, c->host, SLICE_NONE);
	enum rhosts_answer address = name;

	if (!slice_equal(c->host, c->address))
		address = x->ask(x->ctx, group, c->address, SLICE_NONE);
	if (name == RHOSTS_SAYS_YES || address == RHOSTS_SAYS_YES)
		return RHOSTS_SAYS_YES;
	return name == RHOSTS_UNKNOWN ? name : address;
}

static enum rhosts_answer
is_host(const struct search *x, const struct rhosts_line *l)
{
	if (l->host_is_group)
		return group_has_host(x, l->host);
	return text_same_nocase(l->host, x->claim->host) ||
		       slice_equal(l->host, x->claim->address)
		   ? RHOSTS_SAYS_YES
		   : RHOSTS_SAYS_NO;
}

static enum rhosts_answer
is_user(const struct search *x, const struct rhosts_line *l)
{
	const struct rhosts_claim *c = x->claim;

	if (l->user_is_group)
		return x->ask(x->ctx, l->user, SLICE_NONE, c->client_user);
	return slice_equal(l->user.n > 0 ? l->user : c->account, c->client_user)
		   ? RHOSTS_SAYS_YES
		   : RHOSTS_SAYS_NO;
}

/* A plain word that doesn't fit spares the question about a netgroup. */
static enum rhosts_answer
holds(const struct search *x, const struct rhosts_line *l)
{
	enum rhosts_answer host = RHOSTS_UNKNOWN;
	enum rhosts_answer user;

	if (!l->host_is_group)
		host = is_host(x, l);
	if (host == RHOSTS_SAYS_NO)
		return host;
	if ((user = is_user(x, l)) == RHOSTS_SAYS_NO)
		return user;
	if (l->host_is_group)
		host = is_host(x, l);
	return user == RHOSTS_UNKNOWN && host != RHOSTS_SAYS_NO ? user : host;
}

enum rhosts_result
rhosts_search(struct slice text, const struct rhosts_claim *claim,
    rhosts_ask *ask, void *ctx, size_t *line)
{
	const struct search x = {claim, ask, ctx};
	bool waits = false;
	struct slice one;

	for (size_t n = 1; slice_next(&text, '\n', &one); n++) {
		enum rhosts_answer answer;
		struct rhosts_line l;

		if (rhosts_parse(one, &l) != OK)
			continue;
		answer = holds(&x, &l);
		waits = waits || answer == RHOSTS_UNKNOWN;
		if (waits || answer != RHOSTS_SAYS_YES)
			continue;
		*line = n;
		return l.negated ? RHOSTS_DENIED : RHOSTS_ACCEPTED;
	}
	return waits ? RHOSTS_WAITS : RHOSTS_NOTHING;
}
