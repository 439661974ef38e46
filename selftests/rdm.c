// SPDX-License-Identifier: GPL-2.0
/* SOCK_RDM: no message is dropped, and who waits for a full receiver is woken. */
#include <linux/sock_diag.h>
#include <sys/epoll.h>

#include "harness.h"

#define SMALL	8192	/* SO_RCVBUF of the receiver; the kernel doubles it */
#define LEN	1000	/* bytes of an ordinary message */

FIXTURE(reliable) {
	struct addr addr;	/* of the receiver that gets full */
	struct addr other_addr;
	int fd;			/* the sender */
	int full;
	int other;
};

FIXTURE_SETUP(reliable)
{
	self->fd = socket(AF_EXPERIMENTAL, SOCK_RDM, 0);
	ASSERT_WORKS(self->fd);
	self->full = sock_bound(AF_EXPERIMENTAL, SOCK_RDM, &self->addr);
	ASSERT_WORKS(self->full);
	self->other = sock_bound(AF_EXPERIMENTAL, SOCK_RDM, &self->other_addr);
	ASSERT_WORKS(self->other);
	ASSERT_EQ(0, sock_set(self->full, SO_RCVBUF, SMALL));
}

FIXTURE_TEARDOWN(reliable)
{
	close(self->fd);
	close(self->full);
	close(self->other);
}

static char data[1 << 20];

static ssize_t send_to(int fd, size_t len, const struct addr *to)
{
	return sendto(fd, data, len, MSG_DONTWAIT, &to->sa, to->len);
}

/* Sends until the receiver is full: how many messages that took. */
static int fill(int fd, size_t len, const struct addr *to)
{
	int count = 0;

	while (send_to(fd, len, to) == (ssize_t)len)
		count++;
	return errno == EAGAIN ? count : -1;
}

static int drain(int fd)
{
	int count = 0;

	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		count++;
	return count;
}

static unsigned int memory(int fd, int which)
{
	unsigned int info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	memset(info, 0xff, sizeof(info));
	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[which];
}

/* Waits for the sender's charge to be @want: it is freed as messages are. */
static bool sent_memory_is(int fd, unsigned int want)
{
	int i;

	for (i = 0; i < 2000 && memory(fd, SK_MEMINFO_WMEM_ALLOC) != want; i++)
		usleep(1000);
	return memory(fd, SK_MEMINFO_WMEM_ALLOC) == want;
}

static long send_numbers(struct call *c)
{
	unsigned int i;

	for (i = 0; i < c->len; i++)
		if (sendto(c->fd, &i, sizeof(i), 0, &c->addr.sa, c->addr.len) != sizeof(i))
			return -1;
	return i;
}

/* Through a buffer that holds a few of them: all arrive, and in order. */
TEST_F_TIMEOUT(reliable, never_drops, 60)
{
	struct call c = { .fn = send_numbers, .fd = self->fd, .addr = self->addr };
	unsigned int i, number;

	c.len = scaled(20000);
	call_start(&c);
	for (i = 0; i < c.len; i++) {
		ASSERT_EQ(sizeof(number), recv(self->full, &number, sizeof(number), 0));
		ASSERT_EQ(i, number);
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(c.len, c.ret);
	EXPECT_EQ(0, memory(self->full, SK_MEMINFO_DROPS));
	EXPECT_FAILS(EAGAIN, recv(self->full, &number, sizeof(number), MSG_DONTWAIT));
}

TEST_F(reliable, full_receiver)
{
	int count = fill(self->fd, LEN, &self->addr);

	EXPECT_LT(3, count);
	EXPECT_GT(30, count);
	EXPECT_FAILS(EAGAIN, send_to(self->fd, 1, &self->addr));
	ASSERT_EQ(0, sock_timeout(self->fd, SO_SNDTIMEO, 50));
	EXPECT_FAILS(EAGAIN, sendto(self->fd, data, LEN, 0, &self->addr.sa, self->addr.len));
	/* What was refused did not arrive, what was taken did. */
	EXPECT_EQ(count, drain(self->full));
	EXPECT_EQ(0, memory(self->full, SK_MEMINFO_DROPS));
	EXPECT_EQ(LEN, send_to(self->fd, LEN, &self->addr));
}

/* POLLOUT is about the destination that was full, and no other. */
TEST_F(reliable, another_destination)
{
	ASSERT_LT(0, fill(self->fd, LEN, &self->addr));
	EXPECT_EQ(0, flow_events(self->fd));
	EXPECT_EQ(LEN, send_to(self->fd, LEN, &self->other_addr));
	EXPECT_EQ(POLLOUT, flow_events(self->fd));
	EXPECT_FAILS(EAGAIN, send_to(self->fd, LEN, &self->addr));
	EXPECT_EQ(0, flow_events(self->fd));
	/* Another sender has tried nothing yet. */
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->other));
	ASSERT_LT(0, drain(self->full));
	EXPECT_EQ(POLLOUT, flow_events(self->fd));
}

