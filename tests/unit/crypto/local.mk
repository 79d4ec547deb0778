# tests/unit/crypto: unit tests of src/crypto; one check_NAME.c for each NAME.c
check_PROGRAMS += check-crypto
TESTS += check-crypto
check_crypto_SOURCES = tests/unit/suite.h tests/unit/crypto/suite.c \
	tests/unit/crypto/check_algo.c \
	tests/unit/crypto/check_cipher.c tests/unit/crypto/check_dh.c \
	tests/unit/crypto/check_ecdh.c tests/unit/crypto/check_hash.c \
	tests/unit/crypto/check_kem.c tests/unit/crypto/check_kem_keccak.c \
	tests/unit/crypto/check_kem_mlkem768.c \
	tests/unit/crypto/check_kem_sntrup761.c \
	tests/unit/crypto/check_mac.c tests/unit/crypto/check_mldsa44.c \
	tests/unit/crypto/check_mldsa44_octets.c \
	tests/unit/crypto/check_mldsa44_poly.c \
	tests/unit/crypto/check_rng.c \
	tests/unit/crypto/check_secret.c tests/unit/crypto/check_sign.c \
	tests/unit/crypto/check_umac.c tests/unit/crypto/vectors.h
check_crypto_CPPFLAGS = $(UNIT_CPPFLAGS)
check_crypto_LDADD = libsp_crypto.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += tests/vectors/README.md tests/vectors/ecdh_p256.txt \
	tests/vectors/mldsa44_sign.txt \
	tests/vectors/mldsa44_verify.txt tests/vectors/mlkem768_decaps.txt tests/vectors/mlkem768_encaps.txt \
	tests/vectors/mlkem768_seeds.txt tests/vectors/sntrup761.txt \
	tests/vectors/x25519.txt
