/*
 * pam.h - one connection's PAM; between pam.c, which calls the library, and
 * pam_talk.c, which the modules call
 */
#ifndef SALLYPORT_MONITOR_PAM_H
#define SALLYPORT_MONITOR_PAM_H

#include "monitor.h"

#include <security/pam_appl.h>
#include <sys/resource.h>

#define PAM_LIMITS 16 /* RLIM_NLIMITS */

struct pam {
	pam_handle_t *handle;
	struct monitor *m;
	int status;           /* of the last call */
	const char *password; /* password method: what to answer */
	bool dialogue;        /* keyboard-interactive: ask the client */
	bool authenticated, cred, session;
	bool accounted; /* account management was asked, once: */
	int account;    /* what it said */
	struct rlimit limits[PAM_LIMITS];
};

/* The conversation function, PAM's way to ask for something; data: struct pam.
 * What there is to say is kept until it can be shown (m->messages). */
int pam_talk_converse(int n, const struct pam_message **msg,
    struct pam_response **out, void *data);

/* In a dialogue: show what was said since the last prompt. */
void pam_talk_show(struct pam *p);

/*
 * What a module wants to have waited after a failure (PAM_FAIL_DELAY), in place
 * of libpam's sleep: this connection alone waits, and for nobody who has left.
 */
void pam_talk_delay(int status, unsigned int usec, void *data);

#endif
