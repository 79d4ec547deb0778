/*
 * hostbased.h - does a host vouch for its user, and is its word taken?
 *
 * Private to keycheck. Source: RFC 4252 §9, sshd(8) for the files.
 *
 *     key or CA in known_hosts ──► signature ──► hosts.equiv, .shosts …
 *
 * The host is who its address says (UseDNS), or who it says itself where
 * HostbasedUsesNameFromPacketOnly has it so. Nothing is resolved here.
 */
#ifndef SALLYPORT_SRC_KEYCHECK_HOSTBASED_H
#define SALLYPORT_SRC_KEYCHECK_HOSTBASED_H

#include "trial.h"

struct hostbased {
	struct trial *t;
	char
	    *sent; /* the client's name for itself: no dot behind, lower case */
	const char *host;    /* whom it is taken for, in lower case */
	const char *address; /* what else of it may stand in .rhosts */
};

/* Keeps t, whose request is a hostbased one; clear. */
void hostbased_init(struct hostbased *h, struct trial *t);
void hostbased_clear(struct hostbased *h);

/* Is the key this host's, by known_hosts? Logs and notes why not. */
bool hostbased_is_known(struct hostbased *h);

/*
 * May that host's user come in as the account? Logs and notes why not; on
 * false with rep->want set, netgroups have to be asked first.
 */
bool hostbased_is_equivalent(struct hostbased *h, struct judge_rep *rep);

/* Append the key and its host for the result's line … */
void hostbased_name(const struct trial *t, struct buf *out);

/* … and only the host: before, then `client user "…", client host "…"`. */
void hostbased_tell_client(const struct trial *t, const char *before,
    struct buf *out);

#endif
