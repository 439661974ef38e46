// SPDX-License-Identifier: GPL-2.0
/* connect() to a listener whose queue is full. */
#include "harness.h"

FIXTURE(full) {
	struct addr addr;
	int listener;
	int first;	/* the connection that fills the queue */
	int fd;		/* the one that finds no room */
};

FIXTURE_VARIANT(full) {
	int family;
	int type;
	bool waits;	/* a non-blocking connect() is in progress, not refused */
};

FIXTURE_VARIANT_ADD(full, exp) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .waits = true,
};

FIXTURE_VARIANT_ADD(full, exp_packet) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .waits = true,
};

/* AF_UNIX has nothing in progress: it says EAGAIN, and forgets the attempt. */
FIXTURE_VARIANT_ADD(full, unix) {
	.family = AF_UNIX, .type = SOCK_STREAM,
};

FIXTURE_VARIANT_ADD(full, unix_packet) {
	.family = AF_UNIX, .type = SOCK_SEQPACKET,
};

FIXTURE_VARIANT_ADD(full, tcp) {
	.family = AF_INET, .type = SOCK_STREAM, .waits = true,
};

FIXTURE_SETUP(full)
{
	self->listener = sock_listening(variant->family, variant->type, 0, &self->addr);
	ASSERT_WORKS(self->listener);
	self->first = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(self->first);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(full)
{
	close(self->fd);
	close(self->first);
	close(self->listener);
}

/* Takes the connection that fills the queue out of it. */
static int make_room(int listener)
{
	int fd = accept(listener, NULL, NULL);

	return fd < 0 ? -1 : close(fd);
}

TEST_F(full, nonblocking_is_in_progress)
{
	ASSERT_EQ(0, sock_nonblock(self->fd));
	if (!variant->waits) {
		EXPECT_FAILS(EAGAIN, do_connect(self->fd, &self->addr));
		EXPECT_FAILS(EAGAIN, do_connect(self->fd, &self->addr));
		return;
	}
	EXPECT_FAILS(EINPROGRESS, do_connect(self->fd, &self->addr));
	EXPECT_FAILS(EALREADY, do_connect(self->fd, &self->addr));
	EXPECT_FAILS(EALREADY, do_connect(self->fd, &self->addr));
	/* No event: an event loop that waits for it sleeps. */
	EXPECT_EQ(0, flow_events(self->fd));
	EXPECT_EQ(0, flow_wait(self->fd, POLLOUT, 100));
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
}

TEST_F(full, completes_by_itself)
{
	struct addr peer;
	int fd;

	ASSERT_EQ(0, sock_nonblock(self->fd));
	EXPECT_FAILS(variant->waits ? EINPROGRESS : EAGAIN, do_connect(self->fd, &self->addr));
	ASSERT_EQ(0, make_room(self->listener));
	if (!variant->waits) {
		ASSERT_EQ(0, sock_nonblock(self->listener));
		EXPECT_FAILS(EAGAIN, accept(self->listener, NULL, NULL));
		return;
	}
	EXPECT_EQ(POLLOUT, flow_settle(self->fd, POLLOUT));
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
	ASSERT_EQ(0, addr_peer(self->fd, &peer));
	EXPECT_TRUE(addr_same(&self->addr, &peer));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(1000, flow_write(self->fd, 1000, 1000, 0));
	EXPECT_EQ(1000, flow_read(fd, 1000, 1000, 0));
	close(fd);
}

TEST_F(full, blocking_waits_for_room)
{
	struct call c = { .fn = call_connect, .fd = self->fd, .addr = self->addr };
	int fd;

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, make_room(self->listener));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
	fd = accept(self->listener, NULL, NULL);
	EXPECT_EQ(100, flow_write(fd, 100, 100, 0));
	EXPECT_EQ(100, flow_read(self->fd, 100, 100, 0));
	close(fd);
}

TEST_F(full, listener_closes_on_who_waits)
{
	struct call c = { .fn = call_connect, .fd = self->fd, .addr = self->addr };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, close(self->listener));
	self->listener = -1;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(ECONNREFUSED, c.err);
}

TEST_F(full, timeout)
{
	long start = now_ms();

	ASSERT_EQ(0, sock_timeout(self->fd, SO_SNDTIMEO, 100));
	EXPECT_FAILS(variant->waits ? EINPROGRESS : EAGAIN, do_connect(self->fd, &self->addr));
	EXPECT_LE(90, now_ms() - start);
	if (!variant->waits)
		return;
	/* The attempt goes on. */
	ASSERT_EQ(0, make_room(self->listener));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd, POLLOUT));
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
}

static void ignore(int sig)
{
	(void)sig;
}

TEST_F(full, interrupted)
{
	struct call c = { .fn = call_connect, .fd = self->fd, .addr = self->addr };
	struct sigaction sa = { .sa_handler = ignore };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	call_signal(&c, SIGUSR1);
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(EINTR, c.err);
	if (!variant->waits)
		return;
	/* The attempt goes on, blocking or not. */
	ASSERT_EQ(0, sock_nonblock(self->fd));
	EXPECT_FAILS(EALREADY, do_connect(self->fd, &self->addr));
	ASSERT_EQ(0, make_room(self->listener));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd, POLLOUT));
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
}

