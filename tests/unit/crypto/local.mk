# tests/unit/crypto: unit tests of src/crypto; one check_NAME.c for each NAME.c
check_PROGRAMS += check-crypto
TESTS += check-crypto
check_crypto_SOURCES = tests/unit/suite.h tests/unit/crypto/suite.c \
	tests/unit/crypto/check_cipher.c tests/unit/crypto/check_dh.c \
	tests/unit/crypto/check_ecdh.c tests/unit/crypto/check_hash.c \
	tests/unit/crypto/check_mac.c tests/unit/crypto/check_rng.c \
	tests/unit/crypto/check_secret.c tests/unit/crypto/check_sign.c \
	tests/unit/crypto/check_umac.c tests/unit/crypto/vectors.h
check_crypto_CPPFLAGS = $(UNIT_CPPFLAGS)
check_crypto_LDADD = libsp_crypto.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
