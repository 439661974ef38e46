// SPDX-License-Identifier: GPL-2.0
/* Network namespaces: names of their own, and sockets that stay in theirs. */
#include <fcntl.h>
#include <sched.h>

#include "harness.h"

FIXTURE(spaces) {
	int home;
	int away;
};

FIXTURE_VARIANT(spaces) {
	int family;
	int stream;	/* a type that connects */
	int dgram;	/* and one that does not */
};

FIXTURE_VARIANT_ADD(spaces, exp) {
	.family = AF_EXPERIMENTAL, .stream = SOCK_STREAM, .dgram = SOCK_DGRAM,
};

FIXTURE_VARIANT_ADD(spaces, exp_others) {
	.family = AF_EXPERIMENTAL, .stream = SOCK_SEQPACKET, .dgram = SOCK_RDM,
};

FIXTURE_VARIANT_ADD(spaces, unix) {
	.family = AF_UNIX, .stream = SOCK_STREAM, .dgram = SOCK_DGRAM,
};

FIXTURE_VARIANT_ADD(spaces, unix_others) {
	.family = AF_UNIX, .stream = SOCK_SEQPACKET, .dgram = SOCK_DGRAM,
};

FIXTURE_VARIANT_ADD(spaces, inet) {
	.family = AF_INET, .stream = SOCK_STREAM, .dgram = SOCK_DGRAM,
};

