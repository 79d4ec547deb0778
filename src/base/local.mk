# src/base: sources of this room
noinst_LIBRARIES += libsp_base.a
libsp_base_a_SOURCES =
