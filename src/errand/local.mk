# src/errand: sources of this room
noinst_LIBRARIES += libsp_errand.a
libsp_errand_a_SOURCES = src/errand/errand.c src/errand/errand.h \
	src/errand/gsstoken.c src/errand/gsstoken.h \
	src/errand/keygen.c src/errand/lookup.c src/errand/lookup.h \
	src/errand/innetgr.c src/errand/innetgr.h \
	src/errand/runner.c src/errand/skhelper.c
if WITH_GSSAPI
libsp_errand_a_SOURCES += src/errand/acceptor.c src/errand/ccfile.c \
	src/errand/ccfile.h src/errand/krb5lib.c src/errand/krb5lib.h \
	src/errand/kuserok.c
endif
