/*
 * values_ssh.h - value kinds of SSH: algorithms, who may log in
 */
#ifndef SALLYPORT_CONF_VALUES_SSH_H
#define SALLYPORT_CONF_VALUES_SSH_H

#include "values.h"

/* ---- algorithms: const char *, worked out by crypto/algo.h -------------- */
extern const struct values_kind values_ssh_kex;
extern const struct values_kind values_ssh_ciphers;
extern const struct values_kind values_ssh_macs;
extern const struct values_kind values_ssh_keys;
extern const struct values_kind values_ssh_ca;
extern const struct values_kind values_ssh_fingerprint; /* last wins */
extern const struct values_kind values_ssh_compression;
extern const struct values_kind values_ssh_rekey; /* octets, then seconds */
extern const struct values_kind values_ssh_rsa_size;

/* ---- logins ------------------------------------------------------------- */
extern const struct values_kind values_ssh_root;
extern const struct values_kind values_ssh_rhosts;
extern const struct values_kind values_ssh_methods;        /* none is "any" */
extern const struct values_kind values_ssh_pubkey_options; /* two bools */
extern const struct values_kind values_ssh_users; /* user@host; grows */

/*
 * Is each method of one list of AuthenticationMethods enabled in c? A list of
 * which one isn't can't be completed and doesn't count.
 */
bool values_ssh_methods_enabled(struct slice list, const struct conf *c);

#endif
