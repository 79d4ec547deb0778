#include "house.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/roles.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
note(void *ctx, enum log_level level, const char *text)
{
	struct house *h = ctx;

	ck_assert_int_eq(buf_printf(&h->log, "%s %s\n", log_level_name(level),
			     text),
	    OK);
}

void
house_init(struct house *h, const char *configuration)
{
	struct listener *l = &h->l;

	memset(h, 0, sizeof(*h));
	fixture_main(&h->conf, configuration);
	h->log = BUF_LIMIT(1 << 20);
	listener_init(l, &h->cmd);
	l->set = h->conf.set;
	l->conf = conf_global(h->conf.set);
	l->stopping = true; /* no spawner is wanted */
	strcpy(l->version, "SSH-2.0-Test");
	l->loop = loop_new();
	log_to_function(note, h);
	log_set_level(LEVEL_DEBUG3);
}

void
house_clear(struct house *h)
{
	LIST_EACH_SAFE (it, &h->l.clients)
		waiting_free(LIST_ITEM(it, struct client, all));
	loop_free(h->l.loop);
	penalties_free(&h->l);
	mem_free(h->l.blocks);
	log_open(TARGET_STDERR, LEVEL_FATAL, 0, false);
	fixture_clear(&h->conf);
	buf_clear(&h->log);
}

struct client *
house_client(struct house *h, const char *ip, enum client_state state)
{
	struct client *c = waiting_new(&h->l);

	c->number = ++h->l.last_number;
	c->accepted_ms = clock_mono_ms();
	c->state = state;
	ck_assert(
	    slice_to_cstr(slice_cstr(ip), c->peer_ip, sizeof(c->peer_ip)));
	strcpy(c->local_ip, "192.0.2.1");
	c->peer_port = 4711;
	c->local_port = 22;
	c->block = admit_block(&h->l, ip);
	admit_count(&h->l, c);
	return c;
}

void
house_tcp(int ends[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(s, 1), 0);
	ck_assert_int_eq(getsockname(s, (struct sockaddr *)&a, &n), 0);
	ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(ends[1], (struct sockaddr *)&a, n), 0);
	ends[0] = accept4(s, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	ck_assert_int_ge(ends[0], 0);
	close(s);
}

void
house_run(struct house *h)
{
	for (int i = 0; i < 20; i++)
		loop_turn(h->l.loop, 5);
}

bool
house_said(const struct house *h, const char *part)
{
	return h->log.n > 0 &&
	       memmem(h->log.p, h->log.n, part, strlen(part)) != NULL;
}

bool
house_logged(const struct house *h, const char *line)
{
	struct slice rest = buf_slice(&h->log), one;

	while (slice_next(&rest, '\n', &one))
		if (slice_is(one, line))
			return true;
	return false;
}

/* ---- what -i would call --------------------------------------------------------- */

enum err
spawner_prepare(struct slice bundle, struct slice keys, bool inetd,
    struct common *common)
{
	(void)bundle;
	(void)keys;
	(void)inetd;
	(void)common;
	return ERR_SYSTEM;
}

_Noreturn void
monitor_main(const struct common *common, const struct conn *conn)
{
	(void)common;
	(void)conn;
	abort();
}

void
monitor_warm(const struct conf *conf, bool cold)
{
	(void)conf;
	(void)cold;
}
