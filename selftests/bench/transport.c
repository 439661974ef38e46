// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include "cell.h"

const struct transport transports[] = {
	{ "exp", "stream", AF_EXPERIMENTAL, SOCK_STREAM, 0, false },
	{ "unix", "stream", AF_UNIX, SOCK_STREAM, 0, false },
	{ "pipe", "stream", PIPE, SOCK_STREAM, 0, false },
	{ "tcp", "stream", AF_INET, SOCK_STREAM, 0, false },
	{ "vsock", "stream", AF_VSOCK, SOCK_STREAM, 0, false },
	{ "tipc", "stream", AF_TIPC, SOCK_STREAM, 0, false },
	{ "exp", "seqpacket", AF_EXPERIMENTAL, SOCK_SEQPACKET, 0, false },
	{ "unix", "seqpacket", AF_UNIX, SOCK_SEQPACKET, 0, false },
	{ "vsock", "seqpacket", AF_VSOCK, SOCK_SEQPACKET, 0, false },
	{ "tipc", "seqpacket", AF_TIPC, SOCK_SEQPACKET, 0, false },
	{ "exp", "dgram", AF_EXPERIMENTAL, SOCK_DGRAM, 0, true },
	{ "unix", "dgram", AF_UNIX, SOCK_DGRAM, 0, false },
	{ "udp", "dgram", AF_INET, SOCK_DGRAM, 0, true },
	{ "tipc", "dgram", AF_TIPC, SOCK_DGRAM, 0, true },
	{ "exp", "rdm", AF_EXPERIMENTAL, SOCK_RDM, 0, false },
	{ "tipc", "rdm", AF_TIPC, SOCK_RDM, 0, true },
};

const size_t transport_count = ARRAY_SIZE(transports);
const char *const extra_names[EXTRAS] = { "none", "passcred", "descriptor" };

/* What SO_RCVBUF holds by default for certain, whatever a family charges. */
#define DEFAULT_HOLDS	16384

static int received[64];	/* descriptors that came and are to be closed */
static unsigned int received_count;
static unsigned int with_extra;	/* messages that came with what was to come along */

bool is_stream(const struct transport *t)
{
	return t->type == SOCK_STREAM;
}

bool connects(const struct transport *t)
{
	return t->type == SOCK_STREAM || t->type == SOCK_SEQPACKET;
}

/* An address for bind() that lets the kernel pick. */
static struct addr any_address(int domain)
{
	struct addr a = { 0 };

	if (domain == AF_VSOCK) {
		struct sockaddr_vm *vm = (struct sockaddr_vm *)&a.storage;

		vm->svm_family = AF_VSOCK;
		vm->svm_cid = VMADDR_CID_LOCAL;
		vm->svm_port = VMADDR_PORT_ANY;
		a.len = sizeof(*vm);
		return a;
	}
	return addr_any(domain);
}

int make_socket(const struct transport *t)
{
	int fd = socket(t->domain, t->type, t->protocol);

	if (fd < 0)
		refused("socket");
	return fd;
}

int make_bound(const struct transport *t, struct addr *a)
{
	struct addr any = any_address(t->domain);
	int fd = make_socket(t);

	/* A TIPC socket has an address of its own from the start. */
	if (t->domain != AF_TIPC && bind(fd, &any.sa, any.len))
		refused("bind");
	if (addr_own(fd, a))
		refused("getsockname");
	return fd;
}

int make_listener(const struct transport *t, int backlog, struct addr *a)
{
	int fd = make_bound(t, a);

	if (listen(fd, backlog))
		refused("listen");
	return fd;
}

void connect_to(int fd, const struct addr *to)
{
	if (connect(fd, &to->sa, to->len))
		refused("connect");
}

void wait_mode(int fd, bool waits)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void make_connection(const struct transport *t, int listener, const struct addr *a, int fd[2])
{
	struct pollfd connected = { .events = POLLOUT };

	fd[0] = make_socket(t);
	if (t->domain != AF_TIPC) {
		connect_to(fd[0], a);
	} else {
		/* A TIPC server takes part in connect() by calling accept(). */
		wait_mode(fd[0], false);
		if (connect(fd[0], &a->sa, a->len) && errno != EINPROGRESS)
			refused("connect");
	}
	fd[1] = accept(listener, NULL, NULL);
	if (fd[1] < 0)
		refused("accept");
	if (t->domain == AF_TIPC) {
		connected.fd = fd[0];
		poll(&connected, 1, -1);
		wait_mode(fd[0], true);
	}
}

