// SPDX-License-Identifier: GPL-2.0
/* The end of a connection: close(), unread data, signals, and nothing left. */
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

static int broken_pipes;

static void count_pipe(int sig)
{
	(void)sig;
	broken_pipes++;
}

FIXTURE_SETUP(stream)
{
	struct sigaction sa = { .sa_handler = count_pipe };

	ASSERT_EQ(0, sigaction(SIGPIPE, &sa, NULL));
	broken_pipes = 0;
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(stream, is_the_end_of_the_stream)
{
	char byte;

	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, sock_option(self->fd[1], SO_ERROR));
}

TEST_F(stream, last_descriptor_counts)
{
	int copy = dup(self->fd[0]);
	char byte;

	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(1, send(copy, "x", 1, 0));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	ASSERT_EQ(0, close(copy));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, unread_data_resets_the_peer)
{
	char byte;

	ASSERT_EQ(100, flow_write(self->fd[1], 100, 100, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[0], POLLIN, 5000));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	/* Told once, then it is the end. */
	EXPECT_FAILS(ECONNRESET, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(0, sock_option(self->fd[1], SO_ERROR));
}

TEST_F(stream, partly_read_data_resets_the_peer)
{
	char byte;

	ASSERT_EQ(100, flow_write(self->fd[1], 100, 50, 0));
	ASSERT_EQ(50, flow_read(self->fd[0], 50, 50, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_FAILS(ECONNRESET, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, reset_comes_after_the_data)
{
	/* AF_UNIX tells those who read records first. */
	bool first = variant->family == AF_UNIX && variant->type == SOCK_SEQPACKET;
	char byte;

	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	ASSERT_EQ(50, flow_write(self->fd[1], 50, 50, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[0], POLLIN, 5000));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	if (first)
		EXPECT_FAILS(ECONNRESET, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	if (!first)
		EXPECT_FAILS(ECONNRESET, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, reset_fails_the_next_call_whichever_it_is)
{
	char byte;

	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[0], POLLIN, 5000));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	ASSERT_TRUE(flow_wait(self->fd[1], POLLIN, 5000) & POLLERR);
	/* AF_UNIX keeps it for a reader of its streams. */
	if (variant->family == AF_UNIX && variant->type == SOCK_STREAM) {
		EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
		EXPECT_FAILS(ECONNRESET, recv(self->fd[1], &byte, 1, 0));
	} else {
		EXPECT_FAILS(ECONNRESET, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
		EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	}
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, reset_is_read_by_so_error)
{
	char byte;

	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[0], POLLIN, 5000));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	ASSERT_TRUE(flow_wait(self->fd[1], POLLIN, 5000) & POLLERR);
	EXPECT_EQ(ECONNRESET, sock_option(self->fd[1], SO_ERROR));
	EXPECT_EQ(0, sock_option(self->fd[1], SO_ERROR));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 0) & POLLERR);
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

/* AF_UNIX raises it for streams only. */
static bool raises(int family, int type)
{
	return family != AF_UNIX || type == SOCK_STREAM;
}

TEST_F(stream, broken_pipe_raises_a_signal)
{
	int one = raises(variant->family, variant->type);

	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	/* TCP's first segment is answered by the reset. */
	if (variant->family == AF_INET)
		ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(0, broken_pipes);
	EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, 0));
	EXPECT_EQ(one, broken_pipes);
	EXPECT_FAILS(EPIPE, write(self->fd[1], "x", 1));
	EXPECT_EQ(2 * one, broken_pipes);
}

