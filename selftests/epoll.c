// SPDX-License-Identifier: GPL-2.0
/* epoll in all its modes, ppoll and pselect: an event for everything that happens. */
#include <poll.h>
#include <stdatomic.h>
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

#define WAITERS	4

/* Some who wait for one descriptor, each with an epoll of its own. */
struct crowd {
	struct call call[WAITERS];
};

static bool crowd_waits(struct crowd *crowd, int fd, unsigned int events)
{
	int i;

	for (i = 0; i < WAITERS; i++) {
		crowd->call[i].fn = call_epoll;
		crowd->call[i].fd = epoll_create1(0);
		if (watch(crowd->call[i].fd, EPOLL_CTL_ADD, fd, events))
			return false;
	}
	for (i = 0; i < WAITERS; i++) {
		call_start(&crowd->call[i]);
		if (!call_sleeps(&crowd->call[i]))
			return false;
	}
	return true;
}

/* How many have been woken: at least one, as of 50 ms after the first. */
static int crowd_woken(struct crowd *crowd)
{
	long end = now_ms() + 5000;
	int i, woken = 0;

	while (!woken && now_ms() < end) {
		usleep(50000);
		for (i = 0; i < WAITERS; i++)
			woken += crowd->call[i].done;
	}
	return woken;
}

/* The rest are woken by the end of what they wait for. */
static bool crowd_goes(struct crowd *crowd)
{
	bool gone = true;
	int i;

	for (i = 0; i < WAITERS; i++) {
		gone &= call_returns(&crowd->call[i]);
		close(crowd->call[i].fd);
	}
	return gone;
}

/* Whoever waits exclusively is one of them who is woken, and otherwise all are. */
TEST_F(stream, exclusive)
{
	struct crowd crowd = { 0 };

	ASSERT_TRUE(crowd_waits(&crowd, self->fd[1], EPOLLIN | EPOLLEXCLUSIVE));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(1, crowd_woken(&crowd));
	/* The end concerns everybody. */
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_TRUE(crowd_goes(&crowd));
}

TEST_F(stream, not_exclusive)
{
	struct crowd crowd = { 0 };

	ASSERT_TRUE(crowd_waits(&crowd, self->fd[1], EPOLLIN));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(WAITERS, crowd_woken(&crowd));
	EXPECT_TRUE(crowd_goes(&crowd));
}

TEST_F(stream, exclusive_connections)
{
	struct addr a;
	int listener = sock_listening(variant->family, variant->type, 10, &a);
	struct crowd crowd = { 0 };
	int fd[WAITERS], i;

	ASSERT_TRUE(crowd_waits(&crowd, listener, EPOLLIN | EPOLLEXCLUSIVE));
	fd[0] = sock_connected(variant->family, variant->type, &a);
	ASSERT_WORKS(fd[0]);
	EXPECT_EQ(1, crowd_woken(&crowd));
	for (i = 1; i < WAITERS; i++)
		fd[i] = sock_connected(variant->family, variant->type, &a);
	EXPECT_TRUE(crowd_goes(&crowd));
	for (i = 0; i < WAITERS; i++)
		close(fd[i]);
	close(listener);
}

/* The sets are of reading, writing and exceptions; what is left in them afterwards. */
static int select_one(int fd, int events, int ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };
	fd_set set[3];
	int i, n;

	for (i = 0; i < 3; i++) {
		FD_ZERO(&set[i]);
		FD_SET(fd, &set[i]);
	}
	n = pselect(fd + 1, events & POLLIN ? &set[0] : NULL, events & POLLOUT ? &set[1] : NULL,
		    events & POLLPRI ? &set[2] : NULL, &ts, NULL);
	if (n <= 0)
		return n;
	return (events & POLLIN && FD_ISSET(fd, &set[0]) ? POLLIN : 0) |
		(events & POLLOUT && FD_ISSET(fd, &set[1]) ? POLLOUT : 0) |
		(events & POLLPRI && FD_ISSET(fd, &set[2]) ? POLLPRI : 0);
}

TEST_F(stream, select)
{
	int all = POLLIN | POLLOUT | POLLPRI;

	EXPECT_EQ(0, select_one(self->fd[1], POLLIN, 0));
	EXPECT_EQ(POLLOUT, select_one(self->fd[0], all, 0));
	ASSERT_LT(0, flow_fill(self->fd[0], 0));
	EXPECT_EQ(POLLIN, select_one(self->fd[1], POLLIN, 900));
	EXPECT_EQ(POLLIN | POLLOUT, select_one(self->fd[1], all, 0));
	EXPECT_EQ(0, select_one(self->fd[0], all, 0));
}

/* What select() calls exceptional is urgent data, and neither an end nor an error. */
TEST_F(stream, select_exceptional)
{
	int other[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, other));
	ASSERT_EQ(0, close(other[0]));
	EXPECT_EQ(POLLIN, select_one(other[1], POLLIN | POLLPRI, 900));
	close(other[1]);
	if (variant->type != SOCK_STREAM)
		return;
	ASSERT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB));
	EXPECT_EQ(POLLPRI, select_one(self->fd[1], POLLPRI, 900));
}

static atomic_int disturbed;

static void disturb(int sig)
{
	(void)sig;
	disturbed++;
}

static long call_ppoll(struct call *c)
{
	struct pollfd p = { .fd = c->fd, .events = (short)c->flags };
	sigset_t none;
	int ret;

	sigemptyset(&none);
	ret = ppoll(&p, 1, NULL, &none);
	return ret < 0 ? -1 : p.revents;
}

/* A signal that is blocked but while ppoll() sleeps ends it; so does an event. */
TEST_F(stream, ppoll)
{
	struct call c = { .fn = call_ppoll, .fd = self->fd[1], .flags = POLLIN };
	struct sigaction sa = { .sa_handler = disturb, .sa_flags = SA_RESTART };
	struct timespec some = { .tv_nsec = 50000000 };
	struct pollfd p = { .fd = self->fd[1], .events = POLLIN };
	long start = now_ms();
	sigset_t set;

	EXPECT_EQ(0, ppoll(&p, 1, &some, NULL));
	EXPECT_LE(45, now_ms() - start);

	disturbed = 0;
	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	call_signal(&c, SIGUSR1);
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(EINTR, c.err);
	EXPECT_EQ(1, disturbed);

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLIN, c.ret);
}

/* They all look at the same thing. */
TEST_F(stream, all_agree)
{
	int all = POLLIN | POLLOUT | POLLPRI, seen, round;

	for (round = 0; round < 4; round++) {
		if (round == 1)
			ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
		if (round == 2)
			ASSERT_LT(0, flow_fill(self->fd[0], 0));
		if (round == 3)
			ASSERT_EQ(0, shutdown(self->fd[1], SHUT_WR));
		seen = flow_settle(self->fd[0], (round > 0 ? POLLIN : 0) |
				   (round < 2 ? POLLOUT : 0) | (round > 2 ? POLLRDHUP : 0));
		EXPECT_EQ(seen & all, select_one(self->fd[0], all, 0));
		ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_ADD, self->fd[0], all | POLLRDHUP));
		EXPECT_EQ(seen, next(self->epoll, 0));
		ASSERT_EQ(0, watch(self->epoll, EPOLL_CTL_DEL, self->fd[0], 0));
	}
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
