# src/conf: sources of this room
noinst_LIBRARIES += libsp_conf.a
libsp_conf_a_SOURCES =
