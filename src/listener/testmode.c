/*
 * testmode.c - -t, -T, -G and -C: check, advise, dump, end
 */
#include "listener.h"

#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/proc/creds.h"

#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* what "systemctl enable" makes */
#define SOCKET_ENABLED                                                         \
	"/etc/systemd/system/sockets.target.wants/sallyportd.socket"
#define WRAPPERS_MAX ((size_t)1 << 20) /* octets of hosts.allow, hosts.deny */

/* ---- a connection as -C tells it ----------------------------------------- */

struct spec {
	const char *key;
	size_t offset; /* of a text in conf_facts */
};

static const struct spec specs[] = {
    {"user", offsetof(struct conf_facts, user)},
    {"host", offsetof(struct conf_facts, host)},
    {"addr", offsetof(struct conf_facts, address)},
    {"laddr", offsetof(struct conf_facts, local_address)},
    {"rdomain", offsetof(struct conf_facts, rdomain)},
};

static bool
one_spec(struct conf_facts *f, struct slice item)
{
	size_t eq = slice_find(item, '=');
	struct slice key = slice_first(item, eq);
	struct slice value = slice_skip(item, eq + 1);
	uint64_t port;

	if (slice_is(item, "invalid-user")) {
		f->invalid_user = true;
		return true;
	}
	if (eq == item.n)
		return false;
	if (slice_is(key, "lport")) {
		if (text_number(value, 0, 65535, &port) != OK)
			return false;
		f->local_port = (int)port;
		return true;
	}
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		if (!slice_is(key, specs[i].key))
			continue;
		*(const char **)(void *)((char *)f + specs[i].offset) =
		    mem_text(value);
		return true;
	}
	return false;
}

/* -C; an empty element ends the list. */
static void
read_specs(const struct cmdline *c, struct conf_facts *f)
{
	for (size_t i = 0; i < c->nspecs; i++) {
		struct slice rest = slice_cstr(c->specs[i]), item;

		while (slice_next(&rest, ',', &item) && item.n > 0) {
			if (one_spec(f, item))
				continue;
			fprintf(stderr, "Invalid test mode specification %s\n",
			    mem_text(item));
			exit(1);
		}
	}
}

/* ---- the dump ------------------------------------------------------------ */

static void
add_listen(struct conf *c, const struct conf_listen *one)
{
	struct conf_listen *v = mem_array(c->nlisten + 1, sizeof(*v));

	if (c->nlisten > 0)
		memcpy(v, c->listen, c->nlisten * sizeof(*v));
	v[c->nlisten++] = *one;
	c->listen = v;
}

/* Each address of a name; the name itself where there is none. */
static void
resolve(struct conf *c, const struct conf_listen *one)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_family = c->family == FAMILY_INET    ? AF_INET
			 : c->family == FAMILY_INET6 ? AF_INET6
						     : AF_UNSPEC};
	struct addrinfo *found;
	struct conf_listen each = *one;
	char text[NI_MAXHOST];

	if (one->host == NULL ||
	    getaddrinfo(one->host, NULL, &hints, &found) != 0) {
		add_listen(c, one);
		return;
	}
	for (struct addrinfo *a = found; a != NULL; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text),
			NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		each.host = mem_strdup(text);
		add_listen(c, &each);
	}
	freeaddrinfo(found);
}

/* As it will be bound: names are looked up then, and now. */
static void
resolve_listens(struct conf *c)
{
	const struct conf_listen *asked = c->listen;
	size_t n = c->nlisten;

	c->listen = NULL;
	c->nlisten = 0;
	for (size_t i = 0; i < n; i++)
		resolve(c, &asked[i]);
}

