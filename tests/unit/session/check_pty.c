#include "suite.h"

#include "sallyport/base/wr.h"
#include "session.h"

#include <string.h>

#define MODES_MAX 512

/* Modes as a client writes them: pairs of opcode and argument. */
static struct slice
encode(uint8_t *room, const uint32_t (*pairs)[2], size_t n)
{
	struct wr w = wr_to(bytes_make(room, MODES_MAX));
	size_t octets;

	for (size_t i = 0; i < n; i++) {
		wr_u8(&w, (uint8_t)pairs[i][0]);
		wr_u32(&w, pairs[i][1]);
	}
	wr_u8(&w, 0);
	ck_assert_int_eq(wr_end(&w, &octets), OK);
	return slice_make(room, octets);
}

static struct termios
apply(uint32_t opcode, uint32_t value)
{
	uint32_t pair[1][2] = {{opcode, value}};
	uint8_t room[MODES_MAX];
	struct termios tio;

	memset(&tio, 0, sizeof(tio));
	ck_assert_int_eq(pty_modes(encode(room, pair, 1), &tio), OK);
	return tio;
}

/* Opcodes of RFC 4254 §8 */
static const struct {
	uint8_t opcode;
	size_t cc;
} characters[] = {
    {1, VINTR},
    {2, VQUIT},
    {3, VERASE},
    {4, VKILL},
    {5, VEOF},
    {6, VEOL},
    {7, VEOL2},
    {8, VSTART},
    {9, VSTOP},
    {10, VSUSP},
    {12, VREPRINT},
    {13, VWERASE},
    {14, VLNEXT},
    {16, VSWTC},
    {18, VDISCARD},
};

START_TEST(control_characters_are_set_and_disabled)
{
	struct termios tio = apply(characters[_i].opcode, 'x');

	ck_assert_int_eq(tio.c_cc[characters[_i].cc], 'x');
	tio = apply(characters[_i].opcode, 255);
	ck_assert_int_eq(tio.c_cc[characters[_i].cc], _POSIX_VDISABLE);
}
END_TEST

static const struct {
	uint8_t opcode;
	size_t member;
	tcflag_t bit;
} flags[] = {
#define I offsetof(struct termios, c_iflag)
#define O offsetof(struct termios, c_oflag)
#define C offsetof(struct termios, c_cflag)
#define L offsetof(struct termios, c_lflag)
    {30, I, IGNPAR},
    {31, I, PARMRK},
    {32, I, INPCK},
    {33, I, ISTRIP},
    {34, I, INLCR},
    {35, I, IGNCR},
    {36, I, ICRNL},
    {37, I, IUCLC},
    {38, I, IXON},
    {39, I, IXANY},
    {40, I, IXOFF},
    {41, I, IMAXBEL},
    {42, I, IUTF8},
    {50, L, ISIG},
    {51, L, ICANON},
    {52, L, XCASE},
    {53, L, ECHO},
    {54, L, ECHOE},
    {55, L, ECHOK},
    {56, L, ECHONL},
    {57, L, NOFLSH},
    {58, L, TOSTOP},
    {59, L, IEXTEN},
    {60, L, ECHOCTL},
    {61, L, ECHOKE},
    {62, L, PENDIN},
    {70, O, OPOST},
    {71, O, OLCUC},
    {72, O, ONLCR},
    {73, O, OCRNL},
    {74, O, ONOCR},
    {75, O, ONLRET},
    {92, C, PARENB},
    {93, C, PARODD},
#undef I
#undef O
#undef C
#undef L
};

static tcflag_t
member(const struct termios *tio, size_t offset)
{
	tcflag_t v;

	memcpy(&v, (const uint8_t *)tio + offset, sizeof(v));
	return v;
}

START_TEST(flags_are_switched_on_and_off)
{
	uint32_t off[1][2] = {{flags[_i].opcode, 0}};
	struct termios tio = apply(flags[_i].opcode, 1);
	uint8_t room[MODES_MAX];

	ck_assert_uint_eq(member(&tio, flags[_i].member), flags[_i].bit);
	ck_assert_int_eq(pty_modes(encode(room, off, 1), &tio), OK);
	ck_assert_uint_eq(member(&tio, flags[_i].member), 0);
}
END_TEST

