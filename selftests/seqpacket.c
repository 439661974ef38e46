// SPDX-License-Identifier: GPL-2.0
/* Records: boundaries, marks, lengths, and what is lost of one that is cut. */
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "harness.h"

FIXTURE(record) {
	int fd[2];
};

FIXTURE_VARIANT(record) {
	int family;
	int eor;	/* what each record arrives with */
};

FIXTURE_VARIANT_ADD(record, exp) { .family = AF_EXPERIMENTAL, .eor = MSG_EOR, };
FIXTURE_VARIANT_ADD(record, unix) { .family = AF_UNIX, };

static int broken_pipes;

static void count_pipe(int sig)
{
	(void)sig;
	broken_pipes++;
}

FIXTURE_SETUP(record)
{
	struct sigaction sa = { .sa_handler = count_pipe };

	ASSERT_EQ(0, sigaction(SIGPIPE, &sa, NULL));
	broken_pipes = 0;
	ASSERT_WORKS(sock_pair(variant->family, SOCK_SEQPACKET, self->fd));
}

FIXTURE_TEARDOWN(record)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* recvmsg() with its own flags, and those that came in @got. */
static ssize_t recv_flags(int fd, void *buf, size_t len, int flags, int *got)
{
	struct iovec iov = { buf, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = recvmsg(fd, &m, flags);

	*got = m.msg_flags;
	return n;
}

TEST_F(record, boundaries)
{
	size_t size[] = { 1, 2, 3, 4, 5, 4091, 4092, 4093, 4096, 8192, 20000, 60000 };
	char *buf = malloc(70000);
	size_t i, j;
	int flags;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		for (j = 0; j < 2; j++) {
			pattern_fill(buf, size[i], i + j);
			ASSERT_EQ(size[i], send(self->fd[0], buf, size[i], 0));
		}
		for (j = 0; j < 2; j++) {
			memset(buf, 0xa5, 70000);
			ASSERT_EQ(size[i], recv_flags(self->fd[1], buf, 70000, 0, &flags));
			EXPECT_EQ(size[i], pattern_check(buf, size[i], i + j));
			EXPECT_EQ((char)0xa5, buf[size[i]]);
			EXPECT_EQ(variant->eor, flags);
		}
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
	free(buf);
}

/* Whether or not the writer says so, one write is one record. */
TEST_F(record, end_is_marked)
{
	int flag[] = { 0, MSG_EOR, MSG_MORE };
	char buf[10];
	size_t i;
	int got;

	for (i = 0; i < ARRAY_SIZE(flag); i++)
		ASSERT_EQ(3, send(self->fd[0], "abc", 3, flag[i]));
	for (i = 0; i < ARRAY_SIZE(flag); i++) {
		ASSERT_EQ(3, recv_flags(self->fd[1], buf, sizeof(buf), 0, &got));
		EXPECT_EQ(variant->eor, got);
	}
}

TEST_F(record, rest_is_discarded)
{
	char buf[100];
	int flags;

	pattern_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(100, send(self->fd[0], buf, 100, 0));
	ASSERT_EQ(10, send(self->fd[0], buf, 10, 0));
	memset(buf, 0xa5, sizeof(buf));
	ASSERT_EQ(40, recv_flags(self->fd[1], buf, 40, 0, &flags));
	EXPECT_EQ(MSG_TRUNC | variant->eor, flags);
	EXPECT_EQ(40, pattern_check(buf, 40, 0));
	EXPECT_EQ((char)0xa5, buf[40]);
	/* The next record follows, and is whole. */
	ASSERT_EQ(10, recv_flags(self->fd[1], buf, sizeof(buf), 0, &flags));
	EXPECT_EQ(variant->eor, flags);
	EXPECT_EQ(10, pattern_check(buf, 10, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
}

TEST_F(record, true_length)
{
	char buf[100] = { 0 };
	int flags;

	ASSERT_EQ(100, send(self->fd[0], buf, 100, 0));
	ASSERT_EQ(7, send(self->fd[0], buf, 7, 0));
	EXPECT_EQ(100, recv_flags(self->fd[1], buf, 10, MSG_TRUNC | MSG_PEEK, &flags));
	EXPECT_EQ(MSG_TRUNC | variant->eor, flags);
	EXPECT_EQ(100, recv(self->fd[1], NULL, 0, MSG_TRUNC | MSG_PEEK));
	EXPECT_EQ(100, recv(self->fd[1], buf, 10, MSG_TRUNC));
	EXPECT_EQ(7, recv_flags(self->fd[1], buf, 10, MSG_TRUNC, &flags));
	EXPECT_EQ(variant->eor, flags);
}

/* To read none of a record is to discard it. */
TEST_F(record, none_of_it_is_read)
{
	char byte = 'x';
	int flags;

	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_EQ(1, send(self->fd[0], "b", 1, 0));
	EXPECT_EQ(0, recv_flags(self->fd[1], &byte, 0, 0, &flags));
	EXPECT_EQ(MSG_TRUNC | variant->eor, flags);
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ('b', byte);
}

TEST_F(record, empty_records_are_records)
{
	char byte = 'x';
	int flags;

	ASSERT_EQ(0, send(self->fd[0], "", 0, 0));
	ASSERT_EQ(1, send(self->fd[0], &byte, 1, 0));
	ASSERT_EQ(0, send(self->fd[0], NULL, 0, 0));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(0, recv_flags(self->fd[1], &byte, 1, 0, &flags));
	EXPECT_EQ(variant->eor, flags);
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(POLLOUT, flow_events(self->fd[1]));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	/* The end has no mark, and so is told from an empty record. */
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(0, recv_flags(self->fd[1], &byte, 1, 0, &flags));
	EXPECT_EQ(0, flags);
}

TEST_F(record, peek)
{
	char buf[10];
	int flags, i;

	ASSERT_EQ(3, send(self->fd[0], "one", 3, 0));
	ASSERT_EQ(4, send(self->fd[0], "next", 4, 0));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(3, recv_flags(self->fd[1], buf, sizeof(buf), MSG_PEEK, &flags));
		EXPECT_EQ(variant->eor, flags);
		EXPECT_EQ(0, memcmp(buf, "one", 3));
		ASSERT_EQ(2, recv_flags(self->fd[1], buf, 2, MSG_PEEK, &flags));
		EXPECT_EQ(MSG_TRUNC | variant->eor, flags);
	}
	ASSERT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
	ASSERT_EQ(4, recv(self->fd[1], buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(0, memcmp(buf, "next", 4));
}

/* MSG_WAITALL is for bytes: a record is all there is. */
TEST_F(record, waitall_waits_for_one)
{
	char buf[10];

	ASSERT_EQ(3, send(self->fd[0], "one", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), MSG_WAITALL));
}

TEST_F(record, one_mebibyte)
{
	size_t len = 1 << 20;
	char *buf = malloc(len);
	int i;

	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUFFORCE, 4 << 20));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUFFORCE, 4 << 20));
	for (i = 0; i < 3; i++) {
		pattern_fill(buf, len, i);
		ASSERT_EQ(len, send(self->fd[0], buf, len, MSG_DONTWAIT));
		memset(buf, 0, len);
		ASSERT_EQ(len, recv(self->fd[1], buf, len, MSG_DONTWAIT));
		EXPECT_EQ(len, pattern_check(buf, len, i));
	}
	free(buf);
}

