#include "fake.h"

static struct fake f;

/* Everything that was sent as banners, joined. */
static struct slice
joined(struct slice text, unsigned int *pieces)
{
	static uint8_t room[400000];
	struct bytes left = BYTES_OF(room);
	struct slice m;

	buf_reset(&f.sent);
	ck_assert_int_eq(banner_send(&f.auth, text), OK);
	*pieces = 0;
	while ((m = fake_sent(&f)).n > 0) {
		struct rd r = rd_from(m);
		struct slice part;

		ck_assert_uint_eq(rd_u8(&r), MSG_USERAUTH_BANNER);
		part = rd_string(&r);
		ck_assert_uint_eq(rd_string(&r).n, 0);
		ck_assert_int_eq(rd_end(&r), OK);
		/* what every client has to take, RFC 4253 §6.1 */
		ck_assert_uint_le(m.n, 32768 + 9);
		left = bytes_skip(left, slice_copy(part, left));
		(*pieces)++;
	}
	return slice_make(room, sizeof(room) - left.n);
}

static void
set_up(void)
{
	fake_init(&f);
}

static void
tear_down(void)
{
	fake_clear(&f);
}

START_TEST(text_goes_out_octet_for_octet)
{
	static const char text[] = "Only\tfor\r\nusers!\n\n ~ \\ %n \"x\"\n";
	unsigned int n;

	ck_assert(slice_equal(joined(SLICE_STR(text), &n), SLICE_STR(text)));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(joined(SLICE_NONE, &n).n, 0);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_long_text_goes_out_whole_in_several_messages)
{
	static char text[100000];
	unsigned int n;

	memset(text, 'a', sizeof(text));
	ck_assert(slice_equal(joined(SLICE_OF(text), &n), SLICE_OF(text)));
	ck_assert_uint_eq(n, 4);
}
END_TEST

/* € has three octets, so a piece can't end where its room does. */
START_TEST(no_message_ends_within_a_character)
{
	static char text[3 * 30000];
	unsigned int n;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "\xe2\x82\xac"[i % 3];
	ck_assert(slice_equal(joined(SLICE_OF(text), &n), SLICE_OF(text)));
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(controls_and_broken_characters_become_question_marks)
{
	static const char text[] = "a\33[31m\0b\177 \xff \xc3(\xc2\x9b ";
	unsigned int n;

	ck_assert(slice_equal(joined(SLICE_STR(text), &n),
	    SLICE_STR("a?[31m?b? ? ?(?? ")));
}
END_TEST

/* octets, and how many of them make one character (RFC 3629 §4) */
static const struct {
	struct slice s;
	size_t n;
} characters[] = {
    {{(const uint8_t *)"a", 1}, 1},
    {{(const uint8_t *)"\t", 1}, 1},
    {{(const uint8_t *)"\10", 1}, 0},
    {{(const uint8_t *)"\xc3\xa9", 2}, 2},
    {{(const uint8_t *)"\xc3", 1}, 0},
    {{(const uint8_t *)"\x80", 1}, 0},
    {{(const uint8_t *)"\xc0\xaf", 2}, 0},         /* too long a form */
    {{(const uint8_t *)"\xe0\x80\xaf", 3}, 0},     /* likewise */
    {{(const uint8_t *)"\xf0\x82\x82\xac", 4}, 0}, /* likewise */
    {{(const uint8_t *)"\xe2\x82\xac", 3}, 3},
    {{(const uint8_t *)"\xed\xa0\x80", 3}, 0}, /* a surrogate */
    {{(const uint8_t *)"\xf0\x9f\x9a\xaa", 4}, 4},
    {{(const uint8_t *)"\xf4\x90\x80\x80", 4}, 0}, /* beyond Unicode */
    {{(const uint8_t *)"\xf5\x80\x80\x80", 4}, 0},
    {{(const uint8_t *)"\xc2\x80", 2}, 0}, /* a C1 control */
    {{(const uint8_t *)"\xc2\xa0", 2}, 2},
};

START_TEST(tells_characters_from_octets)
{
	ck_assert_uint_eq(banner_character(characters[_i].s), characters[_i].n);
}
END_TEST

TCase *
check_banner(void)
{
	TCase *tc = tcase_create("userauth/banner");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, text_goes_out_octet_for_octet);
	tcase_add_test(tc, a_long_text_goes_out_whole_in_several_messages);
	tcase_add_test(tc, no_message_ends_within_a_character);
	tcase_add_test(tc,
	    controls_and_broken_characters_become_question_marks);
	tcase_add_loop_test(tc, tells_characters_from_octets, 0,
	    sizeof(characters) / sizeof(characters[0]));
	return tc;
}
