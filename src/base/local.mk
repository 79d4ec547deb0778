# src/base: sources of this room
noinst_LIBRARIES += libsp_base.a
libsp_base_a_SOURCES = src/base/buf.c src/base/clock.c src/base/err.c \
	src/base/io.c src/base/log.c src/base/log_line.h \
	src/base/log_syslog.c src/base/log_syslog.h src/base/loop.c src/base/mem.c \
	src/base/must.c src/base/path.c src/base/pattern.c src/base/rd.c \
	src/base/ring.c src/base/text.c src/base/wr.c
