// SPDX-License-Identifier: GPL-2.0
/* Network namespaces: names of their own, and sockets that stay in theirs. */
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
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

/* An rtnetlink message that names a namespace by its number. */
struct naming {
	struct nlmsghdr header;
	struct rtgenmsg family;
	unsigned int attributes[2 * RTA_SPACE(sizeof(int)) / sizeof(int)];
};

static void add_attribute(struct naming *n, int type, int value)
{
	struct rtattr *a = (void *)n + NLMSG_ALIGN(n->header.nlmsg_len);

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(sizeof(value));
	memcpy(RTA_DATA(a), &value, sizeof(value));
	n->header.nlmsg_len = NLMSG_ALIGN(n->header.nlmsg_len) + a->rta_len;
}

/* A netlink socket that hears of the end of the namespaces that have a number. */
static int mourner(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int group = RTNLGRP_NSID;

	setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
	return fd;
}

/* Gives the namespace of file @ns this number in that of the netlink socket. */
static int give_number(int netlink, int ns, int number)
{
	struct naming n = {
		.header = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
			.nlmsg_type = RTM_NEWNSID,
			.nlmsg_flags = NLM_F_REQUEST,
		},
	};

	add_attribute(&n, NETNSA_NSID, number);
	add_attribute(&n, NETNSA_FD, ns);
	return send(netlink, &n, n.header.nlmsg_len, 0) < 0 ? -1 : 0;
}

static int number_of(const struct nlmsghdr *header)
{
	const struct rtattr *a = (void *)header + NLMSG_SPACE(sizeof(struct rtgenmsg));
	int left = header->nlmsg_len - NLMSG_SPACE(sizeof(struct rtgenmsg));
	int number = -1;

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == NETNSA_NSID)
			memcpy(&number, RTA_DATA(a), sizeof(number));
	return number;
}

/* Whether the namespace with this number ends within @ms. */
static bool has_ended(int netlink, int number, int ms)
{
	long end = now_ms() + ms, left;
	char buf[8192];
	struct nlmsghdr *header;
	int len;

	for (left = ms; left >= 0; left = end - now_ms()) {
		if (!flow_wait(netlink, POLLIN, (int)left))
			return false;
		len = recv(netlink, buf, sizeof(buf), MSG_DONTWAIT);
		for (header = (void *)buf; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len))
			if (header->nlmsg_type == RTM_DELNSID && number_of(header) == number)
				return true;
	}
	return false;
}

/* What is left of a namespace that nobody is in any more. */
#define LEFT	4

FIXTURE(left) {
	int home;
	int netlink;
	int fd[LEFT];
};

