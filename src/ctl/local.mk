# src/ctl: sources of this room, and the program that it is
noinst_LIBRARIES += libsp_ctl.a
libsp_ctl_a_SOURCES = src/ctl/ctl.c src/ctl/ctl.h \
	src/ctl/explain.c src/ctl/lists.c src/ctl/ask.c \
	src/ctl/show.c
sbin_PROGRAMS += sallyportctl
sallyportctl_SOURCES = src/sallyportctl.c
# explain runs the monitor's code, and what that starts
sallyportctl_LDADD = libsp_ctl.a $(SP_ROOMS) $(SP_LIBS)
