// SPDX-License-Identifier: GPL-2.0
/* The calls of a program. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/experimental.h>
#include <linux/filter.h>
#include <linux/sockios.h>

#include "calls.h"

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM, SOCK_RAW };

static int pick_type(__u8 choice)
{
	return types[choice % 8 % COUNT(types)] | (choice & 64 ? SOCK_NONBLOCK : 0) |
	       (choice & 128 ? SOCK_CLOEXEC : 0);
}

/* 0 as a rule; SOCK_RAW knows some others. */
static int pick_protocol(__u8 choice)
{
	return choice & 32 ? choice % 8 : 0;
}

static long call_socket(const struct insn *i)
{
	int type = pick_type(i->arg[0]), protocol = pick_protocol(i->arg[1]);

	if (show("s%u = socket(AF_EXPERIMENTAL, %#x, %d)", i->to % SLOTS, type, protocol))
		return 0;
	return slot_put(i->to, socket(AF_EXPERIMENTAL, type, protocol));
}

static long call_socketpair(const struct insn *i)
{
	int type = pick_type(i->arg[0]), fd[2];

	if (show("socketpair(AF_EXPERIMENTAL, %#x, 0, {s%u, s%u})", type, i->to % SLOTS,
		 (i->to + 1) % SLOTS))
		return 0;
	if (socketpair(AF_EXPERIMENTAL, type, 0, fd))
		return -1;
	slot_put(i->to, fd[0]);
	return slot_put(i->to + 1, fd[1]);
}

/* What one wants to begin with: a listener, one that is connected, one that is accepted. */
static long call_connection(const struct insn *i)
{
	int type = types[i->arg[0] % 2], listener, client, server;
	struct sockaddr_storage address;
	socklen_t len = pick_address(i->arg[1] % 8, i->to, &address);

	if (show("s%u, s%u, s%u = listener, client, server of type %d at port %u", i->to % SLOTS,
		 (i->to + 1) % SLOTS, (i->to + 2) % SLOTS, type,
		 ((struct sockaddr_exp *)&address)->sexp_port))
		return 0;
	listener = socket(AF_EXPERIMENTAL, type, 0);
	client = socket(AF_EXPERIMENTAL, type, 0);
	if (bind(listener, (struct sockaddr *)&address, len) || listen(listener, 2) ||
	    getsockname(listener, (struct sockaddr *)&address, &len) ||
	    connect(client, (struct sockaddr *)&address, len))
		server = -1;
	else
		server = accept(listener, NULL, NULL);
	slot_put(i->to, listener);
	slot_put(i->to + 1, client);
	return slot_put(i->to + 2, server);
}

/* Two bound message sockets, each connected to the other if it is to be. */
static long call_peers(const struct insn *i)
{
	int type = types[2 + i->arg[0] % 2], fd[2];
	struct sockaddr_storage address[2];
	socklen_t len[2];
	unsigned int n;

	if (show("s%u, s%u = bound to %u and %u%s, of type %d", i->to % SLOTS,
		 (i->to + 1) % SLOTS, 2000, 2001, i->arg[1] & 1 ? " and connected" : "", type))
		return 0;
	for (n = 0; n < 2; n++) {
		fd[n] = socket(AF_EXPERIMENTAL, type, 0);
		len[n] = pick_address(n, 0, &address[n]);
		bind(fd[n], (struct sockaddr *)&address[n], len[n]);
	}
	for (n = 0; i->arg[1] & 1 && n < 2; n++)
		connect(fd[n], (struct sockaddr *)&address[!n], len[!n]);
	slot_put(i->to, fd[0]);
	return slot_put(i->to + 1, fd[1]);
}

static bool show_address(const char *call, const struct insn *i, const struct sockaddr_storage *s,
			 socklen_t len)
{
	const struct sockaddr_exp *a = (const struct sockaddr_exp *)s;

	return show("%s(s%u, {%u, .reserved = %u, .port = %u%s, .node = %#x, .flags = %u}, %u)",
		    call, i->fd % SLOTS, a->sexp_family, a->sexp_reserved, a->sexp_port,
		    i->arg[0] % 8 == 7 ? " or of a socket" : "", a->sexp_node, a->sexp_flags, len);
}

