# tests/unit/transport: unit tests of src/transport; one check_NAME.c for each NAME.c
check_PROGRAMS += check-transport
TESTS += check-transport
check_transport_SOURCES = tests/unit/suite.h \
	tests/unit/transport/check_compress.c \
	tests/unit/transport/check_exchange.c \
	tests/unit/transport/check_ext_info.c \
	tests/unit/transport/check_failure.c \
	tests/unit/transport/check_kex.c \
	tests/unit/transport/check_kex_dh.c \
	tests/unit/transport/check_kex_ecdh.c \
	tests/unit/transport/check_kex_gex.c \
	tests/unit/transport/check_kex_hybrid.c \
	tests/unit/transport/check_kexinit.c \
	tests/unit/transport/check_output.c \
	tests/unit/transport/check_packet.c \
	tests/unit/transport/check_phases.c \
	tests/unit/transport/check_rekey.c \
	tests/unit/transport/check_state.c \
	tests/unit/transport/check_transport.c \
	tests/unit/transport/check_version.c \
	tests/unit/transport/client.c tests/unit/transport/client.h \
	tests/unit/transport/methods.h tests/unit/transport/suite.c
check_transport_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/transport
check_transport_LDADD = libsp_transport.a libsp_crypto.a libsp_base.a \
	$(CHECK_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS)
