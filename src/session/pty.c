/*
 * pty.c - terminal modes and sizes as RFC 4254 encodes them
 */
#include "session.h"

#include "sallyport/base/rd.h"

#include <string.h>
#include <unistd.h>

#define OP_END     0u
#define OP_ISPEED  128u
#define OP_OSPEED  129u
#define OP_UNKNOWN 160u /* from here on arguments have no known length */
#define CHAR_NONE  255u /* "disabled" on the wire */

enum kind { CHARACTER, INPUT, OUTPUT, CONTROL, LOCAL };

struct mode {
	uint8_t opcode;
	uint8_t kind;
	tcflag_t bits; /* index of c_cc, or a flag */
	tcflag_t mask; /* of a flag that shares bits with others */
};

/* Opcodes of RFC 4254 §8, and RFC 8160. What Linux doesn't have (VDSUSP,
 * VSTATUS, VFLUSH) is skipped. */
/* clang-format off */
static const struct mode modes_table[] = {
	{  1, CHARACTER, VINTR,    0 }, {  2, CHARACTER, VQUIT,    0 },
	{  3, CHARACTER, VERASE,   0 }, {  4, CHARACTER, VKILL,    0 },
	{  5, CHARACTER, VEOF,     0 }, {  6, CHARACTER, VEOL,     0 },
	{  7, CHARACTER, VEOL2,    0 }, {  8, CHARACTER, VSTART,   0 },
	{  9, CHARACTER, VSTOP,    0 }, { 10, CHARACTER, VSUSP,    0 },
	{ 12, CHARACTER, VREPRINT, 0 }, { 13, CHARACTER, VWERASE,  0 },
	{ 14, CHARACTER, VLNEXT,   0 }, { 16, CHARACTER, VSWTC,    0 },
	{ 18, CHARACTER, VDISCARD, 0 },
	{ 30, INPUT,   IGNPAR,  0 }, { 31, INPUT,   PARMRK,  0 },
	{ 32, INPUT,   INPCK,   0 }, { 33, INPUT,   ISTRIP,  0 },
	{ 34, INPUT,   INLCR,   0 }, { 35, INPUT,   IGNCR,   0 },
	{ 36, INPUT,   ICRNL,   0 }, { 37, INPUT,   IUCLC,   0 },
	{ 38, INPUT,   IXON,    0 }, { 39, INPUT,   IXANY,   0 },
	{ 40, INPUT,   IXOFF,   0 }, { 41, INPUT,   IMAXBEL, 0 },
	{ 42, INPUT,   IUTF8,   0 },
	{ 50, LOCAL,   ISIG,    0 }, { 51, LOCAL,   ICANON,  0 },
	{ 52, LOCAL,   XCASE,   0 }, { 53, LOCAL,   ECHO,    0 },
	{ 54, LOCAL,   ECHOE,   0 }, { 55, LOCAL,   ECHOK,   0 },
	{ 56, LOCAL,   ECHONL,  0 }, { 57, LOCAL,   NOFLSH,  0 },
	{ 58, LOCAL,   TOSTOP,  0 }, { 59, LOCAL,   IEXTEN,  0 },
	{ 60, LOCAL,   ECHOCTL, 0 }, { 61, LOCAL,   ECHOKE,  0 },
	{ 62, LOCAL,   PENDIN,  0 },
	{ 70, OUTPUT,  OPOST,   0 }, { 71, OUTPUT,  OLCUC,   0 },
	{ 72, OUTPUT,  ONLCR,   0 }, { 73, OUTPUT,  OCRNL,   0 },
	{ 74, OUTPUT,  ONOCR,   0 }, { 75, OUTPUT,  ONLRET,  0 },
	{ 90, CONTROL, CS7, CSIZE }, { 91, CONTROL, CS8, CSIZE },
	{ 92, CONTROL, PARENB,  0 }, { 93, CONTROL, PARODD,  0 },
};

