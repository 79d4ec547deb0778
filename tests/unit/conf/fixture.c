#include "fixture.h"

#include "sallyport/base/mem.h"

#include <check.h>

static void
record(struct fixture *f, const char *kind, const char *name, const char *body)
{
	if (f->bundle.n == 0)
		ck_assert_int_eq(buf_append_cstr(&f->bundle,
				     "sallyport-bundle 1\n"),
		    OK);
	ck_assert_int_eq(buf_printf(&f->bundle, "%s %zu %zu\n%s%s\n", kind,
			     strlen(name), strlen(body), name, body),
	    OK);
}

void
fixture_line(struct fixture *f, const char *line)
{
	record(f, "line", "", line);
}

void
fixture_file(struct fixture *f, const char *name, const char *text)
{
	record(f, "file", name, text);
}

void
fixture_glob(struct fixture *f, const char *pattern, const char *numbers)
{
	record(f, "glob", pattern, numbers);
}

static void
complain(void *ctx, enum log_level level, const char *line)
{
	ck_assert_int_eq(buf_printf(ctx, "%s: %s\n", log_level_name(level),
			     line),
	    OK);
}

void
fixture_parse(struct fixture *f)
{
	record(f, "cwd", "", "/somewhere");
	record(f, "home", "", "/home/me");
	f->err = conf_parse(buf_slice(&f->bundle), complain, &f->said, &f->set);
	ck_assert(f->err == OK ? f->set != NULL : f->set == NULL);
	if (f->set != NULL)
		conf_seal(f->set);
}

void
fixture_main(struct fixture *f, const char *text)
{
	fixture_file(f, "main", text);
	fixture_parse(f);
	ck_assert_msg(f->err == OK, "%s: %.*s", text, (int)f->said.n,
	    (const char *)f->said.p);
}

void
fixture_apply(struct fixture *f, const struct conf_facts *facts)
{
	static const struct conf_facts nothing = {.local_port = -1};
	uint8_t blocks[CONF_BLOCKS_OCTETS];
	size_t n;

	conf_match(f->set, facts != NULL ? facts : &nothing, blocks, &n);
	ck_assert_int_eq(conf_apply(f->set, slice_make(blocks, n), &f->conf),
	    OK);
}

const char *
fixture_dump(struct fixture *f)
{
	buf_reset(&f->dump);
	ck_assert_int_eq(conf_dump(&f->conf, &f->dump), OK);
	ck_assert_int_eq(buf_append(&f->dump, slice_make("", 1)), OK);
	return (const char *)f->dump.p;
}

const char *
fixture_value(struct fixture *f, const struct conf_facts *facts,
    const char *keyword)
{
	struct slice name = slice_cstr(keyword);
	struct slice rest;
	struct slice line;
	size_t n = 0;

	fixture_apply(f, facts);
	rest = slice_cstr(fixture_dump(f));
	while (slice_next(&rest, '\n', &line)) {
		if (!slice_starts(line, name) || line.p[name.n] != ' ')
			continue;
		line = slice_skip(line, name.n + 1);
		ck_assert_uint_lt(n + line.n + 2, sizeof(f->room));
		if (n > 0)
			f->room[n++] = '|';
		memcpy(f->room + n, line.p, line.n);
		n += line.n;
	}
	f->room[n] = '\0';
	return f->room;
}

bool
fixture_said(const struct fixture *f, const char *text)
{
	SCOPED(mem_free_at) char *all = mem_text(buf_slice(&f->said));

	return strstr(all, text) != NULL;
}

void
fixture_clear(struct fixture *f)
{
	conf_free(f->set);
	buf_clear(&f->bundle);
	buf_clear(&f->said);
	buf_clear(&f->dump);
	*f = FIXTURE;
}
