#include "complain.h"

#include "keywords.h"

#include <stdarg.h>
#include <stdio.h>

#define SAY_MAX 1024

void
complain_say(struct parser *p, enum log_level level, const char *format, ...)
{
	char text[SAY_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c != '\0'; c++)
		if ((uint8_t)*c < ' ' || *c == 0x7f)
			*c = ' '; /* files, and their names, may have such */
	if (level == LEVEL_FATAL)
		p->over = true;
	if (p->complain != NULL)
		p->complain(p->ctx, level, text);
}

void
complain_here(struct parser *p, enum log_level level, const char *format, ...)
{
	char text[SAY_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (level == LEVEL_ERROR)
		p->at.errors++;
	complain_say(p, level, "%s line %u: %s", p->at.file, p->at.number,
	    text);
}

void
complain_wrong(struct parser *p, enum log_level level,
    const struct keywords_row *row, const char *why, const char *wants)
{
	if (row == NULL)
		complain_here(p, level, "%s (expected %s)", why, wants);
	else
		complain_here(p, level, "%s (%s: expected %s)", why, row->name,
		    wants);
}

struct conf_origin
complain_place(const struct parser *p)
{
	return (struct conf_origin){p->at.file, p->at.number};
}

void
complain_moot(struct parser *p, const struct keywords_row *row,
    struct conf_origin at, const char *why, const struct conf_origin *other)
{
	if (other->line == 0)
		complain_say(p, LEVEL_VERBOSE,
		    "%s line %u: %s has no effect: the command line sets it",
		    at.file, at.line, row->name);
	else
		complain_say(p, LEVEL_VERBOSE,
		    "%s line %u: %s has no effect: %s line "
		    "%u %s",
		    at.file, at.line, row->name, other->file, other->line, why);
}
