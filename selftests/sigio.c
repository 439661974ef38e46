// SPDX-License-Identifier: GPL-2.0
/* O_ASYNC: a signal for what poll() would tell, and who gets it. */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "harness.h"

#define SIGNAL	(SIGRTMIN + 3)

/* Signals are kept until they are asked for. */
static int hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGURG);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The next one, which need not come: its number, or 0. */
static int next_signal(siginfo_t *info, int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGURG);
	do {
		sig = sigtimedwait(&set, info, &time);
	} while (sig < 0 && errno == EINTR);
	return sig < 0 ? 0 : sig;
}

/* Long enough for what TCP does a little later. */
#define MOMENT	30

static void forget_signals(void)
{
	siginfo_t info;

	while (next_signal(&info, MOMENT))
		;
}

static int set_async(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC);
}

static int watch(int fd)
{
	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETSIG, SIGNAL))
		return -1;
	return set_async(fd, true);
}

/* Waits for a signal of @fd with this code, past others of it; says if it came. */
static bool signalled(int fd, int code)
{
	static const struct {
		int code, band;
	} bands[] = {
		{ POLL_IN, POLLIN | POLLRDNORM },
		{ POLL_OUT, POLLOUT | POLLWRNORM | POLLWRBAND },
		{ POLL_ERR, POLLERR },
		{ POLL_PRI, POLLPRI | POLLRDBAND },
		{ POLL_HUP, POLLHUP | POLLERR },
	};
	siginfo_t info;
	size_t i;

	while (next_signal(&info, 5000)) {
		printf("# signal %d code %d band %#lx of %d\n", info.si_signo, info.si_code,
		       info.si_band, info.si_fd);
		if (info.si_signo != SIGNAL || info.si_fd != fd)
			return false;
		for (i = 0; i < ARRAY_SIZE(bands); i++)
			if (bands[i].code == info.si_code && bands[i].band != info.si_band)
				return false;
		if (info.si_code == code)
			return true;
	}
	return false;
}

static bool silent(void)
{
	siginfo_t info;
	int sig = next_signal(&info, MOMENT);

	if (sig)
		printf("# signal %d code %d band %#lx of %d\n", sig, info.si_code, info.si_band,
		       info.si_fd);
	return !sig;
}

FIXTURE(async) {
	int fd[2];
};

FIXTURE_VARIANT(async) {
	int family;
	int type;
	bool full;	/* a receiver stops its sender */
};

FIXTURE_VARIANT_ADD(async, exp_stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .full = true,
};

FIXTURE_VARIANT_ADD(async, exp_seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .full = true,
};

FIXTURE_VARIANT_ADD(async, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };

FIXTURE_VARIANT_ADD(async, exp_rdm) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM, .full = true,
};

FIXTURE_VARIANT_ADD(async, unix_stream) {
	.family = AF_UNIX, .type = SOCK_STREAM, .full = true,
};

FIXTURE_VARIANT_ADD(async, unix_seqpacket) {
	.family = AF_UNIX, .type = SOCK_SEQPACKET, .full = true,
};

FIXTURE_VARIANT_ADD(async, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };

