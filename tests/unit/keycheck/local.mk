# tests/unit/keycheck: unit tests of src/keycheck; a check_NAME.c for each NAME.c
check_PROGRAMS += check-keycheck
TESTS += check-keycheck
check_keycheck_SOURCES = tests/unit/suite.h tests/unit/key/fixture.h \
	tests/unit/keycheck/suite.c tests/unit/keycheck/asked.c \
	tests/unit/keycheck/asked.h tests/unit/keycheck/home.c \
	tests/unit/keycheck/home.h tests/unit/keycheck/issued.c \
	tests/unit/keycheck/issued.h \
	tests/unit/keycheck/check_certificate.c \
	tests/unit/keycheck/check_files.c tests/unit/keycheck/check_judge.c \
	tests/unit/keycheck/check_keycheck.c \
	tests/unit/keycheck/check_hostbased.c \
	tests/unit/keycheck/check_known.c \
	tests/unit/keycheck/check_listing.c \
	tests/unit/keycheck/check_netgroups.c \
	tests/unit/keycheck/check_rhosts.c \
	tests/unit/keycheck/check_revoked.c \
	tests/unit/keycheck/check_search.c \
	tests/unit/keycheck/check_trial.c
check_keycheck_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/keycheck
check_keycheck_LDADD = libsp_keycheck.a libsp_key.a libsp_rpc.a libsp_conf.a \
	libsp_crypto.a libsp_proc.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
