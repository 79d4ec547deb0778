/*
 * fuzz_userauth.c - requests of every method, and the state machine over them
 * (SEC §11, target 8)
 *
 * The input is a row of steps: an octet says what, a string what with, further
 * octets how the monitor answers. The whole is parsed as each method's part of
 * a request, too.
 */
#include "auth_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const methods[] = {"none", "publickey",
    "publickey-hostbound-v00@openssh.com", "password", "keyboard-interactive",
    "hostbased", "gssapi-with-mic"};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* A string of at most 64 KiB: two octets of length, what there is of it. */
static struct slice
piece(struct rd *r)
{
	size_t n = rd_u8(r);

	n |= (size_t)rd_u8(r) << 8;
	return rd_raw(r, n < r->left.n ? n : r->left.n);
}

/* A request whose envelope is right. */
static void
write_request(struct wr *w, uint8_t what, struct slice body)
{
	wr_u8(w, MSG_USERAUTH_REQUEST);
	wr_cstr(w, what & 0x40 ? "alice:style" : "alice");
	wr_cstr(w, what & 0x80 ? "ssh-shell" : "ssh-connection");
	wr_cstr(w, methods[what % METHODS]);
	wr_raw(w, body);
}

static enum err
step(struct userauth *u, struct rd *r)
{
	SCOPED(buf_clear) struct buf b = BUF_EMPTY;
	struct wr w = wr_into(&b);
	uint8_t what = rd_u8(r);
	struct slice body = piece(r);

	if ((what & 0x30) == 0x30) {
		wr_raw(&w, body); /* whatever it is */
	} else if ((what & 0x30) == 0x20) {
		wr_u8(&w, what & 1 ? MSG_USERAUTH_INFO_RESPONSE
				   : MSG_SERVICE_REQUEST);
		wr_raw(&w, body);
	} else {
		write_request(&w, what, body);
	}
	must(wr_end(&w, NULL) == OK);
	return userauth_input(u, buf_slice(&b));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_from(slice_make(data, size));
	struct auth_oracle o = {.input = &r};
	struct userauth u;
	enum err e = OK;

	for (size_t i = 0; i < METHODS; i++)
		(void)(userauth_parse(methods[i], r.left) == OK);
	userauth_init(&u, &auth_oracle_ops, &o);
	while (e == OK && r.left.n > 0) {
		e = step(&u, &r);
		must(userauth_is_done(&u) == o.success_told);
		must((u.state == USERAUTH_PROMPT) == o.prompting || e != OK);
		must((u.state == USERAUTH_TOKEN || u.state == USERAUTH_MIC) ==
			 o.exchanging ||
		     e != OK);
	}
	must(userauth_fail(&u, e) != NULL);
	userauth_clear(&u);
	buf_clear(&o.building);
	return 0;
}
