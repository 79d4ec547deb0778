#include "values_command.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

#define WANTS                                                                  \
	"an absolute path and its arguments, without quotes before the path, " \
	"or none"

/* The rest of the line, checked; *none where it is that word. */
static bool
read_line(struct values_line *l, const char **text, bool *none)
{
	SCOPED(mem_free_at) char *raw = mem_text(l->raw);
	struct conf_command c;

	*none = text_same_nocase(l->raw, SLICE_STR("none"));
	*text = NULL;
	if (*none)
		return true;
	if (!conf_command_read(raw, &c))
		return values_bad(l, "%s must be an absolute path", l->keyword);
	*text = arena_text(l->arena, l->raw);
	return true;
}

static bool
parse_one(const struct values_kind *k, struct values_line *l, void *value)
{
	const char *text;
	bool none;

	(void)k;
	if (!read_line(l, &text, &none))
		return false;
	memcpy(value, &text, sizeof(text));
	return true;
}

static void
print_one(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const char *text;

	(void)k;
	memcpy(&text, value, sizeof(text));
	values_print_text(out, slice_cstr(text == NULL ? "none" : text));
}

const struct values_kind values_command_one = {.size = sizeof(char *),
    .parse = parse_one,
    .print = print_one,
    .wants = WANTS};

/* ---- several ---------------------------------------------------------------- */

/* A "none" that was said, rather than nothing: no line after it counts. */
static const char *const closed[1] = {NULL};

static bool
is_closed(const struct conf_list *list)
{
	return list->n == 0 && list->v == closed;
}

static bool
parse_list(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_list *list = value;
	const char *text;
	bool none;

	(void)k;
	if (!read_line(l, &text, &none))
		return false;
	if (none && list->n == 0)
		list->v = closed;
	else if (!none && !is_closed(list))
		values_list_add(l->arena, list, text);
	return true;
}

static void
print_list(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct conf_list *list = value;

	(void)k;
	if (list->n == 0)
		values_print_text(out, SLICE_STR("none"));
	for (size_t i = 0; i < list->n; i++)
		values_print_text(out, slice_cstr(list->v[i]));
}

static void
merge_list(struct arena *arena, void *value, const void *more)
{
	if (!is_closed(value))
		values_list_merge(arena, value, more);
}

const struct values_kind values_command_list = {.size =
						    sizeof(struct conf_list),
    .how = VALUES_GROWS,
    .parse = parse_list,
    .print = print_list,
    .merge = merge_list,
    .wants = WANTS};
