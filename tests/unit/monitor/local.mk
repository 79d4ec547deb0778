# tests/unit/monitor: unit tests of src/monitor; one check_NAME.c for each NAME.c
#
# grant.c, monitor.c, pam.c and records.c need accounts, modules and processes:
# tests/system/test_pam.py, test_records.py and test_processes.py; so does
# explain.c: test_ctl.py. ccache.c and ops_gss.c need a KDC: test_gssapi.py.
check_PROGRAMS += check-monitor
TESTS += check-monitor
check_monitor_SOURCES = tests/unit/suite.h tests/unit/conf/fixture.c \
	tests/unit/conf/fixture.h tests/unit/monitor/desk.c \
	tests/unit/monitor/desk.h tests/unit/monitor/suite.c \
	tests/unit/monitor/check_account.c tests/unit/monitor/check_admit.c \
	tests/unit/monitor/check_command.c \
	tests/unit/monitor/check_contexts.c tests/unit/monitor/check_host.c \
	tests/unit/monitor/check_methods.c \
	tests/unit/monitor/check_netgroups.c \
	tests/unit/monitor/check_ops_kex.c \
	tests/unit/monitor/check_ops_key.c \
	tests/unit/monitor/check_ops_log.c \
	tests/unit/monitor/check_ops_password.c \
	tests/unit/monitor/check_ops_reclaim.c \
	tests/unit/monitor/check_ops_session.c \
	tests/unit/monitor/check_ops_user.c \
	tests/unit/monitor/check_phases.c \
	tests/unit/monitor/check_refusal.c tests/unit/monitor/check_shadow.c \
	tests/unit/monitor/check_trail.c \
	tests/unit/monitor/check_verdict.c
check_monitor_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir) -I$(srcdir)/src/monitor \
	-DFAKE_SELINUX='"$(abs_builddir)/fake-selinux.so"'
EXTRA_check_monitor_DEPENDENCIES = fake-selinux.so
CLEANFILES += fake-selinux.so

# A library, and no program of automake's: libselinux, played.
fake-selinux.so: tests/system/fake_selinux.c
	$(AM_V_CC)$(CC) $(CPPFLAGS) $(WARN_CFLAGS) $(CFLAGS) -shared -fPIC -o $@ \
		$(srcdir)/tests/system/fake_selinux.c
check_monitor_LDADD = libsp_monitor.a libsp_rpc.a libsp_conf.a \
	libsp_crypto.a libsp_proc.a libsp_base.a $(CHECK_LIBS) \
	$(SODIUM_LIBS) $(CRYPTO_LIBS) $(PAM_LIBS) $(CRYPT_LIBS)
