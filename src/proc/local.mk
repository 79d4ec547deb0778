# src/proc: sources of this room
noinst_LIBRARIES += libsp_proc.a
libsp_proc_a_SOURCES =
