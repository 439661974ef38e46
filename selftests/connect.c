// SPDX-License-Identifier: GPL-2.0
/* connect() of connection types: who answers, states, and starting over. */
#include "harness.h"

FIXTURE(client) {
	struct addr addr;
	int listener;
	int fd;
};

FIXTURE_VARIANT(client) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(client, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(client, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(client, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(client, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(client, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(client)
{
	self->listener = sock_listening(variant->family, variant->type, 5, &self->addr);
	ASSERT_WORKS(self->listener);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(client)
{
	close(self->fd);
	close(self->listener);
}

TEST_F(client, talks_to_who_accepts)
{
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(1000, flow_write(self->fd, 1000, 1000, 0));
	EXPECT_EQ(1000, flow_read(fd, 1000, 1000, 0));
	EXPECT_EQ(1000, flow_write(fd, 1000, 1000, 5));
	EXPECT_EQ(1000, flow_read(self->fd, 1000, 1000, 5));
	close(fd);
}

TEST_F(client, nonblocking_with_room)
{
	ASSERT_EQ(0, sock_nonblock(self->fd));
	/* Local connections are made at once; TCP's takes its handshake. */
	if (variant->family == AF_INET)
		EXPECT_FAILS(EINPROGRESS, do_connect(self->fd, &self->addr));
	else
		EXPECT_WORKS(do_connect(self->fd, &self->addr));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd, POLLOUT));
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
}

TEST_F(client, nobody_holds_the_name)
{
	struct addr a = addr_free(variant->family, variant->type);
	int i;

	for (i = 0; i < 3; i++)
		EXPECT_FAILS(ECONNREFUSED, do_connect(self->fd, &a));
	/* A refusal is not the end of the socket, nor a pending error. */
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
	EXPECT_WORKS(do_connect(self->fd, &self->addr));
}

TEST_F(client, holder_of_another_type)
{
	struct addr a;
	int fd = sock_bound(variant->family, SOCK_DGRAM, &a);

	ASSERT_WORKS(fd);
	EXPECT_FAILS(ECONNREFUSED, do_connect(self->fd, &a));
	close(fd);
}

TEST_F(client, holder_does_not_listen)
{
	struct addr a;
	int fd = sock_bound(variant->family, variant->type, &a);

	EXPECT_FAILS(ECONNREFUSED, do_connect(self->fd, &a));
	ASSERT_WORKS(listen(fd, 1));
	EXPECT_WORKS(do_connect(self->fd, &a));
	close(fd);
}

TEST_F(client, twice)
{
	struct addr other;
	int listener = sock_listening(variant->family, variant->type, 1, &other);
	struct addr peer;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	EXPECT_FAILS(EISCONN, do_connect(self->fd, &self->addr));
	EXPECT_FAILS(EISCONN, do_connect(self->fd, &other));
	ASSERT_EQ(0, addr_peer(self->fd, &peer));
	EXPECT_TRUE(addr_same(&self->addr, &peer));
	ASSERT_EQ(0, sock_nonblock(listener));
	EXPECT_FAILS(EAGAIN, accept(listener, NULL, NULL));
	close(listener);
}

TEST_F(client, accepted_socket_is_connected)
{
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	EXPECT_FAILS(EISCONN, do_connect(fd, &self->addr));
	close(fd);
}

/* A socket does not find itself by the name it has: it does not listen. */
TEST_F(client, to_itself)
{
	struct addr a;
	int fd = sock_bound(variant->family, variant->type, &a);

	ASSERT_WORKS(fd);
	if (variant->family == AF_INET) {
		/* TCP opens from both sides at once, and talks to itself. */
		EXPECT_WORKS(do_connect(fd, &a));
	} else {
		EXPECT_FAILS(ECONNREFUSED, do_connect(fd, &a));
	}
	close(fd);
}

TEST_F(client, starts_over_after_unspec)
{
	struct addr peer;
	char byte;
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	/* AF_UNIX does not take it. */
	if (variant->family == AF_UNIX) {
		EXPECT_FAILS(EINVAL, do_disconnect(self->fd));
		close(fd);
		return;
	}
	ASSERT_WORKS(do_disconnect(self->fd));
	EXPECT_FAILS(ECONNRESET, recv(fd, &byte, 1, 0));
	EXPECT_EQ(0, recv(fd, &byte, 1, 0));
	EXPECT_FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);

	EXPECT_FAILS(ENOTCONN, addr_peer(self->fd, &peer));
	/* TCP leaves an error for the caller, who knows; ours does not. */
	EXPECT_EQ(variant->family == AF_INET ? ECONNRESET : 0, sock_option(self->fd, SO_ERROR));
	EXPECT_FAILS(ENOTCONN, recv(self->fd, &byte, 1, 0));
	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(100, flow_write(fd, 100, 100, 0));
	EXPECT_EQ(100, flow_read(self->fd, 100, 100, 0));
	EXPECT_EQ(100, flow_write(self->fd, 100, 100, 0));
	EXPECT_EQ(100, flow_read(fd, 100, 100, 0));
	close(fd);
}

TEST_F(client, unspec_wakes_the_peer)
{
	struct call c = { .fn = call_recv, .len = 1 };
	char byte;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	if (variant->family == AF_UNIX) {
		EXPECT_FAILS(EINVAL, do_disconnect(self->fd));
		return;
	}
	c.fd = accept(self->listener, NULL, NULL);
	c.buf = &byte;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_WORKS(do_disconnect(self->fd));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(ECONNRESET, c.err);
	close(c.fd);
}

/* Those who sleep on the socket itself must not sleep on. */
TEST_F(client, unspec_wakes_its_own)
{
	struct call reader = { .fn = call_recv, .fd = self->fd, .len = 1 };
	size_t len = 40000000;
	char *buf = calloc(1, len);
	struct call writer = { .fn = call_send, .fd = self->fd, .buf = buf, .len = len };
	char byte;
	int fd;

	if (variant->family == AF_UNIX) {
		EXPECT_FAILS(EINVAL, do_disconnect(self->fd));
		return;
	}
	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	/* What is more than the buffers allow is no record. */
	if (variant->type == SOCK_SEQPACKET) {
		ASSERT_LT(0, flow_fill(self->fd, 0));
		writer.len = 1000;
	}
	reader.buf = &byte;
	writer.flags = MSG_NOSIGNAL;
	call_start(&reader);
	call_start(&writer);
	ASSERT_TRUE(call_sleeps(&reader));
	ASSERT_TRUE(call_sleeps(&writer));
	ASSERT_WORKS(do_disconnect(self->fd));
	ASSERT_TRUE(call_returns(&reader));
	EXPECT_GE(0, reader.ret);
	ASSERT_TRUE(call_returns(&writer));
	EXPECT_GT((long)writer.len, writer.ret);
	free(buf);
	close(fd);
}

TEST_F(client, unspec_before_connecting)
{
	/* Nothing to undo. */
	if (variant->family == AF_UNIX)
		EXPECT_FAILS(EINVAL, do_disconnect(self->fd));
	else
		EXPECT_WORKS(do_disconnect(self->fd));
	EXPECT_WORKS(do_connect(self->fd, &self->addr));
}

TEST_F(client, peer_that_left_is_still_a_connection)
{
	int fd;

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	fd = accept(self->listener, NULL, NULL);
	close(fd);
	EXPECT_FAILS(EISCONN, do_connect(self->fd, &self->addr));
}

TEST(unbound_client_gets_a_port)
{
	struct addr a, own, peer = { .len = sizeof(peer.storage) };
	int listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 1, &a);
	int fd = sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &a);
	int child, other;

	ASSERT_WORKS(fd);
	ASSERT_EQ(0, addr_own(fd, &own));
	EXPECT_LT(EXP_PORT_RESERVED, own.exp.sexp_port);
	child = accept(listener, &peer.sa, &peer.len);
	EXPECT_TRUE(addr_same(&own, &peer));
	/* The port is held: nobody else can have it. */
	other = socket(AF_EXPERIMENTAL, SOCK_STREAM, 0);
	EXPECT_FAILS(EADDRINUSE, do_bind(other, &own));
	close(other);
	close(child);
	close(fd);
	close(listener);
}

TEST(this_node_by_each_of_its_names)
{
	unsigned int node[] = { 0, EXP_NODE_ANY, EXP_NODE_LOCAL };
	struct addr a, to;
	int listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 5, &a);
	size_t i;
	int fd;

	ASSERT_WORKS(listener);
	for (i = 0; i < ARRAY_SIZE(node); i++) {
		to = addr_exp(a.exp.sexp_port, node[i]);
		fd = sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &to);
		EXPECT_WORKS(fd);
		close(fd);
	}
	close(listener);
}

TEST(another_node)
{
	struct addr a, to;
	int listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 5, &a);
	int fd = socket(AF_EXPERIMENTAL, SOCK_STREAM, 0);

	/* The port exists here, and a node away it must not be found. */
	to = addr_exp(a.exp.sexp_port, 7);
	EXPECT_FAILS(ENETUNREACH, do_connect(fd, &to));
	EXPECT_WORKS(do_connect(fd, &a));
	close(fd);
	close(listener);
}

TEST(no_port)
{
	struct addr zero = addr_exp(0, EXP_NODE_LOCAL);
	struct addr any = addr_exp(EXP_PORT_ANY, EXP_NODE_LOCAL);
	int fd = socket(AF_EXPERIMENTAL, SOCK_STREAM, 0);

	EXPECT_FAILS(ECONNREFUSED, do_connect(fd, &zero));
	EXPECT_FAILS(ECONNREFUSED, do_connect(fd, &any));
	close(fd);
}

TEST_HARNESS_MAIN
