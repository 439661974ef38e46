// SPDX-License-Identifier: GPL-2.0
/* socketpair(): two sockets that are each other's peer. */
#include <fcntl.h>

#include "harness.h"

FIXTURE(pair) {
	int fd[2];
};

FIXTURE_VARIANT(pair) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(pair, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pair, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(pair, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(pair, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(pair, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pair, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(pair, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };

FIXTURE_SETUP(pair)
{
	ASSERT_WORKS(socketpair(variant->family, variant->type, 0, self->fd));
}

FIXTURE_TEARDOWN(pair)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(pair, both_ways)
{
	EXPECT_EQ(1000, flow_write(self->fd[0], 1000, 1000, 0));
	EXPECT_EQ(500, flow_write(self->fd[1], 500, 500, 7));
	EXPECT_EQ(1000, flow_read(self->fd[1], 1000, 1000, 0));
	EXPECT_EQ(500, flow_read(self->fd[0], 500, 500, 7));
}

TEST_F(pair, keeps_the_nature_of_the_type)
{
	char buf[16];

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	ASSERT_EQ(3, send(self->fd[0], "def", 3, 0));
	if (variant->type == SOCK_STREAM) {
		EXPECT_EQ(6, recv(self->fd[1], buf, sizeof(buf), 0));
		EXPECT_EQ(0, memcmp(buf, "abcdef", 6));
	} else {
		EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
		EXPECT_EQ(0, memcmp(buf, "abc", 3));
		EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
		EXPECT_EQ(0, memcmp(buf, "def", 3));
	}
}

TEST_F(pair, says_what_it_is)
{
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(variant->family, sock_option(self->fd[i], SO_DOMAIN));
		EXPECT_EQ(variant->type, sock_option(self->fd[i], SO_TYPE));
		EXPECT_EQ(0, sock_option(self->fd[i], SO_PROTOCOL));
		EXPECT_EQ(0, sock_option(self->fd[i], SO_ACCEPTCONN));
	}
}

TEST_F(pair, has_no_names)
{
	struct addr fresh, a;
	int fd = socket(variant->family, variant->type, 0);
	int i;

	ASSERT_EQ(0, addr_own(fd, &fresh));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, addr_own(self->fd[i], &a));
		EXPECT_TRUE(addr_same(&fresh, &a));
		ASSERT_EQ(0, addr_peer(self->fd[i], &a));
		EXPECT_TRUE(addr_same(&fresh, &a));
	}
	close(fd);
}

TEST_F(pair, is_connected)
{
	struct addr a;
	int fd;

	/* Message types may have another peer. */
	if (!type_connects(variant->type)) {
		fd = sock_bound(variant->family, variant->type, &a);
		EXPECT_WORKS(do_connect(self->fd[0], &a));
		EXPECT_EQ(10, flow_write(self->fd[0], 10, 10, 0));
		EXPECT_EQ(10, flow_read(fd, 10, 10, 0));
		close(fd);
		return;
	}
	fd = sock_listening(variant->family, variant->type, 1, &a);
	EXPECT_FAILS(EISCONN, do_connect(self->fd[0], &a));
	EXPECT_FAILS(EINVAL, listen(self->fd[0], 1));
	/* AF_UNIX ignores the destination of a record. */
	EXPECT_FAILS(variant->family == AF_UNIX && variant->type == SOCK_SEQPACKET ? 0 : EISCONN,
		     sendto(self->fd[0], "x", 1, 0, &a.sa, a.len));
	close(fd);
}

/* A port that one of the two got by sending elsewhere is no way in. */
TEST_F(pair, takes_nothing_from_strangers)
{
	struct addr a, own;
	char byte;
	int fd;

	if (variant->family != AF_EXPERIMENTAL || type_connects(variant->type))
		return;
	fd = sock_bound(variant->family, variant->type, &a);
	ASSERT_EQ(1, sendto(self->fd[0], "x", 1, 0, &a.sa, a.len));
	own.len = sizeof(own.storage);
	ASSERT_EQ(1, recvfrom(fd, &byte, 1, 0, &own.sa, &own.len));
	EXPECT_NE(EXP_PORT_ANY, own.exp.sexp_port);
	EXPECT_FAILS(ECONNREFUSED, sendto(fd, "y", 1, 0, &own.sa, own.len));
	EXPECT_FAILS(EAGAIN, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	/* The other one still comes through. */
	EXPECT_EQ(10, flow_write(self->fd[1], 10, 10, 0));
	EXPECT_EQ(10, flow_read(self->fd[0], 10, 10, 0));
	close(fd);
}

TEST_F(pair, flags)
{
	int fd[2], i;
	char byte;

	ASSERT_WORKS(socketpair(variant->family, variant->type | SOCK_NONBLOCK | SOCK_CLOEXEC,
				0, fd));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd[i], F_GETFD));
		EXPECT_EQ(O_NONBLOCK, fcntl(fd[i], F_GETFL) & O_NONBLOCK);
		EXPECT_FAILS(EAGAIN, recv(fd[i], &byte, 1, 0));
	}
	close(fd[0]);
	close(fd[1]);
	EXPECT_FAILS(EINVAL, socketpair(variant->family, variant->type | 0x40000000, 0, fd));
	EXPECT_FAILS(EPROTONOSUPPORT, socketpair(variant->family, variant->type, 99, fd));
}

TEST_F(pair, end_of_one)
{
	char byte;

	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ('x', byte);
	if (type_connects(variant->type)) {
		EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
		EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	} else {
		/* AF_UNIX has told of it on the way. */
		EXPECT_FAILS(ECONNREFUSED, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	}
}

TEST_F(pair, leaves_nothing)
{
	int before = sock_count();
	int fd[2], i;

	for (i = 0; i < scaled(200); i++) {
		ASSERT_WORKS(socketpair(variant->family, variant->type, 0, fd));
		ASSERT_EQ(100, flow_write(fd[0], 100, 100, 0));
		close(fd[i & 1]);
		close(fd[!(i & 1)]);
	}
	EXPECT_TRUE(sock_count_is(before));
}

TEST_F(pair, bad_pointer)
{
	int before = sock_count();

	EXPECT_FAILS(EFAULT, socketpair(variant->family, variant->type, 0, mem_unmapped(8)));
	EXPECT_TRUE(sock_count_is(before));
}

TEST_HARNESS_MAIN