FIXTURE_VARIANT_ADD(async, tcp) { .family = AF_INET, .type = SOCK_STREAM, .full = true, };
FIXTURE_VARIANT_ADD(async, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(async)
{
	ASSERT_EQ(0, hold_signals());
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(async)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(async, readable)
{
	char buf[10];
	int i;

	ASSERT_EQ(0, watch(self->fd[0]));
	forget_signals();
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
		EXPECT_TRUE(signalled(self->fd[0], POLL_IN));
		ASSERT_EQ(1, recv(self->fd[0], buf, sizeof(buf), 0));
		EXPECT_TRUE(silent());
	}
	/* Of one's own sending, nothing. */
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(1, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_TRUE(silent());

	ASSERT_EQ(0, set_async(self->fd[0], false));
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_TRUE(silent());
}

TEST_F(async, plain)
{
	siginfo_t info;

	ASSERT_EQ(0, fcntl(self->fd[0], F_SETOWN, getpid()));
	ASSERT_EQ(0, set_async(self->fd[0], true));
	forget_signals();
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_EQ(SIGIO, next_signal(&info, 5000));
	/* Nobody's signal. */
	EXPECT_EQ(0, fcntl(self->fd[0], F_SETOWN, 0));
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_TRUE(silent());
}

TEST_F(async, writable)
{
	static char buf[2000];

	if (!variant->full)
		return;
	ASSERT_EQ(0, watch(self->fd[0]));
	while (send(self->fd[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	forget_signals();
	/* TCP goes on by itself for a while. */
	while (send(self->fd[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	if (variant->family != AF_INET)
		EXPECT_TRUE(silent());
	while (recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	EXPECT_TRUE(signalled(self->fd[0], POLL_OUT));
	/* Once: then there is room for all. */
	forget_signals();
	ASSERT_EQ(sizeof(buf), send(self->fd[0], buf, sizeof(buf), 0));
	ASSERT_LT(0, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_TRUE(silent());
}

TEST_F(async, accepts)
{
	int listener, fd, child;
	struct addr a;

	if (!type_connects(variant->type))
		return;
	listener = sock_listening(variant->family, variant->type, 5, &a);
	ASSERT_EQ(0, watch(listener));
	EXPECT_TRUE(silent());
	fd = sock_connected(variant->family, variant->type, &a);
	ASSERT_WORKS(fd);
	EXPECT_TRUE(signalled(listener, POLL_IN));
	child = accept(listener, NULL, NULL);
	ASSERT_WORKS(child);
	/* Another file, and so another flag. */
	EXPECT_EQ(0, fcntl(child, F_GETFL) & O_ASYNC);
	EXPECT_EQ(0, fcntl(child, F_GETOWN));
	forget_signals();
	ASSERT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_TRUE(silent());
	close(child);
	close(fd);
	close(listener);
}

TEST_F(async, connects)
{
	int listener, fd, child = -1, first = -1;
	struct addr a;

	/* AF_UNIX does not connect by itself. */
	if (!type_connects(variant->type) || variant->family == AF_UNIX)
		return;
	listener = sock_listening(variant->family, variant->type, 0, &a);
	fd = socket(variant->family, variant->type | SOCK_NONBLOCK, 0);
	ASSERT_EQ(0, watch(fd));
	if (variant->family == AF_EXPERIMENTAL) {
		first = sock_connected(variant->family, variant->type, &a);
		ASSERT_WORKS(first);
		forget_signals();
	}
	EXPECT_FAILS(EINPROGRESS, do_connect(fd, &a));
	if (variant->family == AF_EXPERIMENTAL) {
		EXPECT_TRUE(silent());
		child = accept(listener, NULL, NULL);
		ASSERT_WORKS(child);
	}
	EXPECT_TRUE(signalled(fd, POLL_OUT));
	EXPECT_EQ(0, sock_option(fd, SO_ERROR));
	close(child);
	close(first);
	close(fd);
	close(listener);
}

TEST_F(async, hang_up)
{
	/* TCP knows of a half-closed connection only, at first. */
	int code = variant->family == AF_INET ? POLL_IN : POLL_HUP;

	if (!type_connects(variant->type))
		return;
	ASSERT_EQ(0, watch(self->fd[0]));
	forget_signals();
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_WR));
	EXPECT_TRUE(signalled(self->fd[0], POLL_IN));
	forget_signals();
	if (variant->family == AF_INET)
		return;
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_TRUE(signalled(self->fd[0], code));
}

TEST_F(async, closed)
{
	int code = variant->family == AF_INET ? POLL_IN : POLL_HUP;

	if (!type_connects(variant->type))
		return;
	ASSERT_EQ(0, watch(self->fd[0]));
	forget_signals();
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_TRUE(signalled(self->fd[0], code));
}

TEST_F(async, reset)
{
	if (!type_connects(variant->type) || variant->type == SOCK_SEQPACKET)
		return;
	ASSERT_EQ(0, watch(self->fd[0]));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	forget_signals();
	close(self->fd[1]);
	self->fd[1] = -1;
	/* AF_UNIX tells of the error by the hang-up alone. */
	EXPECT_TRUE(signalled(self->fd[0], variant->family == AF_UNIX ? POLL_HUP : POLL_ERR));
}

/* Who shuts down knows. */
TEST_F(async, own_shutdown)
{
	ASSERT_EQ(0, watch(self->fd[0]));
	forget_signals();
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_TRUE(silent());
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_RDWR));
	EXPECT_TRUE(silent());
}

/*
 * What a sleeping reader takes is no news to anybody else. That is for the best,
 * not for sure: a reader who is fast is not sleeping any more.
 */
TEST_F(async, sleeping_reader)
{
	char buf[10];
	struct call c = { .fn = call_recv, .fd = self->fd[0], .buf = buf, .len = sizeof(buf) };
	bool quiet = false;
	int i;

	/* Only where the family waits itself. */
	if (variant->type != SOCK_STREAM)
		return;
	ASSERT_EQ(0, watch(self->fd[0]));
	for (i = 0; i < 100 && !quiet; i++) {
		forget_signals();
		call_start(&c);
		ASSERT_TRUE(call_sleeps(&c));
		ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
		ASSERT_TRUE(call_returns(&c));
		ASSERT_EQ(1, c.ret);
		quiet = silent();
	}
	TH_LOG("attempt %d", i);
	EXPECT_TRUE(quiet);
	/* But what comes then is. */
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_TRUE(signalled(self->fd[0], POLL_IN));
}

/* Each open descriptor that asks is told, by its own number. */
TEST_F(async, two_descriptors)
{
	int copy = dup(self->fd[0]);
	siginfo_t info;

	/* One file, and so one entry: the last that was set. */
	ASSERT_EQ(0, watch(self->fd[0]));
	ASSERT_EQ(0, set_async(copy, false));
	ASSERT_EQ(0, watch(copy));
	forget_signals();
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_EQ(SIGNAL, next_signal(&info, 5000));
	EXPECT_EQ(copy, info.si_fd);
	EXPECT_TRUE(silent());
	close(copy);
}

/* Whom the user may not signal, he may not have signalled. */
TEST_F(async, permission)
{
	siginfo_t info;
	pid_t parent = getpid();
	pid_t pid;

	forget_signals();
	pid = fork_child();
	if (!pid) {
		if (setresuid(1000, 1000, 1000))
			_exit(1);
		/* It can be said, but leads to nothing. */
		if (fcntl(self->fd[0], F_SETOWN, parent) ||
		    fcntl(self->fd[0], F_SETSIG, SIGNAL) || set_async(self->fd[0], true))
			_exit(2);
		if (send(self->fd[1], "x", 1, 0) != 1)
			_exit(3);
		if (variant->type == SOCK_STREAM && send(self->fd[1], "x", 1, MSG_OOB) != 1)
			_exit(4);
		_exit(0);
	}
	ASSERT_EQ(0, child_status(pid));
	EXPECT_TRUE(silent());
	/* Nor is it the sender who matters, but who said whom to signal. */
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_TRUE(silent());
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETOWN, parent));
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_EQ(SIGNAL, next_signal(&info, 5000));
}

/* A process group is an owner too. */
TEST_F(async, process_group)
{
	siginfo_t info;
	pid_t pid;
	int way[2];
	char byte;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	ASSERT_EQ(0, setpgid(0, 0));
	pid = fork_child();
	if (!pid) {
		send(way[1], "r", 1, 0);
		_exit(next_signal(&info, 5000) != SIGNAL || info.si_fd != self->fd[0]);
	}
	ASSERT_EQ(1, recv(way[0], &byte, 1, 0));
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETOWN, -getpgrp()));
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETSIG, SIGNAL));
	ASSERT_EQ(0, set_async(self->fd[0], true));
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_EQ(SIGNAL, next_signal(&info, 5000));
	EXPECT_EQ(0, child_status(pid));
	close(way[0]);
	close(way[1]);
}

