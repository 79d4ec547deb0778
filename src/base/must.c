#include "sallyport/base/must.h"

#include "sallyport/base/log.h"

#include <stdlib.h>

void
must_fail(const char *cond, const char *file, int line)
{
	log_error("%s:%d: broken: %s", file, line, cond);
	abort();
}
