# tests/unit/errand: unit tests of src/errand; one check_NAME.c for each NAME.c
#
# acceptor.c, ccfile.c, krb5lib.c and kuserok.c need libkrb5 and a KDC:
# tests/system/test_gssapi.py.
check_PROGRAMS += check-errand
TESTS += check-errand
check_errand_SOURCES = tests/unit/suite.h tests/unit/key/fixture.h \
	tests/unit/errand/suite.c tests/unit/errand/check_errand.c \
	tests/unit/errand/check_gsstoken.c tests/unit/errand/check_innetgr.c \
	tests/unit/errand/check_keygen.c tests/unit/errand/check_lookup.c \
	tests/unit/errand/check_runner.c tests/unit/errand/check_skhelper.c \
	tests/unit/errand/started.c tests/unit/errand/started.h
check_errand_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src
check_errand_LDADD = libsp_errand.a libsp_key.a libsp_rpc.a libsp_crypto.a \
	libsp_proc.a libsp_base.a $(CHECK_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS)
