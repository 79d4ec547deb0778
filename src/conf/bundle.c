#include "bundle.h"

#include "line.h"

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char magic[] = "sallyport-bundle 1\n";

/* ---- opening ------------------------------------------------------------ */

struct record {
	struct slice kind;
	struct slice name;
	struct slice body;
};

static bool
take_octets(struct slice *rest, uint64_t n, struct slice *part)
{
	if (n > rest->n)
		return false;
	*part = slice_first(*rest, (size_t)n);
	*rest = slice_skip(*rest, (size_t)n);
	return true;
}

static bool
take_record(struct slice *rest, struct record *r)
{
	struct slice head;
	struct slice n;
	struct slice m;
	struct slice newline;
	uint64_t name;
	uint64_t body;

	return slice_next(rest, '\n', &head) &&
	       slice_next(&head, ' ', &r->kind) && slice_next(&head, ' ', &n) &&
	       slice_next(&head, ' ', &m) && head.n == 0 &&
	       text_number(n, 0, SIZE_MAX / 4, &name) == OK &&
	       text_number(m, 0, SIZE_MAX / 4, &body) == OK &&
	       take_octets(rest, name, &r->name) &&
	       take_octets(rest, body, &r->body) &&
	       take_octets(rest, 1, &newline) && slice_is(newline, "\n");
}

static enum err
add_part(struct bundle_part **parts, size_t *n, size_t max,
    const struct record *r)
{
	if (*n == max)
		return ERR_FULL;
	if ((*n & (*n - 1)) == 0)
		*parts = mem_resize(*parts, *n, *n == 0 ? 1 : 2 * *n,
		    sizeof(**parts));
	(*parts)[(*n)++] = (struct bundle_part){r->name, r->body};
	return OK;
}

static enum err
note_record(struct bundle *b, const struct record *r)
{
	if (slice_is(r->kind, "line"))
		return add_part(&b->lines, &b->nlines, BUNDLE_LINES, r);
	if (slice_is(r->kind, "file"))
		return add_part(&b->files, &b->nfiles, CONF_FILES, r);
	if (slice_is(r->kind, "glob"))
		return add_part(&b->globs, &b->nglobs, BUNDLE_GLOBS, r);
	if (slice_is(r->kind, "cwd"))
		b->cwd = r->body;
	else if (slice_is(r->kind, "home"))
		b->home = r->body;
	else if (slice_is(r->kind, "ports"))
		b->ports_final = true;
	else
		return ERR_FORMAT;
	return OK;
}

enum err
bundle_open(struct slice text, struct bundle *b)
{
	struct record r;
	enum err e = OK;

	*b = (struct bundle){.cwd = SLICE_STR("/")};
	if (!slice_starts(text, SLICE_STR(magic)))
		return ERR_FORMAT;
	text = slice_skip(text, sizeof(magic) - 1);
	while (e == OK && text.n > 0)
		e = take_record(&text, &r) ? note_record(b, &r) : ERR_FORMAT;
	return e;
}

void
bundle_close(struct bundle *b)
{
	mem_free(b->lines);
	mem_free(b->files);
	mem_free(b->globs);
	*b = (struct bundle){0};
}

const struct bundle_part *
bundle_glob(const struct bundle *b, struct slice pattern)
{
	for (size_t i = 0; i < b->nglobs; i++)
		if (slice_equal(b->globs[i].name, pattern))
			return &b->globs[i];
	return NULL;
}

/* ---- reading ------------------------------------------------------------ */

/* What has been read so far. Files wait in their order for being searched. */
struct reader {
	struct buf *out;
	char *names[CONF_FILES];
	struct buf texts[CONF_FILES];
	size_t nfiles;
	char *patterns[BUNDLE_GLOBS];
	size_t npatterns;
	char *base; /* directory of relative patterns */
	char *why;
	size_t size;
};

static void
reader_clear(struct reader *r)
{
	for (size_t i = 0; i < r->nfiles; i++) {
		mem_free(r->names[i]);
		buf_clear(&r->texts[i]);
	}
	for (size_t i = 0; i < r->npatterns; i++)
		mem_free(r->patterns[i]);
	mem_free(r->base);
}

static enum err
put_record(struct buf *out, const char *kind, struct slice name,
    struct slice body)
{
	enum err e = buf_printf(out, "%s %zu %zu\n", kind, name.n, body.n);

	if (e == OK)
		e = buf_append(out, name);
	if (e == OK)
		e = buf_append(out, body);
	if (e == OK)
		e = buf_append_cstr(out, "\n");
	return e;
}

static enum err
refuse(struct reader *r, enum err e, const char *file, const char *sentence)
{
	(void)snprintf(r->why, r->size, "%s: %s", file, sentence);
	return e;
}

static enum err
read_text(struct reader *r, const char *name, struct buf *text)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e;

	if (fd < 0)
		return refuse(r, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM,
		    name, strerror(errno));
	e = io_read_all(fd, BUNDLE_FILE_MAX, text);
	if (e == ERR_SYSTEM)
		(void)refuse(r, e, name, strerror(errno));
	else if (e != OK)
		(void)refuse(r, e, name, err_sentence(e));
	io_close(&fd);
	return e;
}

