# src/transport: sources of this room
noinst_LIBRARIES += libsp_transport.a
libsp_transport_a_SOURCES = src/transport/compress.c \
	src/transport/exchange.c src/transport/exchange.h \
	src/transport/ext_info.c src/transport/ext_info.h \
	src/transport/failure.c src/transport/failure.h \
	src/transport/inside.h src/transport/kex.c src/transport/kex.h \
	src/transport/kex_dh.c src/transport/kex_ecdh.c \
	src/transport/kex_gex.c src/transport/kex_hybrid.c \
	src/transport/kexinit.c src/transport/kexinit.h \
	src/transport/output.c src/transport/output.h \
	src/transport/packet.c src/transport/packet.h \
	src/transport/phases.c src/transport/phases.h \
	src/transport/rekey.c src/transport/rekey.h \
	src/transport/state.c src/transport/state.h \
	src/transport/transport.c src/transport/version.c \
	src/transport/version.h
