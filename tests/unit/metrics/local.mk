# tests/unit/metrics: unit tests of src/metrics
#
# metrics.c is a process and sockets: tests/system/test_ctl.py.
check_PROGRAMS += check-metrics
TESTS += check-metrics
check_metrics_SOURCES = tests/unit/suite.h tests/unit/metrics/suite.c \
	tests/unit/metrics/check_http.c
check_metrics_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/metrics
check_metrics_LDADD = libsp_metrics.a libsp_rpc.a libsp_proc.a \
	libsp_crypto.a libsp_base.a $(CHECK_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS)
