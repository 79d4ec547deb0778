/*
 * fuzz_moduli.c - a moduli file, as a whole and line by line
 *
 * Input: the file's text. A line that can be used gives a prime of the length
 * that it tells, the same whether it is only looked at or read; and the file
 * has something to choose exactly if one of its lines is of a size that one
 * may ask for.
 */
#include "sallyport/base/must.h"
#include "sallyport/crypto/dh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Can it be used for some client? */
static bool
check_line(struct slice line)
{
	static uint8_t prime[DH_OCTETS_MAX];
	struct dh_modulus looked, read;
	enum err e = dh_moduli_line(line, &looked, NULL);

	must(dh_moduli_line(line, &read, prime) == e);
	if (e != OK)
		return false;
	must(looked.bits == read.bits && looked.n == read.n &&
	     looked.generator == read.generator && read.generator >= 2);
	must(read.n <= DH_OCTETS_MAX && read.n == (read.bits + 7) / 8);
	must(prime[0] >> ((read.bits - 1) % 8) == 1);
	must(prime[read.n - 1] % 2 == 1);
	return read.bits >= DH_BITS_MIN && read.bits <= DH_BITS_MAX;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t prime[DH_OCTETS_MAX];
	struct slice text = slice_make(data, size), rest = text, line;
	struct dh_modulus m;
	bool usable = false;
	enum err e;

	while (slice_next(&rest, '\n', &line))
		usable = check_line(line) || usable;
	e = dh_moduli_choose(text, DH_BITS_MIN, 3072, DH_BITS_MAX, &m, prime);
	must(e == (usable ? OK : ERR_NOT_FOUND));
	return 0;
}
