# src/monitor: sources of this room
noinst_LIBRARIES += libsp_monitor.a
libsp_monitor_a_SOURCES =