FIXTURE(urgent) {
	int fd[2];
};

FIXTURE_VARIANT(urgent) {
	int family;
};

FIXTURE_VARIANT_ADD(urgent, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(urgent, unix) { .family = AF_UNIX, };
FIXTURE_VARIANT_ADD(urgent, tcp) { .family = AF_INET, };

FIXTURE_SETUP(urgent)
{
	ASSERT_EQ(0, hold_signals());
	ASSERT_WORKS(sock_pair(variant->family, SOCK_STREAM, self->fd));
}

FIXTURE_TEARDOWN(urgent)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* To the owner alone, which is nobody at first, and with no flag. */
TEST_F(urgent, owner)
{
	siginfo_t info;

	ASSERT_EQ(1, send(self->fd[1], "x", 1, MSG_OOB));
	EXPECT_TRUE(silent());
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETOWN, getpid()));
	ASSERT_EQ(1, send(self->fd[1], "x", 1, MSG_OOB));
	EXPECT_EQ(SIGURG, next_signal(&info, 5000));
	EXPECT_TRUE(silent());
	/* Ordinary data are not urgent. */
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_TRUE(silent());
}

/* Who asked for a signal of his own gets that as well. */
TEST_F(urgent, signal_of_choice)
{
	siginfo_t info;
	int i, urg = 0, pri = 0;

	ASSERT_EQ(0, watch(self->fd[0]));
	forget_signals();
	ASSERT_EQ(1, send(self->fd[1], "x", 1, MSG_OOB));
	for (i = 0; i < 4; i++) {
		int sig = next_signal(&info, i < 2 ? 5000 : MOMENT);

		urg += sig == SIGURG;
		pri += sig == SIGNAL && info.si_code == POLL_PRI && info.si_fd == self->fd[0] &&
		       info.si_band == (POLLPRI | POLLRDBAND);
	}
	EXPECT_EQ(1, urg);
	EXPECT_EQ(1, pri);
}

TEST_HARNESS_MAIN
