// SPDX-License-Identifier: GPL-2.0
/* SO_RCVBUF and SO_SNDBUF bound what is queued; SO_MEMINFO tells of it. */
#include <linux/sock_diag.h>
#include <sched.h>

#include "harness.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK	72
#endif

/* What of SO_MEMINFO counts as queued at the receiver, and at the sender. */
static long meminfo(int fd, int index)
{
	__u32 info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) || len != sizeof(info))
		return -1;
	return info[index];
}

static long sysctl_of(const char *name)
{
	char path[64];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/core/%s", name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%ld", &value) != 1)
		value = -1;
	if (f)
		fclose(f);
	return value;
}

FIXTURE(pair) {
	int fd[2];
};

FIXTURE_VARIANT(pair) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(pair, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pair, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(pair, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(pair, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(pair, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pair, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(pair)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(pair)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(pair, defaults_and_bounds)
{
	long rmem_max = sysctl_of("rmem_max"), wmem_max = sysctl_of("wmem_max");

	EXPECT_EQ(sysctl_of("rmem_default"), sock_option(self->fd[0], SO_RCVBUF));
	EXPECT_EQ(sysctl_of("wmem_default"), sock_option(self->fd[0], SO_SNDBUF));
	/* Doubled, with a least and a most. */
	ASSERT_EQ(0, sock_set(self->fd[0], SO_RCVBUF, 30000));
	EXPECT_EQ(60000, sock_option(self->fd[0], SO_RCVBUF));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 30000));
	EXPECT_EQ(60000, sock_option(self->fd[0], SO_SNDBUF));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_RCVBUF, 0));
	EXPECT_EQ(2304, sock_option(self->fd[0], SO_RCVBUF));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 0));
	EXPECT_EQ(4608, sock_option(self->fd[0], SO_SNDBUF));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_RCVBUF, 0x7fffffff));
	EXPECT_EQ(2 * rmem_max, sock_option(self->fd[0], SO_RCVBUF));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 0x7fffffff));
	EXPECT_EQ(2 * wmem_max, sock_option(self->fd[0], SO_SNDBUF));
	/* With privilege, past that. */
	ASSERT_EQ(0, sock_set(self->fd[0], SO_RCVBUFFORCE, rmem_max + 1000));
	EXPECT_EQ(2 * (rmem_max + 1000), sock_option(self->fd[0], SO_RCVBUF));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUFFORCE, wmem_max + 1000));
	EXPECT_EQ(2 * (wmem_max + 1000), sock_option(self->fd[0], SO_SNDBUF));
	EXPECT_FAILS(ENOPROTOOPT, sock_option(self->fd[0], SO_RCVBUFFORCE));
	EXPECT_FAILS(ENOPROTOOPT, sock_option(self->fd[0], SO_SNDBUFFORCE));
	/* Who has set which. */
	EXPECT_EQ(3, sock_option(self->fd[0], SO_BUF_LOCK));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUF_LOCK, 1));
	EXPECT_EQ(1, sock_option(self->fd[0], SO_BUF_LOCK));
	EXPECT_FAILS(EINVAL, sock_set(self->fd[0], SO_BUF_LOCK, 4));
}

TEST_F(pair, force_needs_privilege)
{
	pid_t pid = fork_child();

	if (!pid) {
		if (setresuid(1000, 1000, 1000))
			_exit(1);
		if (!sock_set(self->fd[0], SO_RCVBUFFORCE, 10000) || errno != EPERM)
			_exit(2);
		if (!sock_set(self->fd[0], SO_SNDBUFFORCE, 10000) || errno != EPERM)
			_exit(3);
		/* Being root in a namespace of one's own is not enough. */
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(0);
		if (!sock_set(self->fd[0], SO_RCVBUFFORCE, 10000) || errno != EPERM)
			_exit(4);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(pid));
}

/* The kinds that are bounded by the receiver, or by both. */
static ssize_t fill(int fd, size_t size)
{
	char *buf = calloc(1, size);
	ssize_t total = 0, sent;
	int i;

	/* What a receiver drops looks as if it were sent. */
	for (i = 0; i < 5000; i++) {
		sent = send(fd, buf, size, MSG_DONTWAIT);
		if (sent < 0)
			break;
		total += sent;
	}
	free(buf);
	return total;
}

