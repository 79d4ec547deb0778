#include "values_text.h"

#include "sallyport/base/text.h"

/* ---- words -------------------------------------------------------------- */

static void
store_text(struct values_line *l, void *value, struct slice s)
{
	const char *text = s.p == NULL ? NULL : arena_text(l->arena, s);

	memcpy(value, &text, sizeof(text));
}

static const char *
load_text(const void *value)
{
	const char *text;

	memcpy(&text, value, sizeof(text));
	return text;
}

void
values_text_print(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	(void)k;
	values_print_word(out, load_text(value));
}

static bool
parse_name(const struct values_kind *k, struct values_line *l, void *value)
{
	(void)k;
	if (values_first(l).n == 0)
		return values_bad(l, "missing argument.");
	store_text(l, value, values_first(l));
	return true;
}

static bool
parse_text(const struct values_kind *k, struct values_line *l, void *value)
{
	if (!values_is(l, "none"))
		return parse_name(k, l, value);
	store_text(l, value, SLICE_NONE);
	return true;
}

const struct values_kind values_text_name = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_name,
    .print = values_text_print,
    .wants = "one word"};

const struct values_kind values_text = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_text,
    .print = values_text_print,
    .wants = "one word, or none"};

/* "~" and "~/x" with the home of whoever starts the server. Others' homes
 * would need the accounts' database, which this room doesn't ask. */
static const char *
expand_home(struct values_line *l, const char *word)
{
	SCOPED(mem_free_at) char *path = NULL;

	if (word[0] == '\0') {
		(void)values_bad(l, "missing file name.");
		return NULL;
	}
	if (word[0] != '~')
		return arena_text(l->arena, slice_cstr(word));
	if (word[1] != '\0' && word[1] != '/') {
		(void)values_bad(l, "\"%s\": only ~/ is known here.", word);
		return NULL;
	}
	if (l->home[0] == '\0') {
		(void)values_bad(l, "\"%s\": HOME is not set.", word);
		return NULL;
	}
	path = mem_format("%s%s", l->home, word + 1);
	return arena_text(l->arena, slice_cstr(path));
}

/* The word's path, from where the server was started; NULL with why. */
static const char *
path_of(struct values_line *l, const char *word)
{
	SCOPED(mem_free_at) char *path = NULL;
	const char *text = expand_home(l, word);

	if (text == NULL || text[0] == '/')
		return text;
	path = mem_format("%s%s%s", l->cwd,
	    slice_is(slice_cstr(l->cwd), "/") ? "" : "/", text);
	return arena_text(l->arena, slice_cstr(path));
}

/* A path kind's arg is the one word that stands for itself. */
static bool
parse_file(const struct values_kind *k, struct values_line *l, void *value)
{
	const char *path;

	if (k->arg != NULL && values_is(l, k->arg))
		path = k->arg;
	else if ((path = path_of(l, l->words[0])) == NULL)
		return false;
	memcpy(value, &path, sizeof(path));
	return true;
}

static bool
parse_path(const struct values_kind *k, struct values_line *l, void *value)
{
	if (!values_is(l, "none"))
		return parse_file(k, l, value);
	store_text(l, value, SLICE_NONE);
	return true;
}

static bool
parse_home_path(const struct values_kind *k, struct values_line *l, void *value)
{
	const char *path = NULL;

	(void)k;
	if (!values_is(l, "none") &&
	    (path = expand_home(l, l->words[0])) == NULL)
		return false;
	memcpy(value, &path, sizeof(path));
	return true;
}

const struct values_kind values_text_path = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_path,
    .print = values_text_print,
    .wants = "a path, or none"};

const struct values_kind values_text_agent = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_path,
    .print = values_text_print,
    .wants = "a path, SSH_AUTH_SOCK or none",
    .arg = "SSH_AUTH_SOCK"};

const struct values_kind values_text_provider = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_path,
    .print = values_text_print,
    .wants = "a path, internal or none",
    .arg = "internal"};

const struct values_kind values_text_file = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_file,
    .print = values_text_print,
    .wants = "a path",
    .arg = "none"};

const struct values_kind values_text_home_path = {.size = sizeof(char *),
    .words_max = 1,
    .parse = parse_home_path,
    .print = values_text_print,
    .wants = "a path, or none"};

