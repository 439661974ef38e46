// SPDX-License-Identifier: GPL-2.0
/* Settings in /proc/sys/net/core that socket(7) and listen(2) know. */
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>

#include "harness.h"
#include "setting.h"

FIXTURE(core) {
	struct setting setting;
	int fd[2];
};

FIXTURE_VARIANT(core) {
	int family;
	int type;
	bool bounded;	/* what is queued, by the receiver's buffer */
	bool counted;	/* and by the sender's */
	bool sized;	/* a message, by the sender's */
};

FIXTURE_VARIANT_ADD(core, stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .bounded = true, .counted = true,
};

FIXTURE_VARIANT_ADD(core, seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET,
	.bounded = true, .counted = true, .sized = true,
};

FIXTURE_VARIANT_ADD(core, dgram) {
	.family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, .bounded = true, .sized = true,
};

FIXTURE_VARIANT_ADD(core, rdm) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM,
	.bounded = true, .counted = true, .sized = true,
};

FIXTURE_VARIANT_ADD(core, unix) {
	.family = AF_UNIX, .type = SOCK_STREAM, .counted = true,
};

FIXTURE_VARIANT_ADD(core, unix_dgram) {
	.family = AF_UNIX, .type = SOCK_DGRAM, .counted = true, .sized = true,
};

FIXTURE_VARIANT_ADD(core, udp) {
	.family = AF_INET, .type = SOCK_DGRAM, .bounded = true,
};

FIXTURE_SETUP(core)
{
	memset(&self->setting, 0, sizeof(self->setting));
	self->fd[0] = -1;
	self->fd[1] = -1;
}

FIXTURE_TEARDOWN(core)
{
	setting_restore(&self->setting);
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Bytes that wait for a reader who does not come, at the most, of a million. */
static size_t queued(int fd[2])
{
	static char buf[1000];
	size_t total = 0;
	ssize_t n;
	int i;

	for (i = 0; i < 1000; i++) {
		n = send(fd[0], buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			break;
	}
	while ((n = recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		total += n;
	printf("# %zu bytes\n", total);
	return total;
}

#define SMALL	30000
#define LARGE	150000

TEST_F(core, rmem_default)
{
	int old = socket(variant->family, variant->type, 0);
	int before = sock_option(old, SO_RCVBUF);

	ASSERT_LT(LARGE, before);
	ASSERT_WORKS(setting_change(&self->setting, "core/rmem_default", SMALL));
	EXPECT_EQ(before, sock_option(old, SO_RCVBUF));
	close(old);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	EXPECT_EQ(SMALL, sock_option(self->fd[0], SO_RCVBUF));
	EXPECT_EQ(SMALL, sock_option(self->fd[1], SO_RCVBUF));
	/* One message may be beyond. */
	if (variant->bounded)
		EXPECT_GE(SMALL + 1000, queued(self->fd));
	/* It is but a default. */
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, LARGE));
	EXPECT_EQ(2 * LARGE, sock_option(self->fd[1], SO_RCVBUF));
	if (variant->bounded)
		EXPECT_LT(2 * SMALL, queued(self->fd));
}

TEST_F(core, rmem_max)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	ASSERT_WORKS(setting_change(&self->setting, "core/rmem_max", SMALL));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, LARGE));
	EXPECT_EQ(2 * SMALL, sock_option(self->fd[1], SO_RCVBUF));
	if (variant->bounded)
		EXPECT_GE(2 * SMALL + 1000, queued(self->fd));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUFFORCE, LARGE));
	EXPECT_EQ(2 * LARGE, sock_option(self->fd[1], SO_RCVBUF));
	ASSERT_WORKS(setting_set("core/rmem_max", LARGE));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, LARGE));
	EXPECT_EQ(2 * LARGE, sock_option(self->fd[1], SO_RCVBUF));
	if (variant->bounded)
		EXPECT_LT(2 * SMALL, queued(self->fd));
}

TEST_F(core, wmem_default)
{
	int old = socket(variant->family, variant->type, 0);
	int before = sock_option(old, SO_SNDBUF);
	char *buf = calloc(1, LARGE);

	ASSERT_LT(LARGE, before);
	ASSERT_WORKS(setting_change(&self->setting, "core/wmem_default", SMALL));
	EXPECT_EQ(before, sock_option(old, SO_SNDBUF));
	close(old);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	EXPECT_EQ(SMALL, sock_option(self->fd[0], SO_SNDBUF));
	EXPECT_EQ(SMALL, sock_option(self->fd[1], SO_SNDBUF));
	if (variant->sized)
		EXPECT_FAILS(EMSGSIZE, send(self->fd[0], buf, SMALL, MSG_DONTWAIT));
	if (variant->counted)
		EXPECT_GE(SMALL + 1000, queued(self->fd));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, LARGE));
	if (variant->sized)
		EXPECT_EQ(SMALL, send(self->fd[0], buf, SMALL, MSG_DONTWAIT));
	free(buf);
}

