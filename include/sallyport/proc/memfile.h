/*
 * memfile.h - sealed memory files: what is too large for a message
 *
 * memfd_create with all seals; the receiver checks kind, seals and size.
 */
#ifndef SALLYPORT_PROC_MEMFILE_H
#define SALLYPORT_PROC_MEMFILE_H

#include "sallyport/base/buf.h"
#include "sallyport/base/err.h"
#include "sallyport/base/slice.h"

/* Gives a descriptor (close-on-exec) holding data, sealed. */
MUST_USE enum err memfile_make(const char *name, struct slice data, int *fd);

/* Octets of a sealed memory file; ERR_RPC where it is none. */
MUST_USE enum err memfile_size(int fd, size_t *size);

/*
 * Read a sealed memory file whole, appending to out (whose max bounds it).
 * ERR_RPC: not a memory file or not fully sealed; ERR_TOO_LONG.
 */
MUST_USE enum err memfile_read(int fd, struct buf *out);

#endif
