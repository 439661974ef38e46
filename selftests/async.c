// SPDX-License-Identifier: GPL-2.0
/* The signal of O_ASYNC: when data, room, a connection or an end has come. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>

#include "harness.h"

FIXTURE(async) {
	int fd[2];
	int sig;
};

FIXTURE_VARIANT(async) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(async, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(async, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(async, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(async, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(async, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(async, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(async, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(async, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(async, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

/* A queued signal brings descriptor and events along. Blocked, and taken with sigtimedwait(). */
static int hear(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigaddset(&set, SIGIO);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

FIXTURE_SETUP(async)
{
	self->sig = SIGRTMIN + 3;
	ASSERT_EQ(0, hear(self->sig));
	signal(SIGPIPE, SIG_IGN);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(async)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Has signal @sig (SIGIO without F_SETSIG if 0) tell this process what comes to @fd. */
static int watch(int fd, int sig)
{
	if (fcntl(fd, F_SETOWN, getpid()) || (sig && fcntl(fd, F_SETSIG, sig)))
		return -1;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

/*
 * Whether a signal comes within @ms that tells of one of these events on @fd. Others that
 * come before it are of no concern: a family may tell more than there is.
 */
static bool told(int sig, int fd, int events, int ms)
{
	long end = now_ms() + ms;
	struct timespec ts;
	siginfo_t info;
	sigset_t set;
	long left;

	sigemptyset(&set);
	sigaddset(&set, sig);
	for (left = ms; left >= 0; left = end - now_ms()) {
		ts.tv_sec = left / 1000;
		ts.tv_nsec = left % 1000 * 1000000;
		if (sigtimedwait(&set, &info, &ts) != sig)
			return false;
		if (info.si_fd == fd && info.si_band & events)
			return true;
	}
	return false;
}

static void forget(int sig)
{
	struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	while (sigtimedwait(&set, NULL, &now) == sig)
		;
}

TEST_F(async, of_data)
{
	int i;

	ASSERT_EQ(0, watch(self->fd[1], self->sig));
	EXPECT_FALSE(told(self->sig, self->fd[1], POLLIN, 0));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		EXPECT_TRUE(told(self->sig, self->fd[1], POLLIN, 5000));
	}
	/* Not any more. */
	ASSERT_EQ(0, fcntl(self->fd[1], F_SETFL, 0));
	forget(self->sig);
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_FALSE(told(self->sig, self->fd[1], -1, 50));
}

/* Without F_SETSIG it is SIGIO, which says nothing more. */
TEST_F(async, plain)
{
	struct timespec patience = { .tv_sec = 5 };
	siginfo_t info = { 0 };
	sigset_t set;
	int on = 1;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ASSERT_EQ(0, fcntl(self->fd[1], F_SETOWN, getpid()));
	ASSERT_EQ(0, ioctl(self->fd[1], FIOASYNC, &on));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(SIGIO, sigtimedwait(&set, &info, &patience));
	EXPECT_EQ(SI_KERNEL, info.si_code);
}

/* Once the socket has been full, of room. The sender of datagrams is never held up. */
TEST_F(async, of_room)
{
	ssize_t total;

	if (variant->type == SOCK_DGRAM)
		return;
	ASSERT_EQ(0, watch(self->fd[0], self->sig));
	total = flow_fill(self->fd[0], 0);
	ASSERT_LT(0, total);
	forget(self->sig);
	ASSERT_EQ(total, flow_read(self->fd[1], total, 50000, 0));
	EXPECT_TRUE(told(self->sig, self->fd[0], POLLOUT, 5000));
}

TEST_F(async, of_a_connection)
{
	struct addr a;
	int listener, fd;

	if (!type_connects(variant->type))
		return;
	listener = sock_listening(variant->family, variant->type, 5, &a);
	ASSERT_EQ(0, watch(listener, self->sig));
	fd = sock_connected(variant->family, variant->type, &a);
	ASSERT_WORKS(fd);
	/* TCP's listener tells only that its state has changed. */
	EXPECT_TRUE(told(self->sig, listener, variant->family == AF_INET ? -1 : POLLIN, 5000));
	close(fd);
	close(listener);
}

/* A connect() that was in progress has finished. AF_UNIX has none. */
TEST_F(async, of_being_connected)
{
	int listener, first, fd;
	struct addr a;

	if (!type_connects(variant->type) || variant->family == AF_UNIX)
		return;
	listener = sock_listening(variant->family, variant->type, 0, &a);
	first = sock_connected(variant->family, variant->type, &a);
	fd = socket(variant->family, variant->type | SOCK_NONBLOCK, 0);
	ASSERT_EQ(0, watch(fd, self->sig));
	EXPECT_FAILS(EINPROGRESS, do_connect(fd, &a));
	forget(self->sig);
	close(accept(listener, NULL, NULL));
	EXPECT_TRUE(told(self->sig, fd, POLLOUT, 10000));
	close(fd);
	close(first);
	close(listener);
}

TEST_F(async, of_the_end)
{
	if (!type_connects(variant->type))
		return;
	ASSERT_EQ(0, watch(self->fd[1], self->sig));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_TRUE(told(self->sig, self->fd[1], POLLIN, 5000));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	/* TCP waits for the close of this end. */
	if (variant->family != AF_INET)
		EXPECT_TRUE(told(self->sig, self->fd[1], POLLIN | POLLHUP, 5000));
}

/* A reset is told as an error. */
TEST_F(async, of_a_reset)
{
	if (!type_connects(variant->type))
		return;
	ASSERT_EQ(0, watch(self->fd[1], self->sig));
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[0], POLLIN, 5000));
	forget(self->sig);
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_TRUE(told(self->sig, self->fd[1], -1, 5000));
	EXPECT_TRUE(flow_wait(self->fd[1], POLLIN, 5000) & POLLERR);
}

/* An open file of its own: what accept() returns has to be asked anew. */
TEST_F(async, is_not_inherited)
{
	int listener, client, fd;
	struct addr a;

	if (!type_connects(variant->type))
		return;
	listener = sock_listening(variant->family, variant->type, 5, &a);
	ASSERT_EQ(0, watch(listener, self->sig));
	client = sock_connected(variant->family, variant->type, &a);
	fd = accept(listener, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_ASYNC);
	forget(self->sig);
	ASSERT_EQ(1, send(client, "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(fd, POLLIN, 5000));
	EXPECT_FALSE(told(self->sig, fd, -1, 50));
	close(fd);
	close(client);
	close(listener);
}

TEST_HARNESS_MAIN
