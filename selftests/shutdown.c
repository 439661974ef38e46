// SPDX-License-Identifier: GPL-2.0
/* shutdown() in every direction and state, and whom it wakes. */
#include "harness.h"

FIXTURE(stream) {
	int fd[2];
};

FIXTURE_VARIANT(stream) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(stream, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stream, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stream, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stream, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stream, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(stream)
{
	signal(SIGPIPE, SIG_IGN);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(stream, of_writing)
{
	char byte;

	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
	EXPECT_FAILS(EPIPE, write(self->fd[0], "x", 1));
	/* What was written before arrives; then the end, for ever. */
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	/* The other direction works. */
	EXPECT_EQ(100, flow_write(self->fd[1], 100, 100, 5));
	EXPECT_EQ(100, flow_read(self->fd[0], 100, 100, 5));
	EXPECT_FAILS(EAGAIN, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
}

TEST_F(stream, of_reading)
{
	char byte;

	ASSERT_EQ(100, flow_write(self->fd[1], 100, 100, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_RD));
	/* What has come can still be read; then it is the end. */
	EXPECT_EQ(100, flow_read(self->fd[0], 100, 100, 0));
	EXPECT_EQ(0, recv(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	/* A local peer is told; TCP has no word for it, and sends on. */
	EXPECT_FAILS(variant->family == AF_INET ? 0 : EPIPE, send(self->fd[1], "x", 1, 0));
	/* The other direction works. */
	EXPECT_EQ(100, flow_write(self->fd[0], 100, 100, 5));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 5));
}

TEST_F(stream, of_both)
{
	char byte;

	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_RDWR));
	EXPECT_EQ(0, recv(self->fd[0], &byte, 1, 0));
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, one_direction_after_the_other)
{
	char byte;

	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_WR));
	EXPECT_EQ(0, recv(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
	EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, 0));
	EXPECT_EQ(EVENTS & ~POLLPRI, (flow_settle(self->fd[0], POLLIN | POLLOUT | POLLRDHUP |
				      POLLHUP) & ~POLLHUP));
}

TEST_F(stream, other_descriptors_are_shut_as_well)
{
	int copy = dup(self->fd[0]);
	char byte;

	ASSERT_WORKS(copy);
	ASSERT_EQ(0, shutdown(copy, SHUT_WR));
	ASSERT_EQ(0, close(copy));
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, bad_how)
{
	EXPECT_FAILS(EINVAL, shutdown(self->fd[0], 3));
	EXPECT_FAILS(EINVAL, shutdown(self->fd[0], -1));
	EXPECT_FAILS(EINVAL, shutdown(self->fd[0], 0x7fffffff));
	EXPECT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
}

TEST_F(stream, unconnected)
{
	struct addr a;
	int fd = sock_bound(variant->family, variant->type, &a);

	/* AF_UNIX takes it, and remembers. */
	EXPECT_FAILS(variant->family == AF_UNIX ? 0 : ENOTCONN, shutdown(fd, SHUT_RDWR));
	close(fd);
	fd = socket(variant->family, variant->type, 0);
	EXPECT_FAILS(variant->family == AF_UNIX ? 0 : ENOTCONN, shutdown(fd, SHUT_WR));
	close(fd);
}

TEST_F(stream, after_the_peer_has_gone)
{
	char byte;

	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[1] = -1;
	EXPECT_EQ(0, recv(self->fd[0], &byte, 1, 0));
	EXPECT_WORKS(shutdown(self->fd[0], SHUT_WR));
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
}

/* Whoever sleeps in a call is woken by shutdown() on either end. */
TEST_F(stream, wakes_a_reader)
{
	char byte;
	struct call c = { .fn = call_recv, .fd = self->fd[0], .buf = &byte, .len = 1 };
	int end;

	for (end = 0; end < 2; end++) {
		int pair[2];

		ASSERT_WORKS(sock_pair(variant->family, variant->type, pair));
		c.fd = pair[0];
		call_start(&c);
		ASSERT_TRUE(call_sleeps(&c));
		ASSERT_EQ(0, shutdown(pair[end], end ? SHUT_WR : SHUT_RD));
		ASSERT_TRUE(call_returns(&c));
		EXPECT_EQ(0, c.ret);
		close(pair[0]);
		close(pair[1]);
	}
}

TEST_F(stream, wakes_a_writer)
{
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = "x", .len = 1 };

	ASSERT_LT(0, flow_fill(self->fd[0], 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(EPIPE, c.err);
}

TEST_F(stream, of_the_peers_reading_wakes_a_writer)
{
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = "x", .len = 1 };

	ASSERT_LT(0, flow_fill(self->fd[0], 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_RD));
	/* TCP's writer is not told: it sleeps on. */
	if (variant->family == AF_INET) {
		ASSERT_TRUE(call_sleeps(&c));
		return;
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(EPIPE, c.err);
}

TEST_F(stream, cuts_a_large_write)
{
	size_t len = 40000000;
	char *buf = calloc(1, len);
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = buf, .len = len };

	/* Records are not cut. */
	if (variant->type == SOCK_SEQPACKET) {
		EXPECT_FAILS(EMSGSIZE, send(self->fd[0], buf, len, 0));
		free(buf);
		return;
	}
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_TRUE(call_returns(&c));
	/* What went through counts. */
	EXPECT_LT(0, c.ret);
	EXPECT_GT(len, c.ret);
	free(buf);
}

