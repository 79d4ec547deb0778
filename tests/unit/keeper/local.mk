# tests/unit/keeper: unit tests of src/keeper; one check_NAME.c for each NAME.c
check_PROGRAMS += check-keeper
TESTS += check-keeper
check_keeper_SOURCES = tests/unit/suite.h tests/unit/key/fixture.h \
	tests/unit/keeper/suite.c tests/unit/keeper/harness.c \
	tests/unit/keeper/harness.h tests/unit/keeper/check_agent.c \
	tests/unit/keeper/check_hostkeys.c \
	tests/unit/keeper/check_keeper.c tests/unit/keeper/check_ops_sign.c
check_keeper_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/keeper
check_keeper_LDADD = libsp_keeper.a libsp_key.a libsp_rpc.a libsp_crypto.a \
	libsp_proc.a libsp_base.a $(CHECK_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS)
