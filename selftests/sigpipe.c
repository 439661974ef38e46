// SPDX-License-Identifier: GPL-2.0
/* SIGPIPE and EPIPE: writing what nobody will read. */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "harness.h"

FIXTURE(broken) {
	int fd[2];
};

FIXTURE_VARIANT(broken) {
	int family;
	int type;
	bool kills;	/* SIGPIPE is raised */
};

FIXTURE_VARIANT_ADD(broken, exp_stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .kills = true,
};

FIXTURE_VARIANT_ADD(broken, exp_seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .kills = true,
};

FIXTURE_VARIANT_ADD(broken, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(broken, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };

FIXTURE_VARIANT_ADD(broken, unix_stream) {
	.family = AF_UNIX, .type = SOCK_STREAM, .kills = true,
};

FIXTURE_VARIANT_ADD(broken, tcp) {
	.family = AF_INET, .type = SOCK_STREAM, .kills = true,
};

FIXTURE_VARIANT_ADD(broken, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };

FIXTURE_SETUP(broken)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(broken)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Whether the signal came since the last look. */
static bool piped(void)
{
	struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return sigtimedwait(&set, NULL, &now) == SIGPIPE;
}

static ssize_t by_send(int fd, int flags)
{
	return send(fd, "x", 1, flags);
}

static ssize_t by_sendmsg(int fd, int flags)
{
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(fd, &m, flags);
}

static ssize_t by_sendmmsg(int fd, int flags)
{
	struct iovec iov = { "x", 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	return sendmmsg(fd, &m, 1, flags);
}

static ssize_t by_write(int fd, int flags)
{
	(void)flags;
	return write(fd, "x", 1);
}

static ssize_t by_writev(int fd, int flags)
{
	struct iovec iov = { "x", 1 };

	(void)flags;
	return writev(fd, &iov, 1);
}

static ssize_t by_sendfile(int fd, int flags)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = sendfile(fd, from, NULL, 100);
	int err = errno;

	(void)flags;
	close(from);
	errno = err;
	return n;
}

static const struct {
	const char *name;
	ssize_t (*call)(int fd, int flags);
	bool has_flags;
} calls[] = {
	{ "send", by_send, true },
	{ "sendmsg", by_sendmsg, true },
	{ "sendmmsg", by_sendmmsg, true },
	{ "write", by_write, false },
	{ "writev", by_writev, false },
	{ "sendfile", by_sendfile, false },
};

static void check_all(struct __test_metadata *_metadata, int fd, bool kills)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		TH_LOG("%s", calls[i].name);
		EXPECT_FAILS(EPIPE, calls[i].call(fd, 0));
		EXPECT_EQ(kills, piped());
		if (!calls[i].has_flags)
			continue;
		EXPECT_FAILS(EPIPE, calls[i].call(fd, MSG_NOSIGNAL));
		EXPECT_FALSE(piped());
		EXPECT_FAILS(EPIPE, calls[i].call(fd, MSG_DONTWAIT));
		EXPECT_EQ(kills, piped());
	}
}

TEST_F(broken, own_writing_was_shut)
{
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	check_all(_metadata, self->fd[0], variant->kills);
}

TEST_F(broken, peer_has_gone)
{
	/* What has no connection has no broken one either. */
	if (!type_connects(variant->type))
		return;
	close(self->fd[1]);
	self->fd[1] = -1;
	/* TCP learns of it when it has sent something. */
	if (variant->family == AF_INET) {
		send(self->fd[0], "x", 1, MSG_NOSIGNAL);
		flow_wait(self->fd[0], POLLHUP, 5000);
		sock_option(self->fd[0], SO_ERROR);
	}
	check_all(_metadata, self->fd[0], variant->kills);
}

/* Its reader will not read, which TCP does not tell. */
TEST_F(broken, peer_reads_no_more)
{
	if (!type_connects(variant->type) || variant->family == AF_INET)
		return;
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_RD));
	check_all(_metadata, self->fd[0], variant->kills);
	/* The other direction is whole. */
	EXPECT_EQ(1, send(self->fd[1], "x", 1, 0));
	EXPECT_FALSE(piped());
}

/* Reading raises nothing, whatever socket(2) of old says. */
TEST_F(broken, reading)
{
	char byte;

	if (!type_connects(variant->type))
		return;
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_EQ(0, recv(self->fd[0], &byte, 1, 0));
	EXPECT_FALSE(piped());
}

/* A writer who sleeps is told, and what went through is not taken back. */
TEST_F(broken, while_it_sleeps)
{
	size_t len = 40000000;
	struct call c = { .fn = call_send, .fd = self->fd[0] };

	if (variant->type != SOCK_STREAM)
		return;
	c.buf = calloc(1, len);
	c.len = len;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	close(self->fd[1]);
	self->fd[1] = -1;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_LT(0, c.ret);
	EXPECT_GT((long)len, c.ret);
	EXPECT_FALSE(piped());
	free(c.buf);
}

/* Unless it is caught or ignored, the signal ends the process. */
TEST_F(broken, kills)
{
	int status;
	pid_t pid;

	if (!variant->kills)
		return;
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	pid = fork_child();
	if (!pid) {
		sigset_t set;

		sigemptyset(&set);
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &set, NULL);
		send(self->fd[0], "x", 1, MSG_NOSIGNAL);
		_exit(write(self->fd[0], "x", 1) < 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

TEST_HARNESS_MAIN
