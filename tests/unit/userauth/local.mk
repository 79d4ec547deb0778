# tests/unit/userauth: unit tests of src/userauth; one check_NAME.c for each NAME.c
check_PROGRAMS += check-userauth
TESTS += check-userauth
check_userauth_SOURCES = tests/unit/suite.h \
	tests/unit/userauth/check_banner.c \
	tests/unit/userauth/check_gssapi.c \
	tests/unit/userauth/check_hostbased.c \
	tests/unit/userauth/check_kbdint.c \
	tests/unit/userauth/check_methods.c \
	tests/unit/userauth/check_none.c \
	tests/unit/userauth/check_password.c \
	tests/unit/userauth/check_pubkey.c \
	tests/unit/userauth/check_userauth.c \
	tests/unit/userauth/fake.c tests/unit/userauth/fake.h \
	tests/unit/userauth/suite.c
check_userauth_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/userauth
check_userauth_LDADD = libsp_userauth.a libsp_base.a $(CHECK_LIBS)
