/*
 * pam_probe.c - a PAM module that does what its arguments say; built by
 * pams.py where there is a compiler
 *
 *     prompts=N   ask for N answers at once, every second one shown; they have
 *                 to be a1 a2 … aN
 *     info=TEXT error=TEXT   say it
 *     delay=USEC  pam_fail_delay
 *     user=NAME   make it another user
 *     crash hang fail maxtries alarm
 *     close-hang  hang where a session is closed
 */
#define _GNU_SOURCE
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROMPTS 256

static int
ask(pam_handle_t *h, int n, int style, const char *text)
{
	static char words[PROMPTS][64];
	struct pam_message m[PROMPTS];
	const struct pam_message *p[PROMPTS];
	struct pam_response *r = NULL;
	const struct pam_conv *conv = NULL;
	int rc, good = 1;

	for (int i = 0; i < n; i++) {
		snprintf(words[i], sizeof(words[i]), "question %d: ", i + 1);
		m[i].msg = text != NULL ? text : words[i];
		m[i].msg_style = style != 0 ? style
				 : i % 2    ? PAM_PROMPT_ECHO_ON
					    : PAM_PROMPT_ECHO_OFF;
		p[i] = &m[i];
	}
	if (pam_get_item(h, PAM_CONV, (const void **)&conv) != PAM_SUCCESS)
		return PAM_SYSTEM_ERR;
	rc = conv->conv(n, p, &r, conv->appdata_ptr);
	if (rc != PAM_SUCCESS || style != 0)
		return rc;
	for (int i = 0; i < n; i++) {
		snprintf(words[i], sizeof(words[i]), "a%d", i + 1);
		good &= r[i].resp != NULL && strcmp(r[i].resp, words[i]) == 0;
		free(r[i].resp);
	}
	free(r);
	return good ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int
act(pam_handle_t *h, const char *what)
{
	const char *value = strchr(what, '=');
	int n = value != NULL ? atoi(value + 1) : 0;

	if (strncmp(what, "prompts=", 8) == 0)
		return ask(h, n, 0, NULL);
	if (strncmp(what, "info=", 5) == 0)
		return ask(h, 1, PAM_TEXT_INFO, value + 1);
	if (strncmp(what, "error=", 6) == 0)
		return ask(h, 1, PAM_ERROR_MSG, value + 1);
	if (strncmp(what, "delay=", 6) == 0)
		return pam_fail_delay(h, (unsigned int)n);
	if (strncmp(what, "user=", 5) == 0)
		return pam_set_item(h, PAM_USER, value + 1);
	if (strcmp(what, "crash") == 0)
		raise(SIGSEGV);
	while (strcmp(what, "hang") == 0)
		sleep(1000);
	if (strcmp(what, "alarm") == 0)
		alarm(0);
	if (strcmp(what, "maxtries") == 0)
		return PAM_MAXTRIES;
	return strcmp(what, "fail") == 0 ? PAM_AUTH_ERR : PAM_SUCCESS;
}

static int
all(pam_handle_t *h, int argc, const char **argv)
{
	int rc = PAM_SUCCESS;

	for (int i = 0; i < argc && rc == PAM_SUCCESS; i++)
		rc = act(h, argv[i]);
	return rc;
}

#define SERVE(name)                                                            \
	int name(pam_handle_t *h, int flags, int argc, const char **argv)      \
	{                                                                      \
		(void)flags;                                                   \
		return all(h, argc, argv);                                     \
	}
SERVE(pam_sm_authenticate)
SERVE(pam_sm_acct_mgmt)
SERVE(pam_sm_open_session)

int
pam_sm_close_session(pam_handle_t *h, int flags, int argc, const char **argv)
{
	(void)flags;
	for (int i = 0; i < argc; i++)
		while (strcmp(argv[i], "close-hang") == 0)
			sleep(1000);
	return all(h, argc, argv);
}

int
pam_sm_setcred(pam_handle_t *h, int flags, int argc, const char **argv)
{
	(void)h;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