/* ---- the rest of the line as it stands ---------------------------------- */

static bool
parse_raw(const struct values_kind *k, struct values_line *l, void *value)
{
	bool none = text_same_nocase(l->raw, SLICE_STR("none"));

	(void)k;
	store_text(l, value, none ? SLICE_NONE : l->raw);
	return true;
}

/* A text that begins with '=' wants one of its own before it. */
static void
print_raw(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	SCOPED(mem_free_at) char *guarded = NULL;
	const char *text = load_text(value);

	(void)k;
	if (text != NULL && text[0] == '=')
		text = guarded = mem_format("= %s", text);
	values_print_text(out, slice_cstr(text == NULL ? "none" : text));
}

const struct values_kind values_text_raw = {.size = sizeof(char *),
    .parse = parse_raw,
    .print = print_raw,
    .wants = "the rest of the line, or none"};

/* ---- lists -------------------------------------------------------------- */

/* "none" as the first line's only word closes the list for later ones. */
static bool
is_closed(const struct values_line *l, const struct conf_list *list)
{
	return (l->again && list->n == 0) || values_is(l, "none");
}

static bool
parse_paths(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_list *list = value;
	bool closed = is_closed(l, list);

	(void)k;
	l->moot = l->again && closed;
	for (size_t i = 0; i < l->nwords; i++) {
		const char *path = path_of(l, l->words[i]);

		if (path == NULL)
			return false;
		if (!closed)
			values_list_add(l->arena, list, path);
	}
	return true;
}

/* None at all is told, since saying nothing would mean the default. */
static void
print_paths(const struct values_kind *k, struct values_out *out,
    const void *value)
{
	const struct conf_list *list = value;

	if (list->n == 0)
		values_print_word(out, NULL);
	values_lines_print(k, out, value);
}

const struct values_kind values_text_paths = {.size = sizeof(struct conf_list),
    .words_max = 1,
    .how = VALUES_GROWS,
    .parse = parse_paths,
    .print = print_paths,
    .merge = values_list_merge,
    .wants = "a path, or none",
    .element = values_list_element};

const struct values_kind values_text_more_paths = {.size =
						       sizeof(struct conf_list),
    .words_max = 1,
    .how = VALUES_GROWS,
    .parse = parse_paths,
    .print = values_lines_print,
    .merge = values_list_merge,
    .wants = "a path",
    .element = values_list_element};

static bool
parse_home_paths(const struct values_kind *k, struct values_line *l,
    void *value)
{
	struct conf_list *list = value;

	(void)k;
	*list = (struct conf_list){NULL, 0};
	if (values_is(l, "none"))
		return true;
	for (size_t i = 0; i < l->nwords; i++) {
		const char *path = expand_home(l, l->words[i]);

		if (path == NULL)
			return false;
		values_list_add(l->arena, list, path);
	}
	return true;
}

const struct values_kind values_text_home_paths = {.size =
						       sizeof(struct conf_list),
    .parse = parse_home_paths,
    .print = values_list_print,
    .wants = "paths, or none"};

static bool
add_words(struct values_line *l, struct conf_list *list)
{
	for (size_t i = 0; i < l->nwords; i++) {
		struct slice word = slice_cstr(l->words[i]);

		if (word.n == 0)
			return values_bad(l, "empty pattern.");
		values_list_add(l->arena, list, arena_text(l->arena, word));
	}
	return true;
}

static bool
parse_patterns(const struct values_kind *k, struct values_line *l, void *value)
{
	(void)k;
	return add_words(l, value);
}

const struct values_kind values_text_patterns = {.size =
						     sizeof(struct conf_list),
    .how = VALUES_GROWS,
    .parse = parse_patterns,
    .print = values_lines_print,
    .merge = values_list_merge,
    .wants = "patterns",
    .element = values_list_element};

static bool
parse_words(const struct values_kind *k, struct values_line *l, void *value)
{
	struct conf_list *list = value;

	(void)k;
	*list = (struct conf_list){NULL, 0};
	return values_is(l, "none") || add_words(l, list);
}

const struct values_kind values_text_words = {.size = sizeof(struct conf_list),
    .parse = parse_words,
    .print = values_list_print,
    .wants = "patterns, or none"};