TEST_F(full, interrupted_with_restart)
{
	struct call c = { .fn = call_connect, .fd = self->fd, .addr = self->addr };
	struct sigaction sa = { .sa_handler = ignore, .sa_flags = SA_RESTART };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	call_signal(&c, SIGUSR1);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, make_room(self->listener));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
}

/* A non-blocking connect() in progress, which AF_UNIX does not have. */
FIXTURE(pending) {
	struct addr addr;
	int listener;
	int first;
	int fd;
};

FIXTURE_VARIANT(pending) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(pending, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pending, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(pending, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(pending)
{
	self->listener = sock_listening(variant->family, variant->type, 0, &self->addr);
	ASSERT_WORKS(self->listener);
	self->first = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(self->first);
	self->fd = socket(variant->family, variant->type | SOCK_NONBLOCK, 0);
	ASSERT_WORKS(self->fd);
	ASSERT_EQ(-1, do_connect(self->fd, &self->addr));
	ASSERT_EQ(EINPROGRESS, errno);
}

FIXTURE_TEARDOWN(pending)
{
	close(self->fd);
	close(self->first);
	close(self->listener);
}

TEST_F(pending, asked_again_after_it_completed)
{
	ASSERT_EQ(0, make_room(self->listener));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd, POLLOUT));
	/* Success is told once, as TCP does. */
	EXPECT_WORKS(do_connect(self->fd, &self->addr));
	EXPECT_FAILS(EISCONN, do_connect(self->fd, &self->addr));
}

TEST_F(pending, a_sleeping_poll_is_woken)
{
	struct call c = { .fn = call_poll, .flags = POLLOUT };

	c.fd = self->fd;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, make_room(self->listener));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLOUT, c.ret);
}

/* The one who waits may give up: the attempt is over, and leaves no trace. */
TEST_F(pending, unspec_gives_up)
{
	int want = POLLOUT | POLLHUP;

	ASSERT_WORKS(do_disconnect(self->fd));
	/* TCP has an error for the one who gave up. */
	if (variant->family == AF_INET)
		want |= POLLERR;
	EXPECT_EQ(want, flow_settle(self->fd, want));
	ASSERT_EQ(0, make_room(self->listener));
	EXPECT_EQ(0, flow_wait(self->listener, POLLIN, 100));
}

/* So is shutdown(), whatever it is of. */
TEST_F(pending, shutdown_gives_up)
{
	int want = POLLOUT | POLLHUP;

	ASSERT_WORKS(shutdown(self->fd, SHUT_RD));
	if (variant->family == AF_INET)
		want |= POLLERR;
	EXPECT_EQ(want, flow_settle(self->fd, want));
	ASSERT_EQ(0, make_room(self->listener));
	EXPECT_EQ(0, flow_wait(self->listener, POLLIN, 100));
	EXPECT_FAILS(ENOTCONN, shutdown(self->fd, SHUT_RD));
}

TEST_F(pending, listener_closes)
{
	ASSERT_EQ(0, close(self->listener));
	self->listener = -1;
	/* The attempt has failed, and the error is told once. */
	EXPECT_TRUE(flow_wait(self->fd, POLLOUT, 5000) & POLLERR);
	EXPECT_EQ(ECONNREFUSED, sock_option(self->fd, SO_ERROR));
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
	/* Ours may try again at once; TCP wants one more call to tell that. */
	EXPECT_FAILS(variant->family == AF_INET ? ECONNABORTED : ECONNREFUSED,
		     do_connect(self->fd, &self->addr));
}

TEST_F(pending, a_closed_attempt_leaves_nothing)
{
	int fd;

	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	ASSERT_EQ(0, make_room(self->listener));
	ASSERT_EQ(0, sock_nonblock(self->listener));
	EXPECT_EQ(0, flow_wait(self->listener, POLLIN, 100));
	fd = accept(self->listener, NULL, NULL);
	EXPECT_EQ(-1, fd);
}

/* Those who wait get in one by one, in the order they came. */
TEST(many_wait_in_order)
{
	struct addr addr;
	int listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 0, &addr);
	struct addr own[9], peer;
	int fd[9], child;
	int i;

	for (i = 0; i < 9; i++) {
		fd[i] = sock_bound(AF_EXPERIMENTAL, SOCK_STREAM | SOCK_NONBLOCK, &own[i]);
		ASSERT_WORKS(fd[i]);
		if (i)
			EXPECT_FAILS(EINPROGRESS, do_connect(fd[i], &addr));
		else
			EXPECT_WORKS(do_connect(fd[i], &addr));
	}
	for (i = 0; i < 9; i++) {
		peer.len = sizeof(peer.storage);
		child = accept(listener, &peer.sa, &peer.len);
		ASSERT_WORKS(child);
		EXPECT_TRUE(addr_same(&own[i], &peer));
		/* There was room for one more. */
		if (i < 8)
			EXPECT_EQ(POLLOUT, flow_settle(fd[i + 1], POLLOUT));
		if (i < 7)
			EXPECT_EQ(0, flow_events(fd[i + 2]));
		close(child);
		close(fd[i]);
	}
	close(listener);
}

TEST_HARNESS_MAIN
