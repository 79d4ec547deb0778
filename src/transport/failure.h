/*
 * failure.h - why a connection ended, in the words of the log
 */
#ifndef FAILURE_H
#define FAILURE_H

#include "sallyport/base/err.h"

struct transport;

/* The line for the log and for SSH_MSG_DISCONNECT; lives as long as t. */
const char *failure_text(struct transport *t, enum err e);

#endif
