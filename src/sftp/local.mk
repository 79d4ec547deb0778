# src/sftp: sources of this room
noinst_LIBRARIES += libsp_sftp.a
libsp_sftp_a_SOURCES = src/sftp/attrs.c src/sftp/dirs.c src/sftp/extended.c \
	src/sftp/files.c src/sftp/handles.c src/sftp/inside.h \
	src/sftp/links.c src/sftp/options.c src/sftp/own.c src/sftp/place.c \
	src/sftp/quota.c src/sftp/sftp.c src/sftp/stat.c src/sftp/upload.c

# ... and the program of its own
pkglibexec_PROGRAMS = sftp-server
sftp_server_SOURCES = src/sftp-server.c
sftp_server_LDADD = libsp_session.a libsp_sftp.a libsp_base.a
