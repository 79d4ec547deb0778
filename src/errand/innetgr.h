/*
 * innetgr.h - who is in which netgroup; private to the room
 */
#ifndef SALLYPORT_SRC_ERRAND_INNETGR_H
#define SALLYPORT_SRC_ERRAND_INNETGR_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

/* innetgr(3), or a test's. host or user is NULL: anybody. */
typedef int innetgr_database(const char *group, const char *host,
    const char *user, const char *domain);

/*
 * Append an answer for each question (netgroups_msg). ERR_FORMAT for what is
 * no list of questions, and for more than fit.
 */
MUST_USE enum err innetgr_answer(innetgr_database *ask, struct slice questions,
    struct buf *answers);

#endif
