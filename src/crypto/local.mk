# src/crypto: sources of this room
noinst_LIBRARIES += libsp_crypto.a
libsp_crypto_a_SOURCES =