TEST_F(record, more_than_the_buffers_allow)
{
	int option[] = { SO_SNDBUF, SO_RCVBUF };
	size_t len = 40000;
	char *buf = calloc(1, len);
	int fd[2], i;

	for (i = 0; i < 2; i++) {
		ASSERT_WORKS(sock_pair(variant->family, SOCK_SEQPACKET, fd));
		ASSERT_EQ(0, sock_set(fd[i], option[i], 8192));
		/* What the reader allows is nothing to AF_UNIX. */
		EXPECT_FAILS(i && variant->family == AF_UNIX ? 0 : EMSGSIZE,
			     send(fd[0], buf, len, MSG_DONTWAIT));
		if (!i || variant->family != AF_UNIX)
			EXPECT_FAILS(EAGAIN, recv(fd[1], buf, len, MSG_DONTWAIT));
		EXPECT_EQ(5000, send(fd[0], buf, 5000, MSG_DONTWAIT));
		close(fd[0]);
		close(fd[1]);
	}
	free(buf);
}

/* A buffer that shrinks under a writer who waits for room makes it fail. */
TEST_F(record, larger_than_a_buffer_that_shrank)
{
	size_t len = 60000;
	struct call c = { .fn = call_send, .fd = self->fd[0], .len = len };
	char buf[4096];

	/* AF_UNIX looks at the length once. */
	if (variant->family == AF_UNIX)
		return;
	c.buf = calloc(1, len);
	ASSERT_LT(0, flow_fill(self->fd[0], 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 4096));
	while (recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(EMSGSIZE, c.err);
	free(c.buf);
}

/* A part of a record is never left where the next one would follow it. */
TEST_F(record, write_from_nowhere)
{
	size_t room[] = { 1, 100, 4092, 4096, 10000, 50000 };
	char buf[8];
	char *edge;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(room); i++) {
		edge = mem_edge(room[i]);
		ASSERT_EQ(2, send(self->fd[0], "in", 2, 0));
		EXPECT_FAILS(EFAULT, send(self->fd[0], edge, room[i] + 1, 0));
		EXPECT_FAILS(EFAULT, send(self->fd[0], edge, room[i] + 9000, 0));
		ASSERT_EQ(3, send(self->fd[0], "out", 3, 0));
		ASSERT_EQ(2, recv(self->fd[1], buf, sizeof(buf), 0));
		EXPECT_EQ(0, memcmp(buf, "in", 2));
		ASSERT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
		EXPECT_EQ(0, memcmp(buf, "out", 3));
		EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
	}
}

