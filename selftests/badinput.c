// SPDX-License-Identifier: GPL-2.0
/* Arguments that make no sense: an errno, no line in the log, nothing leaked. */
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "harness.h"
#include "kmsg.h"

#define PORT	20002U

FIXTURE(bad) {
	struct addr good;
	int holder;
	int fd;
	int log;
	int count;
};

FIXTURE_VARIANT(bad) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(bad, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(bad, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(bad, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(bad, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(bad, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(bad, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(bad)
{
	self->log = kmsg_mark();
	ASSERT_WORKS(self->log);
	self->count = sock_count();
	if (type_connects(variant->type))
		self->holder = sock_listening(variant->family, variant->type, 5, &self->good);
	else
		self->holder = sock_bound(variant->family, variant->type, &self->good);
	ASSERT_WORKS(self->holder);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(bad)
{
	char byte;

	/* Nobody was reached by mistake. */
	EXPECT_EQ(POLLOUT, POLLOUT | flow_wait(self->holder, POLLIN, 0));
	EXPECT_EQ(-1, recv(self->holder, &byte, 1, MSG_DONTWAIT));
	close(self->fd);
	close(self->holder);
	EXPECT_TRUE(sock_count_is(self->count));
	EXPECT_EQ(0, kmsg_since(self->log));
}

TEST_F(bad, family)
{
	int family[] = { AF_INET6, AF_NETLINK, 45, 46, 200, 65535 };
	struct addr a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(family); i++) {
		a = self->good;
		a.sa.sa_family = family[i];
		a.len = sizeof(a.storage);
		EXPECT_FAILS(EAFNOSUPPORT, do_bind(self->fd, &a));
		EXPECT_FAILS(EAFNOSUPPORT, do_connect(self->fd, &a));
		/* TCP does not look at the address. */
		EXPECT_FAILS(variant->family == AF_INET && variant->type == SOCK_STREAM ?
			     EPIPE : EAFNOSUPPORT,
			     sendto(self->fd, "x", 1, MSG_NOSIGNAL, &a.sa, a.len));
	}
}

TEST_F(bad, length)
{
	struct addr a = self->good;

	for (a.len = 0; a.len < sizeof(a.exp); a.len++) {
		EXPECT_FAILS(EINVAL, do_bind(self->fd, &a));
		EXPECT_FAILS(EINVAL, do_connect(self->fd, &a));
		if (a.len && (!type_connects(variant->type) || variant->family == AF_EXPERIMENTAL))
			EXPECT_FAILS(EINVAL, sendto(self->fd, "x", 1, 0, &a.sa, a.len));
	}
	a.len = sizeof(a.storage) + 1;
	EXPECT_FAILS(EINVAL, do_bind(self->fd, &a));
	EXPECT_FAILS(EINVAL, do_connect(self->fd, &a));
	EXPECT_FAILS(EINVAL, sendto(self->fd, "x", 1, 0, &a.sa, a.len));
	a.len = (socklen_t)-1;
	EXPECT_FAILS(EINVAL, do_bind(self->fd, &a));
	EXPECT_FAILS(EINVAL, do_connect(self->fd, &a));
	EXPECT_FAILS(EINVAL, sendto(self->fd, "x", 1, 0, &a.sa, a.len));
}

/* An address of no bytes may be no address, or a bad one. */
TEST_F(bad, empty_destination)
{
	if (type_connects(variant->type))
		return;
	EXPECT_EQ(-1, sendto(self->fd, "x", 1, 0, &self->good.sa, 0));
	EXPECT_TRUE(errno == EINVAL || errno == EDESTADDRREQ);
}

TEST_F(bad, address_pointer)
{
	struct sockaddr *nowhere = mem_unmapped(128);
	socklen_t len = sizeof(struct sockaddr_exp);

	EXPECT_FAILS(EFAULT, bind(self->fd, nowhere, len));
	EXPECT_FAILS(EFAULT, bind(self->fd, NULL, len));
	EXPECT_FAILS(EFAULT, connect(self->fd, nowhere, len));
	EXPECT_FAILS(EFAULT, connect(self->fd, NULL, len));
	EXPECT_FAILS(EFAULT, sendto(self->fd, "x", 1, 0, nowhere, len));
	/* One that ends in the middle. */
	nowhere = mem_edge(len - 1);
	EXPECT_FAILS(EFAULT, bind(self->fd, nowhere, len));
	EXPECT_FAILS(EFAULT, connect(self->fd, nowhere, len));
	EXPECT_FAILS(EFAULT, sendto(self->fd, "x", 1, 0, nowhere, len));
}

TEST_F(bad, message_header)
{
	static struct iovec many[1025];
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
	EXPECT_FAILS(EFAULT, sendmsg(fd[0], mem_unmapped(sizeof(m)), 0));
	EXPECT_FAILS(EFAULT, recvmsg(fd[0], mem_unmapped(sizeof(m)), 0));
	m.msg_iov = mem_unmapped(sizeof(iov));
	EXPECT_FAILS(EFAULT, sendmsg(fd[0], &m, 0));
	EXPECT_FAILS(EFAULT, recvmsg(fd[0], &m, MSG_DONTWAIT));
	m.msg_iov = many;
	m.msg_iovlen = 1025;
	EXPECT_FAILS(EMSGSIZE, sendmsg(fd[0], &m, 0));
	EXPECT_FAILS(EMSGSIZE, recvmsg(fd[0], &m, MSG_DONTWAIT));
	EXPECT_FAILS(EINVAL, writev(fd[0], many, 1025));
	EXPECT_FAILS(EINVAL, readv(fd[0], many, 1025));
	EXPECT_FAILS(EINVAL, writev(fd[0], many, -1));
	m.msg_iovlen = (size_t)-1;
	EXPECT_FAILS(EMSGSIZE, sendmsg(fd[0], &m, 0));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_name = &self->good.sa;
	m.msg_namelen = (socklen_t)-1;
	EXPECT_FAILS(EINVAL, sendmsg(fd[0], &m, 0));
	EXPECT_FAILS(EINVAL, recvmsg(fd[0], &m, MSG_DONTWAIT));
	EXPECT_EQ(0, flow_wait(fd[1], POLLIN, 0));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(bad, vector_lengths)
{
	struct iovec iov[2] = { { "x", 1 }, { "y", (size_t)-1 } };
	int fd[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
	EXPECT_FAILS(EINVAL, writev(fd[0], iov, 2));
	EXPECT_FAILS(EINVAL, readv(fd[0], iov, 2));
	iov[1].iov_len = ~(SIZE_MAX >> 1);
	EXPECT_FAILS(EINVAL, writev(fd[0], iov, 2));
	EXPECT_FAILS(EINVAL, readv(fd[0], iov, 2));
	EXPECT_EQ(0, flow_wait(fd[1], POLLIN, 0));
	close(fd[0]);
	close(fd[1]);
}

/* The first length that 32 bits do not hold, or the last if there are no more. */
#define PAST_32	((size_t)(SIZE_MAX > 0xffffffff ? 0x100000000 : SIZE_MAX))

/* More than there is memory for, of which only the first page exists. */
TEST_F(bad, huge_write)
{
	size_t size[] = { 0x7fffffff, 0x80000000, 0xffffffff, PAST_32, SIZE_MAX >> 1 };
	char *page = mem_edge(4096);
	struct iovec iov[4];
	int fd[2];
	ssize_t n;
	size_t i;

	pattern_fill(page, 4096, 0);
	for (i = 0; i < ARRAY_SIZE(size); i++) {
		ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
		n = send(fd[0], page, size[i], MSG_DONTWAIT);
		if (variant->type != SOCK_STREAM) {
			EXPECT_EQ(-1, n);
			EXPECT_EQ(EMSGSIZE, errno);
			n = 0;
		}
		ASSERT_TRUE(n >= 0 || errno == EFAULT);
		ASSERT_GE(4096, n);
		if (n > 0)
			EXPECT_EQ(n, flow_read(fd[1], n, 4096, 0));
		EXPECT_EQ(0, flow_wait(fd[1], POLLIN, 0));
		close(fd[0]);
		close(fd[1]);
	}
	/* The same in several vectors, whose sum is cut to what one call moves. */
	ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
	for (i = 0; i < 4; i++)
		iov[i] = (struct iovec){ page, 0x7fffffff };
	n = writev(fd[0], iov, 4);
	ASSERT_TRUE(n >= 0 || errno == (variant->type == SOCK_STREAM ? EFAULT : EMSGSIZE));
	ASSERT_GE(4096, n);
	if (n > 0)
		EXPECT_EQ(n, flow_read(fd[1], n, 4096, 0));
	EXPECT_EQ(0, flow_wait(fd[1], POLLIN, 0));
	close(fd[0]);
	close(fd[1]);
}

/* A buffer that is said to be huge takes what there is. */
TEST_F(bad, huge_read)
{
	size_t size[] = { 0x7fffffff, 0x80000000, PAST_32, SIZE_MAX >> 1 };
	char *page = mem_edge(4096);
	int fd[2];
	size_t i;

	ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
	for (i = 0; i < ARRAY_SIZE(size); i++) {
		ASSERT_EQ(1000, flow_write(fd[0], 1000, 1000, i));
		ASSERT_EQ(POLLIN, flow_wait(fd[1], POLLIN, 5000));
		EXPECT_EQ(1000, recv(fd[1], page, size[i], 0));
		EXPECT_EQ(1000, pattern_check(page, 1000, i));
	}
	EXPECT_FAILS(EAGAIN, recv(fd[1], page, SIZE_MAX >> 1, MSG_DONTWAIT));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(bad, options)
{
	socklen_t len;
	int value = 1;

	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, 9999, 1));
	EXPECT_FAILS(ENOPROTOOPT, sock_option(self->fd, 9999));
	EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &value, 3));
	EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &value, (socklen_t)-1));
	EXPECT_FAILS(EFAULT, setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, mem_unmapped(4), 4));
	EXPECT_FAILS(EFAULT, getsockopt(self->fd, SOL_SOCKET, SO_TYPE, &value, mem_unmapped(4)));
	len = sizeof(value);
	EXPECT_FAILS(EFAULT, getsockopt(self->fd, SOL_SOCKET, SO_TYPE, mem_unmapped(4), &len));
	len = (socklen_t)-1;
	EXPECT_FAILS(EINVAL, getsockopt(self->fd, SOL_SOCKET, SO_TYPE, &value, &len));
}

TEST_F(bad, other_calls)
{
	EXPECT_FAILS(ENOTTY, ioctl(self->fd, 0xdead, 0));
	EXPECT_FAILS(EINVAL, fsync(self->fd));
	EXPECT_FAILS(EINVAL, ftruncate(self->fd, 0));
	/* TCP can be mapped, to be read without a copy. */
	if (variant->family == AF_INET)
		return;
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(ENODEV, errno);
}

/* Calls in states in which they have no meaning. */
TEST_F(bad, states)
{
	bool stream = type_connects(variant->type);
	struct addr peer;
	char byte;

	EXPECT_FAILS(!stream ? EDESTADDRREQ : variant->family == AF_INET ? EPIPE : ENOTCONN,
		     send(self->fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_FAILS(stream ? ENOTCONN : EAGAIN, recv(self->fd, &byte, 1, MSG_DONTWAIT));
	EXPECT_FAILS(stream ? EINVAL : EOPNOTSUPP, accept(self->fd, NULL, NULL));
	EXPECT_FAILS(ENOTCONN, addr_peer(self->fd, &peer));
	EXPECT_FAILS(ENOTCONN, shutdown(self->fd, SHUT_WR));
	EXPECT_FAILS(stream ? 0 : EOPNOTSUPP, listen(self->holder, 1));
	EXPECT_FAILS(stream ? 0 : EOPNOTSUPP, listen(self->holder, 1));
	if (stream) {
		EXPECT_FAILS(variant->family == AF_INET ? EISCONN : EINVAL,
			     do_connect(self->holder, &self->good));
		EXPECT_FAILS(EINVAL, do_bind(self->holder, &self->good));
	}
}

static ssize_t flagged_send(int fd, int flags)
{
	return send(fd, "x", 1, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Every bit of the flags, alone: an errno or a success, and no harm done. */
TEST_F(bad, flags)
{
	char byte;
	int fd[2];
	int bit;

	for (bit = 0; bit < 32; bit++) {
		ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
		flagged_send(fd[0], (int)(1U << bit));
		recv(fd[1], &byte, 1, (int)(1U << bit) | MSG_DONTWAIT);
		recv(fd[0], &byte, 1, (int)(1U << bit) | MSG_DONTWAIT);
		close(fd[0]);
		close(fd[1]);
	}
}

FIXTURE(fields) {
	struct addr good;
	int holder;
	int fd;
	int log;
};

FIXTURE_VARIANT(fields) {
	int type;
};

FIXTURE_VARIANT_ADD(fields, exp_stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(fields, exp_dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(fields, exp_packet) { .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(fields, exp_rdm) { .type = SOCK_RDM, };

FIXTURE_SETUP(fields)
{
	self->log = kmsg_mark();
	ASSERT_WORKS(self->log);
	self->holder = sock_bound(AF_EXPERIMENTAL, variant->type, &self->good);
	ASSERT_WORKS(self->holder);
	if (type_connects(variant->type))
		ASSERT_EQ(0, listen(self->holder, 5));
	self->fd = socket(AF_EXPERIMENTAL, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(fields)
{
	EXPECT_EQ(0, flow_wait(self->holder, POLLIN, 0));
	close(self->fd);
	close(self->holder);
	EXPECT_EQ(0, kmsg_since(self->log));
}

TEST_F(fields, not_zero)
{
	size_t byte[] = { 2, 3, 12, 13, 14, 15 };
	struct addr a, b;
	size_t i;
	int bit;

	for (i = 0; i < ARRAY_SIZE(byte); i++) {
		for (bit = 0; bit < 8; bit++) {
			a = self->good;
			b = addr_exp(PORT, EXP_NODE_LOCAL);
			((unsigned char *)&a.exp)[byte[i]] |= 1 << bit;
			((unsigned char *)&b.exp)[byte[i]] |= 1 << bit;
			EXPECT_FAILS(EINVAL, do_bind(self->fd, &b));
			EXPECT_FAILS(EINVAL, do_connect(self->fd, &a));
			if (!type_connects(variant->type))
				EXPECT_FAILS(EINVAL, sendto(self->fd, "x", 1, 0, &a.sa, a.len));
		}
	}
	/* Nothing of it stuck. */
	b = addr_exp(PORT, EXP_NODE_LOCAL);
	EXPECT_WORKS(do_bind(self->fd, &b));
}

TEST_F(fields, wrong_family_in_a_short_address)
{
	struct addr a = { .len = sizeof(sa_family_t) };

	a.sa.sa_family = AF_INET;
	EXPECT_EQ(-1, do_bind(self->fd, &a));
	EXPECT_TRUE(errno == EINVAL || errno == EAFNOSUPPORT);
	EXPECT_EQ(-1, do_connect(self->fd, &a));
	EXPECT_TRUE(errno == EINVAL || errno == EAFNOSUPPORT);
}

TEST_HARNESS_MAIN
