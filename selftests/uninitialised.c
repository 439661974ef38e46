// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel gives back is what it says and no more: nothing behind the end,
 * and no memory that nobody has written to. Kernels that are built to find that fill
 * stacks with 0xaa or 0xfe, and pages and slabs with 0xaa, 0x5a or 0x6b.
 */
#include <asm/socket.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "control.h"
#include "errqueue.h"
#include "harness.h"

#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY	82
#endif
#ifndef SO_INQ
#define SO_INQ		84
#endif

#define MINE	0xc3
#define OPTIONS	130	/* more than any level has */

static const int types[] = {
	SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM, SOCK_RAW,
};

/* Whether all of it is as the test left it. */
static bool is_mine(const void *buf, size_t from, size_t to)
{
	const unsigned char *p = buf;

	while (from < to && p[from] == MINE)
		from++;
	return from >= to;
}

/* Four bytes in a row that are what fills memory that nobody has written to. */
static bool is_poisoned(const void *buf, size_t len)
{
	static const unsigned char poison[] = { 0xaa, 0xfe, 0x5a, 0x6b };
	const unsigned char *p = buf;
	size_t i, j;

	for (i = 0; i + 4 <= len; i++)
		for (j = 0; j < ARRAY_SIZE(poison); j++)
			if (p[i] == poison[j] && p[i + 1] == p[i] && p[i + 2] == p[i] &&
			    p[i + 3] == p[i])
				return true;
	return false;
}

/* A whole address: its reserved parts are 0. */
static bool is_clean_address(const struct sockaddr_exp *a)
{
	static const unsigned char zero[3];

	return a->sexp_family == AF_EXPERIMENTAL && !a->sexp_reserved && !a->sexp_flags &&
		!memcmp(a->sexp_zero, zero, sizeof(zero));
}

FIXTURE(returned) {
	int fd[2];
};

FIXTURE_VARIANT(returned) {
	int type;
};

FIXTURE_VARIANT_ADD(returned, stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(returned, seqpacket) { .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(returned, dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(returned, rdm) { .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(returned, raw) { .type = SOCK_RAW, };

FIXTURE_SETUP(returned)
{
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, variant->type, self->fd));
}

FIXTURE_TEARDOWN(returned)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* @get fills in an address: for each room that there may be. */
static void expect_address(struct __test_metadata *_metadata,
			   int (*get)(int fd, struct sockaddr *a, socklen_t *len), int fd)
{
	union {
		unsigned char bytes[256];
		struct sockaddr sa;
		struct sockaddr_exp exp;
	} a;
	socklen_t room, len;

	for (room = 0; room <= sizeof(struct sockaddr_storage); room++) {
		memset(&a, MINE, sizeof(a));
		len = room;
		ASSERT_EQ(0, get(fd, &a.sa, &len));
		EXPECT_EQ(sizeof(a.exp), len);
		EXPECT_TRUE(is_mine(&a, room < len ? room : len, sizeof(a)));
		if (room >= sizeof(a.exp))
			EXPECT_TRUE(is_clean_address(&a.exp));
	}
}

static int get_own(int fd, struct sockaddr *a, socklen_t *len)
{
	return getsockname(fd, a, len);
}

static int get_peer(int fd, struct sockaddr *a, socklen_t *len)
{
	return getpeername(fd, a, len);
}

static struct addr listener_addr;

static int get_accepted(int fd, struct sockaddr *a, socklen_t *len)
{
	int client = sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &listener_addr);
	int server = accept(fd, a, len);

	close(client);
	return server < 0 ? -1 : close(server);
}

/* fd[0] sends to fd[1], whose number is one more. */
static int senders[2];

static int get_sender(int fd, struct sockaddr *a, socklen_t *len)
{
	char byte;

	if (send(senders[0], "x", 1, 0) != 1)
		return -1;
	return recvfrom(fd, &byte, 1, 0, a, len) == 1 ? 0 : -1;
}

TEST_F(returned, addresses)
{
	expect_address(_metadata, get_own, self->fd[0]);
	expect_address(_metadata, get_peer, self->fd[0]);
	/* Those of streams are told of no sender. */
	if (type_connects(variant->type))
		return;
	senders[0] = self->fd[0];
	expect_address(_metadata, get_sender, self->fd[1]);
}

TEST(address_of_who_was_accepted)
{
	int fd = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 1, &listener_addr);

	ASSERT_WORKS(fd);
	expect_address(_metadata, get_accepted, fd);
	close(fd);
}

