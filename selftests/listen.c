// SPDX-License-Identifier: GPL-2.0
/* listen(): who can, how many connections wait, and what ends it. */
#include "harness.h"

FIXTURE(listener) {
	struct addr addr;
	int fd;
};

FIXTURE_VARIANT(listener) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(listener, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(listener, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(listener, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(listener, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(listener, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(listener)
{
	self->fd = sock_bound(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(listener)
{
	close(self->fd);
}

TEST_F(listener, bound_is_not_listening)
{
	EXPECT_EQ(0, sock_option(self->fd, SO_ACCEPTCONN));
	EXPECT_FAILS(ECONNREFUSED, sock_connected(variant->family, variant->type, &self->addr));
	EXPECT_FAILS(EINVAL, accept(self->fd, NULL, NULL));
}

TEST_F(listener, listening)
{
	int fd;

	ASSERT_WORKS(listen(self->fd, 1));
	EXPECT_EQ(1, sock_option(self->fd, SO_ACCEPTCONN));
	fd = sock_connected(variant->family, variant->type, &self->addr);
	EXPECT_WORKS(fd);
	close(fd);
}

TEST_F(listener, unbound)
{
	struct addr a;
	int fd = socket(variant->family, variant->type, 0);
	int client;

	/* AF_UNIX wants a name first; TCP and our family choose one. */
	if (variant->family == AF_UNIX) {
		EXPECT_FAILS(EINVAL, listen(fd, 1));
		close(fd);
		return;
	}
	ASSERT_WORKS(listen(fd, 1));
	ASSERT_EQ(0, addr_own(fd, &a));
	client = sock_connected(variant->family, variant->type, &a);
	EXPECT_WORKS(client);
	close(client);
	close(fd);
}

TEST_F(listener, connected)
{
	int pair[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, pair));
	EXPECT_FAILS(EINVAL, listen(pair[0], 1));
	EXPECT_FAILS(EINVAL, listen(pair[1], 1));
	/* And the connection has not suffered. */
	EXPECT_EQ(100, flow_write(pair[0], 100, 100, 0));
	EXPECT_EQ(100, flow_read(pair[1], 100, 100, 0));
	close(pair[0]);
	close(pair[1]);
}

static int nonblocking_connect(int family, int type, struct addr *a)
{
	int fd = socket(family, type | SOCK_NONBLOCK, 0);

	if (do_connect(fd, a) && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

/* How many of ten connections the listener takes without accept(). */
static int taken(int family, int type, struct addr *a, int fd[10])
{
	int count = 0;
	int i;

	for (i = 0; i < 10; i++) {
		fd[i] = nonblocking_connect(family, type, a);
		if (fd[i] >= 0 && (flow_wait(fd[i], POLLOUT, 20) & (POLLOUT | POLLHUP)) == POLLOUT)
			count++;
	}
	return count;
}

/* One more than the backlog may wait, as everywhere in Linux. */
TEST_F(listener, backlog_bounds_the_queue)
{
	int fd[10];
	int i;

	ASSERT_WORKS(listen(self->fd, 3));
	EXPECT_EQ(4, taken(variant->family, variant->type, &self->addr, fd));
	for (i = 0; i < 10; i++)
		close(fd[i]);
}

TEST_F(listener, backlog_zero)
{
	int fd[10];
	int i;

	ASSERT_WORKS(listen(self->fd, 0));
	EXPECT_EQ(1, taken(variant->family, variant->type, &self->addr, fd));
	for (i = 0; i < 10; i++)
		close(fd[i]);
}

/* The backlog is an unsigned number to the kernel: less than 0 is the most. */
TEST_F(listener, backlog_negative)
{
	int fd[10];
	int i;

	ASSERT_WORKS(listen(self->fd, -1));
	EXPECT_EQ(10, taken(variant->family, variant->type, &self->addr, fd));
	for (i = 0; i < 10; i++)
		close(fd[i]);
}

TEST_F(listener, again_changes_the_backlog)
{
	int fd[10];
	int i;

	ASSERT_WORKS(listen(self->fd, 1));
	ASSERT_WORKS(listen(self->fd, 5));
	EXPECT_EQ(6, taken(variant->family, variant->type, &self->addr, fd));
	for (i = 0; i < 10; i++)
		close(fd[i]);
	EXPECT_EQ(1, sock_option(self->fd, SO_ACCEPTCONN));
}

/* A larger backlog lets in the connection that found no room. */
TEST_F(listener, a_larger_backlog_admits_who_waits)
{
	struct call c = { .fn = call_connect, .addr = self->addr };
	int first;

	ASSERT_WORKS(listen(self->fd, 0));
	first = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(first);
	c.fd = socket(variant->family, variant->type, 0);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_WORKS(listen(self->fd, 5));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
	close(c.fd);
	close(first);
}

TEST_F(listener, does_not_connect)
{
	struct addr other;
	int fd = sock_listening(variant->family, variant->type, 1, &other);

	ASSERT_WORKS(fd);
	ASSERT_WORKS(listen(self->fd, 1));
	/* TCP says EISCONN. */
	EXPECT_FAILS(variant->family == AF_INET ? EISCONN : EINVAL, do_connect(self->fd, &other));
	EXPECT_FAILS(variant->family == AF_INET ? EISCONN : EINVAL,
		     do_connect(self->fd, &self->addr));
	close(fd);
}

TEST_F(listener, carries_no_data)
{
	char byte = 'x';

	ASSERT_WORKS(listen(self->fd, 1));
	/* AF_UNIX says EINVAL for reading a stream, TCP EPIPE for writing. */
	EXPECT_FAILS(variant->family == AF_UNIX && variant->type == SOCK_STREAM ? EINVAL : ENOTCONN,
		     recv(self->fd, &byte, 1, MSG_DONTWAIT));
	EXPECT_FAILS(variant->family == AF_INET ? EPIPE : ENOTCONN,
		     send(self->fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

TEST_F(listener, close_refuses_the_next)
{
	ASSERT_WORKS(listen(self->fd, 1));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_FAILS(ECONNREFUSED, sock_connected(variant->family, variant->type, &self->addr));
}

FIXTURE(message) {
	struct addr addr;
	int fd;
};

FIXTURE_VARIANT(message) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(message, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(message, unix) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(message)
{
	self->fd = sock_bound(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd);
}

TEST_F(message, neither_listens_nor_accepts)
{
	char byte = 'x';

	EXPECT_FAILS(EOPNOTSUPP, listen(self->fd, 1));
	EXPECT_FAILS(EOPNOTSUPP, accept(self->fd, NULL, NULL));
	EXPECT_EQ(0, sock_option(self->fd, SO_ACCEPTCONN));
	/* It still receives. */
	EXPECT_EQ(1, sendto(self->fd, &byte, 1, 0, &self->addr.sa, self->addr.len));
	EXPECT_EQ(1, recv(self->fd, &byte, 1, MSG_DONTWAIT));
}

TEST_HARNESS_MAIN
