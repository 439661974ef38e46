// SPDX-License-Identifier: GPL-2.0
/* Requests of ioctl(2) that sockets know, and those that they do not. */
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "harness.h"

FIXTURE(request) {
	int fd[2];
};

FIXTURE_VARIANT(request) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(request, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };

FIXTURE_VARIANT_ADD(request, exp_seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET,
};

FIXTURE_VARIANT_ADD(request, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(request, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(request, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(request, unix_seqpacket) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(request, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(request, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(request, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(request)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(request)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* A process that is no more. */
static pid_t nobody(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static int set_by_siocspgrp(int fd, int owner)
{
	return ioctl(fd, SIOCSPGRP, &owner);
}

static int set_by_fiosetown(int fd, int owner)
{
	return ioctl(fd, FIOSETOWN, &owner);
}

static int set_by_fcntl(int fd, int owner)
{
	return fcntl(fd, F_SETOWN, owner);
}

static int set_by_fcntl_ex(int fd, int owner)
{
	struct f_owner_ex ex = {
		.type = owner < 0 ? F_OWNER_PGRP : F_OWNER_PID,
		.pid = owner < 0 ? -owner : owner,
	};

	return fcntl(fd, F_SETOWN_EX, &ex);
}

static int (*const setters[])(int fd, int owner) = {
	set_by_siocspgrp, set_by_fiosetown, set_by_fcntl, set_by_fcntl_ex,
};

/* The owner, if all agree; INT_MIN if not. */
static int owner_of(int fd)
{
	int by_siocgpgrp = 1, by_fiogetown = 2;
	struct f_owner_ex ex;
	int by_fcntl = fcntl(fd, F_GETOWN);

	if (ioctl(fd, SIOCGPGRP, &by_siocgpgrp) || ioctl(fd, FIOGETOWN, &by_fiogetown) ||
	    fcntl(fd, F_GETOWN_EX, &ex))
		return -1000000;
	if (by_siocgpgrp != by_fiogetown || by_fcntl != by_fiogetown ||
	    by_fcntl != (ex.type == F_OWNER_PGRP ? -ex.pid : ex.pid))
		return -2000000;
	return by_fcntl;
}

TEST_F(request, owner)
{
	pid_t gone = nobody();
	size_t i;

	ASSERT_EQ(0, setpgid(0, 0));
	EXPECT_EQ(0, owner_of(self->fd[0]));
	for (i = 0; i < ARRAY_SIZE(setters); i++) {
		EXPECT_WORKS(setters[i](self->fd[0], getppid()));
		EXPECT_EQ(getppid(), owner_of(self->fd[0]));
		EXPECT_FAILS(ESRCH, setters[i](self->fd[0], gone));
		EXPECT_FAILS(ESRCH, setters[i](self->fd[0], -gone));
		EXPECT_EQ(getppid(), owner_of(self->fd[0]));
		EXPECT_WORKS(setters[i](self->fd[0], -getpgrp()));
		EXPECT_EQ(-getpgrp(), owner_of(self->fd[0]));
		EXPECT_WORKS(setters[i](self->fd[0], 0));
		EXPECT_EQ(0, owner_of(self->fd[0]));
	}
	EXPECT_FAILS(EFAULT, ioctl(self->fd[0], SIOCSPGRP, mem_unmapped(8)));
	EXPECT_FAILS(EFAULT, ioctl(self->fd[0], FIOGETOWN, mem_unmapped(8)));
	EXPECT_EQ(0, owner_of(self->fd[1]));
}

static bool is_async(int fd)
{
	return fcntl(fd, F_GETFL) & O_ASYNC;
}

/* Whether something to read raises a signal. */
static bool signals(int fd[2])
{
	struct timespec time = { 0, 30000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	send(fd[1], "x", 1, 0);
	return sigtimedwait(&set, NULL, &time) == SIGIO;
}

TEST_F(request, async)
{
	int flags = fcntl(self->fd[0], F_GETFL);
	int on = 1, off = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETOWN, getpid()));
	EXPECT_FALSE(is_async(self->fd[0]));
	EXPECT_FALSE(signals(self->fd));

	ASSERT_EQ(0, ioctl(self->fd[0], FIOASYNC, &on));
	EXPECT_TRUE(is_async(self->fd[0]));
	EXPECT_TRUE(signals(self->fd));
	EXPECT_FALSE(is_async(self->fd[1]));

	ASSERT_EQ(0, fcntl(self->fd[0], F_SETFL, flags & ~O_ASYNC));
	EXPECT_FALSE(signals(self->fd));
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETFL, flags | O_ASYNC));
	EXPECT_TRUE(signals(self->fd));
	/* Setting it twice changes nothing. */
	ASSERT_EQ(0, ioctl(self->fd[0], FIOASYNC, &on));
	EXPECT_TRUE(signals(self->fd));
	ASSERT_EQ(0, ioctl(self->fd[0], FIOASYNC, &off));
	EXPECT_FALSE(is_async(self->fd[0]));
	EXPECT_FALSE(signals(self->fd));
	EXPECT_FAILS(EFAULT, ioctl(self->fd[0], FIOASYNC, mem_unmapped(8)));
}

static int asked(int fd, unsigned long request)
{
	int n = -1;

	return ioctl(fd, request, &n) ? -errno : n;
}

/* Waits for what TCP and UDP bring a little later. */
static int asked_until(int fd, unsigned long request, int want)
{
	long end = now_ms() + 5000;
	int n;

	while ((n = asked(fd, request)) != want && now_ms() < end)
		usleep(1000);
	return n;
}

TEST_F(request, bytes_to_read)
{
	bool sums = type_connects(variant->type);
	struct addr a;
	char buf[200];
	int fd;

	EXPECT_EQ(0, asked(self->fd[0], SIOCINQ));
	ASSERT_EQ(100, send(self->fd[1], buf, 100, 0));
	EXPECT_EQ(100, asked_until(self->fd[0], SIOCINQ, 100));
	ASSERT_EQ(50, send(self->fd[1], buf, 50, 0));
	/* Of messages without a connection, it is the first one's length. */
	EXPECT_EQ(sums ? 150 : 100, asked_until(self->fd[0], SIOCINQ, sums ? 150 : 100));
	EXPECT_EQ(0, asked(self->fd[1], SIOCINQ));
	ASSERT_EQ(20, recv(self->fd[0], buf, 20, 0));
	/* And the rest of a message is gone. */
	EXPECT_EQ(variant->type == SOCK_STREAM ? 130 : 50, asked(self->fd[0], SIOCINQ));
	EXPECT_EQ(variant->type == SOCK_STREAM ? 130 : 50, asked(self->fd[0], FIONREAD));
	EXPECT_FAILS(EFAULT, ioctl(self->fd[0], SIOCINQ, mem_unmapped(8)));

	if (!type_connects(variant->type))
		return;
	fd = sock_listening(variant->family, variant->type, 5, &a);
	EXPECT_EQ(-EINVAL, asked(fd, SIOCINQ));
	close(fd);
}

TEST_F(request, bytes_not_read)
{
	int fd, n, most, least = 100;
	struct addr a;
	char buf[200];

	EXPECT_EQ(0, asked(self->fd[0], SIOCOUTQ));
	ASSERT_EQ(100, send(self->fd[0], buf, 100, 0));
	/* TCP counts what was not acknowledged, and UDP has sent it. */
	if (variant->family != AF_INET) {
		n = asked(self->fd[0], SIOCOUTQ);
		/* A datagram is its receiver's; others count it with its overhead. */
		most = n;
		if (variant->family == AF_EXPERIMENTAL) {
			least = variant->type == SOCK_DGRAM ? 0 : 100;
			most = type_connects(variant->type) ? 100 : least ? n : 0;
		}
		EXPECT_LE(least, n);
		EXPECT_GE(most, n);
		EXPECT_EQ(n, asked(self->fd[0], TIOCOUTQ));
	}
	ASSERT_LT(0, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, asked_until(self->fd[0], SIOCOUTQ, 0));
	EXPECT_FAILS(EFAULT, ioctl(self->fd[0], SIOCOUTQ, mem_unmapped(8)));

	if (variant->family == AF_UNIX || !type_connects(variant->type))
		return;
	fd = sock_listening(variant->family, variant->type, 5, &a);
	EXPECT_EQ(-EINVAL, asked(fd, SIOCOUTQ));
	close(fd);
}

TEST_F(request, mark)
{
	if (variant->type == SOCK_STREAM) {
		EXPECT_EQ(0, asked(self->fd[0], SIOCATMARK));
		ASSERT_EQ(1, send(self->fd[1], "x", 1, MSG_OOB));
		EXPECT_EQ(1, asked_until(self->fd[0], SIOCATMARK, 1));
		return;
	}
	EXPECT_EQ(variant->family == AF_INET ? -ENOTTY : -EOPNOTSUPP,
		  asked(self->fd[0], SIOCATMARK));
}

/* Those of other things, and of nothing. */
TEST_F(request, unknown)
{
	static const unsigned long requests[] = {
		TCGETS, TIOCGWINSZ, FIOQSIZE, _IOR('E', 200, int), _IOW('E', 201, int),
		_IO('E', 202), 0x89df, 0, 0x7fffffff,
	};
	char room[256] = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		TH_LOG("%#lx", requests[i]);
		EXPECT_FAILS(ENOTTY, ioctl(self->fd[0], requests[i], room));
		/* What is in the range of interfaces is read before it is looked at. */
		if (requests[i] >> 8 != 0x89)
			EXPECT_FAILS(ENOTTY, ioctl(self->fd[0], requests[i], mem_unmapped(8)));
	}
	EXPECT_FALSE(isatty(self->fd[0]));
}

/* Any socket is good for asking about interfaces. */
TEST_F(request, of_interfaces)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	struct ifconf conf = { 0 };

	EXPECT_WORKS(ioctl(self->fd[0], SIOCGIFINDEX, &ifr));
	EXPECT_EQ(1, ifr.ifr_ifindex);
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_ifindex = 1;
	EXPECT_WORKS(ioctl(self->fd[0], SIOCGIFNAME, &ifr));
	EXPECT_STREQ("lo", ifr.ifr_name);
	EXPECT_WORKS(ioctl(self->fd[0], SIOCGIFFLAGS, &ifr));
	EXPECT_TRUE(ifr.ifr_flags & IFF_LOOPBACK);
	EXPECT_WORKS(ioctl(self->fd[0], SIOCGIFCONF, &conf));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "none");
	EXPECT_FAILS(ENODEV, ioctl(self->fd[0], SIOCGIFINDEX, &ifr));
	EXPECT_FAILS(EFAULT, ioctl(self->fd[0], SIOCGIFINDEX, mem_unmapped(8)));
	EXPECT_EQ(1, (int)if_nametoindex("lo"));
}

TEST_HARNESS_MAIN
