# src/transport: sources of this room
noinst_LIBRARIES += libsp_transport.a
libsp_transport_a_SOURCES =
