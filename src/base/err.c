#include "sallyport/base/err.h"

#include "sallyport/base/must.h"

struct row {
	const char *name;
	const char *sentence;
	uint32_t code;
};

#define ERROR_ROW(name, sentence, code) [name] = {#name, sentence, code},
static const struct row rows[ERR_COUNT] = {ERRORS(ERROR_ROW)};
#undef ERROR_ROW

static const struct row *
row_of(enum err e)
{
	must((unsigned int)e < ERR_COUNT);
	return &rows[e];
}

const char *
err_name(enum err e)
{
	return row_of(e)->name;
}

const char *
err_sentence(enum err e)
{
	return row_of(e)->sentence;
}

uint32_t
err_disconnect_code(enum err e)
{
	return row_of(e)->code;
}
