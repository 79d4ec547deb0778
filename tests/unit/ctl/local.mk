# tests/unit/ctl: unit tests of src/ctl
#
# Commands need a daemon: tests/system/test_ctl.py.
check_PROGRAMS += check-ctl
TESTS += check-ctl
check_ctl_SOURCES = tests/unit/suite.h tests/unit/ctl/suite.c \
	tests/unit/ctl/check_show.c
check_ctl_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/ctl
check_ctl_LDADD = libsp_ctl.a libsp_key.a libsp_rpc.a libsp_conf.a \
	libsp_crypto.a libsp_proc.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
