# src/userauth: sources of this room
noinst_LIBRARIES += libsp_userauth.a
libsp_userauth_a_SOURCES = src/userauth/banner.c src/userauth/gssapi.c \
	src/userauth/hostbased.c src/userauth/kbdint.c \
	src/userauth/methods.c src/userauth/methods.h src/userauth/none.c \
	src/userauth/password.c src/userauth/pubkey.c src/userauth/userauth.c