static long call_bind(const struct insn *i)
{
	struct sockaddr_storage address;
	socklen_t len = pick_address(i->arg[0], i->arg[1], &address);

	if (show_address("bind", i, &address, len))
		return 0;
	return bind(slot_get(i->fd), (struct sockaddr *)&address, len);
}

static long call_connect(const struct insn *i)
{
	struct sockaddr_storage address;
	socklen_t len = pick_address(i->arg[0], i->arg[1], &address);

	if (show_address("connect", i, &address, len))
		return 0;
	return connect(slot_get(i->fd), (struct sockaddr *)&address, len);
}

static long call_listen(const struct insn *i)
{
	int backlog = i->arg[0] < 200 ? i->arg[0] % 4 : pick_value(i->arg[1]);

	if (show("listen(s%u, %d)", i->fd % SLOTS, backlog))
		return 0;
	return listen(slot_get(i->fd), backlog);
}

static long call_accept(const struct insn *i)
{
	int flags = (i->arg[0] & 1 ? SOCK_NONBLOCK : 0) | (i->arg[0] & 2 ? SOCK_CLOEXEC : 0);
	struct sockaddr_storage address;
	socklen_t len = i->arg[1] % 32;

	if (show("s%u = accept4(s%u, address, %u, %#x)", i->to % SLOTS, i->fd % SLOTS, len, flags))
		return 0;
	if (i->arg[0] & 4)
		return slot_put(i->to, accept4(slot_get(i->fd), NULL, NULL, flags));
	return slot_put(i->to, accept4(slot_get(i->fd), (struct sockaddr *)&address, &len, flags));
}

static long call_send(const struct insn *i)
{
	int flags = pick_send_flags(i->arg[0]);
	size_t len = pick_length(i->arg[1]);

	if (show("send(s%u, buffer %u, %zu, %#x)", i->fd % SLOTS, i->arg[2] % 16, len, flags))
		return 0;
	return send(slot_get(i->fd), pick_buffer(i->arg[2], len), len, flags);
}

static long call_sendto(const struct insn *i)
{
	int flags = pick_send_flags(i->arg[0]);
	size_t len = pick_length(i->arg[1]);
	struct sockaddr_storage address;
	socklen_t address_len = pick_address(i->arg[3], i->arg[4], &address);

	if (show("sendto(s%u, buffer %u, %zu, %#x, {%u, %u, %#x}, %u)", i->fd % SLOTS,
		 i->arg[2] % 16, len, flags, address.ss_family,
		 ((struct sockaddr_exp *)&address)->sexp_port,
		 ((struct sockaddr_exp *)&address)->sexp_node, address_len))
		return 0;
	return sendto(slot_get(i->fd), pick_buffer(i->arg[2], len), len, flags,
		      (struct sockaddr *)&address, address_len);
}

/* One to three segments, some of them empty; returns how many. */
static unsigned int pick_vector(__u8 choice, size_t len, struct iovec v[3])
{
	void *buf = pick_buffer(choice, len);

	if (choice / 16 % 4 == 0) {
		v[0] = (struct iovec){ buf, len };
		return 1;
	}
	v[0] = (struct iovec){ buf, len / (choice / 16) };
	v[1] = (struct iovec){ NULL, 0 };
	v[2] = (struct iovec){ (char *)buf + v[0].iov_len, len - v[0].iov_len };
	return 3;
}