static int
dump(const struct cmdline *c, const struct conf_set *set)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct conf_facts facts = {.local_port = -1};
	static uint8_t room[CONF_BLOCKS_OCTETS];
	struct slice blocks = SLICE_NONE;
	struct conf applied = *conf_global(set);
	size_t n;
	enum err e;

	read_specs(c, &facts);
	if (facts.user != NULL && conf_match_wants_groups(set))
		facts.groups =
		    (const char *const *)creds_group_names(facts.user,
			&facts.ngroups);
	if (c->nspecs > 0) {
		conf_match(set, &facts, room, &n);
		blocks = slice_make(room, n);
		if (conf_apply(set, blocks, &applied) != OK)
			return 255;
	}
	if (!c->origins)
		resolve_listens(&applied);
	e = c->origins ? conf_dump_origins(&applied, blocks, &text)
		       : conf_dump(&applied, &text);
	if (e != OK || io_write_all(STDOUT_FILENO, buf_slice(&text)) != OK)
		return 255;
	return 0;
}

/* ---- advice -------------------------------------------------------------- */

/* Does the list of daemons name this one? "sshd", "sshd@address"; and in
 * hosts.deny "ALL", which means this one, too. */
static bool
names_us(struct slice daemons, bool deny)
{
	SCOPED(mem_free_at) char *copy = mem_text(daemons);
	char *rest = copy;
	char *word;

	while ((word = strsep(&rest, " \t,")) != NULL) {
		word[strcspn(word, "@")] = '\0';
		if (strcmp(word, "sshd") == 0 ||
		    strcmp(word, "sallyportd") == 0 ||
		    (deny && strcmp(word, "ALL") == 0))
			return true;
	}
	return false;
}

/* libwrap's rules are no longer asked by anybody: who counts on them must know. */
static void
check_wrappers(struct cmdline *c, const char *path, bool deny)
{
	SCOPED(buf_clear) struct buf text = BUF_LIMIT(WRAPPERS_MAX);
	SCOPED(io_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct slice rest;
	struct slice line;
	unsigned int number = 0;

	if (fd < 0 || io_read_all(fd, WRAPPERS_MAX, &text) != OK)
		return;
	rest = buf_slice(&text);
	while (slice_next(&rest, '\n', &line)) {
		struct slice daemons =
		    text_trim(slice_first(line, slice_find(line, ':')));
		char why[256];

		number++;
		if (daemons.n == 0 || daemons.n == line.n ||
		    daemons.p[0] == '#' || !names_us(daemons, deny))
			continue;
		(void)snprintf(why, sizeof(why),
		    "%s line %u: sshd has no effect: libwrap isn't supported "
		    "(use Match Address, AllowUsers or a packet filter)",
		    path, number);
		cmdline_complain(c, LEVEL_VERBOSE, why);
	}
}

/* Whoever runs -t by hand isn't started by systemd, but the daemon may be. */
static const char *
who_listens(void)
{
	const char *passed = getenv("LISTEN_FDS");

	if (passed != NULL && passed[0] != '\0' && strcmp(passed, "0") != 0)
		return "LISTEN_FDS";
	return access(SOCKET_ENABLED, F_OK) == 0
		   ? "sallyportd.socket is enabled"
		   : NULL;
}

static void
advise(struct cmdline *c, const struct conf_set *set)
{
	struct conf_world world = {.has_user = creds_has_user,
	    .has_group = creds_has_group,
	    .inherited = who_listens()};

	conf_advise(set, &world, cmdline_complain, c);
	check_wrappers(c, "/etc/hosts.deny", true);
	check_wrappers(c, "/etc/hosts.allow", false);
}

int
testmode_run(struct cmdline *c)
{
	struct listener *l = mem_new(sizeof(*l));
	enum err e;

	l->cmd = c;
	l->keys_fd = -1;
	e = cmdline_configure(c, &l->bundle, &l->set);
	if (e != OK)
		return e == ERR_CONFIG ? 255 : 1; /* 1: can't be read */
	l->conf = conf_global(l->set);
	cmdline_log(c, l->conf);
	if (c->test)
		advise(c, l->set);
	/* Keys that the first start will make aren't missing before it. */
	if (!c->dump_plain && !makekeys_due(l) && keepers_start(l) != OK)
		return l->exit_status != 0 ? l->exit_status : 255;
	if (reload_answer(l) != OK)
		return 255;
	return c->dump || c->dump_plain ? dump(c, l->set) : 0;
}
