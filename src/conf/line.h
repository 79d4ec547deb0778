/*
 * line.h - one line of configuration: its keyword and its arguments
 *
 * Blanks and at most one '=' separate the keyword from what follows. The
 * arguments are words with sshd_config's quoting (base/text.h); keywords that
 * take the rest of the line as it stands use raw.
 */
#ifndef SALLYPORT_CONF_LINE_H
#define SALLYPORT_CONF_LINE_H

#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

#define LINE_MAX_OCTETS ((size_t)64 << 10)

struct line {
	struct slice keyword; /* as typed; empty for a comment or nothing */
	struct slice raw;     /* what follows, blanks trimmed */
	const char **words;   /* unquoted; valid until the next line_split */
	size_t nwords;

	/* line.c's own: grown once, used for every line */
	char *room;
	size_t room_size;
	size_t words_size;
};

/*
 * Split text, one line without its newline. keyword and raw borrow from text.
 * Where it fails, keyword is right all the same (empty in a comment):
 * ERR_FORMAT for a quote that isn't closed or a NUL octet, in comments too;
 * ERR_TOO_LONG above LINE_MAX_OCTETS.
 */
MUST_USE enum err line_split(struct line *l, struct slice text);

/* Free what line_split grew; for SCOPED. */
void line_clear(struct line *l);

#endif
