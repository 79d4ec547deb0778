# tests/unit/connect: unit tests of src/connect; one check_NAME.c for each NAME.c
check_PROGRAMS += check-connect
TESTS += check-connect
check_connect_SOURCES = tests/unit/suite.h \
	tests/unit/connect/check_channel.c tests/unit/connect/check_connect.c \
	tests/unit/connect/check_global.c tests/unit/connect/check_open.c \
	tests/unit/connect/check_request.c tests/unit/connect/check_window.c \
	tests/unit/connect/peer.c tests/unit/connect/peer.h \
	tests/unit/connect/suite.c
check_connect_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/connect
# without the transport: peer.c stands in for it
check_connect_LDADD = libsp_connect.a libsp_base.a $(CHECK_LIBS)
