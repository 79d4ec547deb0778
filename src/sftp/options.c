/*
 * options.c - the arguments of sftp-server and internal-sftp
 */
#include "inside.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *fault_text;

static enum err
fault(const char *text)
{
	fault_text = text;
	return ERR_CONFIG;
}

static bool
mark(struct sftp_options *o, struct slice name, bool refused)
{
	const char *known;

	for (size_t i = 0; (known = sftp_request_name(i)) != NULL; i++)
		if (slice_is(name, known)) {
			o->refused[i] = refused;
			return true;
		}
	return false;
}

/* "-P read,write": these not; "-p …": these alone. Both: what both allow. */
static enum err
parse_list(struct sftp_options *o, const char *list, bool allow)
{
	struct sftp_options only = {.listed = allow};
	struct slice left = slice_cstr(list), name;

	for (size_t i = 0; i < SFTP_REQUESTS_MAX; i++)
		only.refused[i] = allow;
	while (slice_next(&left, ',', &name))
		if (!mark(&only, name, !allow))
			return fault("unknown request in a list");
	for (size_t i = 0; i < SFTP_REQUESTS_MAX; i++)
		o->refused[i] |= only.refused[i];
	o->listed |= allow;
	return OK;
}

static enum err
parse_umask(struct sftp_options *o, const char *text)
{
	unsigned int mask = 0;

	if (*text == '\0' || strspn(text, "01234567") != strlen(text) ||
	    strlen(text) > 5)
		return fault("bad umask");
	for (; *text != '\0'; text++)
		mask = mask * 8 + (unsigned int)(*text - '0');
	if (mask > 0777)
		return fault("bad umask");
	o->has_umask = true;
	o->umask = (mode_t)mask;
	return OK;
}

static enum err
take_option(struct sftp_options *o, int letter)
{
	switch (letter) {
	case 'd':
		o->start = optarg;
		return OK;
	case 'e':
		o->to_stderr = true;
		return OK;
	case 'f':
		return log_facility_parse(optarg, &o->facility) == OK
			   ? OK
			   : fault("invalid log facility");
	case 'h':
		o->help = true;
		return OK;
	case 'l':
		return log_level_parse(optarg, &o->level) == OK
			   ? OK
			   : fault("invalid log level");
	case 'P':
		return parse_list(o, optarg, false);
	case 'p':
		return parse_list(o, optarg, true);
	case 'Q':
		o->query = optarg;
		return OK;
	case 'R':
		o->read_only = true;
		return OK;
	case 'u':
		return parse_umask(o, optarg);
	default:
		return fault("unknown option");
	}
}

enum err
sftp_options_parse(struct sftp_options *o, int argc, char **argv,
    const char **why)
{
	enum err e = OK;
	int letter;

	/* What follows the options is nobody's: scp -D names hosts there. */
	*o = (struct sftp_options){.level = LEVEL_ERROR};
	optind = 1;
	opterr = 0;
	while (e == OK &&
	       (letter = getopt(argc, argv, "cd:ef:hl:P:p:Q:Ru:")) != -1) {
		if (letter == 'c') /* called as a shell: no more is for us */
			return OK;
		e = take_option(o, letter);
	}
	*why = e == OK ? NULL : fault_text;
	return e;
}

/* ---- the start folder ----------------------------------------------------------- */

static bool
append_token(struct buf *b, char token, const char *home, const char *user,
    uid_t uid)
{
	switch (token) {
	case '%':
		return buf_append(b, SLICE_STR("%")) == OK;
	case 'd':
		return buf_append_cstr(b, home) == OK;
	case 'u':
		return buf_append_cstr(b, user) == OK;
	case 'U':
		return buf_printf(b, "%lu", (unsigned long)uid) == OK;
	default:
		return false;
	}
}

enum err
sftp_start(const struct sftp_options *o, const char *home, const char *user,
    uid_t uid, char **path)
{
	const char *at = o->start;
	SCOPED(buf_clear) struct buf b = BUF_LIMIT(4096);

	if (at == NULL) {
		*path = mem_strdup(home);
		return OK;
	}
	if (at[0] == '~' && (at[1] == '/' || at[1] == '\0')) {
		if (buf_append_cstr(&b, home) != OK)
			return ERR_FORMAT;
		at++;
	}
	for (; *at != '\0'; at++) {
		bool good = *at == '%'
				? append_token(&b, *++at, home, user, uid)
				: buf_append(&b, slice_make(at, 1)) == OK;

		if (!good)
			return ERR_FORMAT;
	}
	*path = mem_text(buf_slice(&b));
	return OK;
}
