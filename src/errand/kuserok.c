/*
 * kuserok.c - may this principal be that user? (krb5_kuserok)
 *
 * libkrb5 reads the user's ~/.k5login and krb5.conf's rules of mapping, and may
 * load the administrator's modules for that. So it runs with the user's rights,
 * in a fresh image, and is told a name and nothing else of the network.
 */
#include "errand.h"

#include "krb5lib.h"

#include "sallyport/base/clock.h"
#include "sallyport/base/io.h"
#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/proc/creds.h"
#include "sallyport/proc/deadline.h"
#include "sallyport/proc/parent.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/rpc/errand_ops.h"

#include <sys/types.h>
#include <unistd.h>

#define EXIT_FAILED 1
#define EXIT_USAGE  2
#define GROUPS_MAX  4096
#define PID_MAX     4194304 /* the kernel's own bound */
#define DEADLINE_MS 20000   /* a home directory that doesn't answer */

static enum err
become_user(const struct kuserok_msg *m, pid_t monitor)
{
	SCOPED(mem_free_at)
	gid_t *groups = mem_array(GROUPS_MAX, sizeof(*groups));
	struct creds c = {.uid = m->uid, .gid = m->gid, .groups = groups};
	struct rd r = rd_from(m->groups);
	enum err e;

	while (rd_status(&r) == OK && r.left.n > 0 && c.ngroups < GROUPS_MAX)
		groups[c.ngroups++] = rd_u32(&r);
	if ((e = rd_end(&r)) != OK || (e = creds_become(&c)) != OK)
		return e;
	/* a change of ids resets both */
	sandbox_undumpable();
	parent_die_with(monitor);
	return OK;
}

static void
decide(const struct kuserok_msg *m, struct gss_answer_msg *answer)
{
	SCOPED(mem_free_at) char *name = mem_text(m->principal);
	SCOPED(mem_free_at) char *user = mem_text(m->user);
	struct krb5lib k;
	krb5_principal p;
	krb5_error_code code;
	const char *why = krb5lib_load(&k);

	if (why == NULL && (code = k.parse_name(k.context, name, &p)) != 0)
		why = krb5lib_sentence(&k, code);
	if (why == NULL)
		answer->ok = k.kuserok(k.context, p, user) != 0;
	answer->why = slice_first(slice_cstr(why), GSS_WHY_MAX);
}

int
kuserok_run(struct slice arguments)
{
	struct rpc *r = rpc_new(SPAWN_CHANNEL);
	struct gss_answer_msg answer = {.ok = false};
	struct kuserok_msg m;
	uint64_t monitor;
	uint32_t number;

	if (text_number(arguments, 1, PID_MAX, &monitor) != OK) {
		log_error("kuserok: the monitor's number is needed");
		return EXIT_USAGE;
	}
	parent_die_with((pid_t)monitor);
	if (deadline_set(clock_mono_ms() + DEADLINE_MS) != OK ||
	    rpc_receive(r, false, &number) != OK || number != ERRAND_KUSEROK ||
	    rpc_decode(r, &layout_kuserok_msg, &m) != OK ||
	    become_user(&m, (pid_t)monitor) != OK)
		return EXIT_FAILED;
	decide(&m, &answer);
	return rpc_send(r, ERRAND_GSS_ANSWER, &layout_gss_answer_msg,
		   &answer) == OK
		   ? 0
		   : EXIT_FAILED;
}
