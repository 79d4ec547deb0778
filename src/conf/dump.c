#include "dump.h"

#include "keywords.h"
#include "origin.h"

#include "sallyport/base/text.h"

static enum err
dump_rows(struct values_out *o,
    void (*begin)(struct values_out *o, const struct keywords_row *row))
{
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		SCOPED(mem_free_at) char *name = mem_strdup(row->name);

		if (row->what != KEYWORDS_SETTING)
			continue;
		text_lower(name); /* scripts look for lower case */
		o->name = name;
		if (begin != NULL)
			begin(o, row);
		row->kind->print(row->kind, o, keywords_value_of(row, o->conf));
	}
	return o->err;
}

enum err
dump_conf(const struct conf *c, struct buf *out)
{
	struct values_out o = {.buf = out, .conf = c, .err = OK};

	return dump_rows(&o, NULL);
}

/* ---- with origins ------------------------------------------------------- */

struct marks {
	struct slice blocks;
	const struct keywords_row *row;
};

static void
put(struct values_out *o, const char *gap, const struct conf_origin *at)
{
	if (o->err == OK && at == NULL)
		o->err = buf_printf(o->buf, "%sdefault", gap);
	else if (o->err == OK && at->line == 0)
		o->err = buf_printf(o->buf, "%s%s", gap, at->file);
	else if (o->err == OK)
		o->err =
		    buf_printf(o->buf, "%s%s line %u", gap, at->file, at->line);
}

/* Behind a line. A value of several lines that prints as one names them all. */
static void
mark(struct values_out *o)
{
	const struct marks *m = o->mark_ctx;
	const struct values_kind *k = m->row->kind;
	bool many = k->how == VALUES_GROWS && k->element == NULL;
	struct conf_origin at;
	size_t i = o->element;

	if (!origin_find(o->conf, m->blocks, m->row, i, &at)) {
		put(o, "\t# ", NULL);
		return;
	}
	put(o, "\t# ", &at);
	while (many && origin_find(o->conf, m->blocks, m->row, ++i, &at))
		put(o, ", ", &at);
}

static void
begin_row(struct values_out *o, const struct keywords_row *row)
{
	((struct marks *)(uintptr_t)o->mark_ctx)->row = row;
	o->element = 0;
}

enum err
dump_origins(const struct conf *c, struct slice blocks, struct buf *out)
{
	struct marks marks = {.blocks = blocks};
	struct values_out o = {.buf = out,
	    .conf = c,
	    .err = OK,
	    .mark = mark,
	    .mark_ctx = &marks};

	return dump_rows(&o, begin_row);
}
