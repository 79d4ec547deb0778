# src/rpc: sources of this room
noinst_LIBRARIES += libsp_rpc.a
libsp_rpc_a_SOURCES =
