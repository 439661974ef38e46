// SPDX-License-Identifier: GPL-2.0
/* How a message is to be treated: SO_MARK and SO_PRIORITY, and who is told. */
#include <sched.h>

#include "control.h"
#include "harness.h"

#ifndef SO_RCVMARK
#define SO_RCVMARK	75
#endif
#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY	82
#endif

#define NOBODY	65534

FIXTURE(mark) {
	int fd[2];
};

FIXTURE_VARIANT(mark) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(mark, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(mark, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(mark, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(mark, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(mark, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(mark, udp) { AF_INET, SOCK_DGRAM, };

FIXTURE_SETUP(mark)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(mark)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static const struct {
	int option;
	int told;
	int value;
} marks[] = {
	{ SO_MARK, SO_RCVMARK, 0x1234 },
	{ SO_PRIORITY, SO_RCVPRIORITY, 5 },
};

TEST_F(mark, told_to_who_asks)
{
	struct control c = { 0 };
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		int option = marks[i].option, value = marks[i].value;

		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(0, control_count(&c));
		ASSERT_WORKS(sock_set(self->fd[1], marks[i].told, 1));
		EXPECT_EQ(1, sock_option(self->fd[1], marks[i].told));
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(1, control_count(&c));
		EXPECT_EQ(0, control_int(&c, option));

		ASSERT_WORKS(sock_set(self->fd[0], option, value));
		EXPECT_EQ(value, sock_option(self->fd[0], option));
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, MSG_PEEK, &c));
		EXPECT_EQ(value, control_int(&c, option));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(value, control_int(&c, option));

		/* A message may have another. */
		c.len = 0;
		control_add_int(&c, option, 3);
		ASSERT_EQ(1, control_send(self->fd[0], "x", 1, 0, &c));
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(3, control_int(&c, option));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(value, control_int(&c, option));
		ASSERT_WORKS(sock_set(self->fd[1], marks[i].told, 0));
	}
	/* Both at once. */
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		ASSERT_WORKS(sock_set(self->fd[1], marks[i].told, 1));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(2, control_count(&c));
	EXPECT_EQ(0x1234, control_int(&c, SO_MARK));
	EXPECT_EQ(5, control_int(&c, SO_PRIORITY));
}

/* Sends with this option in a control message; 0 or the errno. */
static int try_with(int fd, int option, int value)
{
	struct control c = { 0 };

	control_add_int(&c, option, value);
	return control_send(fd, "x", 1, 0, &c) == 1 ? 0 : errno;
}

/* The number of the first of these that goes wrong. */
static int unprivileged(int fd)
{
	int i;

	if (sock_set(fd, SO_MARK, 1) != -1 || errno != EPERM)
		return 1;
	if (try_with(fd, SO_MARK, 1) != EPERM)
		return 2;
	for (i = 0; i <= 6; i++)
		if (sock_set(fd, SO_PRIORITY, i) || try_with(fd, SO_PRIORITY, i))
			return 3;
	if (sock_set(fd, SO_PRIORITY, 7) != -1 || errno != EPERM)
		return 4;
	if (try_with(fd, SO_PRIORITY, 7) != EPERM || try_with(fd, SO_PRIORITY, -1) != EPERM)
		return 5;
	return 0;
}

TEST_F(mark, without_privilege)
{
	pid_t pid = fork_child();
	char byte;
	int i;

	if (!pid) {
		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(6);
		_exit(unprivileged(self->fd[0]));
	}
	EXPECT_EQ(0, child_status(pid));
	/* What was refused was not sent. */
	for (i = 0; i <= 6; i++)
		EXPECT_EQ(1, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));

	EXPECT_WORKS(sock_set(self->fd[0], SO_PRIORITY, 7));
	EXPECT_EQ(0, try_with(self->fd[0], SO_PRIORITY, 100));
	EXPECT_EQ(0, try_with(self->fd[0], SO_MARK, 100));
}

/* It is the user namespace of the network namespace that counts. */
TEST_F(mark, in_a_user_namespace)
{
	pid_t pid = fork_child();

	if (!pid) {
		int fd[2];

		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(10);
		loopback_up();
		/* The socket is from outside. */
		if (unprivileged(self->fd[0]))
			_exit(unprivileged(self->fd[0]));
		if (sock_pair(variant->family, variant->type, fd))
			_exit(11);
		if (sock_set(fd[0], SO_MARK, 1) || sock_set(fd[0], SO_PRIORITY, 7))
			_exit(12);
		_exit(try_with(fd[0], SO_MARK, 1) || try_with(fd[0], SO_PRIORITY, 7));
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(mark, malformed)
{
	struct control c = { 0 };
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		c.len = 0;
		control_add(&c, SOL_SOCKET, marks[i].option, "123", 3);
		EXPECT_FAILS(EINVAL, control_send(self->fd[0], "x", 1, 0, &c));
		c.len = 0;
		control_add(&c, SOL_SOCKET, marks[i].option, "12345", 5);
		EXPECT_FAILS(EINVAL, control_send(self->fd[0], "x", 1, 0, &c));
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

/* What a reader is told of its bytes is true of all of them. */
TEST(bytes_with_different_marks_are_not_glued)
{
	struct control c = { 0 };
	char buf[8];
	int fd[2];

	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_STREAM, fd));
	ASSERT_WORKS(sock_set(fd[1], SO_RCVMARK, 1));
	ASSERT_EQ(2, send(fd[0], "aa", 2, 0));
	ASSERT_WORKS(sock_set(fd[0], SO_MARK, 7));
	ASSERT_EQ(2, send(fd[0], "bb", 2, 0));
	ASSERT_EQ(2, send(fd[0], "bb", 2, 0));
	ASSERT_WORKS(sock_set(fd[0], SO_MARK, 0));
	ASSERT_EQ(2, send(fd[0], "cc", 2, 0));
	ASSERT_EQ(2, control_recv(fd[1], buf, 8, MSG_WAITALL, &c));
	EXPECT_EQ(0, control_int(&c, SO_MARK));
	ASSERT_EQ(4, control_recv(fd[1], buf, 8, MSG_WAITALL, &c));
	EXPECT_EQ(7, control_int(&c, SO_MARK));
	ASSERT_EQ(2, control_recv(fd[1], buf, 8, 0, &c));
	EXPECT_EQ(0, control_int(&c, SO_MARK));

	/* Who does not ask has one stream. */
	ASSERT_WORKS(sock_set(fd[1], SO_RCVMARK, 0));
	ASSERT_EQ(2, send(fd[0], "aa", 2, 0));
	ASSERT_WORKS(sock_set(fd[0], SO_MARK, 7));
	ASSERT_EQ(2, send(fd[0], "bb", 2, 0));
	EXPECT_EQ(4, recv(fd[1], buf, 8, 0));
	close(fd[0]);
	close(fd[1]);
}

/* A raw socket sees the marks of what it is shown. */
TEST(shown_to_raw_sockets)
{
	int types[] = { SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };
	struct control c = { 0 };
	int tap, fd[2];
	char buf[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		tap = socket(AF_EXPERIMENTAL, SOCK_RAW, types[i]);
		ASSERT_WORKS(tap);
		ASSERT_WORKS(sock_set(tap, SO_RCVMARK, 1));
		ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, types[i], fd));
		ASSERT_WORKS(sock_set(fd[0], SO_MARK, 7));
		ASSERT_EQ(1, send(fd[0], "x", 1, 0));
		ASSERT_LT(0, control_recv(tap, buf, sizeof(buf), 0, &c));
		EXPECT_EQ(7, control_int(&c, SO_MARK));
		EXPECT_EQ(0, try_with(fd[0], SO_MARK, 9));
		ASSERT_LT(0, control_recv(tap, buf, sizeof(buf), 0, &c));
		EXPECT_EQ(9, control_int(&c, SO_MARK));
		close(fd[0]);
		close(fd[1]);
		close(tap);
	}
}

TEST_HARNESS_MAIN
