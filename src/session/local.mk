# src/session: sources of this room
noinst_LIBRARIES += libsp_session.a
libsp_session_a_SOURCES = src/session/environ.c src/session/environ.h \
	src/session/link.c src/session/link.h src/session/offer.c \
	src/session/program.c src/session/pty.c src/session/relay.c \
	src/session/session.c src/session/session.h src/session/start.c \
	src/session/stats.c \
	src/session/timeouts.c
