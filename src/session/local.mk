# src/session: sources of this room
noinst_LIBRARIES += libsp_session.a
libsp_session_a_SOURCES =
