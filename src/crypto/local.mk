# src/crypto: sources of this room
noinst_LIBRARIES += libsp_crypto.a
libsp_crypto_a_SOURCES = src/crypto/algo.c src/crypto/cipher.c \
	src/crypto/cipher_chachapoly.c src/crypto/cipher_ctr.c \
	src/crypto/cipher_gcm.c src/crypto/dh.c src/crypto/ecdh.c \
	src/crypto/hash.c src/crypto/kem.c src/crypto/kem_keccak.c \
	src/crypto/kem_mlkem768.c src/crypto/kem_sntrup761.c \
	src/crypto/mac.c src/crypto/rng.c src/crypto/secret.c \
	src/crypto/sign.c src/crypto/sign_ecdsa.c \
	src/crypto/sign_ed25519.c src/crypto/sign_rsa.c src/crypto/umac.c \
	src/crypto/kem_keccak.h src/crypto/kem_mlkem768.h \
	src/crypto/kem_sntrup761.h src/crypto/vector.h
