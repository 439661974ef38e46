// SPDX-License-Identifier: GPL-2.0
/* Who is at the other end: SO_PEERCRED, SO_PEERGROUPS and SO_PEERPIDFD. */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>

#include "harness.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif

#define CHILD_UID	1001
#define CHILD_GID	1002

static int peer_of(int fd, struct ucred *peer)
{
	socklen_t len = sizeof(*peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len);
}

/* In a child: another user, with two groups beside its own. */
static void become_another(void)
{
	static const gid_t groups[] = { 2001, 2002 };

	if (setgroups(2, groups) || setresgid(CHILD_GID, CHILD_GID, CHILD_GID) ||
	    setresuid(CHILD_UID, CHILD_UID, CHILD_UID))
		_exit(100);
}

static bool is_nobody(int fd)
{
	struct ucred peer;

	return !peer_of(fd, &peer) && !peer.pid && peer.uid == (uid_t)-1 &&
	       peer.gid == (gid_t)-1;
}

/* The process that a pidfd is of: its "Pid:", -1 if it is gone. */
static int pid_of_pidfd(int pidfd)
{
	char path[64], line[128];
	int pid = -2;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(path, "r");
	if (!f)
		return -3;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	fclose(f);
	return pid;
}

FIXTURE(connection) {
	struct addr addr;
	int listener;
};

FIXTURE_VARIANT(connection) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(connection, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(connection, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(connection, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(connection, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };

FIXTURE_SETUP(connection)
{
	self->listener = sock_listening(variant->family, variant->type, 5, &self->addr);
	ASSERT_WORKS(self->listener);
}

FIXTURE_TEARDOWN(connection)
{
	close(self->listener);
}

/* Both see the process that made the other end, as it was when it did. */
TEST_F(connection, both_ends_know_each_other)
{
	struct ucred peer;
	pid_t parent = getpid(), pid;
	char byte;
	int fd;

	pid = fork_child();
	if (!pid) {
		become_another();
		fd = sock_connected(variant->family, variant->type, &self->addr);
		if (fd < 0 || peer_of(fd, &peer))
			_exit(1);
		if (peer.pid != parent || peer.uid || peer.gid)
			_exit(2);
		/* Until the parent has looked. */
		recv(fd, &byte, 1, 0);
		_exit(0);
	}
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, peer_of(fd, &peer));
	EXPECT_EQ(pid, peer.pid);
	EXPECT_EQ(CHILD_UID, peer.uid);
	EXPECT_EQ(CHILD_GID, peer.gid);
	ASSERT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_EQ(0, child_status(pid));
	/* It stays known after it has gone. */
	ASSERT_EQ(0, peer_of(fd, &peer));
	EXPECT_EQ(CHILD_UID, peer.uid);
	close(fd);
}

TEST_F(connection, as_it_was_when_connected)
{
	struct ucred peer;
	pid_t pid;
	int fd;

	pid = fork_child();
	if (!pid) {
		fd = sock_connected(variant->family, variant->type, &self->addr);
		become_another();
		if (fd < 0 || send(fd, "x", 1, 0) != 1)
			_exit(1);
		pause();
	}
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	ASSERT_EQ(POLLIN, flow_wait(fd, POLLIN, 5000));
	ASSERT_EQ(0, peer_of(fd, &peer));
	EXPECT_EQ(pid, peer.pid);
	EXPECT_EQ(0, peer.uid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

/* It is who listens that counts, not who accepts, nor who bound the port. */
TEST_F(connection, listener_counts)
{
	struct ucred peer;
	pid_t pid;
	int fd;

	fd = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, peer_of(fd, &peer));
	EXPECT_EQ(getpid(), peer.pid);
	close(fd);

	pid = fork_child();
	if (!pid) {
		become_another();
		_exit(listen(self->listener, 5) ? 1 : 0);
	}
	ASSERT_EQ(0, child_status(pid));
	fd = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, peer_of(fd, &peer));
	EXPECT_EQ(CHILD_UID, peer.uid);
	close(fd);
}

TEST_F(connection, groups)
{
	socklen_t len = 0;
	gid_t groups[8];
	pid_t pid;
	int fd;

	pid = fork_child();
	if (!pid) {
		become_another();
		fd = sock_connected(variant->family, variant->type, &self->addr);
		if (fd < 0)
			_exit(1);
		pause();
	}
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	/* Too short: it tells how much there is. */
	EXPECT_FAILS(ERANGE, getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len));
	EXPECT_EQ(2 * sizeof(gid_t), len);
	len = sizeof(groups);
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len));
	ASSERT_EQ(2 * sizeof(gid_t), len);
	EXPECT_EQ(2001, groups[0]);
	EXPECT_EQ(2002, groups[1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
}

TEST_F(connection, pidfd)
{
	struct pollfd p = { .events = POLLIN };
	pid_t pid;
	int fd;

	pid = fork_child();
	if (!pid) {
		if (sock_connected(variant->family, variant->type, &self->addr) < 0)
			_exit(1);
		pause();
	}
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	p.fd = sock_option(fd, SO_PEERPIDFD);
	ASSERT_WORKS(p.fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(p.fd, F_GETFD));
	EXPECT_EQ(pid, pid_of_pidfd(p.fd));
	/* It tells when the process ends. */
	EXPECT_EQ(0, poll(&p, 1, 0));
	kill(pid, SIGKILL);
	EXPECT_EQ(1, poll(&p, 1, 5000));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	close(p.fd);

	/* Only AF_UNIX has the kernel keep what is needed once it was waited for. */
	if (variant->family == AF_UNIX) {
		p.fd = sock_option(fd, SO_PEERPIDFD);
		EXPECT_WORKS(p.fd);
		close(p.fd);
	} else {
		EXPECT_FAILS(ESRCH, sock_option(fd, SO_PEERPIDFD));
	}
	close(fd);
}

TEST_F(connection, nobody_without_a_connection)
{
	int fd = socket(variant->family, variant->type, 0);
	socklen_t len = 4;
	gid_t group;

	ASSERT_WORKS(fd);
	EXPECT_TRUE(is_nobody(fd));
	EXPECT_FAILS(ENODATA, getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &group, &len));
	EXPECT_FAILS(ENODATA, sock_option(fd, SO_PEERPIDFD));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(fd, SO_PEERCRED, 1));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(fd, SO_PEERGROUPS, 1));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(fd, SO_PEERPIDFD, 1));
	/* A listener has no peer; AF_UNIX tells of itself. */
	EXPECT_EQ(variant->family == AF_EXPERIMENTAL, is_nobody(self->listener));
	if (variant->family == AF_EXPERIMENTAL) {
		ASSERT_EQ(0, do_connect(fd, &self->addr));
		EXPECT_FALSE(is_nobody(fd));
		ASSERT_EQ(0, do_disconnect(fd));
		EXPECT_TRUE(is_nobody(fd));
	}
	close(fd);
}

