#include "ext_info.h"

#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"

/* What the first one says beside server-sig-algs; every value is "0". */
static const char *const extensions[] = {
    "publickey-hostbound@openssh.com", "ping@openssh.com",
    "agent-forward", /* agent-req and agent-connect exist */
};

#define EXTENSIONS (sizeof(extensions) / sizeof(extensions[0]))

void
ext_info_write(struct wr *w, struct slice sig_algs, bool first)
{
	size_t more = first ? EXTENSIONS : 0;

	wr_u8(w, MSG_EXT_INFO);
	wr_u32(w, (uint32_t)(1 + more));
	wr_cstr(w, "server-sig-algs");
	wr_string(w, sig_algs);
	for (size_t i = 0; i < more; i++) {
		wr_cstr(w, extensions[i]);
		wr_cstr(w, "0");
	}
}

static void
take_entry(struct rd *r, struct ext_info *info)
{
	struct slice name = rd_string(r);
	struct slice value = rd_string(r);

	if (rd_status(r) != OK)
		return;
	if (slice_has_nul(name))
		rd_fail(r, ERR_FORMAT);
	if (!slice_is(name, "ext-info-in-auth@openssh.com"))
		return;
	if (slice_has_nul(value))
		rd_fail(r, ERR_FORMAT);
	info->in_auth = slice_is(value, "0");
}

enum err
ext_info_parse(struct slice payload, struct ext_info *info)
{
	struct rd r = rd_from(payload);
	uint32_t n;

	*info = (struct ext_info){.in_auth = false};
	if (rd_u8(&r) != MSG_EXT_INFO)
		return ERR_FORMAT;
	n = rd_u32(&r);
	if (n > EXT_INFO_ENTRIES_MAX)
		return ERR_TOO_LONG;
	for (uint32_t i = 0; i < n && rd_status(&r) == OK; i++)
		take_entry(&r, info);
	return rd_end(&r);
}
