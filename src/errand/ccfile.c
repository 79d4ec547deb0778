#include "ccfile.h"

#include "krb5lib.h"

#include "sallyport/base/wr.h"

#define VERSION_4 0x0504u

static void
write_u16(struct wr *w, unsigned int v)
{
	wr_u8(w, (uint8_t)(v >> 8));
	wr_u8(w, (uint8_t)v);
}

static void
write_principal(struct wr *w, krb5_const_principal p)
{
	wr_u32(w, (uint32_t)p->type);
	wr_u32(w, (uint32_t)p->length);
	wr_string(w, krb5lib_slice(&p->realm));
	for (krb5_int32 i = 0; i < p->length; i++)
		wr_string(w, krb5lib_slice(&p->data[i]));
}

static void
write_addresses(struct wr *w, krb5_address *const *list)
{
	uint32_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	wr_u32(w, n);
	for (uint32_t i = 0; i < n; i++) {
		write_u16(w, (unsigned int)list[i]->addrtype);
		wr_string(w, slice_make(list[i]->contents, list[i]->length));
	}
}

static void
write_authdata(struct wr *w, krb5_authdata *const *list)
{
	uint32_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	wr_u32(w, n);
	for (uint32_t i = 0; i < n; i++) {
		write_u16(w, (unsigned int)list[i]->ad_type);
		wr_string(w, slice_make(list[i]->contents, list[i]->length));
	}
}

static void
write_credential(struct wr *w, const krb5_creds *c)
{
	write_principal(w, c->client);
	write_principal(w, c->server);
	write_u16(w, (unsigned int)c->keyblock.enctype);
	wr_string(w, slice_make(c->keyblock.contents, c->keyblock.length));
	wr_u32(w, (uint32_t)c->times.authtime);
	wr_u32(w, (uint32_t)c->times.starttime);
	wr_u32(w, (uint32_t)c->times.endtime);
	wr_u32(w, (uint32_t)c->times.renew_till);
	wr_u8(w, c->is_skey != 0);
	wr_u32(w, (uint32_t)c->ticket_flags);
	write_addresses(w, c->addresses);
	write_authdata(w, c->authdata);
	wr_string(w, krb5lib_slice(&c->ticket));
	wr_string(w, krb5lib_slice(&c->second_ticket));
}

enum err
ccfile_write(krb5_creds *const *creds, struct buf *out)
{
	struct wr w = wr_into(out);

	if (creds == NULL || creds[0] == NULL || creds[0]->client == NULL)
		return ERR_FORMAT;
	write_u16(&w, VERSION_4);
	write_u16(&w, 0);
	write_principal(&w, creds[0]->client);
	for (; *creds != NULL; creds++) {
		if ((*creds)->client == NULL || (*creds)->server == NULL)
			return ERR_FORMAT;
		write_credential(&w, *creds);
	}
	return wr_end(&w, NULL);
}
