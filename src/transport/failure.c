#include "failure.h"

#include "inside.h"

#include <stdarg.h>
#include <stdio.h>

static void __attribute__((format(printf, 2, 3)))
say(struct transport *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->fail_text, sizeof(t->fail_text), format, args);
	va_end(args);
}

static void
length_text(struct transport *t)
{
	size_t block = packet_block(&t->in);

	if (t->in.unaligned)
		say(t, "padding error: need %u block %zu mod %zu", t->in.fault,
		    block, t->in.fault % block);
	else
		say(t, "Bad packet length %u.", t->in.fault);
}

static void
strict_text(struct transport *t)
{
	if (t->late_kexinit)
		say(t, "strict KEX violation: KEXINIT was not the first "
		       "packet");
	else
		say(t,
		    "strict KEX violation: unexpected packet type %u "
		    "(seqnr %u)",
		    t->fault_message, t->in_seq);
}

static void
phase_text(struct transport *t)
{
	if (t->phase == WHEN_REKEY)
		say(t,
		    "non-transport message %u received from peer during "
		    "key exchange",
		    t->fault_message);
	else
		say(t, "protocol error: rcvd type %u", t->fault_message);
}

static void
rekey_text(struct transport *t)
{
	if (t->phase == WHEN_AUTH && !t->slow_exchange)
		say(t, "RekeyLimit exceeded before authentication completed");
}

static void
padding_text(struct transport *t)
{
	say(t, "Corrupted padlen %u on input.", t->in.fault);
}

static void
mac_text(struct transport *t)
{
	say(t, "Corrupted MAC on input.");
}

static void
major_text(struct transport *t)
{
	say(t, "Protocol major versions differ: 2 vs. %u", t->peer_major);
}

/* Errors that have more to say than their sentence. */
static const struct {
	enum err err;
	void (*text)(struct transport *t);
} texts[] = {
    {ERR_PACKET_LENGTH, length_text},
    {ERR_PADDING, padding_text},
    {ERR_MAC, mac_text},
    {ERR_STRICT_KEX, strict_text},
    {ERR_PHASE, phase_text},
    {ERR_REKEY, rekey_text},
    {ERR_VERSION_MAJOR, major_text},
};

const char *
failure_text(struct transport *t, enum err e)
{
	say(t, "%s", err_sentence(e));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == e)
			texts[i].text(t);
	return t->fail_text;
}