static ssize_t drain(int fd)
{
	static char buf[100000];
	ssize_t total = 0, got;

	while ((got = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		total += got;
	return total;
}

TEST_F(pair, receive_buffer_bounds)
{
	ssize_t small, large;

	/* Of AF_UNIX only the sender's counts. */
	if (variant->family == AF_UNIX)
		SKIP(return, "AF_UNIX has no use for SO_RCVBUF");
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 10000));
	fill(self->fd[0], 1000);
	small = drain(self->fd[1]);
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 50000));
	fill(self->fd[0], 1000);
	large = drain(self->fd[1]);
	EXPECT_LT(1000, small);
	EXPECT_GE(20000 + 1000, small);
	EXPECT_LT(3 * small, large);
	EXPECT_GE(100000 + 1000, large);

	/* A smaller one loses nothing, and lets nothing in until there is room again. */
	fill(self->fd[0], 1000);
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 10000));
	fill(self->fd[0], 1000);
	EXPECT_EQ(large, drain(self->fd[1]));
	fill(self->fd[0], 1000);
	EXPECT_EQ(small, drain(self->fd[1]));
}

TEST_F(pair, send_buffer_bounds)
{
	bool one_message = variant->type == SOCK_DGRAM;
	ssize_t small, large;

	if (one_message) {
		ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 10000));
		EXPECT_WORKS(fill(self->fd[0], 9000));
		/* UDP fits it in as long as there is any room. */
		if (variant->family == AF_EXPERIMENTAL)
			EXPECT_FAILS(EMSGSIZE, send(self->fd[0], calloc(1, 21000), 21000, 0));
		ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 20000));
		EXPECT_WORKS(send(self->fd[0], calloc(1, 21000), 21000, 0));
		return;
	}
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 10000));
	small = fill(self->fd[0], 1000);
	EXPECT_EQ(small, drain(self->fd[1]));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 50000));
	large = fill(self->fd[0], 1000);
	EXPECT_LT(1000, small);
	EXPECT_GE(20000 + 1000, small);
	EXPECT_LT(3 * small, large);
	EXPECT_GE(100000 + 1000, large);
	/* A smaller one lets nothing in until there is room again. */
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 10000));
	EXPECT_EQ(0, fill(self->fd[0], 1000));
	EXPECT_EQ(0, flow_events(self->fd[0]) & POLLOUT);
	EXPECT_EQ(large, drain(self->fd[1]));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd[0], POLLOUT));
	EXPECT_EQ(small, fill(self->fd[0], 1000));
}

/* More room at once, for one who waits for it. */
TEST_F(pair, larger_send_buffer_wakes)
{
	char *buf = calloc(1, 1000);
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = buf, .len = 1000 };

	if (variant->type == SOCK_DGRAM)
		SKIP(return, "its sender waits for nobody");
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 5000));
	fill(self->fd[0], 1000);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 50000));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1000, c.ret);
	free(buf);
}

/* A connection counts the pages that its stream reaches, less those that were read. */
static long paged(long written, long read)
{
	return ((written + 4095) / 4096 - (read + 4095) / 4096) * 4096;
}

