# src/listener: sources of this room
noinst_LIBRARIES += libsp_listener.a
libsp_listener_a_SOURCES = src/listener/listener.c src/listener/listener.h \
	src/listener/sockets.c src/listener/waiting.c src/listener/admit.c \
	src/listener/penalties.c src/listener/keepers.c \
	src/listener/spawners.c src/listener/reload.c src/listener/notify.c \
	src/listener/carry.c src/listener/makekeys.c \
	src/listener/survivors.c src/listener/claims.c \
	src/listener/cmdline.c \
	src/listener/testmode.c src/listener/inetd.c \
	src/listener/confirm.c src/listener/control.c src/listener/control.h \
	src/listener/ops_control.c src/listener/scrape.c \
	src/listener/tally.c src/listener/tally.h
