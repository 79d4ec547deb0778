# tests/unit/key: unit tests of src/key; one check_NAME.c for each NAME.c
check_PROGRAMS += check-key
TESTS += check-key
check_key_SOURCES = tests/unit/suite.h tests/unit/key/fixture.h \
	tests/unit/key/suite.c tests/unit/key/check_authline.c \
	tests/unit/key/check_cert.c tests/unit/key/check_certopts.c \
	tests/unit/key/check_key.c tests/unit/key/check_krl.c \
	tests/unit/key/check_keyfile.c tests/unit/key/check_keyopts.c \
	tests/unit/key/check_knownline.c \
	tests/unit/key/check_sig.c tests/unit/key/check_sk.c
check_key_CPPFLAGS = $(UNIT_CPPFLAGS)
check_key_LDADD = libsp_key.a libsp_crypto.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += tests/vectors/keys
