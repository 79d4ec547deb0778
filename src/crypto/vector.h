/*
 * vector.h - hot loops, compiled anew on x86-64 for what newer CPUs have
 *
 * Loops are written with the compiler's vector types or so plainly that it
 * vectorises them. A loop that gains from a newer CPU stands in
 * an ALWAYS_INLINE body, called by a function for every CPU and by one marked
 * FOR_AVX2 or FOR_AVX512; vector_has_* choose. Results are the same, and
 * time depends on data in none of them.
 */
#ifndef SALLYPORT_CRYPTO_VECTOR_H
#define SALLYPORT_CRYPTO_VECTOR_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#include <emmintrin.h>
#define FOR_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define FOR_AVX512                                                             \
	__attribute__((target("avx512f,avx512vl,avx512bw,avx2,bmi,bmi2")))

static inline bool
vector_has_avx2(void)
{
	return __builtin_cpu_supports("avx2") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

static inline bool
vector_has_avx512(void)
{
	return vector_has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512bw");
}
#else
#define FOR_AVX2
#define FOR_AVX512
#define vector_has_avx2()   false
#define vector_has_avx512() false
#endif

/*
 * The same value, of which the compiler knows nothing: it must not find out
 * that a secret bit is a bit and branch on it.
 */
static inline uint32_t
vector_opaque(uint32_t v)
{
	__asm__("" : "+r"(v));
	return v;
}

/* Little-endian words from and to memory, whatever the machine. */
static inline uint32_t
load_le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t
load_le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void
store_le64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

/* Four words as they lie in memory. */
typedef uint32_t u32x4 __attribute__((vector_size(16)));

static inline u32x4
load_le32x4(const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	u32x4 v;

	memcpy(&v, p, sizeof(v));
	return v;
#else
	return (u32x4){load_le32(p), load_le32(p + 4), load_le32(p + 8),
	    load_le32(p + 12)};
#endif
}

/*
 * The low halves of each lane multiplied. One instruction of every x86-64, which
 * gcc 12 doesn't see in the plain form.
 */
typedef uint64_t u64x2 __attribute__((vector_size(16)));

static inline u64x2
multiply_low(u64x2 a, u64x2 b)
{
#if defined(__x86_64__)
	return (u64x2)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
	return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

#endif
