#include "sallyport/connect/connect.h"

#include "inside.h"
#include "sallyport/base/mem.h"
#include "sallyport/transport/transport.h"

#include <stdarg.h>
#include <stdio.h>

struct connect *
connect_new(struct transport *t, const struct connect_ops *ops,
    uint32_t max_sessions)
{
	struct connect *c = mem_new(sizeof(*c));

	c->t = t;
	c->ops = ops;
	c->max_sessions = max_sessions;
	c->purse = WINDOW_PURSE;
	list_init(&c->waiting);
	return c;
}

void
connect_free(struct connect *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->nslots; i++)
		mem_free(c->slots[i].ch);
	mem_free(c->slots);
	global_forget(c);
	mem_free(c);
}

/* ---- what goes out ---- */

struct wr
connect_begin(struct connect *c, uint8_t message, size_t max)
{
	struct wr w = transport_begin(c->t, max);

	wr_u8(&w, message);
	return w;
}

void
connect_end(struct connect *c, const struct wr *w)
{
	enum err e = transport_end(c->t, w);

	if (e != OK && c->broken == OK)
		c->broken = e;
}

/* ---- what comes in ---- */

/*
 * Answers to keep-alives, the only requests that we make: whatever they say,
 * the client is there.
 */
static enum err
on_answer(struct connect *c, struct rd *r)
{
	(void)c;
	(void)rd_rest(r);
	return OK;
}

struct row {
	uint8_t message;
	enum err (*on)(struct connect *c, struct rd *r);
};

/* clang-format off */
static const struct row rows[] = {
	{ MSG_GLOBAL_REQUEST,            global_on_request         },
	{ MSG_REQUEST_SUCCESS,           on_answer                 },
	{ MSG_REQUEST_FAILURE,           on_answer                 },
	{ MSG_CHANNEL_OPEN,              open_on_open              },
	{ MSG_CHANNEL_OPEN_CONFIRMATION, open_on_confirmation      },
	{ MSG_CHANNEL_OPEN_FAILURE,      open_on_failure           },
	{ MSG_CHANNEL_WINDOW_ADJUST,     channel_on_window_adjust  },
	{ MSG_CHANNEL_DATA,              channel_on_data           },
	{ MSG_CHANNEL_EXTENDED_DATA,     channel_on_extended_data  },
	{ MSG_CHANNEL_EOF,               channel_on_eof            },
	{ MSG_CHANNEL_CLOSE,             channel_on_close          },
	{ MSG_CHANNEL_REQUEST,           request_on_request        },
	{ MSG_CHANNEL_SUCCESS,           on_answer                 },
	{ MSG_CHANNEL_FAILURE,           on_answer                 },
};
/* clang-format on */

enum err
connect_take(struct connect *c, struct slice payload)
{
	struct rd r = rd_from(payload);
	uint8_t message = rd_u8(&r);
	enum err e;

	c->reason[0] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].message != message)
			continue;
		e = rows[i].on(c, &r);
		return e != OK ? e : c->broken;
	}
	transport_unimplemented(c->t);
	return c->broken;
}

enum err
connect_status(const struct connect *c)
{
	return c->broken;
}

enum err
connect_refuse(struct connect *c, enum err e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->reason, sizeof(c->reason), format, args);
	va_end(args);
	return e;
}

const char *
connect_reason(const struct connect *c, enum err e)
{
	return c->reason[0] != '\0' ? c->reason : err_sentence(e);
}

size_t
connect_open_channels(const struct connect *c)
{
	return c->nopen;
}
