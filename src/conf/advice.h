/*
 * advice.h - lines that do nothing, and lists that let nobody in
 *
 * For who tests a file (-t); needs what the file doesn't tell: which accounts
 * there are, and who opens the listening sockets.
 */
#ifndef SALLYPORT_CONF_ADVICE_H
#define SALLYPORT_CONF_ADVICE_H

#include "parse.h"

/* conf_advise */
void advice_give(const struct conf_set *set, const struct conf_world *world,
    conf_complain *complain, void *ctx);

#endif
