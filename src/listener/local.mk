# src/listener: sources of this room
noinst_LIBRARIES += libsp_listener.a
libsp_listener_a_SOURCES =