TEST_F(stream, wakes_poll)
{
	struct call c = { .fn = call_poll, .fd = self->fd[0], .flags = POLLRDHUP };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_WR));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLRDHUP, c.ret);
}

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
	self->fd = sock_listening(variant->family, variant->type, 0, &self->addr);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(listener)
{
	close(self->fd);
}

TEST_F(listener, refuses_the_next)
{
	ASSERT_EQ(0, shutdown(self->fd, SHUT_RD));
	EXPECT_FAILS(ECONNREFUSED, sock_connected(variant->family, variant->type, &self->addr));
	EXPECT_FAILS(EINVAL, accept(self->fd, NULL, NULL));
}

TEST_F(listener, wakes_an_acceptor)
{
	struct call c = { .fn = call_accept, .fd = self->fd };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd, SHUT_RD));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(EINVAL, c.err);
}

TEST_F(listener, wakes_all_acceptors)
{
	struct call c[4] = { 0 };
	int i;

	for (i = 0; i < 4; i++) {
		c[i].fn = call_accept;
		c[i].fd = self->fd;
		call_start(&c[i]);
	}
	for (i = 0; i < 4; i++)
		ASSERT_TRUE(call_sleeps(&c[i]));
	ASSERT_EQ(0, shutdown(self->fd, SHUT_RDWR));
	for (i = 0; i < 4; i++) {
		ASSERT_TRUE(call_returns(&c[i]));
		EXPECT_EQ(EINVAL, c[i].err);
	}
}

TEST_F(listener, queued_connections)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	char byte;
	int fd;

	ASSERT_WORKS(client);
	ASSERT_EQ(0, shutdown(self->fd, SHUT_RD));
	/* TCP resets them; here they can still be accepted. */
	if (variant->family == AF_INET) {
		EXPECT_FAILS(EINVAL, accept(self->fd, NULL, NULL));
		EXPECT_FAILS(ECONNRESET, recv(client, &byte, 1, 0));
		close(client);
		return;
	}
	fd = accept(self->fd, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(10, flow_write(client, 10, 10, 0));
	EXPECT_EQ(10, flow_read(fd, 10, 10, 0));
	EXPECT_FAILS(EINVAL, accept(self->fd, NULL, NULL));
	close(fd);
	close(client);
}

TEST_F(listener, wakes_who_waits_for_room)
{
	int first = sock_connected(variant->family, variant->type, &self->addr);
	struct call c = { .fn = call_connect, .addr = self->addr };

	ASSERT_WORKS(first);
	c.fd = socket(variant->family, variant->type, 0);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd, SHUT_RD));
	/* AF_UNIX leaves it asleep until the listener is closed. */
	if (variant->family == AF_UNIX) {
		ASSERT_TRUE(call_sleeps(&c));
		ASSERT_EQ(0, close(self->fd));
		self->fd = -1;
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(ECONNREFUSED, c.err);
	close(c.fd);
	close(first);
}

/* A connection that is still waiting to be taken. */
TEST_F(listener, of_who_waits_for_room)
{
	int first = sock_connected(variant->family, variant->type, &self->addr);
	struct call c = { .fn = call_connect, .addr = self->addr };

	ASSERT_WORKS(first);
	c.fd = socket(variant->family, variant->type, 0);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	shutdown(c.fd, SHUT_RDWR);
	/* AF_UNIX leaves it asleep. */
	if (variant->family == AF_UNIX) {
		ASSERT_TRUE(call_sleeps(&c));
		return;
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(-1, c.ret);
	close(c.fd);
	close(first);
}

FIXTURE(message) {
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
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(message, of_writing)
{
	/* EPIPE without a signal, which is for streams. */
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
	/* The other direction works. */
	EXPECT_EQ(10, flow_write(self->fd[1], 10, 10, 0));
	EXPECT_EQ(10, flow_read(self->fd[0], 10, 10, 0));
}

TEST_F(message, of_reading)
{
	char byte;

	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_RD));
	/* What has come can still be read. */
	EXPECT_EQ(1, recv(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[0], &byte, 1, 0));
	/* The controls have an end of file for those who wait only. */
	EXPECT_FAILS(variant->family == AF_EXPERIMENTAL ? 0 : EAGAIN,
		     recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(10, flow_write(self->fd[0], 10, 10, 0));
	EXPECT_EQ(10, flow_read(self->fd[1], 10, 10, 0));
}

TEST_F(message, wakes_a_reader)
{
	char byte;
	struct call c = { .fn = call_recv, .fd = self->fd[0], .buf = &byte, .len = 1 };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_RD));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
}

TEST_F(message, unconnected)
{
	char byte;
	struct call c = { .fn = call_recv, .buf = &byte, .len = 1 };
	struct addr a;

	c.fd = sock_bound(variant->family, variant->type, &a);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	/* It has no peer to be shut off from, but its readers wake all the same. */
	EXPECT_FAILS(variant->family == AF_UNIX ? 0 : ENOTCONN, shutdown(c.fd, SHUT_RD));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
	close(c.fd);
}

TEST_F(message, bad_how)
{
	EXPECT_FAILS(EINVAL, shutdown(self->fd[0], 3));
	EXPECT_FAILS(EINVAL, shutdown(self->fd[0], -1));
}

TEST_HARNESS_MAIN
