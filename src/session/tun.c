/*
 * tun.c - a tunnel device of the user's and a channel: datagrams
 *
 * Source:  OpenSSH's PROTOCOL §2.3; Linux's tun(4) by <linux/if_tun.h>
 *
 * The device is opened with the user's rights: an administrator makes one that
 * belongs to the user, or the user is root. Each message of the channel is one
 * datagram; what finds no room is dropped, as on any wire.
 */
#include "forward.h"

#include "link.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/wr.h"
#include "sallyport/rpc/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEVICE     "/dev/net/tun"
#define UNIT_ANY   0x7fffffffu
#define UNIT_MAX   0x7fffu /* a name has 15 octets */
#define MODE_POINT 1u
#define MODE_ETHER 2u
#define HEAD       4u /* of a point-to-point datagram: its family */
#define FAMILY_V4  2u /* BSD's numbers, whatever the system's */
#define FAMILY_V6  24u
#define TURN       64u   /* datagrams, a turn */
#define ROOM_LOW   4096u /* less room than this: wait for more */

struct tun {
	struct relay r;
	int fd;
	struct watch watch;
	uint32_t mode;
	char name[IFNAMSIZ];
	uint64_t sent, received, opened_ms;
};

/* ---- the device ---- */

static bool
is_permitted(const struct session *s, const struct channel_open *req)
{
	return !s->conf.disable_forwarding &&
	       (s->grant->permits & PERMIT_RESTRICT) == 0 &&
	       (req->tun_mode == MODE_POINT || req->tun_mode == MODE_ETHER) &&
	       (s->conf.permit_tunnel & req->tun_mode) != 0;
}

/* The unit that key and client agree on; false: they don't. */
static bool
choose_unit(const struct session *s, uint32_t asked, uint32_t *unit)
{
	uint32_t forced = s->grant->tunnel;

	*unit = forced != UINT32_MAX ? forced : asked;
	return forced == UINT32_MAX || asked == UNIT_ANY || asked == forced;
}

static bool
open_device(struct tun *t, uint32_t unit)
{
	struct ifreq ifr = {
	    .ifr_flags = (short)(IFF_NO_PI |
				 (t->mode == MODE_POINT ? IFF_TUN : IFF_TAP))};
	const char *kind = t->mode == MODE_POINT ? "tun" : "tap";
	SCOPED(mem_free_at)
	char *name = unit == UNIT_ANY ? mem_format("%s%%d", kind)
				      : mem_format("%s%u", kind, unit);

	if (unit != UNIT_ANY && unit > UNIT_MAX) {
		errno = EINVAL;
		return false;
	}
	memcpy(ifr.ifr_name, name, strlen(name) + 1);
	t->fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (t->fd < 0 || ioctl(t->fd, TUNSETIFF, &ifr) != 0)
		return false;
	memcpy(t->name, ifr.ifr_name, sizeof(t->name) - 1);
	return true;
}

/* ---- datagrams ---- */

static void
watch(struct tun *t, bool wanted)
{
	if (wanted == (t->watch.loop != NULL))
		return;
	if (!wanted)
		loop_remove(&t->watch);
	else if (loop_add(t->r.s->loop, &t->watch) != OK)
		log_debug1("%s isn't watched", t->name);
}

static uint32_t
family_of(uint8_t first_octet)
{
	return first_octet >> 4 == 6 ? FAMILY_V6 : FAMILY_V4;
}

/* One datagram of n octets behind the head. */
static void
send_one(struct tun *t, struct bytes room, size_t n)
{
	struct slice datagram = slice_make(room.p + HEAD, n);
	struct wr w = wr_to(bytes_first(room, HEAD));

	if (t->mode == MODE_POINT) {
		wr_u32(&w, family_of(room.p[HEAD]));
		datagram = slice_make(room.p, n + HEAD);
	}
	if (channel_datagram(t->r.ch, datagram))
		t->sent += datagram.n;
}

static void
on_readable(struct watch *w, unsigned int events)
{
	static uint8_t octets[CHANNEL_PACKET_MAX];
	struct tun *t = w->ctx;
	struct bytes room = BYTES_OF(octets);
	size_t n;

	(void)events;
	for (unsigned int i = 0; i < TURN; i++) {
		if (channel_room(t->r.ch) < ROOM_LOW ||
		    link_room(t->r.s, false) == 0) {
			watch(t, false);
			return;
		}
		switch (io_read(t->fd, bytes_skip(room, HEAD), &n)) {
		case OK:
			t->r.s->timeouts.active = true;
			timeouts_moved(&t->r.idle);
			send_one(t, room, n);
			break;
		case ERR_AGAIN:
			return;
		default:
			t->r.ops->drop(&t->r);
			return;
		}
	}
}

static size_t
data(struct relay *r, struct slice octets)
{
	struct tun *t = (struct tun *)r;
	struct slice datagram =
	    slice_skip(octets, t->mode == MODE_POINT ? HEAD : 0);
	size_t n;

	timeouts_moved(&r->idle);
	t->received += octets.n;
	/* what isn't taken is lost, like everything that is no datagram */
	if (datagram.n > 0 && io_write(t->fd, datagram, &n) != OK)
		log_debug3("%s: a datagram is lost", t->name);
	return octets.n;
}

static void
resume(struct relay *r)
{
	watch((struct tun *)r, true);
}

/* ---- its life ---- */

static void
tun_free(struct tun *t)
{
	const struct session *s = t->r.s;

	if (t->name[0] != '\0')
		log_info("Forwarding closed: tunnel %s for %s from %s port "
			 "%u: sent %llu, received %llu bytes, %llu seconds",
		    t->name, s->grant->user, s->conn->peer_ip,
		    s->conn->peer_port, (unsigned long long)t->sent,
		    (unsigned long long)t->received,
		    (unsigned long long)((clock_mono_ms() - t->opened_ms) /
					 1000));
	loop_remove(&t->watch);
	io_close(&t->fd);
	relay_leave(&t->r);
	mem_free(t);
}

static void
closed(struct relay *r)
{
	tun_free((struct tun *)r);
}

static void
drop(struct relay *r)
{
	channel_close(r->ch);
	tun_free((struct tun *)r);
}

static const struct relay_ops ops = {.data = data,
    .eof = drop,
    .closed = closed,
    .resume = resume,
    .drop = drop};

enum open_answer
tun_open(struct session *s, struct channel *ch, const struct channel_open *req)
{
	struct tun *t;
	uint32_t unit;

	if (!is_permitted(s, req) || !choose_unit(s, req->tun_unit, &unit)) {
		log_info("refused tunnel device forwarding");
		return OPEN_NO;
	}
	t = mem_new(sizeof(*t));
	t->fd = -1;
	t->mode = req->tun_mode;
	if (!open_device(t, unit)) {
		log_error("tunnel device: %s", strerror(errno));
		io_close(&t->fd);
		mem_free(t);
		return OPEN_FAILED;
	}
	t->opened_ms = clock_mono_ms();
	t->watch = (struct watch){.fd = t->fd,
	    .events = LOOP_READ,
	    .on = on_readable,
	    .ctx = t};
	relay_init(&t->r, s, ch, &ops, TIMEOUTS_TUN);
	t->r.started = true;
	watch(t, true);
	mem_free(s->tunnel);
	s->tunnel = mem_strdup(t->name);
	log_info("Forwarding opened: tunnel %s for %s from %s port %u", t->name,
	    s->grant->user, s->conn->peer_ip, s->conn->peer_port);
	return OPEN_YES;
}
