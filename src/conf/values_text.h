/*
 * values_text.h - value kinds of words, paths, rest of the line, lists of them
 */
#ifndef SALLYPORT_CONF_VALUES_TEXT_H
#define SALLYPORT_CONF_VALUES_TEXT_H

#include "values.h"

/* ---- const char * ------------------------------------------------------- */
extern const struct values_kind values_text;           /* or none */
extern const struct values_kind values_text_name;      /* must be */
extern const struct values_kind values_text_path;      /* ~ and cwd; or none */
extern const struct values_kind values_text_file;      /* the same, must be */
extern const struct values_kind values_text_agent;     /* or SSH_AUTH_SOCK */
extern const struct values_kind values_text_provider;  /* or internal */
extern const struct values_kind values_text_home_path; /* only ~; or none */
extern const struct values_kind values_text_raw;       /* rest of the line */

/* ---- struct conf_list --------------------------------------------------- */
extern const struct values_kind values_text_paths;      /* one a line, grows */
extern const struct values_kind values_text_more_paths; /* prints no "none" */
extern const struct values_kind values_text_home_paths; /* one line; only ~ */
extern const struct values_kind values_text_patterns;   /* grows */
extern const struct values_kind values_text_words;      /* one line, or none */

/* A text, or "none" */
void values_text_print(const struct values_kind *k, struct values_out *out,
    const void *value);

#endif
