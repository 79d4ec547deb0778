# tests/unit/listener: unit tests of src/listener; a check_NAME.c for each NAME.c
#
# inetd.c, keepers.c, listener.c, makekeys.c, scrape.c and spawners.c are
# processes: tests/system/test_processes.py, test_reload.py, test_systemd.py.
check_PROGRAMS += check-listener
TESTS += check-listener
check_listener_SOURCES = tests/unit/suite.h tests/unit/conf/fixture.c \
	tests/unit/conf/fixture.h tests/unit/listener/house.c \
	tests/unit/listener/house.h tests/unit/listener/suite.c \
	tests/unit/listener/check_admit.c tests/unit/listener/check_carry.c \
	tests/unit/listener/check_claims.c \
	tests/unit/listener/check_cmdline.c tests/unit/listener/check_notify.c \
	tests/unit/listener/check_penalties.c \
	tests/unit/listener/check_reload.c tests/unit/listener/check_sockets.c \
	tests/unit/listener/check_control.c tests/unit/listener/check_tally.c \
	tests/unit/listener/check_survivors.c \
	tests/unit/listener/check_waiting.c
check_listener_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir) -I$(srcdir)/src/listener
check_listener_LDADD = libsp_listener.a libsp_rpc.a libsp_conf.a \
	libsp_crypto.a libsp_proc.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS)
