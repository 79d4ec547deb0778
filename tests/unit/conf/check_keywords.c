#include "keywords.h"

#include "fixture.h"
#include "suite.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

#include <fcntl.h>
#include <unistd.h>

static char *
source_file(const char *name)
{
	SCOPED(mem_free_at) char *path = mem_format("%s/%s", SOURCE, name);
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(io_read_all(fd, 1 << 20, &text), OK);
	(void)close(fd);
	return mem_text(buf_slice(&text));
}

START_TEST(every_value_fills_its_members_exactly)
{
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		if (row->what != KEYWORDS_SETTING)
			continue;
		ck_assert_msg(row->kind->size == row->size, "%s", row->name);
		ck_assert_uint_le(row->size, VALUES_SIZE_MAX);
		ck_assert_uint_le(row->offset + row->size, sizeof(struct conf));
		ck_assert_msg(row->kind->how != VALUES_GROWS ||
				  (row->flags & KEYWORDS_IN_MATCH) == 0 ||
				  row->kind->merge != NULL,
		    "%s", row->name);
	}
}
END_TEST

START_TEST(every_kind_says_what_must_stand_there)
{
	const struct keywords_row *row;
	char wants[VALUES_WHY_MAX];

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		if (row->what != KEYWORDS_SETTING)
			continue;
		values_wants(row->kind, wants, sizeof(wants));
		ck_assert_msg(wants[0] != '\0', "%s", row->name);
	}
}
END_TEST

START_TEST(no_two_settings_share_a_member)
{
	const struct keywords_row *a;
	const struct keywords_row *b;

	for (size_t i = 0; (a = keywords_row(i)) != NULL; i++)
		for (size_t j = 0; j < i; j++) {
			b = keywords_row(j);
			ck_assert_msg(!text_same_nocase(a->text, b->text), "%s",
			    a->name);
			if (a->what == KEYWORDS_SETTING &&
			    b->what == KEYWORDS_SETTING)
				ck_assert_msg(a->offset + a->size <=
						      b->offset ||
						  b->offset + b->size <=
						      a->offset,
				    "%s, %s", a->name, b->name);
		}
}
END_TEST

START_TEST(finds_every_name_in_any_case)
{
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		SCOPED(mem_free_at) char *name = mem_strdup(row->name);
		const struct keywords_row *found;

		text_lower(name);
		found = keywords_find(slice_cstr(name));
		if (row->what == KEYWORDS_ALIAS)
			ck_assert_str_eq(found->name, row->target);
		else
			ck_assert_ptr_eq(found, row);
		ck_assert_uint_eq(keywords_place(row), i);
	}
	ck_assert_ptr_null(keywords_find(SLICE_STR("Por")));
	ck_assert_ptr_null(keywords_find(SLICE_STR("Portt")));
	ck_assert_ptr_null(keywords_find(SLICE_NONE));
}
END_TEST

/* What the manual says of a keyword: from its .It to the next one */
static struct slice
paragraph(const char *manual, const char *name)
{
	SCOPED(mem_free_at) char *head = mem_format("\n.It Cm %s", name);
	const char *at = manual;
	const char *next;
	const char *end;

	while ((at = strstr(at, head)) != NULL) {
		at += strlen(head);
		if (*at != ' ' && *at != '\n')
			continue;
		end = strstr(at, "\n.El");
		next = strstr(at, "\n.It ");
		if (next != NULL && next < end)
			end = next;
		return slice_make(at, (size_t)(end - at));
	}
	return SLICE_NONE;
}

static bool
has(struct slice text, const char *part)
{
	SCOPED(mem_free_at) char *s = mem_text(text);

	return strstr(s, part) != NULL;
}

START_TEST(every_keyword_is_in_the_manual)
{
	SCOPED(mem_free_at) char *manual = source_file("man/sshd_config.5");
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		bool told = row->what == KEYWORDS_SETTING ||
			    row->what == KEYWORDS_INCLUDE ||
			    row->what == KEYWORDS_MATCH;
		struct slice p = paragraph(manual, row->name);

		ck_assert_msg((p.n > 0) == told, "%s", row->name);
		if (!told)
			continue;
		ck_assert_msg(has(p, "[M]") ==
				  ((row->flags & KEYWORDS_IN_MATCH) != 0),
		    "%s", row->name);
		ck_assert_msg(has(p, "[A]") ==
				  ((row->flags & KEYWORDS_EARLY) != 0),
		    "%s", row->name);
		ck_assert_msg(has(p, "[later]") ==
				  ((row->flags & KEYWORDS_LATER) != 0),
		    "%s", row->name);
		ck_assert_msg(has(p, "[ours]") ==
				  ((row->flags & KEYWORDS_OURS) != 0),
		    "%s", row->name);
		ck_assert_msg(row->what != KEYWORDS_SETTING ||
				  has(p, "Default:"),
		    "%s", row->name);
	}
}
END_TEST

