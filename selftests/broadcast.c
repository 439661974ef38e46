// SPDX-License-Identifier: GPL-2.0
/* SO_BROADCAST: messages to all nodes. */
#include <arpa/inet.h>
#include <sched.h>

#include "harness.h"

FIXTURE(all) {
	int fd[2];
	/* The port of the second one, on all nodes. */
	struct addr everywhere;
};

FIXTURE_VARIANT(all) {
	int family;
};

FIXTURE_VARIANT_ADD(all, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(all, udp) { .family = AF_INET, };

/* Of UDP, one that is bound to all addresses, as else it hears no broadcast. */
static int listener(int family, struct addr *a)
{
	int on = 1, fd = socket(family, SOCK_DGRAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -1;
	if (do_bind(fd, a))
		return -1;
	return addr_own(fd, a) ? -1 : fd;
}

FIXTURE_SETUP(all)
{
	struct addr a = addr_any(variant->family);

	if (variant->family == AF_INET)
		a.in.sin_addr.s_addr = htonl(INADDR_ANY);
	self->fd[0] = socket(variant->family, SOCK_DGRAM, 0);
	ASSERT_WORKS(self->fd[0]);
	self->fd[1] = listener(variant->family, &a);
	ASSERT_WORKS(self->fd[1]);
	self->everywhere = a;
	if (variant->family == AF_INET)
		self->everywhere.in.sin_addr.s_addr = inet_addr("127.255.255.255");
	else
		self->everywhere.exp.sexp_node = EXP_NODE_ALL;
}

FIXTURE_TEARDOWN(all)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(all, needs_the_option)
{
	const struct addr *a = &self->everywhere;
	char byte;

	EXPECT_EQ(0, sock_option(self->fd[0], SO_BROADCAST));
	EXPECT_FAILS(EACCES, sendto(self->fd[0], "x", 1, 0, &a->sa, a->len));
	EXPECT_FAILS(EACCES, do_connect(self->fd[0], a));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BROADCAST, 1));
	EXPECT_EQ(1, sendto(self->fd[0], "y", 1, 0, &a->sa, a->len));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ('y', byte);
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BROADCAST, 0));
	EXPECT_FAILS(EACCES, sendto(self->fd[0], "x", 1, 0, &a->sa, a->len));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

TEST_F(all, tells_the_sender)
{
	const struct addr *a = &self->everywhere;
	struct addr from = { .len = sizeof(from.storage) };
	struct addr own;
	char byte;

	ASSERT_EQ(0, sock_set(self->fd[0], SO_BROADCAST, 1));
	EXPECT_EQ(1, sendto(self->fd[0], "x", 1, 0, &a->sa, a->len));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(1, recvfrom(self->fd[1], &byte, 1, 0, &from.sa, &from.len));
	ASSERT_EQ(0, addr_own(self->fd[0], &own));
	/* Of UDP, bound to no address, it is the port that counts. */
	if (variant->family == AF_INET)
		from.in.sin_addr = own.in.sin_addr;
	EXPECT_TRUE(addr_same(&own, &from));
}

TEST_F(all, nobody_there)
{
	struct addr a = self->everywhere;

	ASSERT_EQ(0, sock_set(self->fd[0], SO_BROADCAST, 1));
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_EQ(1, sendto(self->fd[0], "x", 1, 0, &a.sa, a.len));
	/* Nor does an error come later. */
	EXPECT_EQ(0, sock_option(self->fd[0], SO_ERROR));
}

/* Everybody who has the port gets it. */
TEST_F(all, everybody)
{
	const struct addr *a = &self->everywhere;
	struct addr same = *a;
	int fd[3], i, j;
	char byte;

	if (variant->family == AF_INET)
		same.in.sin_addr.s_addr = htonl(INADDR_ANY);
	else
		same.exp.sexp_node = EXP_NODE_LOCAL;
	for (i = 0; i < 3; i++) {
		fd[i] = listener(variant->family, &same);
		if (fd[i] < 0 && errno == EADDRINUSE)
			SKIP(return, "a port can't be shared");
		ASSERT_WORKS(fd[i]);
	}
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BROADCAST, 1));
	for (j = 0; j < 3; j++) {
		byte = 'a' + j;
		EXPECT_EQ(1, sendto(self->fd[0], &byte, 1, 0, &a->sa, a->len));
	}
	for (j = 0; j < 3; j++) {
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(POLLIN, flow_wait(fd[i], POLLIN, 5000));
			EXPECT_EQ(1, recv(fd[i], &byte, 1, 0));
			EXPECT_EQ('a' + j, byte);
		}
		EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_FAILS(EAGAIN, recv(fd[i], &byte, 1, MSG_DONTWAIT));
		close(fd[i]);
	}
}

TEST_F(all, not_in_another_namespace)
{
	const struct addr *a = &self->everywhere;
	char byte;
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	loopback_up();
	fd = socket(variant->family, SOCK_DGRAM, 0);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, sock_set(fd, SO_BROADCAST, 1));
	EXPECT_EQ(1, sendto(fd, "x", 1, 0, &a->sa, a->len));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	close(fd);
}

/* To all nodes is for SOCK_DGRAM only. */
TEST(other_types)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	struct addr all, a;
	int fd, i, server;

	for (i = 0; i < 2; i++) {
		server = sock_listening(AF_EXPERIMENTAL, types[i], 1, &a);
		all = addr_exp(a.exp.sexp_port, EXP_NODE_ALL);
		fd = socket(AF_EXPERIMENTAL, types[i], 0);
		ASSERT_EQ(0, sock_set(fd, SO_BROADCAST, 1));
		EXPECT_FAILS(ENETUNREACH, do_connect(fd, &all));
		/* Set or not, a connection is made as ever. */
		EXPECT_WORKS(do_connect(fd, &a));
		EXPECT_EQ(1, send(fd, "x", 1, 0));
		close(fd);
		close(server);
	}
}

TEST_HARNESS_MAIN