/* Every option of both levels, for every room. */
TEST_F(returned, options)
{
	static const int levels[] = { SOL_SOCKET, SOL_EXPERIMENTAL };
	unsigned char value[256];
	socklen_t room, len;
	size_t level, out;
	int option, told = 0;

	for (level = 0; level < ARRAY_SIZE(levels); level++)
		for (option = 0; option < OPTIONS; option++)
			for (room = 0; room <= 72; room++) {
				int ret;

				memset(value, MINE, sizeof(value));
				len = room;
				ret = getsockopt(self->fd[0], levels[level], option, value, &len);
				/* One that is refused may have got the first bytes. */
				out = !ret && len < room ? len : room;
				if (!is_mine(value, out, sizeof(value)) ||
				    is_poisoned(value, out) || (!ret && len > room)) {
					TH_LOG("level %d, option %d, room %u, gave %u",
					       levels[level], option, room, len);
					EXPECT_TRUE(false);
				}
				told += !ret;
				if (!ret && levels[level] == SOL_SOCKET && len == sizeof(int) &&
				    option == SO_PEERPIDFD) {
					int fd;

					memcpy(&fd, value, sizeof(fd));
					close(fd);
				}
			}
	/* It is not that all were refused. */
	EXPECT_LT(1000, told);
}

TEST_F(returned, ioctls)
{
	static const unsigned long requests[] = {
		SIOCINQ, SIOCOUTQ, SIOCATMARK, FIOGETOWN, SIOCGPGRP,
	};
	unsigned char value[64];
	size_t i, out;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		memset(value, MINE, sizeof(value));
		out = ioctl(self->fd[0], requests[i], value) ? 0 : sizeof(int);
		EXPECT_TRUE(is_mine(value, out, sizeof(value)));
		EXPECT_FALSE(is_poisoned(value, sizeof(int)));
	}
}

/* Bytes of the buffer that no header and no data of a message takes up. */
static void expect_clean_control(struct __test_metadata *_metadata, struct msghdr *msg,
				 size_t room)
{
	unsigned char *start = msg->msg_control;
	struct cmsghdr *c;

	EXPECT_GE(room, msg->msg_controllen);
	EXPECT_TRUE(is_mine(start, msg->msg_controllen, room));
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t at = (unsigned char *)c - start;
		size_t end = at + CMSG_ALIGN(c->cmsg_len), i;

		if (is_poisoned(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0))) {
			TH_LOG("message %d of level %d", c->cmsg_type, c->cmsg_level);
			EXPECT_TRUE(false);
		}
		for (i = at + c->cmsg_len; i < end && i < msg->msg_controllen; i++)
			EXPECT_TRUE(start[i] == MINE || !start[i]);
	}
}