TEST_F(pair, meminfo_tells_the_truth)
{
	long queued, sent;

	EXPECT_EQ(sock_option(self->fd[1], SO_RCVBUF), meminfo(self->fd[1], SK_MEMINFO_RCVBUF));
	EXPECT_EQ(sock_option(self->fd[1], SO_SNDBUF), meminfo(self->fd[1], SK_MEMINFO_SNDBUF));
	EXPECT_EQ(0, meminfo(self->fd[1], SK_MEMINFO_RMEM_ALLOC));
	EXPECT_EQ(0, meminfo(self->fd[0], SK_MEMINFO_WMEM_ALLOC));
	EXPECT_EQ(0, meminfo(self->fd[0], SK_MEMINFO_WMEM_QUEUED));

	ASSERT_EQ(3000, send(self->fd[0], calloc(1, 3000), 3000, 0));
	ASSERT_EQ(2000, send(self->fd[0], calloc(1, 2000), 2000, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	queued = meminfo(self->fd[1], SK_MEMINFO_RMEM_ALLOC);
	sent = meminfo(self->fd[0], SK_MEMINFO_WMEM_ALLOC) +
	       meminfo(self->fd[0], SK_MEMINFO_WMEM_QUEUED);
	/* AF_UNIX counts at the sender only, and what may be lost is not held against one. */
	if (variant->family != AF_UNIX) {
		EXPECT_LE(5000, queued);
		EXPECT_GT(30000, queued);
	}
	if (variant->type != SOCK_DGRAM) {
		EXPECT_LE(5000, sent);
		EXPECT_GT(30000, sent);
	} else {
		EXPECT_EQ(0, sent);
	}
	if (variant->type == SOCK_STREAM && variant->family == AF_EXPERIMENTAL) {
		EXPECT_EQ(paged(5000, 0), queued);
		EXPECT_EQ(paged(5000, 0), sent);
		EXPECT_EQ(1000, recv(self->fd[1], calloc(1, 1000), 1000, 0));
		EXPECT_EQ(paged(5000, 1000), meminfo(self->fd[1], SK_MEMINFO_RMEM_ALLOC));
		EXPECT_EQ(paged(5000, 1000), meminfo(self->fd[0], SK_MEMINFO_WMEM_QUEUED));
	}
	drain(self->fd[1]);
	EXPECT_EQ(0, meminfo(self->fd[1], SK_MEMINFO_RMEM_ALLOC));
	EXPECT_EQ(0, meminfo(self->fd[0], SK_MEMINFO_WMEM_ALLOC));
	EXPECT_EQ(0, meminfo(self->fd[0], SK_MEMINFO_WMEM_QUEUED));
}

/* A write that fails half-way counts for what of it is there. */
TEST_F(pair, meminfo_after_a_fault)
{
	char *edge = mem_edge(1000);

	if (variant->family != AF_EXPERIMENTAL)
		SKIP(return, "how others round is not looked at");
	send(self->fd[0], edge, 3000, 0);
	drain(self->fd[1]);
	EXPECT_EQ(0, meminfo(self->fd[1], SK_MEMINFO_RMEM_ALLOC));
	EXPECT_EQ(0, meminfo(self->fd[0], SK_MEMINFO_WMEM_ALLOC));
	EXPECT_EQ(0, meminfo(self->fd[0], SK_MEMINFO_WMEM_QUEUED));
}

FIXTURE(lossy) {
	int fd[2];
};

FIXTURE_VARIANT(lossy) {
	int family;
};

FIXTURE_VARIANT_ADD(lossy, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(lossy, udp) { .family = AF_INET, };

FIXTURE_SETUP(lossy)
{
	ASSERT_WORKS(sock_pair(variant->family, SOCK_DGRAM, self->fd));
}

FIXTURE_TEARDOWN(lossy)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(lossy, drops_are_counted)
{
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 5000));
	EXPECT_EQ(0, meminfo(self->fd[1], SK_MEMINFO_DROPS));
	fill(self->fd[0], 1000);
	EXPECT_LT(100, meminfo(self->fd[1], SK_MEMINFO_DROPS));
}

/* What came before there was a socket to count it at. */
TEST(before_accept)
{
	int listener, client, fd;
	struct addr a;

	listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 1, &a);
	ASSERT_EQ(0, sock_set(listener, SO_RCVBUF, 30000));
	client = sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &a);
	ASSERT_WORKS(client);
	ASSERT_EQ(5000, flow_write(client, 5000, 5000, 0));
	fd = accept(listener, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(60000, sock_option(fd, SO_RCVBUF));
	EXPECT_EQ(paged(5000, 0), meminfo(fd, SK_MEMINFO_RMEM_ALLOC));
	EXPECT_EQ(paged(5000, 0), meminfo(client, SK_MEMINFO_WMEM_QUEUED));
	EXPECT_EQ(5000, flow_read(fd, 5000, 5000, 0));
	EXPECT_EQ(0, meminfo(fd, SK_MEMINFO_RMEM_ALLOC));
	EXPECT_EQ(0, meminfo(client, SK_MEMINFO_WMEM_QUEUED));
	ASSERT_EQ(5000, flow_write(client, 5000, 5000, 0));
	close(fd);
	EXPECT_EQ(0, meminfo(client, SK_MEMINFO_WMEM_QUEUED));
	close(client);
	close(listener);
}

TEST_HARNESS_MAIN