/* The words from "Default:" to the example, without mdoc's macros, punctuation
 * and our marks, each with a blank behind it */
static char *
manual_default(struct slice p)
{
	SCOPED(mem_free_at) char *text = mem_text(p);
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	char *at = strstr(text, "\nDefault:");
	char *end = at != NULL ? strstr(at, "\n.Dl ") : NULL;
	char *w;

	ck_assert_msg(end != NULL, "%s", text);
	*end = '\0';
	at += sizeof("\nDefault:") - 1;
	while ((w = strsep(&at, " \n")) != NULL) {
		size_t n = strlen(w);

		if (n == 3 && w[0] == '.' && w[1] >= 'A' && w[1] <= 'Z')
			continue;
		if (w[0] == '[' || strcmp(w, "later") == 0)
			continue;
		if (n > 0 && (w[n - 1] == ',' || w[n - 1] == '.'))
			w[n - 1] = '\0';
		if (w[0] != '\0')
			ck_assert_int_eq(buf_printf(&out, "%s ", w), OK);
	}
	return mem_text(buf_slice(&out));
}

/* A list's names as the manual lists them; certificates aren't spelled out. */
static char *
list_words(const char *list)
{
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	struct slice rest = slice_cstr(list);
	struct slice name;
	enum err e = OK;

	if (strstr(list, "-cert-v01@") != NULL)
		e = buf_append_cstr(&out, "certificates of each and then ");
	while (e == OK && slice_next(&rest, ',', &name))
		if (!has(name, "-cert-v01@"))
			e = buf_printf(&out, "%.*s ", (int)name.n,
			    (const char *)name.p);
	ck_assert_int_eq(e, OK);
	return mem_text(buf_slice(&out));
}

static const char *const nothing[] = {"none ", "everybody ", "nobody ",
    "all addresses "};

/* What the manual must say for a row whose default is preset */
static bool
says_default(const struct keywords_row *row, const char *said,
    struct fixture *f)
{
	SCOPED(mem_free_at) char *name = mem_strdup(row->name);
	SCOPED(mem_free_at) char *words = NULL;
	SCOPED(mem_free_at) char *other = NULL;

	for (size_t i = 0; row->preset == NULL && i < 4; i++)
		if (strcmp(said, nothing[i]) == 0)
			return true;
	if (row->preset == NULL)
		return false;
	if (row->preset[0] != '\0') {
		words = mem_format("%s ", row->preset);
		return strcmp(said, words) == 0;
	}
	text_lower(name);
	words = list_words(fixture_value(f, NULL, name));
	if (strcmp(said, words) == 0)
		return true;
	/* or by comparing, perhaps without certificates */
	other = list_words(fixture_value(f, NULL, "pubkeyacceptedalgorithms"));
	if (strcmp(said, "that of PubkeyAcceptedAlgorithms ") == 0)
		return strcmp(words, other) == 0;
	return strcmp(said, "that of PubkeyAcceptedAlgorithms without "
			    "certificates ") == 0 &&
	       strstr(other, words) != NULL;
}

START_TEST(the_manual_says_each_default)
{
	SCOPED(mem_free_at) char *manual = source_file("man/sshd_config.5");
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	const struct keywords_row *row;

	fixture_main(&f, "");
	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		SCOPED(mem_free_at) char *said = NULL;

		if (row->what != KEYWORDS_SETTING ||
		    strcmp(row->name, "HostKey") == 0) /* three of them */
			continue;
		said = manual_default(paragraph(manual, row->name));
		ck_assert_msg(says_default(row, said, &f), "%s: %s", row->name,
		    said);
	}
}
END_TEST

/* The example that ends what the manual says of a keyword, without the \& that
 * keeps mdoc from reading it; NULL: none. Free with mem_free. */
