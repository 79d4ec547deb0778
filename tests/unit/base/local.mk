# tests/unit/base: unit tests of src/base; one check_NAME.c for each NAME.c
check_PROGRAMS += check-base
TESTS += check-base
check_base_SOURCES = tests/unit/suite.h tests/unit/base/suite.c \
	tests/unit/base/check_buf.c tests/unit/base/check_clock.c \
	tests/unit/base/check_err.c tests/unit/base/check_io.c \
	tests/unit/base/check_log.c tests/unit/base/check_loop.c \
	tests/unit/base/check_mem.c tests/unit/base/check_must.c \
	tests/unit/base/check_path.c tests/unit/base/check_pattern.c \
	tests/unit/base/check_rd.c tests/unit/base/check_ring.c \
	tests/unit/base/check_text.c tests/unit/base/check_wr.c
check_base_CPPFLAGS = $(UNIT_CPPFLAGS)
check_base_LDADD = libsp_base.a $(CHECK_LIBS)