/* One that is connected knows where its next message goes. */
TEST_F(reliable, connected_sender)
{
	int fd = socket(AF_EXPERIMENTAL, SOCK_RDM, 0);

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	EXPECT_EQ(POLLOUT, flow_events(self->fd));
	ASSERT_LT(0, fill(fd, LEN, &self->addr));
	EXPECT_EQ(0, flow_events(self->fd));
	ASSERT_LT(0, drain(self->full));
	EXPECT_EQ(POLLOUT, flow_events(self->fd));
	close(fd);
}

/* What happens to the receiver, by number. */
enum event { READS, CLOSES, SHUTS, GROWS };

FIXTURE(woken) {
	struct addr addr;
	int fd;
	int full;
};

FIXTURE_VARIANT(woken) {
	enum event event;
	int err;	/* what the next send() says */
};

FIXTURE_VARIANT_ADD(woken, by_reads) { .event = READS, };
FIXTURE_VARIANT_ADD(woken, by_close) { .event = CLOSES, .err = ECONNREFUSED, };
FIXTURE_VARIANT_ADD(woken, by_shutdown) { .event = SHUTS, .err = ECONNREFUSED, };
FIXTURE_VARIANT_ADD(woken, by_a_larger_buffer) { .event = GROWS, };

FIXTURE_SETUP(woken)
{
	self->full = sock_bound(AF_EXPERIMENTAL, SOCK_RDM, &self->addr);
	ASSERT_WORKS(self->full);
	ASSERT_EQ(0, sock_set(self->full, SO_RCVBUF, SMALL));
	self->fd = sock_connected(AF_EXPERIMENTAL, SOCK_RDM, &self->addr);
	ASSERT_WORKS(self->fd);
	ASSERT_LT(0, fill(self->fd, LEN, &self->addr));
}

FIXTURE_TEARDOWN(woken)
{
	close(self->fd);
	close(self->full);
}

static void cause(enum event event, int *fd)
{
	switch (event) {
	case READS:
		drain(*fd);
		break;
	case CLOSES:
		close(*fd);
		*fd = -1;
		break;
	case SHUTS:
		shutdown(*fd, SHUT_RD);
		break;
	case GROWS:
		sock_set(*fd, SO_RCVBUF, 100000);
	}
}

TEST_F(woken, send)
{
	struct call c = { .fn = call_send, .fd = self->fd, .buf = data, .len = LEN };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	cause(variant->event, &self->full);
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(variant->err, c.err);
}

TEST_F(woken, poll)
{
	struct call c = { .fn = call_poll, .fd = self->fd, .flags = POLLOUT };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	cause(variant->event, &self->full);
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLOUT, c.ret);
	EXPECT_FAILS(variant->err, send(self->fd, data, LEN, MSG_DONTWAIT));
}

TEST_F(woken, edge)
{
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int epoll = epoll_create1(0);

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &e));
	ASSERT_EQ(0, epoll_wait(epoll, &e, 1, 0));
	cause(variant->event, &self->full);
	ASSERT_EQ(1, epoll_wait(epoll, &e, 1, 5000));
	EXPECT_EQ(EPOLLOUT, e.events);
	EXPECT_EQ(0, epoll_wait(epoll, &e, 1, 0));
	close(epoll);
}

/* Everybody who waits, not the first one only. */
TEST_F(woken, all)
{
	struct call c[4] = { 0 };
	int i;

	for (i = 0; i < 4; i++) {
		c[i].fn = call_send;
		c[i].fd = sock_connected(AF_EXPERIMENTAL, SOCK_RDM, &self->addr);
		c[i].buf = data;
		c[i].len = 10;
		ASSERT_WORKS(c[i].fd);
		call_start(&c[i]);
		ASSERT_TRUE(call_sleeps(&c[i]));
	}
	cause(variant->event, &self->full);
	for (i = 0; i < 4; i++) {
		ASSERT_TRUE(call_returns(&c[i]));
		EXPECT_EQ(variant->err, c[i].err);
		close(c[i].fd);
	}
}

/*
 * A message that takes up most of its sender's own buffer while it waits must
 * not keep that sender from being woken.
 */
