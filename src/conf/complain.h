/*
 * complain.h - what the parser says about a line
 *
 * All of it goes to conf_parse's complain. FATAL ends the parsing, ERROR with
 * a place is counted and ends it with the file.
 */
#ifndef SALLYPORT_CONF_COMPLAIN_H
#define SALLYPORT_CONF_COMPLAIN_H

#include "parser.h"

/* As it stands; octets that aren't printed become blanks. */
void complain_say(struct parser *p, enum log_level level, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* With the place before it. */
void complain_here(struct parser *p, enum log_level level, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* The same, and what should have stood there; row NULL: no keyword of ours. */
void complain_wrong(struct parser *p, enum log_level level,
    const struct keywords_row *row, const char *why, const char *wants);

/* Advice: the line at does nothing, on account of the line other. */
void complain_moot(struct parser *p, const struct keywords_row *row,
    struct conf_origin at, const char *why, const struct conf_origin *other);

/* The line that is being read */
struct conf_origin complain_place(const struct parser *p);

#endif
