/*
 * dump.h - a configuration as text, for -T and -G
 */
#ifndef SALLYPORT_CONF_DUMP_H
#define SALLYPORT_CONF_DUMP_H

#include "sallyport/base/buf.h"
#include "sallyport/conf/conf.h"

/* conf_dump */
MUST_USE enum err dump_conf(const struct conf *c, struct buf *out);

/* conf_dump_origins */
MUST_USE enum err
dump_origins(const struct conf *c, struct slice blocks, struct buf *out);

#endif