TEST_F(connection, refused_after_waiting)
{
	int fd[2], i, pending = socket(variant->family, variant->type, 0);

	if (variant->family != AF_EXPERIMENTAL)
		SKIP(return, "an AF_UNIX connection is never pending");
	ASSERT_EQ(0, listen(self->listener, 1));
	for (i = 0; i < 2; i++)
		fd[i] = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_EQ(0, sock_nonblock(pending));
	EXPECT_FAILS(EINPROGRESS, do_connect(pending, &self->addr));
	close(self->listener);
	self->listener = -1;
	EXPECT_TRUE(is_nobody(pending));
	for (i = 0; i < 2; i++)
		close(fd[i]);
	close(pending);
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
FIXTURE_VARIANT_ADD(pair, exp_raw) { .family = AF_EXPERIMENTAL, .type = SOCK_RAW, };
FIXTURE_VARIANT_ADD(pair, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pair, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(pair, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };

FIXTURE_SETUP(pair)
{
	ASSERT_EQ(0, socketpair(variant->family, variant->type, 0, self->fd));
}

FIXTURE_TEARDOWN(pair)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(pair, made_by_this_process)
{
	struct ucred peer;
	int i, pidfd;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, peer_of(self->fd[i], &peer));
		EXPECT_EQ(getpid(), peer.pid);
		EXPECT_EQ(getuid(), peer.uid);
		EXPECT_EQ(getgid(), peer.gid);
		pidfd = sock_option(self->fd[i], SO_PEERPIDFD);
		ASSERT_WORKS(pidfd);
		EXPECT_EQ(getpid(), pid_of_pidfd(pidfd));
		close(pidfd);
	}
}

TEST_HARNESS_MAIN
