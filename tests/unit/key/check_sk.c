#include "fixture.h"

#include "sallyport/key/sk.h"

/* SHA-256 of "ssh:" and of nothing */
static const uint8_t app_hash[] = {0xe3, 0x06, 0x10, 0xe8, 0xa1, 0x62, 0x11,
    0x59, 0x60, 0xfe, 0x1e, 0xc2, 0x23, 0xe6, 0x52, 0x9c, 0x9f, 0x4b, 0x6e,
    0x80, 0x20, 0x0d, 0xcb, 0x5e, 0x5c, 0x32, 0x1c, 0x8a, 0xf1, 0xe2, 0xb1,
    0xbf};
static const uint8_t empty_hash[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c,
    0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8,
    0x55};

START_TEST(data_is_application_flags_counter_message)
{
	SCOPED(buf_clear) struct buf data = BUF_LIMIT(256);
	struct sig s = {.flags = SK_PRESENT | SK_VERIFIED,
	    .counter = 0x01020304};
	static const uint8_t middle[] = {5, 1, 2, 3, 4};

	ck_assert_int_eq(sk_signed_data(SLICE_STR("ssh:"), &s, SLICE_NONE,
			     &data),
	    OK);
	ck_assert_uint_eq(data.n, 32 + 5 + 32);
	ck_assert_mem_eq(data.p, app_hash, 32);
	ck_assert_mem_eq(data.p + 32, middle, 5);
	ck_assert_mem_eq(data.p + 37, empty_hash, 32);
}
END_TEST

#define HEAD "{\"type\":\"webauthn.get\",\"challenge\":\"_-8\",\"origin\":\"o\""

/* The challenge is base64url without padding: ff ef is "/+8=" otherwise. */
static enum err
webauthn(const char *client_data, const char *origin, uint8_t flags,
    const char *extensions)
{
	SCOPED(buf_clear) struct buf data = BUF_LIMIT(256);
	struct sig s = {.webauthn = true,
	    .flags = flags,
	    .origin = slice_cstr(origin),
	    .client_data = slice_cstr(client_data),
	    .extensions = slice_cstr(extensions)};

	return sk_signed_data(SLICE_STR("ssh:"), &s, SLICE_STR("\xff\xef"),
	    &data);
}

START_TEST(client_data_names_message_and_origin)
{
	ck_assert_int_eq(webauthn(HEAD "}", "o", SK_PRESENT, ""), OK);
	ck_assert_int_eq(webauthn(HEAD ",\"x\":1}", "o", SK_PRESENT, ""), OK);
	ck_assert_int_ne(webauthn(HEAD "}", "p", SK_PRESENT, ""), OK);
	ck_assert_int_ne(webauthn(HEAD "}", "o\"", SK_PRESENT, ""), OK);
	ck_assert_int_ne(webauthn(" " HEAD "}", "o", SK_PRESENT, ""), OK);
	ck_assert_int_ne(webauthn("", "o", SK_PRESENT, ""), OK);
}
END_TEST

START_TEST(flags_tell_of_extensions)
{
	ck_assert_int_eq(webauthn(HEAD, "o", SK_PRESENT | SK_EXTENSIONS, "x"),
	    OK);
	ck_assert_int_ne(webauthn(HEAD, "o", SK_PRESENT, "x"), OK);
	ck_assert_int_ne(webauthn(HEAD, "o", SK_PRESENT | SK_EXTENSIONS, ""),
	    OK);
	ck_assert_int_ne(webauthn(HEAD, "o", SK_PRESENT | SK_ATTESTED, ""), OK);
}
END_TEST

TCase *
check_sk(void)
{
	TCase *tc = tcase_create("key/sk");

	tcase_add_test(tc, data_is_application_flags_counter_message);
	tcase_add_test(tc, client_data_names_message_and_origin);
	tcase_add_test(tc, flags_tell_of_extensions);
	return tc;
}
