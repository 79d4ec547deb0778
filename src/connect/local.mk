# src/connect: sources of this room
noinst_LIBRARIES += libsp_connect.a
libsp_connect_a_SOURCES = src/connect/channel.c src/connect/connect.c \
	src/connect/global.c src/connect/inside.h src/connect/open.c \
	src/connect/request.c src/connect/window.c src/connect/window.h
