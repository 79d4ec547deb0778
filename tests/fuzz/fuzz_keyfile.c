/*
 * fuzz_keyfile.c - private key files
 *
 * Input: a file's text; or, after a NUL, the octets that an openssh-key-v1 file
 * holds in base64, so that the fuzzer reaches them. What is read can be
 * written and read again. FIDO keys' files, too.
 */
#include "sallyport/base/mem.h"
#include "sallyport/base/must.h"
#include "sallyport/base/text.h"
#include "sallyport/crypto/secret.h"
#include "sallyport/key/key.h"
#include "sallyport/key/keyfile.h"

#define INPUT_MAX ((size_t)8 << 10)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	secret_init((size_t)1 << 20);
	return 0;
}

/* A FIDO key's: its public half is a key. */
static void
read_fido(struct slice text)
{
	struct keyfile_sk sk;
	struct key k;

	if (keyfile_parse_sk(text, &sk) == OK) {
		must(key_parse(buf_slice(&sk.blob), &k) == OK);
		must(key_is_sk(k.type));
	}
	keyfile_clear_sk(&sk);
}

static void
read_file(struct slice text)
{
	SCOPED(buf_clear) struct buf file = BUF_SECRET(KEYFILE_MAX);
	struct signer *s;

	read_fido(text);
	if (keyfile_parse(text, &s) != OK) {
		must(s == NULL);
		return;
	}
	must(keyfile_write(s, "comment", &file) == OK);
	signer_free(s);
	must(keyfile_parse(buf_slice(&file), &s) == OK);
	signer_free(s);
}

static void
read_octets(struct slice octets)
{
	SCOPED(buf_clear) struct buf text = BUF_EMPTY;
	struct bytes room;

	must(buf_append_cstr(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n") ==
	     OK);
	must(buf_reserve(&text, octets.n * 2 + 8, &room) == OK);
	buf_filled(&text, text_base64(octets, true, (char *)room.p, room.n));
	must(buf_append_cstr(&text, "\n-----END OPENSSH PRIVATE KEY-----\n") ==
	     OK);
	read_file(buf_slice(&text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_make(data, size);

	if (size == 0 || size > INPUT_MAX)
		return 0;
	if (data[0] == 0)
		read_octets(slice_skip(input, 1));
	else
		read_file(input);
	return 0;
}
