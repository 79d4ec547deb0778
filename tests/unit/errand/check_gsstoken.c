#include "suite.h"

#include "errand/gsstoken.h"
#include "sallyport/base/mem.h"

#define OID "\6\11\52\206\110\206\367\22\1\2\2"

/* ---- the frame, RFC 2743 §3.1 ---- */

/* What is written is read again, at every length of its length. */
START_TEST(frames_come_back_whole)
{
	static const size_t sizes[] = {0, 1, 114, 115, 116, 242, 243, 244, 4000,
	    65522, 65523, 65524};
	static uint8_t octets[70000];
	SCOPED(buf_clear) struct buf out = BUF_EMPTY;
	struct slice message = slice_make(octets, sizes[_i]), got;

	memset(octets, 'x', sizeof(octets));
	ck_assert_int_eq(gsstoken_write(GSSTOKEN_AP_REP, message, &out), OK);
	ck_assert_int_eq(gsstoken_read(buf_slice(&out), GSSTOKEN_AP_REP, &got),
	    OK);
	ck_assert(slice_equal(got, message));
	ck_assert_int_eq(gsstoken_read(buf_slice(&out), GSSTOKEN_AP_REQ, &got),
	    ERR_FORMAT);
}
END_TEST

START_TEST(refuses_every_prefix_and_what_follows)
{
	struct slice whole = SLICE_STR("\140\20" OID "\1\0abc"), got;

	ck_assert_int_eq(gsstoken_read(whole, GSSTOKEN_AP_REQ, &got), OK);
	ck_assert(slice_is(got, "abc"));
	for (size_t n = 0; n < whole.n; n++) {
		ck_assert_int_ne(gsstoken_read(slice_first(whole, n),
				     GSSTOKEN_AP_REQ, &got),
		    OK);
		ck_assert_uint_eq(got.n, 0);
	}
	ck_assert_int_eq(gsstoken_read(SLICE_STR("\140\20" OID "\1\0abcd"),
			     GSSTOKEN_AP_REQ, &got),
	    ERR_TRAILING);
}
END_TEST

/* X.690 §10.1: one length has one form. And one mechanism is ours. */
START_TEST(refuses_other_forms_and_mechanisms)
{
	static const char *const bad[] = {
	    "\141\17" OID "\1\1ab",          /* tag */
	    "\140\201\17" OID "\1\1ab",      /* long form of 15 */
	    "\140\204\1\1\1\1" OID "\1\1ab", /* four octets */
	    "\140\200" OID "\1\1ab",         /* indefinite */
	    "\140\17\6\11\52\206\110\202\367\22\1\2\2\1\1ab",
	    "\140\17\5\11\52\206\110\206\367\22\1\2\2\1\1ab",
	};
	struct slice got;

	ck_assert_int_eq(gsstoken_read(slice_cstr("\140\17" OID "\1\1ab"),
			     0x0101, &got),
	    OK);
	ck_assert_int_ne(gsstoken_read(slice_cstr(bad[_i]), 0x0101, &got), OK);
}
END_TEST

/* ---- the authenticator's checksum, RFC 4121 §4.1.1 ---- */

#define BINDINGS "\20\0\0\0bindingsbindings"

START_TEST(a_checksum_tells_flags_and_credentials)
{
	struct gsstoken_checksum sum;

	ck_assert_int_eq(gsstoken_read_checksum(SLICE_STR(BINDINGS "\42\0\0\0"),
			     &sum),
	    OK);
	ck_assert_uint_eq(sum.flags, 0x22);
	ck_assert_uint_eq(sum.credentials.n, 0);
	ck_assert_int_eq(gsstoken_read_checksum(SLICE_STR(
						    BINDINGS "\3\2\0\1"
							     "\1\0\4\0CRED"
							     "ext"),
			     &sum),
	    OK);
	ck_assert_uint_eq(sum.flags, 0x01000203);
	ck_assert(slice_is(sum.credentials, "CRED"));
}
END_TEST

/* Extensions alone may be left out. */
START_TEST(a_checksum_cut_anywhere_is_none)
{
	struct slice whole = SLICE_STR(BINDINGS "\1\0\0\0\1\0\4\0CRED");
	struct gsstoken_checksum sum;

	for (size_t n = 0; n < whole.n; n++)
		ck_assert_int_eq(gsstoken_read_checksum(slice_first(whole, n),
				     &sum),
		    ERR_SHORT);
	ck_assert_int_eq(gsstoken_read_checksum(whole, &sum), OK);
	ck_assert_int_eq(gsstoken_read_checksum(SLICE_STR(BINDINGS
						    "\1\0\0\0\2\0\4\0CRED"),
			     &sum),
	    ERR_FORMAT);
	ck_assert_int_eq(gsstoken_read_checksum(
			     SLICE_STR("\21\0\0\0bindingsbindings\0\0\0\0"),
			     &sum),
	    ERR_FORMAT);
}
END_TEST

/* ---- MICs, RFC 4121 §4.2.6.1 ---- */

#define HEAD "\4\4\4\377\377\377\377\377\1\2\3\4\5\6\7\10"

START_TEST(a_mic_is_a_header_and_a_checksum)
{
	struct slice whole = SLICE_STR(HEAD "0123456789ab");
	struct gsstoken_mic mic;

	ck_assert_int_eq(gsstoken_read_mic(whole, &mic), OK);
	ck_assert_uint_eq(mic.flags, GSSTOKEN_ACCEPTORS_KEY);
	ck_assert(slice_equal(mic.header, SLICE_STR(HEAD)));
	ck_assert(slice_is(mic.checksum, "0123456789ab"));
	for (size_t n = 0; n <= GSSTOKEN_MIC_HEADER; n++)
		ck_assert_int_eq(gsstoken_read_mic(slice_first(whole, n), &mic),
		    ERR_SHORT);
}
END_TEST

/* Each octet before the sequence is as the RFC has it, but for known flags. */
START_TEST(a_header_with_other_octets_is_none)
{
	uint8_t octets[] = HEAD "0123456789ab";
	struct gsstoken_mic mic;

	octets[_i] ^= _i == 2 ? 8 : 1;
	ck_assert_int_eq(gsstoken_read_mic(SLICE_OF(octets), &mic), ERR_FORMAT);
}
END_TEST

TCase *
check_gsstoken(void)
{
	TCase *tc = tcase_create("errand/gsstoken");

	tcase_add_loop_test(tc, frames_come_back_whole, 0, 12);
	tcase_add_test(tc, refuses_every_prefix_and_what_follows);
	tcase_add_loop_test(tc, refuses_other_forms_and_mechanisms, 0, 6);
	tcase_add_test(tc, a_checksum_tells_flags_and_credentials);
	tcase_add_test(tc, a_checksum_cut_anywhere_is_none);
	tcase_add_test(tc, a_mic_is_a_header_and_a_checksum);
	tcase_add_loop_test(tc, a_header_with_other_octets_is_none, 0, 8);
	return tc;
}
