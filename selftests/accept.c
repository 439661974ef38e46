// SPDX-License-Identifier: GPL-2.0
/* accept(): order, addresses, flags, waiting, and connections that are gone. */
#include <fcntl.h>
#include <sys/resource.h>

#include "harness.h"

FIXTURE(acceptor) {
	struct addr addr;
	int fd;
};

FIXTURE_VARIANT(acceptor) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(acceptor, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(acceptor, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(acceptor, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(acceptor, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(acceptor, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(acceptor)
{
	self->fd = sock_listening(variant->family, variant->type, 100, &self->addr);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(acceptor)
{
	close(self->fd);
}

TEST_F(acceptor, first_come_first_served)
{
	int client[10];
	int i, fd;
	char mark;

	for (i = 0; i < 10; i++) {
		client[i] = sock_connected(variant->family, variant->type, &self->addr);
		ASSERT_WORKS(client[i]);
		mark = (char)i;
		ASSERT_EQ(1, send(client[i], &mark, 1, 0));
	}
	for (i = 0; i < 10; i++) {
		fd = accept(self->fd, NULL, NULL);
		ASSERT_WORKS(fd);
		ASSERT_EQ(1, recv(fd, &mark, 1, 0));
		EXPECT_EQ(i, mark);
		close(fd);
		close(client[i]);
	}
	ASSERT_EQ(0, sock_nonblock(self->fd));
	EXPECT_FAILS(EAGAIN, accept(self->fd, NULL, NULL));
}

TEST_F(acceptor, gives_the_address_of_the_peer)
{
	struct addr client_addr, got = { .len = sizeof(got.storage) };
	int client, fd;

	client = sock_bound(variant->family, variant->type, &client_addr);
	ASSERT_WORKS(do_connect(client, &self->addr));
	fd = accept(self->fd, &got.sa, &got.len);
	ASSERT_WORKS(fd);
	EXPECT_TRUE(addr_same(&client_addr, &got));
	ASSERT_EQ(0, addr_own(fd, &got));
	EXPECT_TRUE(addr_same(&self->addr, &got));
	close(fd);
	close(client);
}

TEST_F(acceptor, short_address_buffer)
{
	struct addr client_addr, got = { .len = 3 };
	int client, fd;

	memset(&got.storage, 0xa5, sizeof(got.storage));
	client = sock_bound(variant->family, variant->type, &client_addr);
	ASSERT_WORKS(do_connect(client, &self->addr));
	fd = accept(self->fd, &got.sa, &got.len);
	ASSERT_WORKS(fd);
	/* The true length, and not a byte more than there was room for. */
	EXPECT_EQ(client_addr.len, got.len);
	EXPECT_EQ(0, memcmp(&client_addr.storage, &got.storage, 3));
	EXPECT_EQ(0xa5, ((unsigned char *)&got.storage)[3]);
	close(fd);
	close(client);
}

TEST_F(acceptor, flags_are_per_call)
{
	int client[3], fd[3], i;
	char byte;

	for (i = 0; i < 3; i++)
		client[i] = sock_connected(variant->family, variant->type, &self->addr);
	fd[0] = accept4(self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT_WORKS(fd[0]);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd[0], F_GETFD));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd[0], F_GETFL) & O_NONBLOCK);
	EXPECT_FAILS(EAGAIN, recv(fd[0], &byte, 1, 0));
	/* The listener's own O_NONBLOCK is not inherited. */
	ASSERT_EQ(0, sock_nonblock(self->fd));
	fd[1] = accept(self->fd, NULL, NULL);
	ASSERT_WORKS(fd[1]);
	EXPECT_EQ(0, fcntl(fd[1], F_GETFD));
	EXPECT_EQ(0, fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	EXPECT_FAILS(EINVAL, accept4(self->fd, NULL, NULL, 0x40000000));
	/* The refused call took nobody from the queue. */
	fd[2] = accept(self->fd, NULL, NULL);
	EXPECT_WORKS(fd[2]);
	for (i = 0; i < 3; i++) {
		close(fd[i]);
		close(client[i]);
	}
}

TEST_F(acceptor, child_says_what_it_is)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	int fd = accept(self->fd, NULL, NULL);

	ASSERT_WORKS(fd);
	EXPECT_EQ(variant->family, sock_option(fd, SO_DOMAIN));
	EXPECT_EQ(variant->type, sock_option(fd, SO_TYPE));
	EXPECT_EQ(0, sock_option(fd, SO_ACCEPTCONN));
	EXPECT_EQ(0, sock_option(fd, SO_ERROR));
	/* It is no listener. */
	EXPECT_FAILS(EINVAL, accept(fd, NULL, NULL));
	close(fd);
	close(client);
}

/* As TCP's children do; AF_UNIX makes a socket with the defaults. */
TEST_F(acceptor, child_inherits_options)
{
	bool inherits = variant->family != AF_UNIX;
	int option[] = { SO_KEEPALIVE, SO_OOBINLINE, SO_DONTROUTE, SO_RCVBUF };
	int value[ARRAY_SIZE(option)];
	struct timeval tv = { 0 };
	socklen_t len = sizeof(tv);
	int client, fd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(option); i++) {
		ASSERT_EQ(0, sock_set(self->fd, option[i], option[i] == SO_RCVBUF ? 50000 : 1));
		value[i] = sock_option(self->fd, option[i]);
	}
	ASSERT_EQ(0, sock_timeout(self->fd, SO_RCVTIMEO, 3000));
	client = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(client);
	fd = accept(self->fd, NULL, NULL);
	ASSERT_WORKS(fd);
	for (i = 0; i < ARRAY_SIZE(option); i++)
		EXPECT_EQ(inherits, value[i] == sock_option(fd, option[i]));
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	EXPECT_EQ(inherits ? 3 : 0, tv.tv_sec);
	/* The client's own are its own. */
	EXPECT_EQ(0, sock_option(client, SO_KEEPALIVE));
	close(fd);
	close(client);
}

TEST_F(acceptor, waits_for_a_connection)
{
	struct call c = { .fn = call_accept, .fd = self->fd };
	struct addr client_addr;
	int client;

	client = sock_bound(variant->family, variant->type, &client_addr);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_WORKS(do_connect(client, &self->addr));
	ASSERT_TRUE(call_returns(&c));
	ASSERT_LE(0, c.ret);
	EXPECT_TRUE(addr_same(&client_addr, &c.addr));
	EXPECT_EQ(100, flow_write(client, 100, 100, 0));
	EXPECT_EQ(100, flow_read((int)c.ret, 100, 100, 0));
	close((int)c.ret);
	close(client);
}

TEST_F(acceptor, nonblocking)
{
	ASSERT_EQ(0, sock_nonblock(self->fd));
	EXPECT_FAILS(EAGAIN, accept(self->fd, NULL, NULL));
}

TEST_F(acceptor, timeout)
{
	long start = now_ms();

	ASSERT_EQ(0, sock_timeout(self->fd, SO_RCVTIMEO, 100));
	EXPECT_FAILS(EAGAIN, accept(self->fd, NULL, NULL));
	EXPECT_LE(90, now_ms() - start);
}

TEST_F(acceptor, peer_closed_before)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	char buf[8];
	int fd;

	ASSERT_EQ(5, send(client, "hello", 5, 0));
	ASSERT_EQ(0, close(client));
	fd = accept(self->fd, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(5, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	EXPECT_EQ(0, recv(fd, buf, sizeof(buf), 0));
	/* TCP learns from its first segment that nobody is there. */
	if (variant->family == AF_INET)
		EXPECT_EQ(1, send(fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
}

TEST_F(acceptor, data_flows_before)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	/* A record is read as a whole. */
	size_t chunk = variant->type == SOCK_STREAM ? 777 : 1000;
	size_t len = 10000;
	int fd;

	ASSERT_EQ(len, flow_write(client, len, 1000, 0));
	fd = accept(self->fd, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(len, flow_read(fd, len, chunk, 0));
	/* And the other way. */
	ASSERT_EQ(len, flow_write(fd, len, 1000, 0));
	EXPECT_EQ(len, flow_read(client, len, chunk, 0));
	close(fd);
	close(client);
}

/* What waits in accept()'s queue is reset when the listener goes. */
TEST_F(acceptor, listener_closes_on_the_queued)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	char byte;

	ASSERT_WORKS(client);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_FAILS(ECONNRESET, recv(client, &byte, 1, 0));
	EXPECT_EQ(0, recv(client, &byte, 1, 0));
	EXPECT_FAILS(EPIPE, send(client, "x", 1, MSG_NOSIGNAL));
	close(client);
}

TEST_F(acceptor, listener_closes_on_a_sleeping_reader)
{
	struct call c = { .fn = call_recv, .len = 1 };
	char byte;

	c.fd = sock_connected(variant->family, variant->type, &self->addr);
	c.buf = &byte;
	ASSERT_WORKS(c.fd);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(ECONNRESET, c.err);
	close(c.fd);
}

TEST_F(acceptor, listener_closed_leaves_the_accepted)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	int fd = accept(self->fd, NULL, NULL);

	ASSERT_WORKS(fd);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_EQ(100, flow_write(client, 100, 100, 0));
	EXPECT_EQ(100, flow_read(fd, 100, 100, 0));
	close(fd);
	close(client);
}

/* A process without a free descriptor loses no connection. */
TEST_F(acceptor, descriptor_limit)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	struct rlimit limit = { .rlim_cur = client + 1, .rlim_max = client + 1 };
	int copy = dup(client);
	int fd;

	ASSERT_WORKS(copy);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_FAILS(EMFILE, accept(self->fd, NULL, NULL));
	EXPECT_EQ(100, flow_write(copy, 100, 100, 0));
	ASSERT_EQ(0, close(client));
	fd = accept(self->fd, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(100, flow_read(fd, 100, 100, 0));
	close(fd);
	close(copy);
}

TEST_F(acceptor, bad_address_pointer)
{
	int client = sock_connected(variant->family, variant->type, &self->addr);
	socklen_t len = sizeof(struct sockaddr_storage);
	char byte;

	ASSERT_WORKS(client);
	EXPECT_FAILS(EFAULT, accept(self->fd, mem_unmapped(len), &len));
	/* The core had accepted already, and closed: an end, not a hang. */
	EXPECT_NE(1, recv(client, &byte, 1, 0));
	close(client);
}

TEST_HARNESS_MAIN