TEST_F(reliable, large_message_is_woken)
{
	size_t len = 120000;
	struct call c = { .fn = call_send, .fd = self->fd, .buf = data, .len = len };

	ASSERT_WORKS(do_connect(self->fd, &self->addr));
	ASSERT_LE(1, fill(self->fd, len, &self->addr));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_LE(1, drain(self->full));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(len, c.ret);
}

/* A sender's own buffer bounds what all receivers have not read yet. */
TEST_F(reliable, own_buffer)
{
	struct call c = { .fn = call_poll, .fd = self->fd, .flags = POLLOUT };
	int count;

	ASSERT_EQ(0, sock_set(self->fd, SO_SNDBUF, SMALL));
	count = fill(self->fd, LEN, &self->other_addr);
	EXPECT_LT(1, count);
	EXPECT_GT(30, count);
	EXPECT_EQ(0, flow_events(self->fd));
	EXPECT_FAILS(EAGAIN, send_to(self->fd, LEN, &self->addr));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	EXPECT_EQ(count, drain(self->other));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLOUT, c.ret);
}

TEST_F(reliable, all_nodes)
{
	struct addr all = addr_exp(self->addr.exp.sexp_port, EXP_NODE_ALL);

	EXPECT_FAILS(EOPNOTSUPP, send_to(self->fd, 1, &all));
	ASSERT_EQ(0, sock_set(self->fd, SO_BROADCAST, 1));
	EXPECT_FAILS(EOPNOTSUPP, send_to(self->fd, 1, &all));
	EXPECT_EQ(0, drain(self->full));
}

TEST_F(reliable, counts_on_both_ends)
{
	unsigned int none = memory(self->fd, SK_MEMINFO_WMEM_ALLOC);

	EXPECT_EQ(0, memory(self->full, SK_MEMINFO_RMEM_ALLOC));
	ASSERT_EQ(LEN, send_to(self->fd, LEN, &self->addr));
	ASSERT_EQ(LEN, send_to(self->fd, LEN, &self->addr));
	EXPECT_LE(2 * LEN, memory(self->full, SK_MEMINFO_RMEM_ALLOC));
	EXPECT_LE(none + 2 * LEN, memory(self->fd, SK_MEMINFO_WMEM_ALLOC));
	EXPECT_EQ(memory(self->full, SK_MEMINFO_RMEM_ALLOC),
		  memory(self->fd, SK_MEMINFO_WMEM_ALLOC) - none);
	/* To look is not to take. */
	ASSERT_EQ(LEN, recv(self->full, data, LEN, MSG_PEEK));
	EXPECT_LE(2 * LEN, memory(self->full, SK_MEMINFO_RMEM_ALLOC));
	ASSERT_EQ(2, drain(self->full));
	EXPECT_EQ(0, memory(self->full, SK_MEMINFO_RMEM_ALLOC));
	EXPECT_TRUE(sent_memory_is(self->fd, none));
	/* What a receiver leaves unread is given back as well. */
	ASSERT_EQ(LEN, send_to(self->fd, LEN, &self->addr));
	ASSERT_EQ(0, close(self->full));
	self->full = -1;
	EXPECT_TRUE(sent_memory_is(self->fd, none));
}

/* Each message is charged to its sender: that must not keep it, or itself, alive. */
TEST_F(reliable, unread_messages_leave_nothing)
{
	int before = sock_count();
	struct addr a[2];
	int fd[2], i;

	for (i = 0; i < 2; i++)
		fd[i] = sock_bound(AF_EXPERIMENTAL, SOCK_RDM, &a[i]);
	/* To each other, and to themselves. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(LEN, send_to(fd[i], LEN, &a[!i]));
		ASSERT_EQ(LEN, send_to(fd[i], LEN, &a[i]));
	}
	close(fd[0]);
	close(fd[1]);
	EXPECT_TRUE(sock_count_is(before));
}

TEST_F(reliable, one_mebibyte_pieces)
{
	ASSERT_EQ(0, sock_set(self->fd, SO_SNDBUFFORCE, 4 << 20));
	pattern_fill(data, sizeof(data), 0);
	ASSERT_EQ(sizeof(data), send_to(self->fd, sizeof(data), &self->addr));
	/* Larger than all of the buffer: taken by one that is not full. */
	EXPECT_FAILS(EAGAIN, send_to(self->fd, 1, &self->addr));
	memset(data, 0, sizeof(data));
	ASSERT_EQ(sizeof(data), recv(self->full, data, sizeof(data), 0));
	EXPECT_EQ(sizeof(data), pattern_check(data, sizeof(data), 0));
	EXPECT_EQ(1, send_to(self->fd, 1, &self->addr));
}

TEST_HARNESS_MAIN
