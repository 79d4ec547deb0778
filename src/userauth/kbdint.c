/*
 * kbdint.c - method "keyboard-interactive", RFC 4256
 *
 *     request:   string language | string submethods
 *     60:        string name | string instruction | string language |
 *                u32 n | n × ( string prompt | bool echo )
 *     61:        u32 n | n × string answer
 */
#include "methods.h"

#include "sallyport/base/rd.h"
#include "sallyport/transport/transport.h"

#define DEVICES_MAX 4096u /* octets of the client's wishes that go on */
#define PROMPTS_MAX 100u

static enum err
read_request(struct slice body, struct request *req)
{
	struct rd r = rd_from(body);

	(void)rd_string(&r); /* language, RFC 4256 §3.1: to be ignored */
	req->kbdint.devices = slice_first(rd_string(&r), DEVICES_MAX);
	req->hopeless = false;
	return rd_end(&r);
}

static enum err
ask(const struct userauth *u, const struct request *req, struct prompt_rep *rep)
{
	return u->ops->kbdint_start(u->ctx, &req->kbdint, rep);
}

const struct method kbdint_method = {
    .name = "keyboard-interactive",
    .said = "keyboard-interactive",
    .read = read_request,
    .ask = ask,
};

size_t
kbdint_request_max(const struct prompt_rep *prompts)
{
	return 64 + prompts->name.n + prompts->instruction.n +
	       prompts->prompts.n;
}

void
kbdint_write_request(struct wr *w, const struct prompt_rep *prompts)
{
	wr_u8(w, MSG_USERAUTH_INFO_REQUEST);
	wr_string(w, prompts->name);
	wr_string(w, prompts->instruction);
	wr_cstr(w, ""); /* language */
	wr_u32(w, prompts->n);
	wr_raw(w, prompts->prompts); /* written the same way */
}

enum err
kbdint_read_response(struct slice body, uint32_t n, struct answer_req *req)
{
	struct rd r = rd_from(body);

	req->n = rd_u32(&r);
	req->answers = r.left;
	/* SEC-22: the count is ours, theirs has to agree */
	if (req->n != n || n > PROMPTS_MAX)
		rd_fail(&r, ERR_FORMAT);
	if (req->answers.n > METHODS_ANSWER_MAX)
		rd_fail(&r, ERR_TOO_LONG);
	for (uint32_t i = 0; i < n && rd_status(&r) == OK; i++)
		(void)rd_string(&r);
	return rd_end(&r);
}