/* All that can be asked for at once. */
TEST_F(returned, control_messages)
{
	static const int options[] = {
		SO_PASSCRED, SO_PASSSEC, SO_TIMESTAMPNS_NEW, SO_RXQ_OVFL, SO_RCVMARK,
		SO_RCVPRIORITY, SO_INQ, SO_PASSPIDFD,
	};
	union {
		unsigned char bytes[1024];
		struct cmsghdr align;
	} control;
	unsigned char name[256];
	size_t room;
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		sock_set(self->fd[1], options[i], 1);
	sock_set(self->fd[1], SO_TIMESTAMPING_NEW, SOF_TIMESTAMPING_RX_SOFTWARE |
		 SOF_TIMESTAMPING_SOFTWARE);

	for (room = 0; room <= 512; room += 4) {
		struct iovec iov = { &byte, 1 };
		struct msghdr msg = {
			.msg_name = name, .msg_namelen = sizeof(name),
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = &control, .msg_controllen = room,
		};
		struct control c = { };
		int out = dup(0), *fds;
		struct cmsghdr *got;

		control_add(&c, SOL_SOCKET, SCM_RIGHTS, &out, sizeof(out));
		ASSERT_EQ(1, control_send(self->fd[0], "x", 1, 0, &c));
		close(out);
		memset(&control, MINE, sizeof(control));
		memset(name, MINE, sizeof(name));
		ASSERT_EQ(1, recvmsg(self->fd[1], &msg, 0));
		EXPECT_TRUE(is_mine(name, msg.msg_namelen, sizeof(name)));
		expect_clean_control(_metadata, &msg, sizeof(control));
		if (room == 512)
			EXPECT_LT(100, msg.msg_controllen);
		for (got = CMSG_FIRSTHDR(&msg); got; got = CMSG_NXTHDR(&msg, got))
			if (got->cmsg_level == SOL_SOCKET && got->cmsg_type == SCM_RIGHTS) {
				fds = (int *)CMSG_DATA(got);
				for (i = 0; i < (got->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
					close(fds[i]);
			}
	}
}

/* What the error queue tells. */
TEST_F(returned, queued_errors)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
	union {
		unsigned char bytes[512];
		struct cmsghdr align;
	} control;
	unsigned char data[64], name[256];
	struct control c = { };
	struct sock_extended_err *err = NULL;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_name = name, .msg_namelen = sizeof(name),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *got;
	ssize_t n;

	ASSERT_EQ(0, sock_set(self->fd[0], SO_TIMESTAMPING_NEW, flags));
	control_add_int(&c, SO_TIMESTAMPING_NEW, SOF_TIMESTAMPING_TX_SOFTWARE);
	ASSERT_EQ(1, control_send(self->fd[0], "x", 1, 0, &c));
	memset(&control, MINE, sizeof(control));
	memset(data, MINE, sizeof(data));
	memset(name, MINE, sizeof(name));
	n = recvmsg(self->fd[0], &msg, MSG_ERRQUEUE);
	ASSERT_WORKS(n);
	EXPECT_TRUE(is_mine(data, n, sizeof(data)));
	EXPECT_TRUE(is_mine(name, msg.msg_namelen, sizeof(name)));
	expect_clean_control(_metadata, &msg, sizeof(control));
	for (got = CMSG_FIRSTHDR(&msg); got; got = CMSG_NXTHDR(&msg, got))
		if (got->cmsg_level == SOL_EXPERIMENTAL && got->cmsg_type == EXP_RECVERR)
			err = (void *)CMSG_DATA(got);
	ASSERT_TRUE(err);
	EXPECT_EQ(0, err->ee_pad);
}

/* The header that stands before what a raw socket sees. */
TEST(raw_headers)
{
	int raw = socket(AF_EXPERIMENTAL, SOCK_RAW | SOCK_NONBLOCK, 0);
	struct exp_raw_header header;
	char got[sizeof(header) + 1];
	size_t i;
	int fd[2];

	ASSERT_WORKS(raw);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i] == SOCK_STREAM || types[i] == SOCK_RAW)
			continue;
		ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, types[i], fd));
		ASSERT_EQ(1, send(fd[0], "x", 1, 0));
		memset(got, MINE, sizeof(got));
		ASSERT_EQ((ssize_t)sizeof(got), recv(raw, got, sizeof(got), 0));
		memcpy(&header, got, sizeof(header));
		EXPECT_EQ(types[i], header.exr_type);
		EXPECT_EQ(0, header.exr_flags);
		EXPECT_EQ(1, header.exr_length);
		EXPECT_TRUE(is_clean_address(&header.exr_source));
		EXPECT_TRUE(is_clean_address(&header.exr_destination));
		close(fd[0]);
		close(fd[1]);
	}
	close(raw);
}

TEST_HARNESS_MAIN
