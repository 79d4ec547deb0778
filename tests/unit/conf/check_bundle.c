#include "bundle.h"

#include "sallyport/base/mem.h"

#include "suite.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for each test; tests run in processes of their own. */
static char folder[] = "/tmp/check-bundle-XXXXXX";

static void
set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
tear_down(void)
{
	SCOPED(mem_free_at) char *command = mem_format("rm -rf %s", folder);

	ck_assert_int_eq(system(command), 0);
}

static char *
path(const char *name)
{
	return mem_format("%s/%s", folder, name);
}

static void
put(const char *name, const char *text)
{
	SCOPED(mem_free_at) char *p = path(name);
	FILE *f = fopen(p, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

struct read {
	struct buf text;
	struct bundle b;
	enum err err;
	char why[256];
};

static void
read_main(struct read *r, const char *name)
{
	SCOPED(mem_free_at) char *p = path(name);
	struct conf_source source = {.file = p};

	*r = (struct read){0};
	r->err = bundle_read(&source, &r->text, r->why, sizeof(r->why));
	if (r->err == OK)
		ck_assert_int_eq(bundle_open(buf_slice(&r->text), &r->b), OK);
}

static void
read_clear(struct read *r)
{
	bundle_close(&r->b);
	buf_clear(&r->text);
}

START_TEST(reads_each_file_once_and_globs_in_order)
{
	struct read r;

	put("main", "Include *.conf b.conf\nInclude none.*\nPort 1\n");
	put("b.conf", "Port 3\n");
	put("a.conf", "Include b.conf\nPort 2\n");
	read_main(&r, "main");
	ck_assert_int_eq(r.err, OK);
	ck_assert_uint_eq(r.b.nfiles, 3);
	ck_assert(slice_is(r.b.files[1].body, "Include b.conf\nPort 2\n"));
	ck_assert(slice_is(r.b.files[2].body, "Port 3\n"));
	ck_assert(
	    slice_is(bundle_glob(&r.b, SLICE_STR("*.conf"))->body, "1 2"));
	ck_assert(slice_is(bundle_glob(&r.b, SLICE_STR("b.conf"))->body, "2"));
	ck_assert_ptr_null(bundle_glob(&r.b, SLICE_STR("none.*")));
	read_clear(&r);
}
END_TEST

START_TEST(follows_a_circle_once)
{
	struct read r;

	put("main", "Include other\n");
	put("other", "Include main\nInclude other\n");
	read_main(&r, "main");
	ck_assert_int_eq(r.err, OK);
	ck_assert_uint_le(r.b.nfiles, 3); /* "main" under two names */
	read_clear(&r);
}
END_TEST

START_TEST(refuses_a_file_that_cannot_be_read)
{
	SCOPED(mem_free_at) char *sub = path("dir.conf");
	struct read r;

	put("main", "Include *.conf\n");
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	read_main(&r, "main");
	ck_assert_int_ne(r.err, OK);
	ck_assert_ptr_nonnull(strstr(r.why, "dir.conf: Is a directory"));
	read_clear(&r);
	read_main(&r, "missing");
	ck_assert_int_eq(r.err, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(
	    strstr(r.why, "missing: No such file or directory"));
	read_clear(&r);
}
END_TEST

START_TEST(bounds_the_number_of_files)
{
	struct read r;
	char name[32];

	put("main", "Include x*\n");
	for (int i = 0; i < CONF_FILES - 1; i++) {
		(void)snprintf(name, sizeof(name), "x%03d", i);
		put(name, "");
	}
	read_main(&r, "main");
	ck_assert_int_eq(r.err, OK);
	ck_assert_uint_eq(r.b.nfiles, CONF_FILES);
	read_clear(&r);
	put("xyz", "");
	read_main(&r, "main");
	ck_assert_int_eq(r.err, ERR_FULL);
	ck_assert_ptr_nonnull(strstr(r.why, "too many included files"));
	read_clear(&r);
}
END_TEST

START_TEST(carries_the_lines_of_the_start)
{
	static const char *const lines[] = {"Port 1", "Banner \"a b\""};
	struct conf_source source = {.file = "NONE",
	    .lines = lines,
	    .nlines = 2,
	    .ports_final = true};
	struct buf text = BUF_EMPTY;
	struct bundle b;
	char why[64];

	ck_assert_int_eq(chdir("/tmp"), 0);
	ck_assert_int_eq(setenv("HOME", "/home/me", 1), 0);
	ck_assert_int_eq(bundle_read(&source, &text, why, sizeof(why)), OK);
	ck_assert_int_eq(bundle_open(buf_slice(&text), &b), OK);
	ck_assert_uint_eq(b.nlines, 2);
	ck_assert(slice_is(b.lines[1].body, lines[1]));
	ck_assert_uint_eq(b.nfiles, 0);
	ck_assert(b.ports_final);
	ck_assert(slice_is(b.cwd, "/tmp"));
	ck_assert(slice_is(b.home, "/home/me"));
	bundle_close(&b);
	buf_clear(&text);
}
END_TEST

START_TEST(takes_a_missing_default_file_for_an_empty_one)
{
	struct conf_source source = {0};
	struct buf text = BUF_EMPTY;
	char why[256];

	if (access(conf_default_file(), F_OK) != 0)
		ck_assert_int_eq(bundle_read(&source, &text, why, sizeof(why)),
		    OK);
	buf_clear(&text);
}
END_TEST

static const char whole[] = "sallyport-bundle 1\n"
			    "line 0 6\nPort 1\n"
			    "file 1 7\nfPort 2\n\n"
			    "glob 1 1\n*0\n";

START_TEST(opens_what_it_wrote)
{
	struct bundle b;

	ck_assert_int_eq(bundle_open(SLICE_STR(whole), &b), OK);
	ck_assert(slice_is(b.lines[0].body, "Port 1"));
	ck_assert(slice_is(b.files[0].name, "f"));
	ck_assert(slice_is(b.files[0].body, "Port 2\n"));
	bundle_close(&b);
}
END_TEST

/* A bundle is cut between records or not at all. */
START_TEST(refuses_every_prefix_that_ends_inside_a_record)
{
	struct slice cut = slice_first(SLICE_STR(whole), (size_t)_i);
	struct bundle b;
	bool between = _i == 19 || _i == 19 + 16 || _i == 19 + 16 + 18;

	ck_assert_int_eq(bundle_open(cut, &b), between ? OK : ERR_FORMAT);
	bundle_close(&b);
}
END_TEST

static const char *const wrong[] = {"", "sallyport-bundle 2\n",
    "sallyport-bundle 1\nfoo 0 0\n\n", "sallyport-bundle 1\nline 0 -1\n\n",
    "sallyport-bundle 1\nline 0 99999999999999999999\nx\n",
    "sallyport-bundle 1\nline 0 0 0\n\n", "sallyport-bundle 1\nline 0 1\nxy\n"};

START_TEST(refuses_what_is_no_bundle)
{
	struct bundle b;

	ck_assert_int_eq(bundle_open(slice_cstr(wrong[_i]), &b), ERR_FORMAT);
	bundle_close(&b);
}
END_TEST

TCase *check_bundle(void);

TCase *
check_bundle(void)
{
	TCase *tc = tcase_create("conf/bundle");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, reads_each_file_once_and_globs_in_order);
	tcase_add_test(tc, follows_a_circle_once);
	tcase_add_test(tc, refuses_a_file_that_cannot_be_read);
	tcase_add_test(tc, bounds_the_number_of_files);
	tcase_add_test(tc, carries_the_lines_of_the_start);
	tcase_add_test(tc, takes_a_missing_default_file_for_an_empty_one);
	tcase_add_test(tc, opens_what_it_wrote);
	tcase_add_loop_test(tc, refuses_every_prefix_that_ends_inside_a_record,
	    0, sizeof(whole) - 1);
	tcase_add_loop_test(tc, refuses_what_is_no_bundle, 0,
	    sizeof(wrong) / sizeof(wrong[0]));
	return tc;
}