static const struct {
	uint32_t bits_per_second;
	speed_t speed;
} speeds[] = {
	{ 0, B0 }, { 50, B50 }, { 75, B75 }, { 110, B110 }, { 134, B134 },
	{ 150, B150 }, { 200, B200 }, { 300, B300 }, { 600, B600 },
	{ 1200, B1200 }, { 1800, B1800 }, { 2400, B2400 }, { 4800, B4800 },
	{ 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
	{ 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 },
	{ 460800, B460800 }, { 500000, B500000 }, { 576000, B576000 },
	{ 921600, B921600 }, { 1000000, B1000000 }, { 1152000, B1152000 },
	{ 1500000, B1500000 }, { 2000000, B2000000 }, { 2500000, B2500000 },
	{ 3000000, B3000000 }, { 3500000, B3500000 }, { 4000000, B4000000 },
};
/* clang-format on */

static const struct mode *
find_mode(uint8_t opcode)
{
	for (size_t i = 0; i < sizeof(modes_table) / sizeof(modes_table[0]);
	     i++)
		if (modes_table[i].opcode == opcode)
			return &modes_table[i];
	return NULL;
}

/* The fastest that isn't faster than what was asked for. */
static speed_t
find_speed(uint32_t bits_per_second)
{
	speed_t best = B0;

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].bits_per_second <= bits_per_second)
			best = speeds[i].speed;
	return best;
}

static void
set_flag(tcflag_t *flags, const struct mode *m, bool on)
{
	if (m->mask != 0 && on) /* one of several values, not a switch */
		*flags = (*flags & ~m->mask) | m->bits;
	else if (m->mask == 0)
		*flags = on ? *flags | m->bits : *flags & ~m->bits;
}

static void
set_mode(const struct mode *m, uint32_t value, struct termios *tio)
{
	switch ((enum kind)m->kind) {
	case CHARACTER:
		tio->c_cc[m->bits] =
		    value == CHAR_NONE ? _POSIX_VDISABLE : (cc_t)value;
		break;
	case INPUT:
		set_flag(&tio->c_iflag, m, value != 0);
		break;
	case OUTPUT:
		set_flag(&tio->c_oflag, m, value != 0);
		break;
	case CONTROL:
		set_flag(&tio->c_cflag, m, value != 0);
		break;
	case LOCAL:
		set_flag(&tio->c_lflag, m, value != 0);
		break;
	}
}

enum err
pty_modes(struct slice modes, struct termios *tio)
{
	struct rd r = rd_from(modes);

	while (rd_status(&r) == OK && r.left.n > 0) {
		uint8_t opcode = rd_u8(&r);
		const struct mode *m;
		uint32_t value;

		if (opcode == OP_END || opcode >= OP_UNKNOWN)
			return OK;
		value = rd_u32(&r);
		if (rd_status(&r) != OK)
			break;
		if ((m = find_mode(opcode)) != NULL)
			set_mode(m, value, tio);
		else if (opcode == OP_ISPEED)
			cfsetispeed(tio, find_speed(value));
		else if (opcode == OP_OSPEED)
			cfsetospeed(tio, find_speed(value));
	}
	return rd_status(&r);
}

static unsigned short
clamp(uint32_t v)
{
	return v > UINT16_MAX ? UINT16_MAX : (unsigned short)v;
}

struct winsize
pty_size(const struct channel_request *q)
{
	return (struct winsize){.ws_row = clamp(q->rows),
	    .ws_col = clamp(q->cols),
	    .ws_xpixel = clamp(q->width_pixels),
	    .ws_ypixel = clamp(q->height_pixels)};
}

const char *
pty_short_name(const struct pty *pty)
{
	static const char dev[] = "/dev/";

	if (strncmp(pty->name, dev, sizeof(dev) - 1) == 0)
		return pty->name + sizeof(dev) - 1;
	return pty->name;
}
