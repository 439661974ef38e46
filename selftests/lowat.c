// SPDX-License-Identifier: GPL-2.0
/* SO_RCVLOWAT: how much must have come before a reader is told; SO_SNDLOWAT. */
#include <sys/epoll.h>
#include <sys/select.h>

#include "harness.h"

static bool selects(int fd)
{
	struct timeval now = { 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &now) == 1;
}

FIXTURE(stream) {
	int fd[2];
	int epoll;
};

FIXTURE_VARIANT(stream) {
	int family;
};

FIXTURE_VARIANT_ADD(stream, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(stream, tcp) { .family = AF_INET, };

FIXTURE_SETUP(stream)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	ASSERT_WORKS(sock_pair(variant->family, SOCK_STREAM, self->fd));
	self->epoll = epoll_create1(0);
	ASSERT_EQ(0, epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->fd[1], &event));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->epoll);
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Of select(), poll() and epoll(), which must agree. */
static int readable(int fd, int epoll)
{
	struct epoll_event event;
	int by_poll = !!(flow_events(fd) & POLLIN);

	if (by_poll != selects(fd) || by_poll != epoll_wait(epoll, &event, 1, 0))
		return -1;
	return by_poll;
}

static bool comes_readable(int fd, int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 5000) == 1 && (flow_events(fd) & POLLIN) && selects(fd);
}

TEST_F(stream, value)
{
	int half;

	EXPECT_EQ(1, sock_option(self->fd[1], SO_RCVLOWAT));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 20000));
	half = sock_option(self->fd[1], SO_RCVBUF) / 2;
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 100));
	EXPECT_EQ(100, sock_option(self->fd[1], SO_RCVLOWAT));
	/* More than half would hold everything up. */
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10000000));
	EXPECT_EQ(half, sock_option(self->fd[1], SO_RCVLOWAT));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, -1));
	EXPECT_EQ(half, sock_option(self->fd[1], SO_RCVLOWAT));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 0));
	EXPECT_EQ(1, sock_option(self->fd[1], SO_RCVLOWAT));
}

TEST_F(stream, holds_events_back)
{
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10));
	ASSERT_EQ(9, flow_write(self->fd[0], 9, 9, 0));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 50));
	EXPECT_EQ(0, readable(self->fd[1], self->epoll));
	ASSERT_EQ(1, flow_write(self->fd[0], 1, 1, 9));
	EXPECT_TRUE(comes_readable(self->fd[1], self->epoll));
	EXPECT_EQ(10, flow_read(self->fd[1], 10, 10, 0));
}

TEST_F(stream, holds_reads_back)
{
	char buf[20];
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };
	int more;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10));
	ASSERT_EQ(9, flow_write(self->fd[0], 9, 9, 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	/* TCP wakes nobody for less than the mark, whatever was taken before. */
	more = variant->family == AF_INET ? 11 : 3;
	ASSERT_EQ(more, flow_write(self->fd[0], more, more, 9));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(9 + more, c.ret);
	EXPECT_EQ(9 + more, pattern_check(buf, 9 + more, 0));
	/* A read that may not wait takes what is there. */
	ASSERT_EQ(3, flow_write(self->fd[0], 3, 3, 0));
	while ((c.ret = recv(self->fd[1], buf, 20, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
		;
	EXPECT_LT(0, c.ret);
}

TEST_F(stream, time_is_up)
{
	long start = now_ms();
	char buf[20];

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10));
	ASSERT_EQ(0, sock_timeout(self->fd[1], SO_RCVTIMEO, 400));
	ASSERT_EQ(9, flow_write(self->fd[0], 9, 9, 0));
	EXPECT_EQ(9, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_LE(200, now_ms() - start);
}

TEST_F(stream, end)
{
	char buf[20];

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10));
	ASSERT_EQ(9, flow_write(self->fd[0], 9, 9, 0));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 20));
	shutdown(self->fd[0], SHUT_WR);
	EXPECT_TRUE(comes_readable(self->fd[1], self->epoll));
	EXPECT_EQ(9, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, recv(self->fd[1], buf, sizeof(buf), 0));
}

TEST_F(stream, error)
{
	struct linger now = { .l_onoff = 1 };

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10));
	ASSERT_EQ(9, flow_write(self->fd[0], 9, 9, 0));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 20));
	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	close(self->fd[0]);
	self->fd[0] = -1;
	EXPECT_TRUE(comes_readable(self->fd[1], self->epoll));
}

TEST_F(stream, lower_mark_wakes)
{
	struct call c = { .fn = call_poll, .fd = self->fd[1], .flags = POLLIN };

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10));
	ASSERT_EQ(5, flow_write(self->fd[0], 5, 5, 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 5));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLIN, c.ret);
}

/* A buffer that is full is readable, and so is one that has become so. */
TEST_F(stream, full)
{
	struct call c = { .fn = call_poll, .fd = self->fd[1], .flags = POLLIN };
	ssize_t total;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 10000000));
	total = flow_fill(self->fd[0], 0);
	ASSERT_LT(0, total);
	EXPECT_TRUE(comes_readable(self->fd[1], self->epoll));
	EXPECT_EQ(total, flow_read(self->fd[1], total, total, 0));
	if (variant->family != AF_EXPERIMENTAL)
		return;

	/* TCP has the data in its own buffer by then, whatever the sender's size. */
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 50000));
	ASSERT_EQ(20000, flow_write(self->fd[0], 20000, 20000, 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 5000));
	EXPECT_FAILS(EAGAIN, send(self->fd[0], "x", 1, MSG_DONTWAIT));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLIN, c.ret);
}

TEST_F(stream, own_buffer_shrinks)
{
	struct call c = { .fn = call_poll, .fd = self->fd[1], .flags = POLLIN };

	if (variant->family != AF_EXPERIMENTAL)
		SKIP(return, "TCP looks again with the next segment only");
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 50000));
	ASSERT_EQ(20000, flow_write(self->fd[0], 20000, 20000, 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 10000));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLIN, c.ret);
}

FIXTURE(message) {
	int fd[2];
};

FIXTURE_VARIANT(message) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(message, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(message, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
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

/* A message is never held back: it comes as a whole. */
TEST_F(message, is_enough)
{
	char byte;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 100));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(message, send_mark)
{
	EXPECT_EQ(1, sock_option(self->fd[0], SO_SNDLOWAT));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd[0], SO_SNDLOWAT, 1));
}

TEST_HARNESS_MAIN
