// SPDX-License-Identifier: GPL-2.0
/* epoll, level and edge, and select: an event for everything that happens. */
#include <sys/epoll.h>
#include <sys/select.h>

#include "harness.h"

FIXTURE(stream) {
	int fd[2];
	int epoll;
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
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	self->epoll = epoll_create1(0);
	ASSERT_WORKS(self->epoll);
}

FIXTURE_TEARDOWN(stream)
{
	close(self->epoll);
	close(self->fd[0]);
	close(self->fd[1]);
}

static int watch(int epoll, int op, int fd, unsigned int events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(epoll, op, fd, &e);
}

/* The events within @ms; 0 if there are none. */
static unsigned int next(int epoll, int ms)
{
	struct epoll_event e;
	int n = epoll_wait(epoll, &e, 1, ms);

	return n == 1 ? e.events : 0;
}

TEST_F(stream, level)
{
	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1], EPOLLIN));
	EXPECT_EQ(0, next(self->epoll, 0));
	ASSERT_EQ(10, flow_write(self->fd[0], 10, 5, 0));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 5000));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 0));
	EXPECT_EQ(5, flow_read(self->fd[1], 5, 5, 0));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 0));
	EXPECT_EQ(5, flow_read(self->fd[1], 5, 5, 5));
	EXPECT_EQ(0, next(self->epoll, 0));
}

/* An edge for each write, with the earlier ones unread. */
TEST_F(stream, edge_for_every_write)
{
	int i;

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1], EPOLLIN | EPOLLET));
	for (i = 0; i < scaled(100); i++) {
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(EPOLLIN, next(self->epoll, 5000));
		ASSERT_EQ(0, next(self->epoll, 0));
	}
}

TEST_F(stream, edge_after_a_partial_read)
{
	char buf[10];

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1], EPOLLIN | EPOLLET));
	ASSERT_EQ(3, flow_write(self->fd[0], 3, 3, 0));
	ASSERT_EQ(7, flow_write(self->fd[0], 7, 7, 3));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 5000));
	ASSERT_EQ(3, recv(self->fd[1], buf, 3, 0));
	/* Reading is no event, what follows is. */
	EXPECT_EQ(0, next(self->epoll, 20));
	ASSERT_EQ(1, flow_write(self->fd[0], 1, 1, 10));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 5000));
	EXPECT_EQ(8, flow_read(self->fd[1], 8, 8, 3));
}

TEST_F(stream, edge_of_what_was_there_before)
{
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1], EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 0));
	EXPECT_EQ(0, next(self->epoll, 0));
}

/* Room comes back: one edge, however many times the stream was full. */
TEST_F(stream, edge_of_room)
{
	ssize_t total, offset = 0;
	int i;

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[0], EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLOUT, next(self->epoll, 0));
	for (i = 0; i < 3; i++) {
		total = flow_fill(self->fd[0], offset);
		ASSERT_LT(0, total);
		/* TCP's own movement of the data may have made some. */
		if (variant->family == AF_INET)
			next(self->epoll, 0);
		ASSERT_EQ(0, next(self->epoll, 0));
		ASSERT_EQ(total, flow_read(self->fd[1], total, 50000, offset));
		ASSERT_EQ(EPOLLOUT, next(self->epoll, 5000));
		offset += total;
	}
}

TEST_F(stream, edge_of_the_end)
{
	unsigned int want = EPOLLIN | EPOLLRDHUP;

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1],
			   EPOLLIN | EPOLLRDHUP | EPOLLET));
	EXPECT_EQ(0, next(self->epoll, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(want, next(self->epoll, 5000));
	EXPECT_EQ(0, next(self->epoll, 0));
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_WR));
	EXPECT_EQ(want | EPOLLHUP, next(self->epoll, 5000));
}

TEST_F(stream, one_shot)
{
	unsigned int want = EPOLLIN | EPOLLONESHOT;

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1], want));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 5000));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(0, next(self->epoll, 20));
	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_MOD, self->fd[1], want));
	EXPECT_EQ(EPOLLIN, next(self->epoll, 0));
}

static long call_epoll(struct call *c)
{
	struct epoll_event e;

	return epoll_wait(c->fd, &e, 1, -1) == 1 ? (long)e.events : -1;
}

TEST_F(stream, sleeping_waiter_is_woken)
{
	struct call c = { .fn = call_epoll, .fd = self->epoll };
	int i;

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1], EPOLLIN | EPOLLET));
	for (i = 0; i < 5; i++) {
		call_start(&c);
		ASSERT_TRUE(call_sleeps(&c));
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_TRUE(call_returns(&c));
		EXPECT_EQ(EPOLLIN, c.ret);
	}
}

TEST_F(stream, connections)
{
	struct addr a;
	int listener = sock_listening(variant->family, variant->type, 10, &a);
	int fd[3], i;

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLET));
	for (i = 0; i < 3; i++) {
		fd[i] = sock_connected(variant->family, variant->type, &a);
		ASSERT_WORKS(fd[i]);
		EXPECT_EQ(EPOLLIN, next(self->epoll, 5000));
		EXPECT_EQ(0, next(self->epoll, 0));
	}
	for (i = 0; i < 3; i++)
		close(fd[i]);
	close(listener);
}

static int select_one(int fd, bool write, int ms)
{
	struct timeval tv = { .tv_usec = ms * 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, write ? NULL : &set, write ? &set : NULL, NULL, &tv);
}

TEST_F(stream, select)
{
	EXPECT_EQ(0, select_one(self->fd[1], false, 0));
	EXPECT_EQ(1, select_one(self->fd[0], true, 0));
	ASSERT_LT(0, flow_fill(self->fd[0], 0));
	EXPECT_EQ(1, select_one(self->fd[1], false, 900));
	EXPECT_EQ(0, select_one(self->fd[0], true, 0));
}

FIXTURE(message) {
	int fd[2];
	int epoll;
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
	self->epoll = epoll_create1(0);
	ASSERT_WORKS(self->epoll);
}

FIXTURE_TEARDOWN(message)
{
	close(self->epoll);
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(message, edge_for_every_message)
{
	int i;

	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1], EPOLLIN | EPOLLET));
	for (i = 0; i < 10; i++) {
		/* An empty one is as good as any other. */
		ASSERT_EQ(i & 1, send(self->fd[0], "x", i & 1, 0));
		ASSERT_EQ(EPOLLIN, next(self->epoll, 5000));
		ASSERT_EQ(0, next(self->epoll, 0));
	}
}

TEST_F(message, edge_of_the_end)
{
	ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[1],
			   EPOLLIN | EPOLLRDHUP | EPOLLET));
	EXPECT_EQ(0, next(self->epoll, 0));
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_RD));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, next(self->epoll, 5000));
}

TEST_HARNESS_MAIN