/* Large ones that fail over and over take up no room. */
TEST_F(record, failed_writes_take_no_room)
{
	struct iovec iov[2] = { { NULL, 100000 }, { mem_unmapped(100), 100 } };
	int i;

	iov[0].iov_base = calloc(1, iov[0].iov_len);
	for (i = 0; i < 50; i++)
		ASSERT_FALSE(writev(self->fd[0], iov, 2) >= 0 || errno != EFAULT);
	EXPECT_EQ(100000, writev(self->fd[0], iov, 1));
	EXPECT_EQ(100000, recv(self->fd[1], iov[0].iov_base, iov[0].iov_len, MSG_DONTWAIT));
	free(iov[0].iov_base);
}

TEST_F(record, read_into_nowhere)
{
	char buf[8];

	/* AF_UNIX loses it. */
	if (variant->family == AF_UNIX)
		return;
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_FAILS(EFAULT, recv(self->fd[1], mem_unmapped(3), 3, 0));
	EXPECT_FAILS(EFAULT, recv(self->fd[1], mem_edge(2), 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
}

/* A full connection refuses a record, or waits until all of it fits. */
TEST_F(record, waits_for_room_for_all_of_it)
{
	size_t len = 60000;
	char *buf = malloc(len);
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = buf, .len = len };
	int full = 0;

	memset(buf, 'x', len);
	while (send(self->fd[0], buf, len, MSG_DONTWAIT) == (ssize_t)len)
		full++;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_LT(0, full);
	EXPECT_EQ(0, flow_events(self->fd[0]) & POLLOUT);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	while (full--)
		ASSERT_EQ(len, recv(self->fd[1], buf, len, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(len, c.ret);
	EXPECT_EQ(len, recv(self->fd[1], buf, len, MSG_DONTWAIT));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd[0], POLLOUT));
	free(buf);
}

/* The sum of the records, without what the family adds to them. */
TEST_F(record, bytes_to_read)
{
	int n = -1;
	char byte;

	ASSERT_EQ(0, ioctl(self->fd[1], SIOCINQ, &n));
	EXPECT_EQ(0, n);
	ASSERT_EQ(5, send(self->fd[0], "hello", 5, 0));
	ASSERT_EQ(0, send(self->fd[0], "", 0, 0));
	ASSERT_EQ(6, send(self->fd[0], "world!", 6, 0));
	ASSERT_EQ(0, ioctl(self->fd[1], SIOCINQ, &n));
	EXPECT_EQ(11, n);
	/* AF_UNIX counts its overhead here. */
	ASSERT_EQ(0, ioctl(self->fd[0], SIOCOUTQ, &n));
	EXPECT_TRUE(variant->family == AF_UNIX ? n > 11 : n == 11);
	ASSERT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	ASSERT_EQ(0, ioctl(self->fd[1], SIOCINQ, &n));
	EXPECT_EQ(6, n);
}

TEST_F(record, broken_pipe)
{
	int raised = variant->family != AF_UNIX;

	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[1] = -1;
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(0, broken_pipes);
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(raised, broken_pipes);
	EXPECT_FAILS(EPIPE, send(self->fd[0], "", 0, 0));
	EXPECT_EQ(2 * raised, broken_pipes);
}

TEST_F(record, destination)
{
	struct addr a;

	/* AF_UNIX ignores it. */
	ASSERT_EQ(0, addr_peer(self->fd[0], &a));
	EXPECT_FAILS(variant->family == AF_UNIX ? 0 : EISCONN,
		     sendto(self->fd[0], "x", 1, 0, &a.sa, a.len));
}

/* A low-water mark is for streams: half a record is not to be waited for. */
TEST_F(record, low_water_mark)
{
	char buf[8];

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVLOWAT, 100));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
}

TEST_HARNESS_MAIN
