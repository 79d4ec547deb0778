# tests/unit/spawner: unit tests of src/spawner
check_PROGRAMS += check-spawner
TESTS += check-spawner
check_spawner_SOURCES = tests/unit/suite.h tests/unit/conf/fixture.c \
	tests/unit/conf/fixture.h tests/unit/spawner/suite.c \
	tests/unit/spawner/check_spawner.c
check_spawner_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)
check_spawner_LDADD = libsp_spawner.a libsp_rpc.a libsp_conf.a \
	libsp_crypto.a libsp_proc.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
