# tests/unit/gate: unit tests of src/gate; one check_NAME.c for each NAME.c
check_PROGRAMS += check-gate
TESTS += check-gate
check_gate_SOURCES = tests/unit/suite.h tests/unit/gate/check_farewell.c \
	tests/unit/gate/check_gate.c tests/unit/gate/check_offer.c \
	tests/unit/gate/check_oracle.c tests/unit/gate/suite.c \
	tests/unit/gate/world.c tests/unit/gate/world.h \
	tests/unit/transport/client.c tests/unit/transport/client.h
check_gate_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/gate \
	-I$(srcdir)/tests/unit/transport
check_gate_LDADD = libsp_gate.a libsp_userauth.a libsp_transport.a \
	libsp_rpc.a libsp_conf.a libsp_crypto.a libsp_proc.a libsp_base.a \
	$(CHECK_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS)
