// SPDX-License-Identifier: GPL-2.0
/* How much is left to be read: SO_INQ. */
#include "control.h"
#include "harness.h"

#ifndef SO_INQ
#define SO_INQ	84
#endif

FIXTURE(inq) {
	int fd[2];
};

FIXTURE_VARIANT(inq) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(inq, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(inq, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(inq, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(inq, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(inq, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(inq, unix_stream) { AF_UNIX, SOCK_STREAM, };

FIXTURE_SETUP(inq)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(inq)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* What is left after a read of at most @most bytes; -1 if that is not said. */
static int left_after(int fd, size_t most, int flags)
{
	struct control c = { 0 };
	char buf[64];

	if (control_recv(fd, buf, most, flags, &c) < 0)
		return -2;
	return control_int(&c, SO_INQ);
}

TEST_F(inq, left)
{
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	ASSERT_EQ(5, send(self->fd[0], "defgh", 5, 0));
	ASSERT_EQ(1, send(self->fd[0], "i", 1, 0));
	EXPECT_EQ(-1, left_after(self->fd[1], 3, MSG_PEEK));
	ASSERT_WORKS(sock_set(self->fd[1], SO_INQ, 1));
	switch (variant->type) {
	case SOCK_STREAM:
		EXPECT_EQ(9, left_after(self->fd[1], 2, MSG_PEEK));
		EXPECT_EQ(7, left_after(self->fd[1], 2, 0));
		EXPECT_EQ(1, left_after(self->fd[1], 6, 0));
		break;
	case SOCK_SEQPACKET:
		EXPECT_EQ(6, left_after(self->fd[1], 10, 0));
		EXPECT_EQ(1, left_after(self->fd[1], 10, 0));
		break;
	default:
		/* Of the next message, as FIONREAD. */
		EXPECT_EQ(5, left_after(self->fd[1], 10, 0));
		EXPECT_EQ(1, left_after(self->fd[1], 10, 0));
	}
	EXPECT_EQ(0, left_after(self->fd[1], 10, 0));
	ASSERT_WORKS(sock_set(self->fd[1], SO_INQ, 0));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(-1, left_after(self->fd[1], 10, 0));
}

TEST_F(inq, at_the_end)
{
	if (!type_connects(variant->type))
		SKIP(return, "there is no end");
	ASSERT_WORKS(sock_set(self->fd[1], SO_INQ, 1));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(0, left_after(self->fd[1], 10, 0));
}

TEST_HARNESS_MAIN
