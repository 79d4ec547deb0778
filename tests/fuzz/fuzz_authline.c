/*
 * fuzz_authline.c - lines of authorized_keys and their options
 *
 * Input: a line. Options that parse give lists that can be read to the end.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/rd.h"
#include "sallyport/key/authline.h"
#include "sallyport/key/keyopts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_list(const struct buf *list, size_t at_most)
{
	struct rd r = rd_from(buf_slice(list));
	size_t n = 0;

	for (; r.left.n > 0; n++) {
		struct slice s = rd_string(&r);

		must(rd_status(&r) == OK && s.n > 0 && !slice_has_nul(s));
	}
	must(n <= at_most);
}

static void
options(struct slice text)
{
	struct keyopts o;
	const char *why;

	if (keyopts_parse(text, &o, &why) == OK) {
		check_list(&o.environment, KEYOPTS_ENVIRONMENT_MAX);
		check_list(&o.permitopen, KEYOPTS_PERMIT_MAX);
		check_list(&o.permitlisten, KEYOPTS_PERMIT_MAX);
		must(!o.has_principals || o.cert_authority);
		must((o.permits & ~(KEYOPTS_ALL | KEYOPTS_RESTRICT)) == 0);
	} else {
		must(why[0] != '\0');
	}
	keyopts_clear(&o);
}

/* A name has no blanks, and with its options makes up no more than the line. */
static void
principal(struct slice line)
{
	struct slice text;
	struct slice name;

	if (authline_principal(line, &text, &name) != OK)
		return;
	must(name.n > 0 && slice_find(name, ' ') == name.n &&
	     slice_find(name, '#') == name.n);
	must(text.n + name.n <= line.n);
	options(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(buf_clear) struct buf blob = BUF_LIMIT(AUTHLINE_MAX);
	struct slice line = slice_make(data, size);
	struct authline a;

	if (size > AUTHLINE_MAX)
		return 0;
	if (authline_parse(line, &blob, &a) == OK)
		must(a.type != KEY_NONE && blob.n > 0 &&
		     a.options.n + a.comment.n < size);
	options(line);
	options(a.options);
	principal(line);
	return 0;
}
