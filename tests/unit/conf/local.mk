# tests/unit/conf: unit tests of src/conf; one check_NAME.c for each NAME.c
check_PROGRAMS += check-conf conf-dump
TESTS += check-conf
check_conf_SOURCES = tests/unit/suite.h tests/unit/conf/suite.c \
	tests/unit/conf/fixture.c tests/unit/conf/fixture.h \
	tests/unit/conf/values_cases.h tests/unit/conf/check_advice.c \
	tests/unit/conf/check_bundle.c \
	tests/unit/conf/check_conf.c tests/unit/conf/check_dump.c \
	tests/unit/conf/check_keywords.c tests/unit/conf/check_line.c \
	tests/unit/conf/check_match.c tests/unit/conf/check_origin.c \
	tests/unit/conf/check_parse.c tests/unit/conf/check_suggest.c \
	tests/unit/conf/check_values.c tests/unit/conf/check_values_net.c \
	tests/unit/conf/check_values_penalties.c \
	tests/unit/conf/check_values_session.c \
	tests/unit/conf/check_values_ssh.c tests/unit/conf/check_values_text.c
check_conf_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/conf \
	-I$(srcdir)/tests/unit/conf -DSOURCE='"$(abs_srcdir)"'
check_conf_LDADD = libsp_conf.a libsp_crypto.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
# -T's output from this room alone, to compare with another server's
conf_dump_SOURCES = tests/unit/conf/dump_tool.c
conf_dump_LDADD = libsp_conf.a libsp_crypto.a libsp_base.a $(SODIUM_LIBS) \
	$(CRYPTO_LIBS)
