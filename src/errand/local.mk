# src/errand: sources of this room
noinst_LIBRARIES += libsp_errand.a
libsp_errand_a_SOURCES = src/errand/errand.c src/errand/errand.h \
	src/errand/keygen.c src/errand/lookup.c src/errand/lookup.h \
	src/errand/innetgr.c src/errand/innetgr.h \
	src/errand/runner.c src/errand/skhelper.c
