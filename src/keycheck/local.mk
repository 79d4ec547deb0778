# src/keycheck: sources of this room
noinst_LIBRARIES += libsp_keycheck.a
libsp_keycheck_a_SOURCES = src/keycheck/certificate.c \
	src/keycheck/certificate.h src/keycheck/files.c \
	src/keycheck/files.h src/keycheck/hostbased.c \
	src/keycheck/hostbased.h src/keycheck/judge.c src/keycheck/keycheck.c \
	src/keycheck/keycheck.h src/keycheck/listing.c \
	src/keycheck/listing.h src/keycheck/known.c src/keycheck/known.h \
	src/keycheck/netgroups.c src/keycheck/netgroups.h \
	src/keycheck/rhosts.c src/keycheck/rhosts.h \
	src/keycheck/revoked.c \
	src/keycheck/revoked.h src/keycheck/search.c src/keycheck/search.h \
	src/keycheck/trial.c src/keycheck/trial.h
