# src/key: sources of this room
noinst_LIBRARIES += libsp_key.a
libsp_key_a_SOURCES =