static int here(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

FIXTURE_SETUP(spaces)
{
	self->home = here();
	ASSERT_WORKS(self->home);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	loopback_up();
	self->away = here();
	ASSERT_WORKS(self->away);
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
}

FIXTURE_TEARDOWN(spaces)
{
	close(self->home);
	close(self->away);
}

TEST_F(spaces, new_one_is_empty)
{
	int fd;

	ASSERT_EQ(0, setns(self->away, CLONE_NEWNET));
	ASSERT_EQ(0, sock_count());
	fd = socket(variant->family, variant->stream, 0);
	ASSERT_WORKS(fd);
	EXPECT_EQ(1, sock_count());
	close(fd);
	EXPECT_TRUE(sock_count_is(0));
}

TEST_F(spaces, same_name_in_both)
{
	struct addr a;
	int fd[2], from;
	char byte;

	fd[0] = sock_bound(variant->family, variant->dgram, &a);
	ASSERT_WORKS(fd[0]);
	ASSERT_EQ(0, setns(self->away, CLONE_NEWNET));
	fd[1] = socket(variant->family, variant->dgram, 0);
	ASSERT_WORKS(do_bind(fd[1], &a));

	/* Each is reached from its own side. */
	from = socket(variant->family, variant->dgram, 0);
	ASSERT_EQ(1, sendto(from, "a", 1, 0, &a.sa, a.len));
	close(from);
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	from = socket(variant->family, variant->dgram, 0);
	ASSERT_EQ(1, sendto(from, "h", 1, 0, &a.sa, a.len));
	close(from);
	EXPECT_EQ(1, recv(fd[0], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ('h', byte);
	EXPECT_EQ(1, recv(fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ('a', byte);
	EXPECT_FAILS(EAGAIN, recv(fd[0], &byte, 1, MSG_DONTWAIT));
	EXPECT_FAILS(EAGAIN, recv(fd[1], &byte, 1, MSG_DONTWAIT));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(spaces, no_connection_across)
{
	struct addr a;
	int listener = sock_listening(variant->family, variant->stream, 5, &a);
	int fd;

	ASSERT_WORKS(listener);
	ASSERT_EQ(0, setns(self->away, CLONE_NEWNET));
	EXPECT_FAILS(ECONNREFUSED, sock_connected(variant->family, variant->stream, &a));
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	fd = sock_connected(variant->family, variant->stream, &a);
	EXPECT_WORKS(fd);
	close(fd);
	close(listener);
}

/* It is the namespace of the socket that counts, not that of its user. */
TEST_F(spaces, socket_stays_in_its_own)
{
	struct addr a, b;
	int listener = sock_listening(variant->family, variant->stream, 5, &a);
	int fd = socket(variant->family, variant->stream, 0);
	int unbound = socket(variant->family, variant->stream, 0);
	struct addr any = addr_any(variant->family);
	int child;

	ASSERT_EQ(0, setns(self->away, CLONE_NEWNET));
	ASSERT_WORKS(do_connect(fd, &a));
	child = accept(listener, NULL, NULL);
	ASSERT_WORKS(child);
	EXPECT_EQ(1000, flow_write(fd, 1000, 1000, 0));
	EXPECT_EQ(1000, flow_read(child, 1000, 1000, 0));
	EXPECT_EQ(0, sock_count());

	/* A name that it takes from here is a name there. */
	ASSERT_WORKS(do_bind(unbound, &any));
	ASSERT_WORKS(listen(unbound, 1));
	ASSERT_EQ(0, addr_own(unbound, &b));
	EXPECT_FAILS(ECONNREFUSED, sock_connected(variant->family, variant->stream, &b));
	close(fd);
	close(child);
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	fd = sock_connected(variant->family, variant->stream, &b);
	EXPECT_WORKS(fd);
	close(fd);
	close(unbound);
	close(listener);
}

static long long cookie(int fd)
{
	long long value = 0;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &value, &len))
		return -1;
	return value;
}

TEST_F(spaces, child_is_born_where_its_listener_is)
{
	struct addr a;
	int listener = sock_listening(variant->family, variant->stream, 5, &a);
	int fd = sock_connected(variant->family, variant->stream, &a);
	int child, local;

	ASSERT_EQ(0, setns(self->away, CLONE_NEWNET));
	child = accept(listener, NULL, NULL);
	ASSERT_WORKS(child);
	local = socket(variant->family, variant->stream, 0);
	EXPECT_EQ(cookie(listener), cookie(child));
	EXPECT_NE(cookie(local), cookie(child));
	EXPECT_EQ(1, sock_count());
	close(local);
	close(child);
	close(fd);
	close(listener);
}

/* Passed to a process in another namespace, a connection goes on. */
TEST_F(spaces, passed_to_another_process)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int way[2], pair[2], got;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	pid = fork_child();
	if (!pid) {
		char byte;

		iov.iov_base = &byte;
		if (setns(self->away, CLONE_NEWNET) || recvmsg(way[1], &m, 0) != 1)
			_exit(1);
		memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(got));
		if (flow_read(got, 100000, 3000, 0) != 100000)
			_exit(2);
		_exit(flow_write(got, 100000, 1000, 7) != 100000);
	}
	ASSERT_WORKS(sock_pair(variant->family, variant->stream, pair));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pair[1], sizeof(int));
	ASSERT_EQ(1, sendmsg(way[0], &m, 0));
	close(pair[1]);
	EXPECT_EQ(100000, flow_write(pair[0], 100000, 3000, 0));
	EXPECT_EQ(100000, flow_read(pair[0], SIZE_MAX, 3000, 7));
	EXPECT_EQ(0, child_status(pid));
	close(pair[0]);
	close(way[0]);
	close(way[1]);
}

/* A connection keeps its namespace, when nobody else is in it any more. */
TEST_F(spaces, outlived_by_its_sockets)
{
	int pair[2], i;
	char byte;

	for (i = 0; i < scaled(10); i++) {
		ASSERT_EQ(0, unshare(CLONE_NEWNET));
		loopback_up();
		ASSERT_WORKS(sock_pair(variant->family, variant->dgram, pair));
		ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
		EXPECT_EQ(1, send(pair[0], "x", 1, 0));
		EXPECT_EQ(1, recv(pair[1], &byte, 1, MSG_DONTWAIT));
		/* Unread data goes with it. */
		EXPECT_EQ(1, send(pair[1], "x", 1, 0));
		close(pair[0]);
		close(pair[1]);
	}
}

TEST_HARNESS_MAIN
