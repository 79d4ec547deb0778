# The program: main.c and every room
sbin_PROGRAMS += sallyportd
sallyportd_SOURCES = src/main.c
# A room before what it uses; the linker reads this list once.
SP_ROOMS = libsp_listener.a libsp_spawner.a libsp_keeper.a libsp_monitor.a \
	libsp_gate.a libsp_keycheck.a libsp_session.a libsp_errand.a libsp_metrics.a \
	libsp_sftp.a libsp_userauth.a libsp_connect.a libsp_transport.a libsp_key.a \
	libsp_rpc.a libsp_conf.a libsp_crypto.a libsp_proc.a libsp_base.a
SP_LIBS = $(SODIUM_LIBS) $(CRYPTO_LIBS) $(ZLIB_LIBS) $(PAM_LIBS) \
	$(CRYPT_LIBS)
sallyportd_LDADD = $(SP_ROOMS) $(SP_LIBS)
