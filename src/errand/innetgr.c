/*
 * innetgr.c - the system's netgroups, asked without privilege
 *
 * Of whatever databases nsswitch.conf names, NIS and LDAP among them: foreign
 * code, which may parse what comes over the network. It runs here, as the
 * gate's account, with nothing to write to but the monitor's channel. It is
 * exec'd, since a monitor may have seen a password by now.
 */
#include "innetgr.h"

#include "errand.h"

#include "sallyport/base/log.h"
#include "sallyport/base/mem.h"
#include "sallyport/base/rd.h"
#include "sallyport/base/text.h"
#include "sallyport/proc/sandbox.h"
#include "sallyport/proc/spawn.h"
#include "sallyport/proc/title.h"
#include "sallyport/rpc/errand_ops.h"

#include <netdb.h>

#define EXIT_USAGE  2
#define EXIT_FAILED 1
#define PID_MAX     ((uint64_t)1 << 22) /* of Linux */
#define WORD_MAX    512
#define ANSWERS_MAX ((size_t)2048) /* rpc/messages.c */

enum { GROUP, HOST, USER, WORDS };

/* The words of one question; "" stands for anybody. */
static enum err
read_question(struct rd *r, char words[WORDS][WORD_MAX])
{
	for (size_t i = 0; i < WORDS; i++)
		if (!slice_to_cstr(rd_string(r), words[i], WORD_MAX))
			return ERR_FORMAT;
	if (rd_status(r) != OK)
		return rd_status(r);
	/* anybody at any host would be a question about nothing */
	return words[GROUP][0] != '\0' &&
		       (words[HOST][0] != '\0') != (words[USER][0] != '\0')
		   ? OK
		   : ERR_FORMAT;
}

enum err
innetgr_answer(innetgr_database *ask, struct slice questions,
    struct buf *answers)
{
	struct rd r = rd_from(questions);

	while (r.left.n > 0) {
		char words[WORDS][WORD_MAX];
		uint8_t yes;
		enum err e = read_question(&r, words);

		if (e != OK)
			return e;
		yes =
		    ask(words[GROUP],
			words[HOST][0] != '\0' ? words[HOST] : NULL,
			words[USER][0] != '\0' ? words[USER] : NULL, NULL) != 0;
		if ((e = buf_append(answers, SLICE_OF(yes))) != OK)
			return e;
	}
	return OK;
}

int
innetgr_run(struct slice arguments)
{
	struct rpc *r = rpc_new(SPAWN_CHANNEL);
	SCOPED(buf_clear) struct buf answers = BUF_LIMIT(ANSWERS_MAX);
	struct netgroups_rep rep;
	struct netgroups_msg m;
	uint64_t monitor;
	uint32_t number;

	if (text_number(arguments, 1, PID_MAX, &monitor) != OK) {
		log_error("netgroups: the monitor's number is needed");
		return EXIT_USAGE;
	}
	title_set("[netgroups]");
	sandbox_enter(ROLE_ERRAND, (pid_t)monitor);
	if (rpc_receive(r, false, &number) != OK || number != ERRAND_ASK ||
	    rpc_decode(r, &layout_netgroups_msg, &m) != OK ||
	    innetgr_answer(innetgr, m.questions, &answers) != OK)
		return EXIT_FAILED;
	rep.answers = buf_slice(&answers);
	return rpc_send(r, ERRAND_ANSWER, &layout_netgroups_rep, &rep) == OK
		   ? 0
		   : EXIT_FAILED;
}