static long call_sendmsg(const struct insn *i)
{
	int flags = pick_send_flags(i->arg[0]);
	size_t len = pick_length(i->arg[1]);
	struct cmsghdr control[CONTROL_SIZE / sizeof(struct cmsghdr)];
	struct iovec v[3];
	struct msghdr msg = { .msg_iov = v, .msg_iovlen = pick_vector(i->arg[2], len, v) };

	if (show("sendmsg(s%u, {buffer %u, %zu, control %#x of %u}, %#x)", i->fd % SLOTS,
		 i->arg[2], len, i->arg[3], i->arg[4], flags))
		return 0;
	msg.msg_controllen = pick_control(i->arg[3], i->arg[4], control);
	if (msg.msg_controllen)
		msg.msg_control = control;
	return sendmsg(slot_get(i->fd), &msg, flags);
}

/* To a destination, several at once if it is to be. */
static long call_sendmmsg(const struct insn *i)
{
	int flags = pick_send_flags(i->arg[0]);
	size_t len = pick_length(i->arg[1]);
	struct sockaddr_storage address;
	struct iovec v[3];
	struct mmsghdr msgs[4] = {};
	unsigned int n, count = 1 + i->arg[4] % COUNT(msgs);

	for (n = 0; n < count; n++) {
		msgs[n].msg_hdr.msg_iov = v;
		msgs[n].msg_hdr.msg_iovlen = pick_vector(i->arg[2], len, v);
		if (i->arg[4] & 128) {
			msgs[n].msg_hdr.msg_name = &address;
			msgs[n].msg_hdr.msg_namelen = pick_address(i->arg[3], 0, &address);
		}
	}
	if (show("sendmmsg(s%u, {buffer %u, %zu, address %d}, %u, %#x)", i->fd % SLOTS, i->arg[2],
		 len, i->arg[4] & 128 ? i->arg[3] : -1, count, flags))
		return 0;
	return sendmmsg(slot_get(i->fd), msgs, count, flags);
}

/* A message with the header of SOCK_RAW. */
static long call_send_raw(const struct insn *i)
{
	int flags = pick_send_flags(i->arg[0]);
	size_t len = pick_length(i->arg[1]);
	struct sockaddr_storage source, destination;
	struct exp_raw_header header = {
		.exr_version = i->arg[4] / 8 == 31 ? 0 : EXP_RAW_VERSION,
		.exr_type = types[2 + i->arg[4] % 2],
		.exr_flags = i->arg[4] / 8 == 30,
		.exr_length = i->arg[4] / 8 == 29 ? len + 1 : len,
	};
	struct iovec v[2] = { { &header, sizeof(header) }, { pick_buffer(i->arg[2], len), len } };
	struct msghdr msg = { .msg_iov = v, .msg_iovlen = 2 };

	pick_address(i->arg[3], i->arg[4], &destination);
	pick_address(i->arg[3] / 8, i->arg[4], &source);
	memcpy(&header.exr_source, &source, sizeof(header.exr_source));
	memcpy(&header.exr_destination, &destination, sizeof(header.exr_destination));
	if (i->arg[4] / 8 == 28)
		header.exr_type = i->arg[4] % 8;
	if (i->arg[4] / 8 == 27) {
		v[0].iov_len = i->arg[1] % 40;
		msg.msg_iovlen = 1;
	}
	if (show("sendmsg(s%u, {{%u, %u, %u, %u, port %u, port %u}, buffer %u, %zu}, %#x)",
		 i->fd % SLOTS, header.exr_version, header.exr_type, header.exr_flags,
		 header.exr_length, header.exr_source.sexp_port, header.exr_destination.sexp_port,
		 i->arg[2] % 16, len, flags))
		return 0;
	return sendmsg(slot_get(i->fd), &msg, flags);
}

static long call_write(const struct insn *i)
{
	size_t len = pick_length(i->arg[1]);
	struct iovec v[3];
	unsigned int count = pick_vector(i->arg[2], len, v);

	if (show("writev(s%u, buffer %u, %zu)", i->fd % SLOTS, i->arg[2], len))
		return 0;
	return writev(slot_get(i->fd), v, count);
}

static long call_read(const struct insn *i)
{
	size_t len = pick_length(i->arg[1]);
	struct iovec v[3];
	unsigned int count = pick_vector(i->arg[2], len, v);

	if (show("readv(s%u, buffer %u, %zu)", i->fd % SLOTS, i->arg[2], len))
		return 0;
	return readv(slot_get(i->fd), v, count);
}