static char *
manual_example(struct slice p, const char *name)
{
	SCOPED(mem_free_at) char *text = mem_text(p);
	SCOPED(mem_free_at) char *head = mem_format("\n.Dl %s ", name);
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	char *at = strstr(text, head);
	char *w;

	if (at == NULL || strchr(at + 1, '\n') != NULL)
		return NULL;
	at += sizeof("\n.Dl ") - 1;
	while ((w = strstr(at, "\\&")) != NULL) {
		ck_assert_int_eq(buf_printf(&out, "%.*s", (int)(w - at), at),
		    OK);
		at = w + 2;
	}
	ck_assert_int_eq(buf_printf(&out, "%s\n", at), OK);
	return mem_text(buf_slice(&out));
}

/* It can be copied: it is accepted, and isn't what holds anyway. A command
 * needs its user beside it. */
static void
example_says_something(const struct keywords_row *row, const char *line,
    const char *bare)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(mem_free_at)
	char *user = mem_format("%s%sUser nobody\n", line, row->name);
	SCOPED(mem_free_at) char *user_name = mem_format("%sUser", row->name);
	bool paired = keywords_find(slice_cstr(user_name)) != NULL;

	if (row->what == KEYWORDS_INCLUDE || /* nothing was bundled for it */
	    (row->flags & KEYWORDS_ABSENT) != 0)
		return;
	fixture_main(&f, paired ? user : line);
	ck_assert_msg(f.said.n == 0 || (row->flags & KEYWORDS_LATER) != 0,
	    "%s: %.*s", line, (int)f.said.n, (const char *)f.said.p);
	fixture_apply(&f, NULL);
	/* of one value there is no other example */
	ck_assert_msg(row->what == KEYWORDS_MATCH ||
			  (row->kind != NULL && row->kind->wants != NULL &&
			      row->preset != NULL &&
			      strcmp(row->kind->wants, row->preset) == 0) ||
			  strcmp(fixture_dump(&f), bare) != 0,
	    "%s", line);
}

START_TEST(the_manual_has_an_example_of_each)
{
	SCOPED(mem_free_at) char *manual = source_file("man/sshd_config.5");
	SCOPED(fixture_clear) struct fixture bare = FIXTURE;
	const struct keywords_row *row;
	struct slice p;

	fixture_main(&bare, "");
	fixture_apply(&bare, NULL);
	(void)fixture_dump(&bare);
	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		SCOPED(mem_free_at) char *line = NULL;

		p = paragraph(manual, row->name);
		if (p.n == 0)
			continue;
		line = manual_example(p, row->name);
		ck_assert_msg(line != NULL, "%s", row->name);
		example_says_something(row, line, (const char *)bare.dump.p);
	}
}
END_TEST

/* The lines of the example that show a default, with the build's folder */
static void
example_defaults(struct buf *out)
{
	SCOPED(mem_free_at) char *text = source_file("sshd_config.example");
	static const char folder[] = " /etc/sallyport/";
	struct slice rest = slice_cstr(text);
	struct slice line;

	while (slice_next(&rest, '\n', &line)) {
		SCOPED(mem_free_at) char *s = mem_text(slice_skip(line, 1));
		char *at = strstr(s, folder);

		if (line.n < 2 || line.p[0] != '#' || line.p[1] <= ' ' ||
		    strchr(s, ' ') == NULL)
			continue;
		if (at != NULL) {
			*at = '\0';
			ck_assert_int_eq(buf_printf(out, "%s %s/sallyport/%s\n",
					     s, SYSCONFDIR,
					     at + sizeof(folder) - 1),
			    OK);
		} else {
			ck_assert_int_eq(buf_printf(out, "%s\n", s), OK);
		}
	}
}

START_TEST(every_keyword_is_in_the_example)
{
	SCOPED(mem_free_at) char *text = source_file("sshd_config.example");
	const struct keywords_row *row;

	for (size_t i = 0; (row = keywords_row(i)) != NULL; i++) {
		SCOPED(mem_free_at)
		char *with = mem_format("\n#%s ", row->name);
		SCOPED(mem_free_at)
		char *alone = mem_format("\n#%s\n", row->name);
		bool valued = strstr(text, with) != NULL;
		bool bare = strstr(text, alone) != NULL;

		if (row->what == KEYWORDS_SETTING) {
			ck_assert_msg(valued == (row->preset != NULL), "%s",
			    row->name);
			ck_assert_msg(bare == (row->preset == NULL), "%s",
			    row->name);
		} else {
			ck_assert_msg(bare == (row->what == KEYWORDS_INCLUDE ||
						  row->what == KEYWORDS_MATCH),
			    "%s", row->name);
		}
	}
}
END_TEST

