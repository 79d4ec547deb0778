/*
 * errand.h - the tasks of errands; private to the room
 */
#ifndef SALLYPORT_SRC_ERRAND_ERRAND_H
#define SALLYPORT_SRC_ERRAND_ERRAND_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

/*
 * "TYPE BITS PATH": make a key pair and write PATH (0600) and PATH.pub (0644).
 * TYPE is rsa, ecdsa or ed25519, BITS its size (0: the type's own). A key that
 * is there already stays: OK. Returns the exit status.
 */
int keygen_run(struct slice arguments);

/*
 * "PID": tell the monitor of that number who is in which netgroup
 * (rpc/messages.h: netgroups_msg). Returns the exit status.
 */
int innetgr_run(struct slice arguments);

/*
 * "PATH": sign what the keeper sends (rpc/messages.h: fido_sign_msg) with the
 * library at PATH, until it has no more use of us. Returns the exit status.
 */
int skhelper_run(struct slice arguments);

/*
 * "PID": run the program that the monitor of that number asks for
 * (rpc/messages.h: runner_msg), tell how it ended and what it printed. Returns
 * the exit status.
 */
int runner_run(struct slice arguments);

/*
 * "PID [strict] [delegate]": accept one exchange of Kerberos tokens for the
 * monitor of that number (rpc/errand_ops.h: GSSAPI). strict: with a key of this
 * host's name alone; delegate: credentials are taken. Returns the exit status.
 */
int acceptor_run(struct slice arguments);

/*
 * "PID": tell the monitor of that number whether a principal may be a user
 * (rpc/messages.h: kuserok_msg), with that user's rights. Returns the exit
 * status.
 */
int kuserok_run(struct slice arguments);

#endif