static long call_recv(const struct insn *i)
{
	int flags = pick_receive_flags(i->arg[0]);
	size_t len = pick_length(i->arg[1]);
	struct sockaddr_storage address;
	socklen_t address_len = i->arg[3] % 64;

	if (show("recvfrom(s%u, buffer %u, %zu, %#x, address, %u)", i->fd % SLOTS, i->arg[2] % 16,
		 len, flags, address_len))
		return 0;
	if (i->arg[3] & 64)
		return recv(slot_get(i->fd), pick_buffer(i->arg[2], len), len, flags);
	return recvfrom(slot_get(i->fd), pick_buffer(i->arg[2], len), len, flags,
			(struct sockaddr *)&address, &address_len);
}

/* The first descriptor that was received stays, the others are closed. */
static void take_rights(struct msghdr *msg, __u8 to)
{
	struct cmsghdr *header;
	unsigned int i, count;
	int fd;

	for (header = CMSG_FIRSTHDR(msg); header; header = CMSG_NXTHDR(msg, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
			if (i)
				close(fd);
			else
				slot_put(to, fd);
		}
	}
}

static long call_recvmsg(const struct insn *i)
{
	static const size_t rooms[] = { 256, 1100, 0, 8, 16, 20, 24, 32 };
	int flags = pick_receive_flags(i->arg[0]);
	size_t len = pick_length(i->arg[1]), room = rooms[i->arg[3] % COUNT(rooms)];
	struct cmsghdr control[72];
	struct sockaddr_storage address;
	struct iovec v[3];
	struct msghdr msg = {
		.msg_iov = v,
		.msg_iovlen = pick_vector(i->arg[2], len, v),
		.msg_control = control,
		.msg_controllen = room,
		.msg_name = i->arg[3] & 128 ? &address : NULL,
		.msg_namelen = i->arg[3] / 8 % 16 + 10,
	};
	long ret;

	if (show("recvmsg(s%u, {buffer %u, %zu, control %zu, address %u}, %#x)", i->fd % SLOTS,
		 i->arg[2], len, room, msg.msg_namelen, flags))
		return 0;
	ret = recvmsg(slot_get(i->fd), &msg, flags);
	if (ret >= 0) {
		take_rights(&msg, i->to);
		errno = 0;
	}
	return ret;
}

static long call_recvmmsg(const struct insn *i)
{
	int flags = pick_receive_flags(i->arg[0]) | (i->arg[4] & 128 ? MSG_WAITFORONE : 0);
	size_t len = pick_length(i->arg[1]);
	struct timespec wait = { .tv_nsec = 1000000 };
	struct mmsghdr msgs[4] = {};
	struct iovec v[3];
	unsigned int n, count = 1 + i->arg[4] % COUNT(msgs);

	if (show("recvmmsg(s%u, {buffer %u, %zu}, %u, %#x, 1 ms)", i->fd % SLOTS, i->arg[2], len,
		 count, flags))
		return 0;
	for (n = 0; n < count; n++) {
		msgs[n].msg_hdr.msg_iov = v;
		msgs[n].msg_hdr.msg_iovlen = pick_vector(i->arg[2], len, v);
	}
	return recvmmsg(slot_get(i->fd), msgs, count, flags, &wait);
}

static long call_shutdown(const struct insn *i)
{
	int how = i->arg[0] % 4;

	if (show("shutdown(s%u, %d)", i->fd % SLOTS, how))
		return 0;
	return shutdown(slot_get(i->fd), how);
}

static long call_close(const struct insn *i)
{
	if (show("close(s%u)", i->fd % SLOTS))
		return 0;
	return close(slot_take(i->fd));
}

static long call_dup(const struct insn *i)
{
	if (show("s%u = dup(s%u)", i->to % SLOTS, i->fd % SLOTS))
		return 0;
	return slot_put(i->to, dup(slot_get(i->fd)));
}

