/*
 * krb5lib.h - MIT's libkrb5, loaded by the errands that need it
 *
 * Nothing is linked with it: a daemon without GSSAPIAuthentication maps not an
 * octet of it, and no process but an errand ever does.
 */
#ifndef SALLYPORT_SRC_ERRAND_KRB5LIB_H
#define SALLYPORT_SRC_ERRAND_KRB5LIB_H

#include "sallyport/base/slice.h"

#include <krb5.h>
#include <stdbool.h>

/* clang-format off */
#define KRB5LIB_CALLS(C)                                                   \
	C(auth_con_getauthenticator) C(auth_con_getkey)                    \
	C(auth_con_getrecvsubkey) C(auth_con_getsendsubkey)                \
	C(auth_con_init) C(auth_con_setflags) C(c_make_checksum)           \
	C(free_keytab_entry_contents) C(get_error_message)                 \
	C(get_permitted_enctypes) C(init_context) C(kt_add_entry)          \
	C(kt_default) C(kt_end_seq_get) C(kt_next_entry) C(kt_resolve)     \
	C(kt_start_seq_get) C(kuserok) C(mk_error) C(mk_rep)               \
	C(parse_name) C(rd_cred) C(rd_req) C(unparse_name) C(us_timeofday)
/* clang-format on */
#define KRB5LIB_MEMBER(name) __typeof__(krb5_##name) *name;

struct krb5lib {
	krb5_context context;
	KRB5LIB_CALLS(KRB5LIB_MEMBER)
};

/* Load it and read krb5.conf. NULL, or why that failed; lives as long as the
 * process. */
const char *krb5lib_load(struct krb5lib *k);

/* The library's sentence for code; lives as long as the process. */
const char *krb5lib_sentence(const struct krb5lib *k, krb5_error_code code);

static inline struct slice
krb5lib_slice(const krb5_data *d)
{
	return slice_make(d->data, d->length);
}

/* The library takes octets that it doesn't write to as if it did. */
static inline krb5_data
krb5lib_data(struct slice s)
{
	return (krb5_data){.magic = KV5M_DATA,
	    .length = (unsigned int)s.n,
	    .data = (char *)(uintptr_t)s.p};
}

#endif
