# src/session: sources of this room
noinst_LIBRARIES += libsp_session.a
libsp_session_a_SOURCES = src/session/agent.c src/session/channels.c \
	src/session/dial.c src/session/dial.h src/session/environ.c \
	src/session/environ.h src/session/forward.c src/session/forward.h \
	src/session/incoming.c src/session/reclaim.c src/session/remote.c \
	src/session/resolve.c src/session/resolve.h \
	src/session/names.c src/session/names.h \
	src/session/sftp_child.c src/session/sftp_child.h \
	src/session/link.c src/session/link.h src/session/offer.c \
	src/session/permit.c src/session/permit.h src/session/program.c \
	src/session/pty.c src/session/relay.c src/session/run.c \
	src/session/session.c src/session/session.h src/session/start.c \
	src/session/stats.c \
	src/session/timeouts.c src/session/tun.c src/session/x11.c