static long call_names(const struct insn *i)
{
	struct sockaddr_storage address;
	socklen_t len = i->arg[0] % 64;

	if (show("%s(s%u, address, %u)", i->arg[0] & 64 ? "getpeername" : "getsockname",
		 i->fd % SLOTS, len))
		return 0;
	if (i->arg[0] & 64)
		return getpeername(slot_get(i->fd), (struct sockaddr *)&address, &len);
	return getsockname(slot_get(i->fd), (struct sockaddr *)&address, &len);
}

static int pick_level(__u8 choice)
{
	static const int levels[] = { SOL_EXPERIMENTAL, SOL_EXPERIMENTAL, 0, 6 };

	return choice < 224 ? SOL_SOCKET : levels[choice % COUNT(levels)];
}

static long call_getsockopt(const struct insn *i)
{
	int level = pick_level(i->arg[0]), option = i->arg[1] % 96;
	socklen_t len = i->arg[2] < 128 ? 4 : i->arg[2] - 128;
	char value[128];

	if (show("getsockopt(s%u, %d, %d, value, %u)", i->fd % SLOTS, level, option, len))
		return 0;
	return getsockopt(slot_get(i->fd), level, option, i->arg[2] == 255 ? NULL : value, &len);
}

static struct sock_filter filters[][3] = {
	{ BPF_STMT(BPF_RET | BPF_K, 0xffffffff) },
	{ BPF_STMT(BPF_RET | BPF_K, 0) },
	{ BPF_STMT(BPF_RET | BPF_K, 10) },
	{ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 4), BPF_STMT(BPF_RET | BPF_A, 0) },
	{ BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_RET | BPF_A, 0) },
	/* Of a group of SO_REUSEPORT, the first and the second. */
	{ BPF_STMT(BPF_RET | BPF_K, 1) },
	{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PAY_OFFSET),
	  BPF_STMT(BPF_RET | BPF_A, 0) },
	/* Not valid: it does not end. */
	{ BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0) },
};

static const unsigned char filter_lengths[] = { 1, 1, 1, 2, 2, 1, 2, 1 };

static long call_attach(const struct insn *i)
{
	static const int options[] = { SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF };
	int option = options[i->arg[0] % COUNT(options)];
	unsigned int which = i->arg[1] % COUNT(filters);
	struct sock_fprog program = { .len = filter_lengths[which], .filter = filters[which] };

	if (show("setsockopt(s%u, SOL_SOCKET, %d, filter %u)", i->fd % SLOTS, option, which))
		return 0;
	return setsockopt(slot_get(i->fd), SOL_SOCKET, option, &program, sizeof(program));
}

static long call_setsockopt(const struct insn *i)
{
	int level = pick_level(i->arg[0]), option = i->arg[1] % 96;
	int value[32] = { pick_value(i->arg[3]), pick_value(i->arg[4]) };
	socklen_t len = i->arg[2] < 192 ? 4 : i->arg[2] % 64;

	if (level == SOL_SOCKET && len == 4) {
		switch (option) {
		case SO_LINGER:
			value[0] = i->arg[3] % 2;
			value[1] = i->arg[4] % 2;
			len = sizeof(struct linger);
			break;
		case SO_RCVTIMEO:
		case SO_SNDTIMEO: {
			struct timeval tv = { .tv_usec = value[0] };

			memcpy(value, &tv, sizeof(tv));
			len = sizeof(tv);
			break;
		}
		case SO_BINDTODEVICE:
			memcpy(value, "lo", 3);
			len = i->arg[3] % 4;
			break;
		}
	}
	if (show("setsockopt(s%u, %d, %d, {%d, %d}, %u)", i->fd % SLOTS, level, option, value[0],
		 value[1], len))
		return 0;
	return setsockopt(slot_get(i->fd), level, option, i->arg[2] == 255 ? NULL : value, len);
}

