/*
 * log_syslog.h - the log's records, handed to syslog or journald
 *
 * Source:  RFC 3164 §4.1; systemd's native journal protocol
 * Runs in: every process whose target is TARGET_SYSLOG (log.c).
 */
#ifndef SALLYPORT_BASE_LOG_SYSLOG_H
#define SALLYPORT_BASE_LOG_SYSLOG_H

#include "sallyport/base/log.h"

/* See log_set_ident. */
void log_syslog_set_ident(const char *name);

/* As in <syslog.h>; 0: LOG_AUTH. Of what libc writes for others, too. */
void log_syslog_set_facility(int facility);
int log_syslog_facility(void);

/* Read the time zone; with now, open the socket at once. */
void log_syslog_open(bool now);
void log_syslog_close(void);
int log_syslog_fd(void); /* the socket, or -1 */

/*
 * Write an escaped line without a newline. What can't be had or doesn't take
 * it isn't waited for; how many lines were lost is told when it is back.
 */
void log_syslog_write(int priority, const char *text);
void log_syslog_missed(void); /* one was lost that should go elsewhere */

/* See log_field and log_has_fields. */
void log_syslog_field(enum log_field_id field, const char *text);
bool log_syslog_has_fields(void);

#endif
