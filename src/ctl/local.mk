# src/ctl: sources of this room, and the program that it is
noinst_LIBRARIES += libsp_ctl.a
libsp_ctl_a_SOURCES = src/ctl/account.c src/ctl/ctl.c src/ctl/ctl.h \
	src/ctl/explain.c src/ctl/explain_key.c src/ctl/lists.c src/ctl/ask.c \
	src/ctl/show.c
sbin_PROGRAMS += sallyportctl
sallyportctl_SOURCES = src/sallyportctl.c
sallyportctl_LDADD = libsp_ctl.a libsp_key.a libsp_rpc.a libsp_conf.a \
	libsp_crypto.a libsp_proc.a libsp_base.a $(SODIUM_LIBS) $(CRYPTO_LIBS)