/* Whoever takes every "#" away has said what holds anyway. */
START_TEST(the_example_is_the_default_configuration)
{
	SCOPED(fixture_clear) struct fixture bare = FIXTURE;
	SCOPED(fixture_clear) struct fixture full = FIXTURE;
	SCOPED(buf_clear) struct buf lines = BUF_EMPTY;

	example_defaults(&lines);
	ck_assert_int_eq(buf_append(&lines, slice_make("", 1)), OK);
	fixture_main(&bare, "");
	fixture_main(&full, (const char *)lines.p);
	ck_assert_uint_eq(full.said.n, 0);
	fixture_apply(&bare, NULL);
	fixture_apply(&full, NULL);
	ck_assert_str_eq(fixture_dump(&full), fixture_dump(&bare));
}
END_TEST

/* What a group of the example that begins with this is about */
static const char not_yet[] = "# (accepted, but not acted upon yet)";

START_TEST(the_example_tells_what_has_no_effect_yet)
{
	SCOPED(mem_free_at) char *text = source_file("sshd_config.example");
	struct slice rest = slice_cstr(text);
	struct slice line;
	struct slice word;
	const struct keywords_row *row;
	bool later = false;

	while (slice_next(&rest, '\n', &line)) {
		if (line.n < 2 || line.p[1] <= ' ') {
			later = slice_is(line, not_yet);
			continue;
		}
		line = slice_skip(line, 1);
		ck_assert(slice_next(&line, ' ', &word));
		row = keywords_find(word);
		ck_assert_msg(row != NULL &&
				  later == ((row->flags & KEYWORDS_LATER) != 0),
		    "%.*s", (int)word.n, (const char *)word.p);
	}
}
END_TEST

/* Nothing is said to a recipe. */
static void
recipe_is_good(struct slice lines)
{
	SCOPED(fixture_clear) struct fixture f = FIXTURE;
	SCOPED(mem_free_at) char *text = mem_text(lines);

	fixture_main(&f, text);
	ck_assert_msg(f.said.n == 0, "%s%.*s", text, (int)f.said.n,
	    (const char *)f.said.p);
	fixture_apply(&f, NULL);
}

/* Lines that are indented behind the "#" are one file as they stand. */
START_TEST(every_recipe_of_the_example_is_accepted)
{
	SCOPED(mem_free_at) char *text = source_file("sshd_config.example");
	SCOPED(buf_clear) struct buf recipe = BUF_EMPTY;
	struct slice rest = slice_cstr(text);
	struct slice line;
	size_t n = 0;

	while (slice_next(&rest, '\n', &line)) {
		if (slice_starts(line, SLICE_STR("#\t"))) {
			line = slice_skip(line, 2);
			ck_assert_int_eq(buf_printf(&recipe, "%.*s\n",
					     (int)line.n, (const char *)line.p),
			    OK);
		} else if (recipe.n > 0) {
			recipe_is_good(buf_slice(&recipe));
			buf_reset(&recipe);
			n++;
		}
	}
	ck_assert_uint_gt(n, 7); /* the port, keys, users, root, files, ... */
}
END_TEST

TCase *check_keywords(void);

TCase *
check_keywords(void)
{
	TCase *tc = tcase_create("conf/keywords");

	tcase_add_test(tc, every_value_fills_its_members_exactly);
	tcase_add_test(tc, every_kind_says_what_must_stand_there);
	tcase_add_test(tc, no_two_settings_share_a_member);
	tcase_add_test(tc, finds_every_name_in_any_case);
	tcase_add_test(tc, every_keyword_is_in_the_manual);
	tcase_add_test(tc, the_manual_says_each_default);
	tcase_add_test(tc, the_manual_has_an_example_of_each);
	tcase_add_test(tc, every_keyword_is_in_the_example);
	tcase_add_test(tc, the_example_is_the_default_configuration);
	tcase_add_test(tc, the_example_tells_what_has_no_effect_yet);
	tcase_add_test(tc, every_recipe_of_the_example_is_accepted);
	return tc;
}
