# src/proc: sources of this room
noinst_LIBRARIES += libsp_proc.a
libsp_proc_a_SOURCES = src/proc/audit.c src/proc/calls.h src/proc/chroot.c \
	src/proc/creds.c \
	src/proc/deadline.c src/proc/domain.c src/proc/memfile.c src/proc/outputs.c \
	src/proc/parent.c \
	src/proc/role.c src/proc/row.h src/proc/sandbox.c src/proc/seccomp.c \
	src/proc/seccomp.h src/proc/spawn.c src/proc/title.c
