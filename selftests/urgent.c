// SPDX-License-Identifier: GPL-2.0
/* Urgent data: one byte of a stream, its mark, and who is told of it. */
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "harness.h"

FIXTURE(urgent) {
	int fd[2];
};

FIXTURE_VARIANT(urgent) {
	int family;
};

FIXTURE_VARIANT_ADD(urgent, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(urgent, unix) { .family = AF_UNIX, };

FIXTURE_SETUP(urgent)
{
	ASSERT_WORKS(sock_pair(variant->family, SOCK_STREAM, self->fd));
}

FIXTURE_TEARDOWN(urgent)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static int at_mark(int fd)
{
	int at = -1;

	return ioctl(fd, SIOCATMARK, &at) ? -1 : at;
}

/* Reads @want exactly, in one call that may ask for more. */
static bool reads(int fd, const char *want)
{
	ssize_t len = strlen(want);
	char buf[100];

	return recv(fd, buf, sizeof(buf), MSG_DONTWAIT) == len && !memcmp(buf, want, len);
}

/* The urgent byte, or -1 and errno. */
static int urgent(int fd, int flags)
{
	unsigned char byte;

	return recv(fd, &byte, 1, MSG_OOB | flags) == 1 ? byte : -1;
}

TEST_F(urgent, one_byte)
{
	char buf[10];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	ASSERT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB));
	ASSERT_EQ(1, recvmsg(self->fd[1], &m, MSG_OOB));
	EXPECT_EQ('!', buf[0]);
	EXPECT_EQ(MSG_OOB, m.msg_flags);
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
}

/* Of several bytes the last one is urgent. */
TEST_F(urgent, last_byte)
{
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	EXPECT_EQ('c', urgent(self->fd[1], 0));
	EXPECT_TRUE(reads(self->fd[1], "ab"));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], NULL, 1, MSG_DONTWAIT));
}

TEST_F(urgent, none)
{
	/* It never waits. */
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], 0));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], 0));
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], MSG_PEEK));
	EXPECT_TRUE(reads(self->fd[1], "abc"));
	EXPECT_EQ(0, at_mark(self->fd[1]));
}

TEST_F(urgent, peeked)
{
	int i;

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	for (i = 0; i < 3; i++)
		EXPECT_EQ('c', urgent(self->fd[1], MSG_PEEK));
	EXPECT_EQ('c', urgent(self->fd[1], 0));
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], MSG_PEEK));
}

/* A read goes up to the mark, and no further. */
TEST_F(urgent, reads_stop_before_it)
{
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	ASSERT_EQ(2, send(self->fd[0], "de", 2, 0));
	EXPECT_EQ(0, at_mark(self->fd[1]));
	EXPECT_TRUE(reads(self->fd[1], "ab"));
	EXPECT_EQ(1, at_mark(self->fd[1]));
	EXPECT_EQ('c', urgent(self->fd[1], 0));
	EXPECT_TRUE(reads(self->fd[1], "de"));
	EXPECT_EQ(0, at_mark(self->fd[1]));
}

/* Who does not ask for it passes it by. */
TEST_F(urgent, read_past)
{
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	ASSERT_EQ(2, send(self->fd[0], "de", 2, 0));
	EXPECT_TRUE(reads(self->fd[1], "ab"));
	EXPECT_TRUE(reads(self->fd[1], "de"));
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], 0));
	EXPECT_EQ(0, flow_events(self->fd[1]) & POLLPRI);
}

/* MSG_WAITALL ends at the mark too. */
TEST_F(urgent, waitall_stops_before_it)
{
	char buf[10];

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	ASSERT_EQ(7, send(self->fd[0], "defghij", 7, 0));
	ASSERT_EQ(2, recv(self->fd[1], buf, sizeof(buf), MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "ab", 2));
}

