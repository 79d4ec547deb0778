/*
 * audit.h - a record for Linux audit, handed to the kernel
 *
 * Source:  netlink(7), linux/audit.h: one message of protocol NETLINK_AUDIT is
 *          one record, its type the message's, its text the payload; the
 *          kernel adds time, number, pid, uid, auid and ses.
 * Runs in: monitor (as root); the spawner asks once whether there is audit.
 *
 * Written by hand, since libaudit would be one more library in every process
 * of a connection (libcap-ng comes with it) for one message, and it looks up
 * the names of hosts itself.
 */
#ifndef SALLYPORT_PROC_AUDIT_H
#define SALLYPORT_PROC_AUDIT_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Types of records, as auditd and its tools know them. */
#define AUDIT_TYPE_USER_AUTH  1100u /* a credential was looked at */
#define AUDIT_TYPE_USER_START 1105u
#define AUDIT_TYPE_USER_END   1106u
#define AUDIT_TYPE_USER_LOGIN 1112u
#define AUDIT_TYPE_CRYPTO_KEY 2404u /* made, used or destroyed, by a program */

#define AUDIT_TEXT_MAX 8192 /* the kernel takes some 8,900 octets */

/*
 * Does this kernel have audit at all? To be asked once: where it doesn't, the
 * kernel may look for a module each time. False, too, where we are built
 * without.
 */
bool audit_exists(void);

/* Is it on now (auditctl -e)? True where we may not ask. A question costs the
 * kernel a thread: not one for each connection. */
bool audit_is_on(void);

/*
 * Hand over one record. text: at most AUDIT_TEXT_MAX octets.
 *
 * OK also where nobody wants our records: no audit, or a container that has
 * no right to write them (as libpam and sshd have it). ERR_TOO_LONG;
 * ERR_SYSTEM with errno: the record is lost, and there should be one.
 */
MUST_USE enum err audit_write(uint16_t type, struct slice text);

#endif
