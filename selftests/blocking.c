// SPDX-License-Identifier: GPL-2.0
/* Connections that are empty or full: waiting, not waiting, and time-outs. */
#include <fcntl.h>
#include <sys/ioctl.h>

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

TEST_F(stream, empty_dontwait_is_per_call)
{
	char buf[10];
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };

	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	/* The next call waits again. */
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(3, flow_write(self->fd[0], 3, 3, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(3, c.ret);
	EXPECT_EQ(3, pattern_check(buf, 3, 0));
}

TEST_F(stream, nonblocking_by_fcntl_and_ioctl)
{
	int on = 1;
	char byte;

	ASSERT_EQ(0, fcntl(self->fd[1], F_SETFL, O_NONBLOCK));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, 0));
	EXPECT_FAILS(EAGAIN, read(self->fd[1], &byte, 1));
	/* The other end is not concerned. */
	EXPECT_EQ(0, fcntl(self->fd[0], F_GETFL) & O_NONBLOCK);

	ASSERT_EQ(0, ioctl(self->fd[0], FIONBIO, &on));
	EXPECT_FAILS(EAGAIN, recv(self->fd[0], &byte, 1, 0));
	ASSERT_LT(0, flow_fill(self->fd[0], 0));
	EXPECT_FAILS(EAGAIN, write(self->fd[0], "x", 1));
}

TEST_F(stream, full_refuses_and_loses_nothing)
{
	ssize_t total = flow_fill(self->fd[0], 0);

	ASSERT_LT(0, total);
	EXPECT_FAILS(EAGAIN, send(self->fd[0], "x", 1, MSG_DONTWAIT));
	EXPECT_EQ(total, flow_read(self->fd[1], total, 5000, 0));
	/* Not a byte more. */
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 20));
}

TEST_F(stream, room_after_reading)
{
	ssize_t total, more;

	total = flow_fill(self->fd[0], 0);
	ASSERT_LT(0, total);
	EXPECT_EQ(0, flow_events(self->fd[0]) & POLLOUT);
	EXPECT_EQ(total, flow_read(self->fd[1], total, 5000, 0));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd[0], POLLOUT));
	more = flow_fill(self->fd[0], total);
	/* All of the room is back. TCP tunes its buffers as it goes. */
	EXPECT_TRUE(variant->family == AF_INET ? more > 0 : more == total);
	EXPECT_EQ(more, flow_read(self->fd[1], more, 5000, total));
}

TEST_F(stream, sleeping_writer_is_woken_by_a_reader)
{
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = "x", .len = 1 };
	ssize_t total = flow_fill(self->fd[0], 0);

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	EXPECT_EQ(total, flow_read(self->fd[1], total, 5000, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);
}

TEST_F(stream, sleeping_writer_is_woken_by_a_larger_buffer)
{
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = "x", .len = 1 };
	long start;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 8192));
	ASSERT_LT(0, flow_fill(self->fd[0], 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	start = now_ms();
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 100000));
	/* AF_UNIX has no use for it, and TCP tells its peer later. */
	if (variant->family != AF_EXPERIMENTAL) {
		shutdown(self->fd[0], SHUT_WR);
		ASSERT_TRUE(call_returns(&c));
		return;
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);
	EXPECT_GT(2000, now_ms() - start);
}

TEST_F(stream, sleeping_poll_is_woken)
{
	struct call c = { .fn = call_poll, .fd = self->fd[1], .flags = POLLIN };
	ssize_t total;

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, flow_write(self->fd[0], 1, 1, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLIN, c.ret);

	total = flow_fill(self->fd[0], 1);
	c.fd = self->fd[0];
	c.flags = POLLOUT;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	EXPECT_EQ(total + 1, flow_read(self->fd[1], total + 1, 5000, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLOUT, c.ret);
}

TEST_F(stream, receive_timeout)
{
	long start = now_ms();
	char byte;

	ASSERT_EQ(0, sock_timeout(self->fd[1], SO_RCVTIMEO, 100));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, 0));
	EXPECT_LE(90, now_ms() - start);
	/* Data comes at once. */
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, send_timeout)
{
	ssize_t total = flow_fill(self->fd[0], 0);
	long start = now_ms();

	ASSERT_EQ(0, sock_timeout(self->fd[0], SO_SNDTIMEO, 100));
	EXPECT_FAILS(EAGAIN, send(self->fd[0], "x", 1, 0));
	EXPECT_LE(90, now_ms() - start);
	EXPECT_EQ(total, flow_read(self->fd[1], total, 5000, 0));
	EXPECT_EQ(1, send(self->fd[0], "x", 1, 0));
}

TEST_F(stream, timeouts_do_not_concern_poll)
{
	long start = now_ms();

	ASSERT_EQ(0, sock_timeout(self->fd[1], SO_RCVTIMEO, 10));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 100));
	EXPECT_LE(90, now_ms() - start);
}

/* A call can be done in part: not so with records. */
FIXTURE(bytes) {
	int fd[2];
};

FIXTURE_VARIANT(bytes) {
	int family;
};

FIXTURE_VARIANT_ADD(bytes, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(bytes, unix) { .family = AF_UNIX, };
FIXTURE_VARIANT_ADD(bytes, tcp) { .family = AF_INET, };

FIXTURE_SETUP(bytes)
{
	ASSERT_WORKS(sock_pair(variant->family, SOCK_STREAM, self->fd));
}

FIXTURE_TEARDOWN(bytes)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(bytes, large_write_that_may_not_wait_is_cut)
{
	size_t len = 40000000;
	char *buf = malloc(len);
	ssize_t sent;

	pattern_fill(buf, len, 0);
	sent = send(self->fd[0], buf, len, MSG_DONTWAIT);
	ASSERT_LT(0, sent);
	ASSERT_GT(len, sent);
	free(buf);
	EXPECT_EQ(sent, flow_read(self->fd[1], sent, 100000, 0));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 20));
}

TEST_F(bytes, large_write_waits_for_all)
{
	size_t len = 10000000;
	char *buf = malloc(len);
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = buf, .len = len };

	pattern_fill(buf, len, 0);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	EXPECT_EQ(len, flow_read(self->fd[1], len, 100000, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(len, c.ret);
	free(buf);
}

TEST_F(bytes, receive_timeout_with_some_data)
{
	char buf[10];
	long start = now_ms();

	ASSERT_EQ(0, sock_timeout(self->fd[1], SO_RCVTIMEO, 100));
	ASSERT_EQ(4, flow_write(self->fd[0], 4, 4, 0));
	EXPECT_EQ(4, recv(self->fd[1], buf, sizeof(buf), MSG_WAITALL));
	EXPECT_LE(90, now_ms() - start);
	EXPECT_EQ(4, pattern_check(buf, 4, 0));
}

TEST_F(bytes, send_timeout_with_some_data)
{
	size_t len = 40000000;
	char *buf = malloc(len);
	ssize_t sent;

	pattern_fill(buf, len, 0);
	ASSERT_EQ(0, sock_timeout(self->fd[0], SO_SNDTIMEO, 200));
	sent = send(self->fd[0], buf, len, 0);
	ASSERT_LT(0, sent);
	ASSERT_GT(len, sent);
	free(buf);
	EXPECT_EQ(sent, flow_read(self->fd[1], sent, 100000, 0));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 20));
}

TEST_HARNESS_MAIN
