#include "dump.h"

#include "keywords.h"

#include "sallyport/base/text.h"

enum err
dump_conf(const struct conf *c, struct buf *out)
{
	struct values_out o = {.buf = out, .conf = c, .err = OK};
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		SCOPED(mem_free_at) char *name = mem_strdup(row->name);

		if (row->what != KEYWORDS_SETTING)
			continue;
		text_lower(name); /* scripts look for lower case */
		o.name = name;
		row->kind->print(row->kind, &o, keywords_value_of(row, c));
	}
	return o.err;
}