TEST_F(urgent, peek_of_the_rest)
{
	char buf[10];

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	ASSERT_EQ(2, send(self->fd[0], "de", 2, 0));
	ASSERT_EQ(2, recv(self->fd[1], buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(0, memcmp(buf, "ab", 2));
	EXPECT_TRUE(reads(self->fd[1], "ab"));
	EXPECT_EQ('c', urgent(self->fd[1], 0));
	ASSERT_EQ(2, recv(self->fd[1], buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(0, memcmp(buf, "de", 2));
}

/* There is one at a time: a second one makes the first an ordinary byte. */
TEST_F(urgent, second_one)
{
	ASSERT_EQ(1, send(self->fd[0], "a", 1, MSG_OOB));
	ASSERT_EQ(2, send(self->fd[0], "bc", 2, 0));
	ASSERT_EQ(1, send(self->fd[0], "d", 1, MSG_OOB));
	EXPECT_EQ('d', urgent(self->fd[1], MSG_PEEK));
	EXPECT_EQ(0, at_mark(self->fd[1]));
	EXPECT_TRUE(reads(self->fd[1], "abc"));
	EXPECT_EQ(1, at_mark(self->fd[1]));
	EXPECT_EQ('d', urgent(self->fd[1], 0));
}

TEST_F(urgent, one_after_the_other)
{
	int i;

	for (i = 0; i < scaled(1000); i++) {
		char text[3] = { (char)i, (char)(i + 1), (char)(i + 2) };

		ASSERT_EQ(3, send(self->fd[0], text, 3, MSG_OOB));
		ASSERT_EQ((unsigned char)(i + 2), urgent(self->fd[1], 0));
		ASSERT_EQ(2, flow_wait(self->fd[1], POLLIN, 0) ?
			     recv(self->fd[1], text, 3, MSG_DONTWAIT) : -1);
		ASSERT_EQ((char)i, text[0]);
	}
}

TEST_F(urgent, in_line)
{
	ASSERT_EQ(0, sock_set(self->fd[1], SO_OOBINLINE, 1));
	ASSERT_EQ(3, send(self->fd[0], "xyz", 3, MSG_OOB));
	ASSERT_EQ(2, send(self->fd[0], "ab", 2, 0));
	/* It is there to be read, and nothing else gives it. */
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], 0));
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], MSG_PEEK));
	EXPECT_TRUE(reads(self->fd[1], "xy"));
	EXPECT_EQ(1, at_mark(self->fd[1]));
	EXPECT_TRUE(reads(self->fd[1], "zab") || reads(self->fd[1], "ab"));
}

TEST_F(urgent, in_line_byte_by_byte)
{
	char byte;
	int i;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_OOBINLINE, 1));
	ASSERT_EQ(3, send(self->fd[0], "xyz", 3, MSG_OOB));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(i == 2, at_mark(self->fd[1]));
		ASSERT_EQ(1, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
		EXPECT_EQ('x' + i, byte);
	}
}

TEST_F(urgent, event)
{
	EXPECT_EQ(POLLOUT, flow_events(self->fd[1]));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	EXPECT_EQ(POLLIN | POLLPRI | POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(POLLPRI, flow_wait(self->fd[1], POLLPRI, 0));
	EXPECT_EQ('c', urgent(self->fd[1], 0));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
}

TEST_F(urgent, wakes_who_waits_for_it)
{
	struct call c = { .fn = call_poll, .fd = self->fd[1], .flags = POLLPRI };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLPRI, c.ret);
}

TEST_F(urgent, edge)
{
	struct epoll_event e = { .events = EPOLLPRI | EPOLLET };
	int epoll = epoll_create1(0);
	int i;

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd[1], &e));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB));
		ASSERT_EQ(1, epoll_wait(epoll, &e, 1, 5000));
		EXPECT_EQ(EPOLLPRI, e.events);
		EXPECT_EQ(0, epoll_wait(epoll, &e, 1, 0));
	}
	close(epoll);
}

static atomic_int signals;

static void count(int sig)
{
	(void)sig;
	signals++;
}

/* SIGURG goes to who owns the socket, and does not need O_ASYNC. */
TEST_F(urgent, signal)
{
	struct sigaction sa = { .sa_handler = count };

	ASSERT_EQ(0, sigaction(SIGURG, &sa, NULL));
	ASSERT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB));
	EXPECT_EQ(0, signals);
	ASSERT_EQ(0, fcntl(self->fd[1], F_SETOWN, getpid()));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(0, signals);
	ASSERT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB));
	EXPECT_EQ(1, signals);
	/* The owner of the other end is not concerned. */
	ASSERT_EQ(1, send(self->fd[1], "!", 1, MSG_OOB));
	EXPECT_EQ(1, signals);
}

