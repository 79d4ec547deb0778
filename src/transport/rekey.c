#include "rekey.h"

#define PACKETS_MAX  (UINT64_C(1) << 31)
#define BLOCKS_MAX   (UINT64_C(1) << 32)
#define OCTETS_SMALL (UINT64_C(1) << 30)
#define LOGIN_OCTETS (UINT64_C(1) << 20)

uint64_t
rekey_octets(const struct algo *cipher, uint64_t configured)
{
	uint64_t bound = OCTETS_SMALL;

	if (cipher->block >= 16)
		bound = BLOCKS_MAX * cipher->block;
	return configured > 0 && configured < bound ? configured : bound;
}

bool
rekey_is_due(const struct packet_dir *d, uint64_t configured)
{
	if (d->cipher_alg == NULL)
		return false;
	return d->packets >= PACKETS_MAX ||
	       d->octets >= rekey_octets(d->cipher_alg, configured);
}

bool
rekey_is_spent(const struct packet_dir *d, uint64_t configured)
{
	if (configured > 0 && configured < LOGIN_OCTETS)
		configured = LOGIN_OCTETS;
	return rekey_is_due(d, configured);
}

uint32_t
rekey_seconds_left(uint64_t since_s, uint32_t limit_s, uint64_t now_s)
{
	uint64_t age = now_s > since_s ? now_s - since_s : 0;

	return age < limit_s ? (uint32_t)(limit_s - age) : 0;
}
