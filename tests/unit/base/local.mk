# tests/unit/base: unit tests of src/base; one check_NAME.c for each NAME.c
check_PROGRAMS += check-base
TESTS += check-base
check_base_SOURCES = tests/unit/suite.h tests/unit/base/suite.c
check_base_CPPFLAGS = $(UNIT_CPPFLAGS)
check_base_LDADD = libsp_base.a $(CHECK_LIBS)