/* The file's number, reading it if it is a new one */
static enum err
add_file(struct reader *r, const char *name, size_t *number)
{
	struct buf text = BUF_LIMIT(BUNDLE_FILE_MAX);
	enum err e;

	for (size_t i = 0; i < r->nfiles; i++) {
		*number = i;
		if (strcmp(r->names[i], name) == 0)
			return OK;
	}
	if (r->nfiles == CONF_FILES)
		return refuse(r, ERR_FULL, name, "too many included files");
	if ((e = read_text(r, name, &text)) != OK) {
		buf_clear(&text);
		return e;
	}
	*number = r->nfiles++;
	r->names[*number] = mem_strdup(name);
	r->texts[*number] = text;
	e = put_record(r->out, "file", slice_cstr(name), buf_slice(&text));
	return e == OK ? OK : refuse(r, e, name, err_sentence(e));
}

/* "~" is no home here: sshd_config's Include has never known one. */
static char *
full_pattern(const struct reader *r, const char *pattern)
{
	if (pattern[0] == '/' || pattern[0] == '~')
		return mem_strdup(pattern);
	return mem_format("%s/%s", r->base, pattern);
}

static enum err
add_files(struct reader *r, const glob_t *found, struct buf *numbers)
{
	enum err e = OK;
	size_t number;

	for (size_t i = 0; e == OK && i < found->gl_pathc; i++) {
		e = add_file(r, found->gl_pathv[i], &number);
		if (e == OK)
			e = buf_printf(numbers, "%s%zu", i == 0 ? "" : " ",
			    number);
	}
	return e;
}

/* One pattern of an Include line: its files, in lexical order */
static enum err
add_pattern(struct reader *r, const char *file, const char *pattern)
{
	SCOPED(buf_clear) struct buf numbers = BUF_EMPTY;
	SCOPED(mem_free_at) char *full = NULL;
	glob_t found = {0};
	enum err e;
	int status;

	for (size_t i = 0; i < r->npatterns; i++)
		if (strcmp(r->patterns[i], pattern) == 0)
			return OK;
	if (r->npatterns == BUNDLE_GLOBS)
		return refuse(r, ERR_FULL, file, "too many Include patterns");
	r->patterns[r->npatterns++] = mem_strdup(pattern);
	full = full_pattern(r, pattern);
	status = glob(full, 0, NULL, &found);
	if (status == GLOB_NOMATCH)
		return OK;
	if (status != 0)
		return refuse(r, ERR_SYSTEM, pattern, "include glob failed");
	e = add_files(r, &found, &numbers);
	globfree(&found);
	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_SYSTEM : e;
	return put_record(r->out, "glob", slice_cstr(pattern),
	    buf_slice(&numbers));
}

/* What can't be read, and the line that wants it */
static enum err
blame(struct reader *r, enum err e, const char *file, unsigned int line)
{
	SCOPED(mem_free_at) char *why = mem_strdup(r->why);

	(void)snprintf(r->why, r->size,
	    "%s line %u: %s (Include: expected files that can be read)", file,
	    line, why);
	return e;
}

/*
 * Follow the Include lines of one file. Lines that can't be split are for
 * conf_parse to complain of.
 */
static enum err
search_file(struct reader *r, size_t number)
{
	SCOPED(line_clear) struct line l = {0};
	struct slice rest = buf_slice(&r->texts[number]);
	unsigned int line = 0;
	struct slice text;
	enum err e = OK;

	while (e == OK && slice_next(&rest, '\n', &text)) {
		line++;
		if (line_split(&l, text) != OK ||
		    !text_same_nocase(l.keyword, SLICE_STR("Include")))
			continue;
		for (size_t i = 0; e == OK && i < l.nwords; i++)
			e = add_pattern(r, r->names[number], l.words[i]);
	}
	return e == OK ? OK : blame(r, e, r->names[number], line);
}

/* The directory of the main file, absolute or as the working directory has it */
static char *
directory_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return mem_text(slice_make(file, (size_t)(slash - file)));
}

static enum err
put_start(const struct conf_source *source, struct buf *out)
{
	const char *home = getenv("HOME");
	char cwd[PATH_MAX];
	enum err e = buf_append_cstr(out, magic);

	if (e == OK && getcwd(cwd, sizeof(cwd)) != NULL)
		e = put_record(out, "cwd", SLICE_NONE, slice_cstr(cwd));
	if (e == OK && home != NULL)
		e = put_record(out, "home", SLICE_NONE, slice_cstr(home));
	if (e == OK && source->ports_final)
		e = put_record(out, "ports", SLICE_NONE, SLICE_NONE);
	for (size_t i = 0; e == OK && i < source->nlines; i++)
		e = put_record(out, "line", SLICE_NONE,
		    slice_cstr(source->lines[i]));
	return e;
}

static enum err
read_files(struct reader *r, const struct conf_source *source)
{
	const char *main =
	    source->file != NULL ? source->file : conf_default_file();
	size_t number;
	enum err e;

	if (text_same_nocase(slice_cstr(main), SLICE_STR("none")))
		return OK;
	r->base = directory_of(main);
	e = add_file(r, main, &number);
	if (e == ERR_NOT_FOUND && source->file == NULL) {
		r->why[0] = '\0';
		return OK;
	}
	/* Files that are found on the way are searched in their turn */
	for (size_t i = 0; e == OK && i < r->nfiles; i++)
		e = search_file(r, i);
	return e;
}

enum err
bundle_read(const struct conf_source *source, struct buf *bundle, char *why,
    size_t size)
{
	struct reader *r = mem_new(sizeof(*r));
	enum err e;

	r->out = bundle;
	r->why = why;
	r->size = size;
	why[0] = '\0';
	e = put_start(source, bundle);
	if (e == OK)
		e = read_files(r, source);
	if (e != OK && why[0] == '\0')
		(void)refuse(r, e, "configuration", err_sentence(e));
	reader_clear(r);
	mem_free(r);
	return e;
}
