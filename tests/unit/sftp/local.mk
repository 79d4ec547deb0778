# tests/unit/sftp: unit tests of src/sftp; a client of its own drives the server
check_PROGRAMS += check-sftp
TESTS += check-sftp
check_sftp_SOURCES = tests/unit/suite.h \
	tests/unit/sftp/check_attrs.c tests/unit/sftp/check_dirs.c \
	tests/unit/sftp/check_extended.c tests/unit/sftp/check_files.c \
	tests/unit/sftp/check_handles.c tests/unit/sftp/check_links.c \
	tests/unit/sftp/check_options.c tests/unit/sftp/check_own.c \
	tests/unit/sftp/check_place.c tests/unit/sftp/check_quota.c \
	tests/unit/sftp/check_sftp.c tests/unit/sftp/check_stat.c \
	tests/unit/sftp/check_upload.c \
	tests/unit/sftp/client.c tests/unit/sftp/client.h \
	tests/unit/sftp/suite.c
check_sftp_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/src/sftp
check_sftp_LDADD = libsp_sftp.a libsp_base.a $(CHECK_LIBS)