TEST_F(urgent, counts_as_data)
{
	int n = -1;

	/* What the peer has not taken is unread when the socket is closed. */
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	ASSERT_EQ(0, ioctl(self->fd[1], SIOCINQ, &n));
	EXPECT_TRUE(n == 3 || n == 2);
	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[1] = -1;
	EXPECT_EQ(ECONNRESET, sock_option(self->fd[0], SO_ERROR));
}

TEST_F(urgent, bad_buffer)
{
	ASSERT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB));
	EXPECT_FAILS(EFAULT, recv(self->fd[1], mem_unmapped(1), 1, MSG_OOB));
	/* AF_UNIX has lost it. */
	if (variant->family == AF_EXPERIMENTAL)
		EXPECT_EQ('!', urgent(self->fd[1], 0));
}

/* A byte that could not be read is not urgent, nor is the one in its place. */
TEST_F(urgent, write_from_nowhere)
{
	EXPECT_FAILS(EFAULT, send(self->fd[0], mem_unmapped(1), 1, MSG_OOB));
	EXPECT_EQ(POLLOUT, flow_events(self->fd[1]));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
	EXPECT_FAILS(EINVAL, urgent(self->fd[1], 0));
	EXPECT_TRUE(reads(self->fd[1], "abc"));
}

/* The one that is there stays urgent when a later one could not be sent. */
TEST_F(urgent, failed_second_one)
{
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	EXPECT_FAILS(EFAULT, send(self->fd[0], mem_unmapped(1), 1, MSG_OOB));
	EXPECT_EQ('c', urgent(self->fd[1], 0));
	EXPECT_TRUE(reads(self->fd[1], "ab"));
}

/* A byte that was taken is nothing to read. AF_UNIX polls readable all the same. */
TEST_F(urgent, taken_is_not_readable)
{
	int n;

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_OOB));
	ASSERT_EQ('c', urgent(self->fd[1], 0));
	ASSERT_EQ(0, ioctl(self->fd[1], SIOCINQ, &n));
	EXPECT_EQ(2, n);
	EXPECT_TRUE(reads(self->fd[1], "ab"));
	ASSERT_EQ(0, ioctl(self->fd[1], SIOCINQ, &n));
	EXPECT_EQ(0, n);
	if (variant->family == AF_EXPERIMENTAL)
		EXPECT_EQ(POLLOUT, flow_events(self->fd[1]));
}

/* A byte that was taken does not come again. */
TEST_F(urgent, taken_before_a_second_one)
{
	ASSERT_EQ(1, send(self->fd[0], "a", 1, MSG_OOB));
	ASSERT_EQ('a', urgent(self->fd[1], 0));
	ASSERT_EQ(2, send(self->fd[0], "bc", 2, MSG_OOB));
	EXPECT_TRUE(reads(self->fd[1], "b"));
	EXPECT_EQ('c', urgent(self->fd[1], 0));
}

TEST_F(urgent, not_of_nothing)
{
	EXPECT_FAILS(EOPNOTSUPP, send(self->fd[0], "", 0, MSG_OOB));
}

TEST_F(urgent, not_of_messages)
{
	int type[] = { SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };
	int fd[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(type); i++) {
		if (type[i] == SOCK_RDM && variant->family != AF_EXPERIMENTAL)
			continue;
		ASSERT_WORKS(sock_pair(variant->family, type[i], fd));
		EXPECT_FAILS(EOPNOTSUPP, send(fd[0], "x", 1, MSG_OOB));
		EXPECT_FAILS(EOPNOTSUPP, urgent(fd[1], 0));
		EXPECT_EQ(-1, at_mark(fd[1]));
		EXPECT_EQ(0, flow_wait(fd[1], POLLIN | POLLPRI, 0));
		close(fd[0]);
		close(fd[1]);
	}
}

/* It takes its place in a full stream like any other byte. */
TEST_F(urgent, when_the_stream_is_full)
{
	ssize_t total = flow_fill(self->fd[0], 0);

	ASSERT_LT(0, total);
	EXPECT_FAILS(EAGAIN, send(self->fd[0], "!", 1, MSG_OOB | MSG_DONTWAIT));
	EXPECT_EQ(0, flow_events(self->fd[1]) & POLLPRI);
	EXPECT_EQ(total, flow_read(self->fd[1], total, 5000, 0));
	EXPECT_EQ(1, send(self->fd[0], "!", 1, MSG_OOB | MSG_DONTWAIT));
	EXPECT_EQ('!', urgent(self->fd[1], 0));
}

TEST_HARNESS_MAIN
