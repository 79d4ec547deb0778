# src/monitor: sources of this room
noinst_LIBRARIES += libsp_monitor.a
libsp_monitor_a_SOURCES = src/monitor/monitor.c src/monitor/monitor.h \
	src/monitor/account.c src/monitor/admit.c src/monitor/ccache.c \
	src/monitor/command.c src/monitor/contexts.c src/monitor/explain.c \
	src/monitor/ops_gss.c \
	src/monitor/host.c src/monitor/netgroups.c src/monitor/refusal.c src/monitor/methods.c src/monitor/phases.c \
	src/monitor/verdict.c src/monitor/ops_kex.c \
	src/monitor/ops_lifeline.c src/monitor/ops_log.c \
	src/monitor/ops_user.c src/monitor/ops_key.c \
	src/monitor/ops_password.c src/monitor/ops_reclaim.c \
	src/monitor/ops_session.c \
	src/monitor/pam.c src/monitor/pam.h src/monitor/pam_talk.c \
	src/monitor/shadow.c src/monitor/records.c src/monitor/grant.c \
	src/monitor/trail.c