static long call_ioctl(const struct insn *i)
{
	static const unsigned long requests[] = {
		FIONREAD, SIOCOUTQ, SIOCATMARK, FIONBIO, FIOASYNC, FIOSETOWN, FIOGETOWN, SIOCSPGRP,
		SIOCGPGRP, 0x8906, 0x8907, SIOCGSTAMP_NEW, SIOCGSTAMPNS_NEW, SIOCGSKNS, SIOCGIFCONF,
		FIOQSIZE,
	};
	unsigned long request = i->arg[0] < 240 ? requests[i->arg[0] % COUNT(requests)] :
						  0x8900UL + i->arg[1];
	int value[64] = { i->arg[1] & 1 ? i->arg[1] / 2 & 1 : getpid() };

	if (show("ioctl(s%u, %#lx, %s)", i->fd % SLOTS, request,
		 i->arg[1] & 1 ? (i->arg[1] & 2 ? "1" : "0") : "getpid()"))
		return 0;
	if (request == SIOCGSKNS)
		return slot_put(i->to, ioctl(slot_get(i->fd), request));
	return ioctl(slot_get(i->fd), request, i->arg[2] % 8 == 7 ? NULL : value);
}

static long call_fcntl(const struct insn *i)
{
	static const int signals[] = { 0, SIGIO, SIGUSR1, SIGURG };
	static const int commands[] = { F_SETFL, F_SETFL, F_SETOWN, F_SETSIG, F_GETOWN, F_GETFL };
	int command = commands[i->arg[0] % COUNT(commands)];
	long value = 0;

	switch (command) {
	case F_SETFL:
		value = (i->arg[1] & 1 ? O_NONBLOCK : 0) | (i->arg[1] & 2 ? O_ASYNC : 0);
		break;
	case F_SETOWN:
		value = i->arg[1] & 1 ? getpid() : -getpgrp();
		break;
	case F_SETSIG:
		value = signals[i->arg[1] % COUNT(signals)];
		break;
	}
	if (show("fcntl(s%u, %d, %ld)", i->fd % SLOTS, command, command == F_SETOWN ? 0 : value))
		return 0;
	return fcntl(slot_get(i->fd), command, value);
}

static long call_poll(const struct insn *i)
{
	static const int waits[] = { 0, 0, 1, 5 };
	short events = i->arg[0] | (i->arg[1] & 1 ? POLLRDHUP : 0);
	int wait = waits[i->arg[2] % COUNT(waits)];
	struct pollfd p[2] = {
		{ .fd = slot_get(i->fd), .events = events },
		{ .fd = slot_get(i->to), .events = events },
	};

	if (show("poll({s%u, s%u}, %#x, %d)", i->fd % SLOTS, i->to % SLOTS, events, wait))
		return 0;
	return poll(p, 2, wait);
}

static atomic_int epoll = -1, ends[2] = { -1, -1 }, file = -1;

static int epoll_of(void)
{
	int none = -1, fd;

	if (epoll >= 0)
		return epoll;
	fd = epoll_create1(0);
	if (!atomic_compare_exchange_strong(&epoll, &none, fd))
		close(fd);
	return epoll;
}

static long call_epoll(const struct insn *i)
{
	int command = i->arg[0] % 4;
	struct epoll_event event = {
		.events = i->arg[1] | (i->arg[2] & 1 ? EPOLLET : 0) |
			  (i->arg[2] & 2 ? EPOLLRDHUP : 0) | (i->arg[2] & 4 ? EPOLLONESHOT : 0),
	};

	if (!command) {
		struct epoll_event got[4];

		if (show("epoll_wait(%d)", i->arg[1] % 2))
			return 0;
		return epoll_wait(epoll_of(), got, 4, i->arg[1] % 2);
	}
	if (show("epoll_ctl(%d, s%u, %#x)", command, i->fd % SLOTS, event.events))
		return 0;
	return epoll_ctl(epoll_of(), command, slot_get(i->fd), &event);
}

