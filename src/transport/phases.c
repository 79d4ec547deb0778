#include "phases.h"

#include <stddef.h>

struct row {
	uint8_t first; /* message numbers, both included */
	uint8_t last;
	uint8_t actions[WHEN_COUNT];
};

#define END  ACT_END
#define UNK  ACT_UNKNOWN
#define DROP ACT_DROP
#define GIVE ACT_DELIVER
#define BYE  ACT_DISCONNECT
#define INIT ACT_KEXINIT
#define KEX  ACT_KEX
#define NEW  ACT_NEWKEYS
#define EXT  ACT_EXT_INFO
#define PING ACT_PING

/*
 * In the strict initial exchange whatever isn't the next message of the
 * exchange ends the connection. KEX and NEW are asked once more whether they
 * are awaited, since the table doesn't know the methods.
 *
 * A second KEXINIT before NEWKEYS ends the connection in every phase: who may
 * restart an exchange makes us draw ephemeral keys without end (CVE-2016-8858).
 * Pings are answered only after login, as in OpenSSH.
 */
/* clang-format off */
static const struct row rows[] = {
	/* messages               START  STRICT FIRST  AUTH   SESSION REKEY */
	{  0,   0, /* none */   { END,   END,   END,   END,   END,    END  } },
	{  1,   1, /* DISCON. */{ BYE,   BYE,   BYE,   BYE,   BYE,    BYE  } },
	{  2,   4, /* IGNORE, UNIMPLEMENTED, DEBUG */
	                        { DROP,  END,   DROP,  DROP,  DROP,   DROP } },
	{  5,   5, /* SERVICE */{ UNK,   END,   END,   GIVE,  UNK,    END  } },
	{  6,   6, /* ACCEPT */ { UNK,   END,   END,   UNK,   UNK,    END  } },
	{  7,   7, /* EXT_INFO */
	                        { UNK,   END,   END,   EXT,   UNK,    END  } },
	{  8,  19,              { UNK,   END,   END,   UNK,   UNK,    UNK  } },
	{ 20,  20, /* KEXINIT */{ INIT,  END,   END,   INIT,  INIT,   END  } },
	{ 21,  21, /* NEWKEYS */{ UNK,   NEW,   NEW,   UNK,   UNK,    NEW  } },
	{ 22,  29,              { UNK,   END,   END,   UNK,   UNK,    UNK  } },
	{ 30,  49, /* method */ { UNK,   KEX,   KEX,   UNK,   UNK,    KEX  } },
	/* RFC 4252 §5.1: requests after success are ignored */
	{ 50,  50, /* USERAUTH_REQUEST */
	                        { END,   END,   END,   GIVE,  DROP,   END  } },
	{ 51,  79, /* userauth */
	                        { END,   END,   END,   GIVE,  UNK,    END  } },
	/* SEC-34: channels do not exist before login */
	{ 80, 127, /* connect */{ END,   END,   END,   UNK,   GIVE,   END  } },
	{128, 191,              { END,   END,   END,   UNK,   UNK,    END  } },
	{192, 192, /* PING */   { DROP,  END,   DROP,  DROP,  PING,   PING } },
	{193, 193, /* PONG */   { DROP,  END,   DROP,  DROP,  DROP,   DROP } },
	{194, 255,              { END,   END,   END,   UNK,   UNK,    END  } },
};
/* clang-format on */

enum action
phases_action(enum phase phase, uint8_t message)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (message <= rows[i].last)
			return (enum action)rows[i].actions[phase];
	return ACT_END;
}