TEST_F(stream, own_shutdown_raises_a_signal)
{
	int one = raises(variant->family, variant->type);

	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(one, broken_pipes);
	EXPECT_FAILS(EPIPE, send(self->fd[0], "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(one, broken_pipes);
}

TEST_F(stream, wakes_a_reader)
{
	char byte;
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = &byte, .len = 1 };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
}

/* Its data is not read, so the writer hears of a reset, or finds the pipe broken. */
TEST_F(stream, wakes_a_writer)
{
	struct call c = { .fn = call_send, .fd = self->fd[1], .buf = "x", .len = 1 };

	c.flags = MSG_NOSIGNAL;
	ASSERT_LT(0, flow_fill(self->fd[1], 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_TRUE(c.err == ECONNRESET || c.err == EPIPE);
}

TEST_F(stream, wakes_poll)
{
	struct call c = { .fn = call_poll, .fd = self->fd[1] };

	/* Without asking for anything: the end of both directions is POLLHUP. */
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	/* TCP waits for this end to close as well. */
	if (variant->family == AF_INET)
		ASSERT_EQ(0, shutdown(self->fd[1], SHUT_WR));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLHUP, c.ret);
}

/* The descriptor is closed while a thread sleeps on it: the call goes on. */
TEST_F(stream, under_a_sleeping_reader)
{
	char buf[8];
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[1] = -1;
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(3, c.ret);
}

/* There are no more sockets than @before; what an earlier test left to TCP may go meanwhile. */
static bool is_all_gone(int family, int before)
{
	return sock_count_is(before) || (family == AF_INET && sock_count() < before);
}

TEST_F(stream, with_much_unread_leaves_nothing)
{
	int before = sock_count();
	int rounds = variant->family == AF_INET ? 1 : scaled(10);
	int fd[2], i;

	for (i = 0; i < rounds; i++) {
		ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
		ASSERT_LT(0, flow_fill(fd[0], 0));
		ASSERT_LT(0, flow_fill(fd[1], 0));
		close(fd[i & 1]);
		close(fd[!(i & 1)]);
	}
	EXPECT_TRUE(is_all_gone(variant->family, before));
}

/* The rest is for the next call: first what went through, then the error. */
TEST_F(stream, cuts_a_large_write)
{
	size_t len = 40000000;
	struct call c = { .fn = call_send, .fd = self->fd[1], .len = len, .flags = MSG_NOSIGNAL };

	/* Records are not cut. */
	if (variant->type == SOCK_SEQPACKET)
		return;
	c.buf = calloc(1, len);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_LT(0, c.ret);
	EXPECT_GT(len, c.ret);
	/* AF_UNIX keeps the error for a reader of its streams. */
	if (variant->family != AF_UNIX)
		EXPECT_FAILS(ECONNRESET, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	free(c.buf);
}

/* As much as an unprivileged user can queue where nobody accepts it. */
static int queue_and_close(int family, int type)
{
	struct addr a;
	int listener, fd;
	size_t len = 65536, total = 0;
	char *buf = calloc(1, len);
	ssize_t n;

	if (setresuid(1000, 1000, 1000))
		return 1;
	listener = sock_bound(family, type, &a);
	fd = socket(family, type, 0);
	if (sock_set(listener, SO_RCVBUF, 4 << 20) || sock_set(fd, SO_SNDBUF, 4 << 20) ||
	    listen(listener, 1) || do_connect(fd, &a))
		return 2;
	while ((n = send(fd, buf, len, MSG_DONTWAIT)) > 0)
		total += n;
	/* Both buffers, but for what is less than one more. */
	if (family == AF_EXPERIMENTAL && total + len < (size_t)sock_option(fd, SO_SNDBUF))
		return 3;
	close(listener);
	close(fd);
	return 0;
}

TEST_F(stream, with_much_queued_before_accept)
{
	int before = sock_count();
	pid_t pid = fork_child();

	if (!pid)
		_exit(queue_and_close(variant->family, variant->type));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_TRUE(is_all_gone(variant->family, before));
}

TEST_F(stream, queued_connections_leave_nothing)
{
	int before = sock_count();
	struct addr a;
	int fd[10], listener, i;

	listener = sock_listening(variant->family, variant->type, 10, &a);
	for (i = 0; i < 10; i++) {
		fd[i] = sock_connected(variant->family, variant->type, &a);
		ASSERT_WORKS(fd[i]);
		ASSERT_EQ(10, flow_write(fd[i], 10, 10, 0));
		if (i & 1)
			close(fd[i]);
	}
	close(listener);
	for (i = 0; i < 10; i += 2)
		close(fd[i]);
	EXPECT_TRUE(is_all_gone(variant->family, before));
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

TEST_F(message, sent_before_stays_readable)
{
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
}

TEST_F(message, with_much_unread_leaves_nothing)
{
	int before = sock_count();
	char buf[1000] = { 0 };
	int fd[2], i, j;

	for (i = 0; i < scaled(10); i++) {
		ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
		for (j = 0; j < 10; j++) {
			ASSERT_EQ(1000, send(fd[0], buf, sizeof(buf), 0));
			ASSERT_EQ(1000, send(fd[1], buf, sizeof(buf), 0));
		}
		close(fd[i & 1]);
		close(fd[!(i & 1)]);
	}
	EXPECT_TRUE(sock_count_is(before));
}

TEST_HARNESS_MAIN