FIXTURE_VARIANT(left) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(left, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(left, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(left, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(left, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(left, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(left, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(left, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(left, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

/* The namespace of an earlier test may still have to end: each has a number of its own. */
static int number(void)
{
	return getpid() * 100;
}

/* Leaves this thread in a new namespace, of whose end the netlink socket will hear. */
FIXTURE_SETUP(left)
{
	int i, ns;

	for (i = 0; i < LEFT; i++)
		self->fd[i] = -1;
	self->home = here();
	self->netlink = mourner();
	ASSERT_WORKS(self->netlink);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	loopback_up();
	ns = here();
	ASSERT_EQ(0, give_number(self->netlink, ns, number()));
	close(ns);
}

FIXTURE_TEARDOWN(left)
{
	int i;

	for (i = 0; i < LEFT; i++)
		if (self->fd[i] >= 0)
			close(self->fd[i]);
	close(self->netlink);
	close(self->home);
}

/* The thread goes home: only the sockets are left, and keep it. */
static bool keeps(int netlink, int home)
{
	return !setns(home, CLONE_NEWNET) && !has_ended(netlink, number(), 100);
}

TEST_F(left, nothing)
{
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	EXPECT_TRUE(has_ended(self->netlink, number(), 5000));
}

TEST_F(left, sockets_with_data)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	EXPECT_EQ(1000, flow_write(self->fd[0], 1000, 500, 0));
	EXPECT_EQ(1000, flow_write(self->fd[1], 1000, 500, 0));
	ASSERT_TRUE(keeps(self->netlink, self->home));
	/* Still at work: it is a namespace as good as any. */
	EXPECT_EQ(500, flow_read(self->fd[1], 500, 500, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_FALSE(has_ended(self->netlink, number(), 100));
	EXPECT_EQ(500, flow_read(self->fd[1], 500, 500, 500));
	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[1] = -1;
	EXPECT_TRUE(has_ended(self->netlink, number(), 5000));
}

/* Connections that nobody has accepted, one that waits for its turn, and what they have sent. */
TEST_F(left, listener_with_connections)
{
	struct addr a;
	int i;

	if (!type_connects(variant->type))
		return;
	self->fd[0] = sock_listening(variant->family, variant->type, 0, &a);
	ASSERT_WORKS(self->fd[0]);
	for (i = 1; i < 3; i++) {
		self->fd[i] = socket(variant->family, variant->type | SOCK_NONBLOCK, 0);
		do_connect(self->fd[i], &a);
	}
	EXPECT_EQ(100, flow_write(self->fd[1], 100, 100, 0));
	ASSERT_TRUE(keeps(self->netlink, self->home));
	for (i = 2; i >= 0; i--) {
		EXPECT_FALSE(has_ended(self->netlink, number(), 20));
		ASSERT_EQ(0, close(self->fd[i]));
		self->fd[i] = -1;
	}
	EXPECT_TRUE(has_ended(self->netlink, number(), 5000));
}

/* The only descriptor lies in the queue of another socket, at home. */
TEST_F(left, descriptor_in_flight)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int way[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	EXPECT_EQ(1000, flow_write(self->fd[0], 1000, 500, 0));
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &self->fd[1], sizeof(int));
	ASSERT_EQ(1, sendmsg(way[0], &m, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[0] = -1;
	self->fd[1] = -1;
	EXPECT_FALSE(has_ended(self->netlink, number(), 100));
	ASSERT_EQ(0, close(way[0]));
	EXPECT_FALSE(has_ended(self->netlink, number(), 20));
	ASSERT_EQ(0, close(way[1]));
	EXPECT_TRUE(has_ended(self->netlink, number(), 5000));
}

static void *send_always(void *arg)
{
	char buf[3000] = { 0 };
	int fd = *(int *)arg;

	for (;;)
		send(fd, buf, sizeof(buf), MSG_NOSIGNAL);
	return NULL;
}

static void *receive_always(void *arg)
{
	char buf[1000];
	int fd = *(int *)arg;

	for (;;)
		recv(fd, buf, sizeof(buf), 0);
	return NULL;
}

/* A process that is all alone in its namespace, and busy there until it is killed. */
static pid_t busy(int family, int type, int ready)
{
	pid_t pid = fork_child();
	pthread_t thread;
	int fd[2];

	if (pid)
		return pid;
	if (unshare(CLONE_NEWNET))
		_exit(1);
	loopback_up();
	if (sock_pair(family, type, fd) ||
	    pthread_create(&thread, NULL, send_always, &fd[0]) ||
	    pthread_create(&thread, NULL, receive_always, &fd[1]) ||
	    write(ready, "r", 1) != 1)
		_exit(1);
	send_always(&fd[1]);
	_exit(0);
}

/* Namespaces that end while data flows in them. */
TEST_F(left, under_load)
{
	char path[64], byte;
	int i, ns, ready[2];
	pid_t pid;

	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	ASSERT_EQ(0, pipe(ready));
	for (i = 1; i <= scaled(5); i++) {
		pid = busy(variant->family, variant->type, ready[1]);
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		ns = open(path, O_RDONLY | O_CLOEXEC);
		ASSERT_EQ(0, give_number(self->netlink, ns, number() + i));
		close(ns);
		EXPECT_FALSE(has_ended(self->netlink, number() + i, 20));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(-1, child_status(pid));
		EXPECT_TRUE(has_ended(self->netlink, number() + i, 10000));
	}
	close(ready[0]);
	close(ready[1]);
}

TEST_HARNESS_MAIN
