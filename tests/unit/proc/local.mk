# tests/unit/proc: unit tests of src/proc; one check_NAME.c for each NAME.c
check_PROGRAMS += check-proc
TESTS += check-proc
check_proc_SOURCES = tests/unit/suite.h tests/unit/proc/suite.c \
	tests/unit/proc/children.h \
	tests/unit/proc/check_audit.c tests/unit/proc/check_chroot.c \
	tests/unit/proc/check_creds.c \
	tests/unit/proc/check_deadline.c tests/unit/proc/check_domain.c \
	tests/unit/proc/check_memfile.c \
	tests/unit/proc/check_outputs.c \
	tests/unit/proc/check_parent.c tests/unit/proc/check_role.c \
	tests/unit/proc/check_sandbox.c tests/unit/proc/check_seccomp.c \
	tests/unit/proc/check_spawn.c tests/unit/proc/check_title.c
check_proc_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/proc
check_proc_LDADD = libsp_proc.a libsp_base.a $(CHECK_LIBS)