static void pipe_of(void)
{
	int none = -1, fd[2];

	if (ends[0] >= 0)
		return;
	if (pipe2(fd, O_NONBLOCK))
		return;
	if (atomic_compare_exchange_strong(&ends[0], &none, fd[0])) {
		ends[1] = fd[1];
	} else {
		close(fd[0]);
		close(fd[1]);
	}
}

static long call_splice(const struct insn *i)
{
	size_t len = pick_length(i->arg[1]);
	unsigned int flags = i->arg[0] / 4 % 16;
	char filling[100] = "";

	if (show("splice %u: s%u, %zu, %#x", i->arg[0] % 4, i->fd % SLOTS, len, flags))
		return 0;
	pipe_of();
	switch (i->arg[0] % 4) {
	case 0:
		return splice(slot_get(i->fd), NULL, ends[1], NULL, len, flags);
	case 1:
		if (write(ends[1], filling, sizeof(filling)) < 0)
			errno = 0;
		return splice(ends[0], NULL, slot_get(i->fd), NULL, len, flags);
	case 2:
		return splice(ends[0], NULL, slot_get(i->fd), NULL, len, flags);
	default: {
		int none = -1, fd;

		if (file < 0) {
			fd = memfd_create("", 0);
			if (ftruncate(fd, BUFFER_SIZE) ||
			    !atomic_compare_exchange_strong(&file, &none, fd))
				close(fd);
		}
		return sendfile(slot_get(i->fd), file, &(off_t){ 0 }, len);
	}
	}
}

static long call_pipe(const struct insn *i)
{
	int fd[2];

	if (show("pipe({s%u, s%u})", i->to % SLOTS, (i->to + 1) % SLOTS))
		return 0;
	if (pipe2(fd, O_NONBLOCK))
		return -1;
	slot_put(i->to, fd[0]);
	return slot_put(i->to + 1, fd[1]);
}

/* Out of the process and in again. */
static long call_pass(const struct insn *i)
{
	struct cmsghdr control[4] = {};
	struct iovec v = { control, 1 };
	struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = CMSG_SPACE(sizeof(int)) };
	struct cmsghdr *header = control;
	int fd = slot_get(i->fd), pair[2];

	if (show("s%u = pass(s%u), through AF_UNIX%s", i->to % SLOTS, i->fd % SLOTS,
		 i->arg[0] & 1 ? " and closed there" : ""))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
		return -1;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(pair[0], &msg, 0) == 1) {
		if (i->arg[0] & 2)
			close(slot_take(i->fd));
		msg.msg_controllen = sizeof(control);
		if (!(i->arg[0] & 1) && recvmsg(pair[1], &msg, 0) == 1)
			take_rights(&msg, i->to);
	}
	close(pair[0]);
	close(pair[1]);
	errno = 0;
	return 0;
}

static long call_namespace(const struct insn *i)
{
	unsigned int which = i->arg[0] % 8;

	if (show(which == 7 ? "unshare(CLONE_NEWNET)" : "setns(%u)", which % 2))
		return 0;
	if (which == 7)
		return unshare(CLONE_NEWNET);
	return setns(namespaces[which % 2], CLONE_NEWNET);
}

/* The user of this thread only, as the calls of the C library would change all. */
static long call_user(const struct insn *i)
{
	uid_t uid = i->arg[0] % 3 == 0 ? 0 : i->arg[0] % 3 == 1 ? 65534 : 1000;

	if (show("seteuid(%u)", uid))
		return 0;
	return syscall(SYS_setresuid, -1, uid, -1);
}

static long call_signal(const struct insn *i)
{
	static const int signals[] = { SIGUSR1, SIGIO, SIGURG };
	int sig = signals[i->arg[0] % COUNT(signals)];

	if (show("kill(getpid(), %d)", sig))
		return 0;
	return kill(getpid(), sig);
}

static long call_wait(const struct insn *i)
{
	unsigned int us = i->arg[0] < 128 ? 0 : i->arg[0] * 10;

	if (show("usleep(%u)", us))
		return 0;
	return us ? usleep(us) : sched_yield();
}

