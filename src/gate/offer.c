/*
 * offer.c - what this server offers, from configuration and host keys
 *
 * Nothing is copied of what the spawner prepared: lists are the sealed
 * configuration's text, keys the keeper's public list. Host key algorithms
 * without a key are left out by the transport.
 */
#include "gate.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/crypto/algo.h"

static const struct transport_hostkey *
hostkeys(const struct common *common)
{
	struct transport_hostkey *keys =
	    mem_array(common->nkeys, sizeof(*keys));

	for (size_t i = 0; i < common->nkeys; i++)
		keys[i] = (struct transport_hostkey){common->keys[i].type,
		    common->keys[i].blob};
	return keys;
}

/* What blocks of addresses alone say; NULL in most configurations. */
static struct conf *
early(const struct gate *g)
{
	const struct conn *conn = g->conn;
	struct conf_facts facts = {.address = conn->peer_ip,
	    .local_address = conn->local_ip,
	    .local_port = conn->local_port,
	    .rdomain = conn->rdomain[0] != '\0' ? conn->rdomain : NULL};

	return conf_early(g->common->set, &facts);
}

void
offer_make(struct gate *g)
{
	SCOPED(mem_free_at) struct conf *ours = early(g);
	const struct conf *c = ours != NULL ? ours : g->common->conf;

	g->offer = (struct transport_offer){
	    .kex = slice_cstr(c->kex_algorithms),
	    .hostkey_algorithms = slice_cstr(c->hostkey_algorithms),
	    .ciphers = slice_cstr(c->ciphers),
	    .macs = slice_cstr(c->macs),
	    .compression = c->compression ? SLICE_STR("none,zlib@openssh.com")
					  : SLICE_STR("none"),
	    .keys = hostkeys(g->common),
	    .nkeys = g->common->nkeys,
	    .version = slice_cstr(g->conn->version),
	    .rekey_octets = c->rekey_octets,
	    .rekey_seconds = c->rekey_seconds,
	};
}

static void
add_name(struct buf *list, struct slice name)
{
	enum err e = OK;

	if (algo_list_has(buf_slice(list), name))
		return;
	if (list->n > 0)
		e = buf_append(list, SLICE_STR(","));
	if (e == OK)
		e = buf_append(list, name);
	must(e == OK);
}

char *
offer_sig_algs(const char *pubkey_algorithms)
{
	SCOPED(buf_clear) struct buf list = BUF_EMPTY;
	struct slice rest = slice_cstr(pubkey_algorithms), name;
	const struct algo *a;

	while (slice_next(&rest, ',', &name))
		if ((a = algo_find(ALGO_KEY, name)) != NULL)
			add_name(&list, slice_cstr(a->plain));
	return mem_text(buf_slice(&list));
}

void
offer_complete(struct gate *g)
{
	if (g->sig_algs != NULL)
		return;
	g->sig_algs =
	    offer_sig_algs(conf_any_pubkey_algorithms(g->common->set));
	g->offer.sig_algs = slice_cstr(g->sig_algs);
}