START_TEST(a_size_of_characters_replaces_the_other)
{
	static const uint32_t pairs[][2] = {{91, 1}, {90, 1}, {91, 0}};
	uint8_t room[MODES_MAX];
	struct termios tio;

	memset(&tio, 0, sizeof(tio));
	ck_assert_int_eq(pty_modes(encode(room, pairs, 3), &tio), OK);
	ck_assert_uint_eq(tio.c_cflag & CSIZE, CS7);
}
END_TEST

START_TEST(speeds_are_numbers_of_bits)
{
	struct termios tio = apply(128, 9600);

	ck_assert_uint_eq(cfgetispeed(&tio), B9600);
	tio = apply(129, 38400);
	ck_assert_uint_eq(cfgetospeed(&tio), B38400);
	tio = apply(129, 38401); /* no such one */
	ck_assert_uint_eq(cfgetospeed(&tio), B38400);
	tio = apply(129, UINT32_MAX);
	ck_assert_uint_eq(cfgetospeed(&tio), B4000000);
}
END_TEST

START_TEST(unknown_ones_are_skipped)
{
	static const uint32_t pairs[][2] = {{11, 7}, {17, 7}, {99, 1}, {159, 1},
	    {53, 1}};
	uint8_t room[MODES_MAX];
	struct termios tio;

	memset(&tio, 0, sizeof(tio));
	ck_assert_int_eq(pty_modes(encode(room, pairs, 5), &tio), OK);
	ck_assert_uint_eq(tio.c_lflag, ECHO);
}
END_TEST

START_TEST(what_follows_an_end_is_not_looked_at)
{
	static const char ended[] = "\0\065\0\0\0\1";
	static const char foreign[] = "\240\065\0\0\0\1";
	struct termios tio;

	memset(&tio, 0, sizeof(tio));
	ck_assert_int_eq(pty_modes(SLICE_STR(ended), &tio), OK);
	ck_assert_int_eq(pty_modes(SLICE_STR(foreign), &tio), OK);
	ck_assert_uint_eq(tio.c_lflag, 0);
}
END_TEST

/* Cut anywhere: what was whole is applied, and nothing else. */
START_TEST(a_cut_list_counts_as_far_as_it_goes)
{
	static const uint32_t pairs[][2] = {{53, 1}, {51, 1}};
	uint8_t room[MODES_MAX];
	struct slice cut = slice_first(encode(room, pairs, 2), (size_t)_i);
	struct termios tio;
	enum err e;

	memset(&tio, 0, sizeof(tio));
	e = pty_modes(cut, &tio);
	ck_assert_int_eq(e, cut.n % 5 == 0 ? OK : ERR_SHORT);
	ck_assert_uint_eq(tio.c_lflag & ECHO, cut.n >= 5 ? ECHO : 0);
	ck_assert_uint_eq(tio.c_lflag & ICANON, cut.n >= 10 ? ICANON : 0);
}
END_TEST

START_TEST(a_size_is_cut_to_what_the_kernel_takes)
{
	struct channel_request q = {.cols = 80,
	    .rows = 70000,
	    .width_pixels = UINT32_MAX,
	    .height_pixels = 0};
	struct winsize size = pty_size(&q);

	ck_assert_uint_eq(size.ws_col, 80);
	ck_assert_uint_eq(size.ws_row, UINT16_MAX);
	ck_assert_uint_eq(size.ws_xpixel, UINT16_MAX);
	ck_assert_uint_eq(size.ws_ypixel, 0);
}
END_TEST

TCase *
check_pty(void)
{
	TCase *tc = tcase_create("session/pty");

	tcase_add_loop_test(tc, control_characters_are_set_and_disabled, 0,
	    sizeof(characters) / sizeof(characters[0]));
	tcase_add_loop_test(tc, flags_are_switched_on_and_off, 0,
	    sizeof(flags) / sizeof(flags[0]));
	tcase_add_test(tc, a_size_of_characters_replaces_the_other);
	tcase_add_test(tc, speeds_are_numbers_of_bits);
	tcase_add_test(tc, unknown_ones_are_skipped);
	tcase_add_test(tc, what_follows_an_end_is_not_looked_at);
	tcase_add_loop_test(tc, a_cut_list_counts_as_far_as_it_goes, 0, 11);
	tcase_add_test(tc, a_size_is_cut_to_what_the_kernel_takes);
	return tc;
}