TEST_F(core, wmem_max)
{
	char *buf = calloc(1, LARGE);

	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	ASSERT_WORKS(setting_change(&self->setting, "core/wmem_max", SMALL));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, LARGE));
	EXPECT_EQ(2 * SMALL, sock_option(self->fd[0], SO_SNDBUF));
	if (variant->sized)
		EXPECT_FAILS(EMSGSIZE, send(self->fd[0], buf, 2 * SMALL, MSG_DONTWAIT));
	if (variant->counted)
		EXPECT_GE(2 * SMALL + 1000, queued(self->fd));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUFFORCE, LARGE));
	EXPECT_EQ(2 * LARGE, sock_option(self->fd[0], SO_SNDBUF));
	if (variant->sized)
		EXPECT_EQ(2 * SMALL, send(self->fd[0], buf, 2 * SMALL, MSG_DONTWAIT));
	free(buf);
}

/* Nothing is put off, so there is no queue to be bounded. */
TEST_F(core, netdev_max_backlog)
{
	char byte;
	int i, sent;

	if (variant->family != AF_EXPERIMENTAL)
		return;
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	ASSERT_WORKS(setting_change(&self->setting, "core/netdev_max_backlog", 1));
	for (sent = 0; sent < 50; sent++)
		ASSERT_EQ(1, send(self->fd[0], "x", 1, MSG_DONTWAIT));
	for (i = 0; i < sent; i++)
		ASSERT_EQ(1, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

static ssize_t send_control(int fd, int fds)
{
	char control[CMSG_SPACE(100 * sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = CMSG_SPACE(fds * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int i, end = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(fds * sizeof(int));
	for (i = 0; i < fds; i++)
		((int *)CMSG_DATA(c))[i] = end;
	n = sendmsg(fd, &m, MSG_DONTWAIT);
	i = errno;
	close(end);
	errno = i;
	return n;
}

static int attach_filter(int fd, unsigned short len)
{
	struct sock_filter code[1000];
	struct sock_fprog filter = { .len = len, .filter = code };
	int i;

	for (i = 0; i < len; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0xffff);
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

TEST_F(core, optmem_max)
{
	char byte;

	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	ASSERT_WORKS(setting_change(&self->setting, "core/optmem_max", 200));
	EXPECT_FAILS(ENOMEM, attach_filter(self->fd[1], 1000));
	if (variant->family != AF_INET) {
		/* The compat layer, which makes longer ones of them, has its own word. */
		EXPECT_FAILS(sizeof(long) == 4 ? ENOMEM : ENOBUFS, send_control(self->fd[0], 100));
		EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	}
	ASSERT_WORKS(setting_set("core/optmem_max", 20000));
	EXPECT_WORKS(attach_filter(self->fd[1], 1000));
	if (variant->family != AF_INET) {
		EXPECT_EQ(1, send_control(self->fd[0], 100));
		EXPECT_EQ(1, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	}
}

TEST_F(core, somaxconn)
{
	struct addr a;
	int fd[10], i, count = 0;
	int listener;

	if (!type_connects(variant->type))
		return;
	ASSERT_WORKS(setting_change(&self->setting, "core/somaxconn", 2));
	listener = sock_listening(variant->family, variant->type, 100, &a);
	for (i = 0; i < 10; i++) {
		fd[i] = socket(variant->family, variant->type | SOCK_NONBLOCK, 0);
		count += !do_connect(fd[i], &a);
	}
	/* One more than that, as everywhere. */
	EXPECT_EQ(3, count);
	/* It counts when listen() is called. */
	ASSERT_WORKS(setting_set("core/somaxconn", 100));
	EXPECT_EQ(variant->family == AF_UNIX ? EAGAIN : EALREADY,
		  do_connect(fd[9], &a) ? errno : 0);
	ASSERT_WORKS(listen(listener, 7));
	for (count = 0, i = 0; i < 10; i++) {
		if (do_connect(fd[i], &a) == 0 || errno == EISCONN)
			count++;
	}
	EXPECT_EQ(8, count);
	for (i = 0; i < 10; i++)
		close(fd[i]);
	close(listener);
}

TEST_HARNESS_MAIN
