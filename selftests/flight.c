// SPDX-License-Identifier: GPL-2.0
/* Descriptors on their way: how many there may be, and when they are closed. */
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/filter.h>

#include "fds.h"
#include "harness.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif
#ifndef SYS_listns
#define SYS_listns	470
#endif
#ifndef NS_GET_ID
#define NS_GET_ID	_IOR(0xb7, 0xd, unsigned long long)
#endif

#define NOBODY	65534

FIXTURE(flight) {
	int fd[2];
};

FIXTURE_VARIANT(flight) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(flight, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(flight, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(flight, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(flight, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(flight, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(flight, unix_stream) { AF_UNIX, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(flight, unix_seqpacket) { AF_UNIX, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(flight, unix_dgram) { AF_UNIX, SOCK_DGRAM, };

FIXTURE_SETUP(flight)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(flight)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static int many(int fd, int most)
{
	int file = memfd_create("passed", 0), count;

	for (count = 0; count < most; count++) {
		errno = 0;
		if (fds_send(fd, "x", 1, &file, 1) != 1)
			break;
	}
	close(file);
	return count;
}

TEST_F(flight, limit_of_a_user)
{
	pid_t pid = fork_child();
	char byte;

	if (!pid) {
		struct rlimit limit = { 20, 20 };
		int count;

		if (setrlimit(RLIMIT_NOFILE, &limit) || setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		/* AF_UNIX allows for one message more. */
		count = many(self->fd[0], 100);
		if (count < 20 || count > 21 || errno != ETOOMANYREFS)
			_exit(2);
		/* What was received is on its way no more. */
		if (recv(self->fd[1], &byte, 1, 0) != 1)
			_exit(3);
		if (many(self->fd[0], 1) != 1)
			_exit(4);
		_exit(many(self->fd[0], 2) == 2 || errno != ETOOMANYREFS);
	}
	EXPECT_EQ(0, child_status(pid));
	/* Others have their own, and who has the privilege, none. */
	EXPECT_EQ(100, many(self->fd[0], 100));
}

#define NEVER_READ	0
#define WRITER_FIRST	1
#define SHUT		2
#define PLAIN_READ	3
#define BOTH_EXIT	4
#define OTHER_SPACE	5
#define SPLICED		6
#define MANY_UNREAD	7
#define CASES		8

static const char * const cases[CASES] = {
	"never read", "the writer is closed first", "shut down", "read without control buffer",
	"the process ends", "the namespace ends", "read by splice", "many, never read",
};

TEST_F(flight, let_go_on_each_way_out)
{
	int fd[2], pipe, i, way[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	for (i = 0; i < CASES; i++) {
		TH_LOG("%s", cases[i]);
		ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
		pipe = fds_hold(fd[0], "x");
		ASSERT_WORKS(pipe);
		EXPECT_TRUE(fds_is_held(pipe));
		switch (i) {
		case WRITER_FIRST:
			close(fd[0]);
			fd[0] = -1;
			EXPECT_TRUE(fds_is_held(pipe));
			break;
		case SHUT:
			shutdown(fd[0], SHUT_RDWR);
			shutdown(fd[1], SHUT_RDWR);
			break;
		case PLAIN_READ:
			EXPECT_EQ(1, recv(fd[1], &byte, 1, 0));
			EXPECT_TRUE(fds_is_let_go(pipe));
			break;
		case BOTH_EXIT:
		case OTHER_SPACE:
			close(pipe);
			pid = fork_child();
			if (!pid) {
				int pair[2];

				if (i == OTHER_SPACE && unshare(CLONE_NEWNET))
					_exit(1);
				if (sock_pair(variant->family, variant->type, pair))
					_exit(2);
				pipe = fds_hold(pair[0], "x");
				if (fds_send(way[1], "x", 1, &pipe, 1) != 1)
					_exit(3);
				_exit(0);
			}
			{
				int n, flags = 0;

				EXPECT_EQ(0, child_status(pid));
				ASSERT_EQ(1, fds_recv(way[0], &byte, 1, &pipe, 1, &n, &flags));
				ASSERT_EQ(1, n);
			}
			break;
		case SPLICED: {
			int ends[2];

			ASSERT_EQ(0, pipe2(ends, 0));
			EXPECT_EQ(1, splice(fd[1], NULL, ends[1], NULL, 1, 0));
			close(ends[0]);
			close(ends[1]);
			EXPECT_TRUE(fds_is_let_go(pipe));
			break;
		}
		case MANY_UNREAD:
			EXPECT_EQ(50, many(fd[0], 50));
			break;
		}
		close(fd[1]);
		if (i != NEVER_READ)
			close(fd[0]);
		EXPECT_TRUE(fds_is_let_go(pipe));
		if (i == NEVER_READ)
			close(fd[0]);
		close(pipe);
	}
	close(way[0]);
	close(way[1]);
}

/* Whether a network namespace with this number lives; -1 if that can't be told. */
static int lives(unsigned long long id)
{
	struct {
		unsigned int size, spare;
		unsigned long long from;
		unsigned int type, spare2;
		unsigned long long user;
	} request = { .size = sizeof(request), .from = id - 1, .type = CLONE_NEWNET };
	unsigned long long found = 0;

	if (syscall(SYS_listns, &request, &found, 1, 0) < 0)
		return errno == ENOENT ? 0 : -1;
	return found == id;
}

/* A descriptor that is on its way keeps its namespace, and lets it go. */
TEST_F(flight, namespace_of_a_descriptor)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY), away, got, n, flags = 0, i, tries;
	unsigned long long id;
	char byte;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, unshare(CLONE_NEWNET));
		away = open("/proc/thread-self/ns/net", O_RDONLY);
		ASSERT_WORKS(ioctl(away, NS_GET_ID, &id));
		ASSERT_EQ(0, setns(home, CLONE_NEWNET));
		ASSERT_EQ(1, fds_send(self->fd[0], "x", 1, &away, 1));
		close(away);
		if (lives(id) < 0)
			SKIP(return, "no listns(2) here");
		EXPECT_EQ(1, lives(id));
		if (i) {
			/* Nobody reads it. */
			close(self->fd[1]);
			close(self->fd[0]);
			self->fd[0] = -1;
			self->fd[1] = -1;
		} else {
			ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
			ASSERT_EQ(1, n);
			EXPECT_EQ(0, setns(got, CLONE_NEWNET));
			EXPECT_EQ(0, setns(home, CLONE_NEWNET));
			EXPECT_EQ(1, lives(id));
			close(got);
		}
		for (tries = 0; lives(id) && tries < 500; tries++)
			usleep(10000);
		EXPECT_EQ(0, lives(id));
	}
	close(home);
}

TEST_F(flight, let_go_with_what_is_thrown_away)
{
	int pipe = fds_hold(self->fd[0], "xyz"), got, n, flags = MSG_TRUNC, before = fds_count();

	if (variant->family == AF_UNIX && variant->type == SOCK_STREAM)
		SKIP(return, "AF_UNIX ignores MSG_TRUNC on streams");
	ASSERT_WORKS(pipe);
	EXPECT_EQ(3, fds_recv(self->fd[1], NULL, variant->type == SOCK_STREAM ? 3 : 0, &got, 0,
			      &n, &flags));
	EXPECT_EQ(MSG_CTRUNC, flags & MSG_CTRUNC);
	EXPECT_EQ(before, fds_count());
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

/* A write that fails sends none. */
TEST_F(flight, write_from_nowhere)
{
	int ends[2];
	char byte;

	ASSERT_EQ(0, pipe(ends));
	EXPECT_FAILS(EFAULT, fds_send(self->fd[0], mem_unmapped(1), 1, &ends[1], 1));
	close(ends[1]);
	EXPECT_TRUE(fds_is_let_go(ends[0]));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	close(ends[0]);
}

TEST_F(flight, closed_peer)
{
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	close(self->fd[1]);
	self->fd[1] = -1;
	errno = 0;
	EXPECT_EQ(-1, fds_send(self->fd[0], "x", 1, &ends[1], 1));
	EXPECT_EQ(variant->type == SOCK_STREAM || variant->type == SOCK_SEQPACKET ?
		  EPIPE : ECONNREFUSED, errno);
	close(ends[1]);
	EXPECT_TRUE(fds_is_let_go(ends[0]));
	close(ends[0]);
}

FIXTURE(waiting) {
	int listener;
	int fd;
};

FIXTURE_VARIANT(waiting) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(waiting, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(waiting, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(waiting, unix_stream) { AF_UNIX, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(waiting, unix_seqpacket) { AF_UNIX, SOCK_SEQPACKET, };

FIXTURE_SETUP(waiting)
{
	struct addr a;

	self->listener = sock_listening(variant->family, variant->type, 5, &a);
	ASSERT_WORKS(self->listener);
	self->fd = sock_connected(variant->family, variant->type, &a);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(waiting)
{
	close(self->listener);
	close(self->fd);
}

TEST_F(waiting, sent_before_accept)
{
	int pipe = fds_hold(self->fd, "x"), child, got, n, flags = 0;
	char byte;

	ASSERT_WORKS(pipe);
	child = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(child);
	ASSERT_EQ(1, fds_recv(child, &byte, 1, &got, 1, &n, &flags));
	ASSERT_EQ(1, n);
	EXPECT_TRUE(fds_is_held(pipe));
	close(got);
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
	close(child);
}

TEST_F(waiting, never_accepted)
{
	int pipe = fds_hold(self->fd, "x");

	ASSERT_WORKS(pipe);
	EXPECT_TRUE(fds_is_held(pipe));
	close(self->listener);
	self->listener = -1;
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

TEST_F(waiting, listener_that_takes_none)
{
	int file = memfd_create("passed", 0), fd, child;
	struct addr a;

	ASSERT_WORKS(sock_set(self->listener, SO_PASSRIGHTS, 0));
	ASSERT_EQ(0, addr_own(self->listener, &a));
	fd = sock_connected(variant->family, variant->type, &a);
	ASSERT_WORKS(fd);
	EXPECT_FAILS(EPERM, fds_send(fd, "x", 1, &file, 1));
	/* The first connection was made when it took some. */
	child = accept(self->listener, NULL, NULL);
	close(child);
	child = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(child);
	EXPECT_FAILS(EPERM, fds_send(fd, "x", 1, &file, 1));
	close(child);
	close(fd);
	close(file);
}

FIXTURE(lost) {
	int fd[2];
};

FIXTURE_VARIANT(lost) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(lost, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(lost, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(lost, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(lost, unix_dgram) { AF_UNIX, SOCK_DGRAM, };

FIXTURE_SETUP(lost)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(lost)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(lost, filtered)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = { 1, &none };
	int pipe;

	ASSERT_WORKS(setsockopt(self->fd[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	pipe = fds_hold(self->fd[0], "x");
	ASSERT_WORKS(pipe);
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

/* A receiver that is full drops what comes, or makes it wait. */
TEST_F(lost, full_receiver)
{
	static char buf[10000];
	bool drops = variant->type != SOCK_RDM && variant->family == AF_EXPERIMENTAL;
	int ends[2], i;

	ASSERT_EQ(0, sock_nonblock(self->fd[0]));
	for (i = 0; i < 1000; i++)
		if (send(self->fd[0], buf, sizeof(buf), 0) < 0)
			break;
	ASSERT_EQ(0, pipe(ends));
	errno = 0;
	EXPECT_EQ(drops ? 1 : -1, fds_send(self->fd[0], "x", 1, &ends[1], 1));
	EXPECT_EQ(drops ? 0 : EAGAIN, errno);
	close(ends[1]);
	EXPECT_TRUE(fds_is_let_go(ends[0]));
	close(ends[0]);
}

TEST_HARNESS_MAIN
