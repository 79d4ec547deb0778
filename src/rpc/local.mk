# src/rpc: sources of this room
noinst_LIBRARIES += libsp_rpc.a
libsp_rpc_a_SOURCES = src/rpc/frame.c src/rpc/layout.c \
	src/rpc/messages.c src/rpc/serve.c
