/*
 * title.h - the process title that ps and top show
 */
#ifndef SALLYPORT_PROC_TITLE_H
#define SALLYPORT_PROC_TITLE_H

/* Once, in main, before argv and environ are used up: remembers the area. */
void title_init(int argc, char **argv);

/* "sshd: " and the text; comm becomes "sshd". Does nothing without init. */
void title_set(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* comm alone ("sshd"): what journald and fail2ban match. */
void title_comm(void);

#endif
