# src/keycheck: sources of this room
noinst_LIBRARIES += libsp_keycheck.a
libsp_keycheck_a_SOURCES =
