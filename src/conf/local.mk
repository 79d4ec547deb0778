# src/conf: sources of this room
noinst_LIBRARIES += libsp_conf.a
libsp_conf_a_SOURCES = src/conf/advice.c src/conf/advice.h \
	src/conf/assign.c src/conf/assign.h src/conf/bundle.c \
	src/conf/bundle.h src/conf/complain.c src/conf/complain.h \
	src/conf/conf.c src/conf/dump.c src/conf/dump.h src/conf/keywords.c \
	src/conf/keywords.h src/conf/line.c src/conf/line.h src/conf/match.c \
	src/conf/match.h src/conf/origin.c src/conf/origin.h \
	src/conf/parse.c src/conf/parse.h src/conf/parser.h \
	src/conf/suggest.c src/conf/suggest.h src/conf/values.c \
	src/conf/values.h src/conf/values_command.c \
	src/conf/values_command.h src/conf/values_metrics.c \
	src/conf/values_metrics.h src/conf/values_net.c \
	src/conf/values_net.h src/conf/values_penalties.c \
	src/conf/values_penalties.h \
	src/conf/values_session.c src/conf/values_session.h \
	src/conf/values_ssh.c src/conf/values_ssh.h src/conf/values_text.c \
	src/conf/values_text.h
dist_man_MANS += man/authorized_keys.5 man/sshd_config.5
