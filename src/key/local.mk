# src/key: sources of this room
noinst_LIBRARIES += libsp_key.a
libsp_key_a_SOURCES = src/key/authline.c src/key/cert.c \
	src/key/certopts.c src/key/key.c src/key/keyfile.c \
	src/key/keyopts.c src/key/knownline.c src/key/krl.c src/key/sig.c src/key/sk.c
