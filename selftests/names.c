// SPDX-License-Identifier: GPL-2.0
/* getsockname() and getpeername() in every state a socket goes through. */
#include "harness.h"

FIXTURE(stage) {
	struct addr addr;
	int listener;
	int fd;
};

FIXTURE_VARIANT(stage) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(stage, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stage, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stage, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stage, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stage, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(stage)
{
	self->listener = sock_listening(variant->family, variant->type, 5, &self->addr);
	ASSERT_WORKS(self->listener);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(stage)
{
	close(self->fd);
	close(self->listener);
}

TEST_F(stage, fresh)
{
	struct addr a;

	ASSERT_EQ(0, addr_own(self->fd, &a));
	EXPECT_EQ(variant->family, a.sa.sa_family);
	if (variant->family == AF_EXPERIMENTAL) {
		EXPECT_EQ(sizeof(a.exp), a.len);
		EXPECT_EQ(0, a.exp.sexp_reserved);
		EXPECT_EQ(0, a.exp.sexp_flags);
		EXPECT_TRUE(a.exp.sexp_port == 0 || a.exp.sexp_port == EXP_PORT_ANY);
		EXPECT_TRUE(a.exp.sexp_node == 0 || a.exp.sexp_node == EXP_NODE_ANY);
	}
	EXPECT_FAILS(ENOTCONN, addr_peer(self->fd, &a));
}

TEST_F(stage, bound)
{
	struct addr a, any = addr_any(variant->family);

	ASSERT_WORKS(do_bind(self->fd, &any));
	EXPECT_FAILS(ENOTCONN, addr_peer(self->fd, &a));
	ASSERT_EQ(0, addr_own(self->fd, &a));
	if (variant->family == AF_EXPERIMENTAL) {
		EXPECT_EQ(EXP_NODE_LOCAL, a.exp.sexp_node);
		EXPECT_EQ(0, memcmp(a.exp.sexp_zero, "\0\0", 3));
	}
}

TEST_F(stage, listening)
{
	struct addr a;

	ASSERT_EQ(0, addr_own(self->listener, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	EXPECT_FAILS(ENOTCONN, addr_peer(self->listener, &a));
}

TEST_F(stage, connected)
{
	struct addr a, b, own;
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	/* Before accept() as well as after it. */
	ASSERT_EQ(0, addr_peer(self->fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	ASSERT_EQ(0, addr_own(self->fd, &own));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_EQ(0, addr_peer(self->fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));

	ASSERT_EQ(0, addr_own(fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	ASSERT_EQ(0, addr_peer(fd, &b));
	EXPECT_TRUE(addr_same(&own, &b));
	close(fd);
}

TEST_F(stage, peer_is_gone)
{
	struct addr a, client, peer = { .len = sizeof(peer.storage) };
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	ASSERT_EQ(0, addr_own(self->fd, &client));
	fd = accept(self->listener, &peer.sa, &peer.len);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_TRUE(flow_wait(fd, POLLRDHUP, 5000) & POLLRDHUP);
	ASSERT_EQ(0, addr_own(fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	ASSERT_EQ(0, addr_peer(fd, &a));
	EXPECT_TRUE(addr_same(&client, &a));
	close(fd);
}

TEST_F(stage, peer_left_before_accept)
{
	struct addr client, got = { .len = sizeof(got.storage) };
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	ASSERT_EQ(0, addr_own(self->fd, &client));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	fd = accept(self->listener, &got.sa, &got.len);
	ASSERT_WORKS(fd);
	EXPECT_TRUE(addr_same(&client, &got));
	close(fd);
}

TEST_F(stage, listener_is_gone)
{
	struct addr a;
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_EQ(0, close(self->listener));
	self->listener = -1;
	ASSERT_EQ(0, addr_own(fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	ASSERT_EQ(0, addr_peer(self->fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	close(fd);
}

TEST_F(stage, shut_down)
{
	struct addr a;
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_EQ(0, shutdown(self->fd, SHUT_WR));
	ASSERT_EQ(0, addr_peer(self->fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	ASSERT_EQ(0, addr_own(fd, &a));
	EXPECT_TRUE(addr_same(&self->addr, &a));
	close(fd);
}

/* A stream has one sender, whom recvfrom() does not name. */
TEST_F(stage, of_the_sender)
{
	struct addr from = { .len = sizeof(from.storage) };
	char byte;
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_EQ(1, send(fd, "x", 1, 0));
	ASSERT_EQ(1, recvfrom(self->fd, &byte, 1, 0, &from.sa, &from.len));
	/* AF_UNIX names one that is bound. */
	EXPECT_EQ(variant->family == AF_UNIX ? self->addr.len : 0, from.len);
	close(fd);
}

TEST_F(stage, short_buffer)
{
	socklen_t len;
	struct addr a;

	for (len = 0; len < self->addr.len; len++) {
		memset(&a.storage, 0xa5, sizeof(a.storage));
		a.len = len;
		ASSERT_EQ(0, getsockname(self->listener, &a.sa, &a.len));
		EXPECT_EQ(self->addr.len, a.len);
		EXPECT_EQ(0, memcmp(&self->addr.storage, &a.storage, len));
		EXPECT_EQ(0xa5, ((unsigned char *)&a.storage)[len]);
	}
	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	memset(&a.storage, 0xa5, sizeof(a.storage));
	a.len = 5;
	ASSERT_EQ(0, getpeername(self->fd, &a.sa, &a.len));
	EXPECT_EQ(self->addr.len, a.len);
	EXPECT_EQ(0, memcmp(&self->addr.storage, &a.storage, 5));
	EXPECT_EQ(0xa5, ((unsigned char *)&a.storage)[5]);
}

TEST_F(stage, bad_arguments)
{
	socklen_t len = (socklen_t)-1;
	struct addr a;

	EXPECT_FAILS(EINVAL, getsockname(self->fd, &a.sa, &len));
	EXPECT_FAILS(EFAULT, getsockname(self->fd, &a.sa, mem_unmapped(4)));
	len = sizeof(a.storage);
	EXPECT_FAILS(EFAULT, getsockname(self->fd, mem_unmapped(len), &len));
}

FIXTURE(message) {
	struct addr addr[2];
	int fd[2];
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
	int i;

	for (i = 0; i < 2; i++) {
		self->fd[i] = sock_bound(variant->family, variant->type, &self->addr[i]);
		ASSERT_WORKS(self->fd[i]);
	}
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(message, peer_comes_and_goes)
{
	struct addr a;

	EXPECT_FAILS(ENOTCONN, addr_peer(self->fd[0], &a));
	ASSERT_WORKS(do_connect(self->fd[0], &self->addr[1]));
	ASSERT_EQ(0, addr_peer(self->fd[0], &a));
	EXPECT_TRUE(addr_same(&self->addr[1], &a));
	/* The other end knows nothing of it. */
	EXPECT_FAILS(ENOTCONN, addr_peer(self->fd[1], &a));
	ASSERT_WORKS(do_disconnect(self->fd[0]));
	EXPECT_FAILS(ENOTCONN, addr_peer(self->fd[0], &a));
	/* UDP gives back a port that it chose itself. */
	if (variant->family == AF_INET)
		return;
	ASSERT_EQ(0, addr_own(self->fd[0], &a));
	EXPECT_TRUE(addr_same(&self->addr[0], &a));
}

TEST_F(message, peer_is_gone)
{
	struct addr a;

	ASSERT_WORKS(do_connect(self->fd[0], &self->addr[1]));
	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[1] = -1;
	ASSERT_EQ(0, addr_peer(self->fd[0], &a));
	EXPECT_TRUE(addr_same(&self->addr[1], &a));
}

TEST_HARNESS_MAIN
