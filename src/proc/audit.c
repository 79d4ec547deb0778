/*
 * audit.c - a record for Linux audit, handed to the kernel
 */
#include "sallyport/proc/audit.h"

#include "config.h"

#ifdef WITH_AUDIT

#include "sallyport/base/io.h"
#include "sallyport/base/mem.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define STATUS_MS 100 /* a busy machine's thread; it holds up one fork */

/* A message that the kernel sends back, as far as we read it. */
struct answer {
	struct nlmsghdr head;
	union {
		struct nlmsgerr err;
		struct audit_status status;
	} of;
};

static int
open_kernel(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
}

static enum err
tell(int fd, uint16_t type, uint16_t flags, struct slice text)
{
	static const char nul[NLMSG_ALIGNTO] = "";
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct nlmsghdr head = {.nlmsg_len =
				    (uint32_t)(NLMSG_HDRLEN + text.n + 1),
	    .nlmsg_type = type,
	    .nlmsg_flags = NLM_F_REQUEST | flags,
	    .nlmsg_seq = 1};
	struct iovec parts[] = {{&head, sizeof(head)},
	    {(void *)(uintptr_t)text.p, text.n},
	    {(void *)(uintptr_t)nul, NLMSG_ALIGN(text.n + 1) - text.n}};
	struct msghdr m = {.msg_name = &kernel,
	    .msg_namelen = sizeof(kernel),
	    .msg_iov = parts,
	    .msg_iovlen = sizeof(parts) / sizeof(parts[0])};

	return sendmsg(fd, &m, MSG_NOSIGNAL) < 0 ? ERR_SYSTEM : OK;
}

/* The kernel's own messages have port 0; others may write to our socket. */
static enum err
hear(int fd, struct answer *a)
{
	struct sockaddr_nl from = {0};
	socklen_t size = sizeof(from);
	ssize_t n;

	memset(a, 0, sizeof(*a));
	n = recvfrom(fd, a, sizeof(*a), MSG_DONTWAIT | MSG_TRUNC,
	    (struct sockaddr *)&from, &size);
	if (n < 0)
		return ERR_SYSTEM;
	if (from.nl_pid != 0 || (size_t)n < sizeof(a->head)) {
		errno = EPROTO;
		return ERR_SYSTEM;
	}
	return OK;
}

/* Reasons of a system where our records aren't wanted. */
static bool
is_unwanted(int why)
{
	switch (why) {
	case EPERM:        /* no CAP_AUDIT_WRITE: a container's root */
	case ECONNREFUSED: /* another user or network namespace */
	case EINVAL:       /* kernels without audit */
	case EAFNOSUPPORT:
	case EPROTONOSUPPORT:
	case ENOPROTOOPT:
		return true;
	default:
		return false;
	}
}

bool
audit_exists(void)
{
	SCOPED(io_close) int fd = open_kernel();

	return fd >= 0;
}

bool
audit_is_on(void)
{
	SCOPED(io_close) int fd = open_kernel();
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct answer a;

	if (fd < 0)
		return false;
	/* a thread of the kernel's answers */
	if (tell(fd, AUDIT_GET, 0, SLICE_NONE) != OK ||
	    poll(&p, 1, STATUS_MS) != 1 || hear(fd, &a) != OK)
		return true;
	return a.head.nlmsg_type != AUDIT_GET || a.of.status.enabled != 0;
}

static enum err
unless_unwanted(void)
{
	return is_unwanted(errno) ? OK : ERR_SYSTEM;
}

enum err
audit_write(uint16_t type, struct slice text)
{
	SCOPED(io_close) int fd = -1;
	struct answer a;

	if (text.n > AUDIT_TEXT_MAX)
		return ERR_TOO_LONG;
	/* it is taken while we send: the answer is there by then */
	if ((fd = open_kernel()) < 0 || tell(fd, type, NLM_F_ACK, text) != OK ||
	    hear(fd, &a) != OK)
		return unless_unwanted();
	if (a.head.nlmsg_type != NLMSG_ERROR || a.of.err.error == 0)
		return OK;
	errno = -a.of.err.error;
	return unless_unwanted();
}

#else

bool
audit_exists(void)
{
	return false;
}

bool
audit_is_on(void)
{
	return false;
}

enum err
audit_write(uint16_t type, struct slice text)
{
	(void)type;
	return text.n > AUDIT_TEXT_MAX ? ERR_TOO_LONG : OK;
}

#endif
