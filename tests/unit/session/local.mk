# tests/unit/session: unit tests of src/session; one check_NAME.c for each NAME.c
check_PROGRAMS += check-session
TESTS += check-session
check_session_SOURCES = tests/unit/suite.h \
	tests/unit/session/check_environ.c tests/unit/session/check_permit.c \
	tests/unit/session/check_pty.c \
	tests/unit/session/check_reclaim.c \
	tests/unit/session/check_resolve.c \
	tests/unit/session/check_timeouts.c tests/unit/session/suite.c
check_session_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/session
check_session_LDADD = libsp_session.a libsp_sftp.a libsp_connect.a libsp_transport.a \
	libsp_rpc.a libsp_conf.a libsp_crypto.a libsp_proc.a libsp_base.a \
	$(CHECK_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS)
