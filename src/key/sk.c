#include "sallyport/key/sk.h"

#include "sallyport/base/mem.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/hash.h"

#define SHA256_OCTETS 32
#define MESSAGE_MAX   ((size_t)32 << 10)
#define TEXT_MAX      ((size_t)64 << 10)

/* RFC 4648 §5: two letters differ, nothing pads. */
static enum err
append_base64url(struct buf *out, struct slice s)
{
	struct bytes room;
	enum err e = buf_reserve(out, (s.n + 2) / 3 * 4 + 1, &room);
	size_t n;

	if (e != OK)
		return e;
	n = text_base64(s, false, (char *)room.p, room.n);
	for (size_t i = 0; i < n; i++) {
		if (room.p[i] == '+')
			room.p[i] = '-';
		else if (room.p[i] == '/')
			room.p[i] = '_';
	}
	buf_filled(out, n);
	return OK;
}

/*
 * How clientData must begin. Compared as text: who parses JSON here lets the
 * web page that made it choose what the parser sees.
 */
static enum err
expected_head(const struct sig *s, struct slice message, struct buf *out)
{
	enum err e;

	e = buf_append_cstr(out, "{\"type\":\"webauthn.get\",\"challenge\":\"");
	if (e == OK)
		e = append_base64url(out, message);
	if (e == OK)
		e = buf_append_cstr(out, "\",\"origin\":\"");
	if (e == OK)
		e = buf_append(out, s->origin);
	return e == OK ? buf_append_cstr(out, "\"") : e;
}

static enum err
check_webauthn(const struct sig *s, struct slice message)
{
	SCOPED(buf_clear) struct buf head = BUF_LIMIT(TEXT_MAX);
	bool extended = (s->flags & SK_EXTENSIONS) != 0;
	enum err e;

	if (message.n > MESSAGE_MAX)
		return ERR_TOO_LONG;
	/* A quote in the origin would end it where clientData goes on */
	if (slice_find(s->origin, '"') < s->origin.n)
		return ERR_FORMAT;
	if ((s->flags & SK_ATTESTED) != 0 || extended != (s->extensions.n > 0))
		return ERR_FORMAT;
	if ((e = expected_head(s, message, &head)) != OK)
		return e;
	return slice_starts(s->client_data, buf_slice(&head)) ? OK : ERR_FORMAT;
}

enum err
sk_signed_data(struct slice application, const struct sig *s,
    struct slice message, struct buf *out)
{
	uint8_t app[SHA256_OCTETS];
	uint8_t text[SHA256_OCTETS];
	struct wr w = wr_into(out);
	enum err e;

	if (s->webauthn && (e = check_webauthn(s, message)) != OK)
		return e;
	if ((e = hash_once(HASH_SHA256, application, app)) != OK)
		return e;
	e = hash_once(HASH_SHA256, s->webauthn ? s->client_data : message,
	    text);
	if (e != OK)
		return e;
	wr_raw(&w, SLICE_OF(app));
	wr_u8(&w, s->flags);
	wr_u32(&w, s->counter);
	wr_raw(&w, s->extensions); /* empty but for webauthn */
	wr_raw(&w, SLICE_OF(text));
	return wr_end(&w, NULL);
}
