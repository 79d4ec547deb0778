# src/connect: sources of this room
noinst_LIBRARIES += libsp_connect.a
libsp_connect_a_SOURCES =
