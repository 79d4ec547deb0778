# tests/unit/rpc: unit tests of src/rpc; one check_NAME.c for each NAME.c,
# and check_monitor_ops.c for the table in include/sallyport/rpc/monitor_ops.h
check_PROGRAMS += check-rpc
TESTS += check-rpc
check_rpc_SOURCES = tests/unit/suite.h tests/unit/rpc/suite.c \
	tests/unit/rpc/check_frame.c tests/unit/rpc/check_layout.c \
	tests/unit/rpc/check_messages.c \
	tests/unit/rpc/check_monitor_ops.c tests/unit/rpc/check_serve.c
check_rpc_CPPFLAGS = $(UNIT_CPPFLAGS)
check_rpc_LDADD = libsp_rpc.a libsp_base.a $(CHECK_LIBS)
