# src/crypto: sources of this room
noinst_LIBRARIES += libsp_crypto.a
libsp_crypto_a_SOURCES = src/crypto/algo.c src/crypto/cipher.c \
	src/crypto/cipher_chachapoly.c src/crypto/cipher_ctr.c \
	src/crypto/cipher_gcm.c src/crypto/cipher_kind.h src/crypto/curve.c \
	src/crypto/curve.h src/crypto/dh.c src/crypto/dh_groups.h \
	src/crypto/ecdh.c src/crypto/hash.c src/crypto/kem.c \
	src/crypto/kem_keccak.c src/crypto/kem_keccak.h \
	src/crypto/kem_mlkem768.c src/crypto/kem_mlkem768.h \
	src/crypto/kem_sntrup761.c src/crypto/kem_sntrup761.h \
	src/crypto/library.c \
	src/crypto/library.h src/crypto/mac.c src/crypto/mldsa44.c \
	src/crypto/mldsa44.h src/crypto/mldsa44_octets.c \
	src/crypto/mldsa44_octets.h src/crypto/mldsa44_poly.c \
	src/crypto/mldsa44_poly.h src/crypto/pkey.c \
	src/crypto/pkey.h src/crypto/rng.c src/crypto/secret.c \
	src/crypto/secret_pool.h src/crypto/sign.c src/crypto/sign_ecdsa.c \
	src/crypto/sign_ed25519.c src/crypto/sign_kind.h \
	src/crypto/sign_mldsa44.c \
	src/crypto/sign_pem.c src/crypto/sign_rsa.c src/crypto/umac.c \
	src/crypto/vector.h
