#include "netgroups.h"

#include "search.h"

#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"

#include <sys/stat.h>

#define ANSWERS_MAX ((size_t)2048) /* rpc/messages.c */

static bool
read_answers(struct keycheck *k, int fd)
{
	struct inquiry *a = &k->asked;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 &&
	       search_read(fd, (size_t)st.st_size, &a->answers) == OK &&
	       a->answers.n == a->n;
}

bool
netgroups_begin(struct keycheck *k, const struct judge_req *req)
{
	struct inquiry *a = &k->asked;

	buf_reset(&a->answers);
	a->answers.max = ANSWERS_MAX;
	if (req->resumed)
		return a->n > 0 && read_answers(k, req->output.fd);
	buf_reset(&a->questions);
	a->questions.max = NETGROUPS_OCTETS_MAX;
	a->n = 0;
	return true;
}

/* Its number, or n where it wasn't asked. */
static size_t
find(const struct inquiry *a, struct slice group, struct slice host,
    struct slice user)
{
	struct rd r = rd_from(buf_slice(&a->questions));

	for (size_t i = 0; i < a->n; i++) {
		bool same = slice_equal(rd_string(&r), group);

		same &= slice_equal(rd_string(&r), host);
		same &= slice_equal(rd_string(&r), user);
		if (same)
			return i;
	}
	return a->n;
}

/* What doesn't fit stays unknown, and who depends on it out. */
static void
note(struct inquiry *a, struct slice group, struct slice host,
    struct slice user)
{
	size_t octets = 3 * sizeof(uint32_t) + group.n + host.n + user.n;
	struct wr w = wr_into(&a->questions);

	if (octets > NETGROUPS_OCTETS_MAX - a->questions.n)
		return;
	wr_string(&w, group);
	wr_string(&w, host);
	wr_string(&w, user);
	if (wr_end(&w, NULL) == OK)
		a->n++;
}

enum rhosts_answer
netgroups_ask(void *ctx, struct slice group, struct slice host,
    struct slice user)
{
	struct keycheck *k = ctx;
	struct inquiry *a = &k->asked;
	size_t i = find(a, group, host, user);

	if (i < a->answers.n)
		return a->answers.p[i] == 1 ? RHOSTS_SAYS_YES : RHOSTS_SAYS_NO;
	if (i == a->n && a->answers.n == 0)
		note(a, group, host, user);
	return RHOSTS_UNKNOWN;
}

enum err
on_netgroups(struct keycheck *k, const struct empty_msg *req,
    struct netgroups_msg *rep)
{
	(void)req;
	rep->questions = buf_slice(&k->asked.questions);
	return OK;
}