static void set_option(int fd, int level, int option, int value, const char *call)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		refused(call);
}

static void open_sockets(struct link *l, int fd[2])
{
	const struct transport *t = l->t;
	struct addr a[2];
	int listener;

	if (connects(t)) {
		listener = make_listener(t, 1, &a[0]);
		make_connection(t, listener, &a[0], fd);
		close(listener);
	} else {
		fd[0] = make_bound(t, &a[0]);
		fd[1] = make_bound(t, &a[1]);
		connect_to(fd[0], &a[1]);
		connect_to(fd[1], &a[0]);
	}
}

void link_open(struct link *l, const struct transport *t, enum extra along, size_t outstanding)
{
	struct timeval limit = { .tv_sec = 5 };
	int fd[2];
	int i;

	*l = (struct link){ .t = t, .extra = along, .passed = -1 };
	if (along == EXTRA_DESCRIPTOR)
		l->passed = eventfd(0, 0);
	if (t->domain == PIPE) {
		int back[2];

		if (along != EXTRA_NONE) {
			errno = EOPNOTSUPP;
			refused("pipe");
		}
		if (pipe(fd) || pipe(back))
			refused("pipe");
		l->out[0] = fd[1];
		l->in[1] = fd[0];
		l->out[1] = back[1];
		l->in[0] = back[0];
		return;
	}
	open_sockets(l, fd);
	for (i = 0; i < 2; i++) {
		l->in[i] = fd[i];
		l->out[i] = fd[i];
		if (t->domain == AF_INET && is_stream(t))
			set_option(fd[i], IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
		if (along == EXTRA_PASSCRED)
			set_option(fd[i], SOL_SOCKET, SO_PASSCRED, 1, "SO_PASSCRED");
		if (!is_stream(t) && t->domain != AF_VSOCK && outstanding > DEFAULT_HOLDS) {
			set_option(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, outstanding * 4,
				   "SO_SNDBUFFORCE");
			set_option(fd[i], SOL_SOCKET, SO_RCVBUFFORCE, outstanding * 4,
				   "SO_RCVBUFFORCE");
		}
		/* A message that is lost is to be noticed. */
		if (t->lossy)
			setsockopt(fd[i], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	}
}

static ssize_t write_with_descriptor(const struct link *l, int end, const void *buf, size_t len,
				     int flags)
{
	struct iovec iov = { (void *)buf, len };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &l->passed, sizeof(int));
	return sendmsg(l->out[end], &m, flags);
}

static ssize_t read_with_extra(const struct link *l, int end, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(l->in[end], &m, 0);
	struct cmsghdr *c;

	for (c = n < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS && l->extra == EXTRA_PASSCRED)
			with_extra++;
		if (c->cmsg_type == SCM_RIGHTS) {
			with_extra++;
			if (received_count == ARRAY_SIZE(received))
				close(received[--received_count]);
			memcpy(&received[received_count++], CMSG_DATA(c), sizeof(int));
		}
	}
	return n;
}

ssize_t link_write(const struct link *l, int end, const void *buf, size_t len)
{
	if (l->extra == EXTRA_DESCRIPTOR)
		return write_with_descriptor(l, end, buf, len, 0);
	return write(l->out[end], buf, len);
}

ssize_t link_write_now(const struct link *l, int end, const void *buf, size_t len)
{
	if (l->extra == EXTRA_DESCRIPTOR)
		return write_with_descriptor(l, end, buf, len, MSG_DONTWAIT);
	if (l->t->domain != PIPE)
		return send(l->out[end], buf, len, MSG_DONTWAIT);
	return write(l->out[end], buf, len);
}

ssize_t link_read(const struct link *l, int end, void *buf, size_t len)
{
	if (l->extra == EXTRA_NONE)
		return read(l->in[end], buf, len);
	return read_with_extra(l, end, buf, len);
}

void link_check(const struct link *l, unsigned int messages)
{
	if (l->extra == EXTRA_NONE)
		return;
	/* A stream may have glued what the same process wrote with nothing attached. */
	if (is_stream(l->t) && l->extra == EXTRA_PASSCRED && messages > 1)
		messages = 1;
	if (with_extra < messages)
		wrong("%u of %u messages came with what was sent along", with_extra, messages);
	with_extra = 0;
	while (received_count)
		close(received[--received_count]);
}