static long call_setting(const struct insn *i)
{
	static const char * const names[] = {
		"experimental_mem_max", "experimental_fds_max", "experimental_port_range"
	};
	static const char * const values[][4] = {
		{ "0", "65536", "1000000", "-1" }, { "0", "1", "10", "x" },
		{ "70000 70000", "70000 70001", "65536 16777215", "5 1" },
	};
	unsigned int which = i->arg[0] % COUNT(names);
	const char *value = values[which][i->arg[1] % 4];
	char path[64];
	long ret;
	int fd;

	if (show("%s = %s", names[which], value))
		return 0;
	snprintf(path, sizeof(path), "/proc/sys/net/core/%s", names[which]);
	outcome->settings = true;
	fd = open(path, O_RDWR);
	if (fd < 0)
		return -1;
	ret = i->arg[1] & 4 ? read(fd, path, sizeof(path)) : write(fd, value, strlen(value));
	close(fd);
	return ret;
}

/* What sockets are no good for, and files are. */
static long call_file(const struct insn *i)
{
	int fd = slot_get(i->fd);
	struct stat status;
	char byte;
	void *map;

	if (show("file call %u(s%u)", i->arg[0] % 5, i->fd % SLOTS))
		return 0;
	switch (i->arg[0] % 5) {
	case 0:
		return fstat(fd, &status);
	case 1:
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			return -1;
		return munmap(map, 4096);
	case 2:
		return pread(fd, &byte, 1, 0);
	case 3:
		return lseek(fd, 1, SEEK_SET);
	default:
		return ftruncate(fd, 1);
	}
}

/* Memory is short: the next so many allocations work, then one does not. */
static long call_short(const struct insn *i)
{
	char number[16];
	int fd, len;

	if (show("fail-nth = %u", i->arg[0] % 32))
		return 0;
	fd = open("/proc/thread-self/fail-nth", O_WRONLY);
	if (fd < 0)
		return 0;
	len = snprintf(number, sizeof(number), "%u", i->arg[0] % 32);
	if (write(fd, number, len) < 0)
		errno = 0;
	close(fd);
	return 0;
}

/* program.c makes these. */
static long call_control(const struct insn *i)
{
	(void)i;
	return 0;
}

/* New ones go to the end, or the programs there are mean something else. */
const struct op ops[] = {
	{ "socket", call_socket },	{ "socketpair", call_socketpair },
	{ "connection", call_connection }, { "peers", call_peers },
	{ "bind", call_bind },		{ "connect", call_connect },
	{ "listen", call_listen },	{ "accept", call_accept },
	{ "send", call_send },		{ "sendto", call_sendto },
	{ "sendmsg", call_sendmsg },	{ "sendmmsg", call_sendmmsg },
	{ "send_raw", call_send_raw },	{ "write", call_write },
	{ "read", call_read },		{ "recv", call_recv },
	{ "recvmsg", call_recvmsg },	{ "recvmmsg", call_recvmmsg },
	{ "shutdown", call_shutdown },	{ "close", call_close },
	{ "dup", call_dup },		{ "names", call_names },
	{ "getsockopt", call_getsockopt }, { "setsockopt", call_setsockopt },
	{ "attach", call_attach },	{ "ioctl", call_ioctl },
	{ "fcntl", call_fcntl },	{ "poll", call_poll },
	{ "epoll", call_epoll },	{ "splice", call_splice },
	{ "pipe", call_pipe },		{ "pass", call_pass },
	{ "namespace", call_namespace }, { "user", call_user },
	{ "signal", call_signal },	{ "wait", call_wait },
	{ "setting", call_setting },	{ "file", call_file },
	{ "short", call_short },	{ "thread", call_control },
	{ "fork", call_control },	{ "join", call_control },
};

const unsigned int op_count = COUNT(ops);

void calls_finish(void)
{
	const struct insn no_more = { .arg = { 0 } };

	call_short(&no_more);
	close(epoll);
	close(ends[0]);
	close(ends[1]);
	close(file);
}
