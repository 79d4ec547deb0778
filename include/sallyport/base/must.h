/*
 * must.h - what cannot happen
 *
 * must(cond) ends the process with file and line, in every build. It is for
 * errors of ours, never for what a peer may send.
 */
#ifndef SALLYPORT_BASE_MUST_H
#define SALLYPORT_BASE_MUST_H

#define must(cond) ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))

/* Log the broken condition at level error and abort(). */
_Noreturn void must_fail(const char *cond, const char *file, int line);

#endif
