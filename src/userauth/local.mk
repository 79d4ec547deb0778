# src/userauth: sources of this room
noinst_LIBRARIES += libsp_userauth.a
libsp_userauth_a_SOURCES =
