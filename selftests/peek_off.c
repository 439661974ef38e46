// SPDX-License-Identifier: GPL-2.0
/* SO_PEEK_OFF: peeks that go on where the last one ended. */
#include "harness.h"

/* What a recv() gave: its return value and the bytes. */
static bool gives(int fd, size_t len, int flags, const char *want)
{
	char buf[64] = "";
	ssize_t got = recv(fd, buf, len, flags | MSG_DONTWAIT);

	if (got == (ssize_t)strlen(want) && !memcmp(buf, want, got))
		return true;
	ksft_print_msg("%zd '%.*s' and not '%s'\n", got, got > 0 ? (int)got : 0, buf, want);
	return false;
}

FIXTURE(bytes) {
	int fd[2];
};

FIXTURE_VARIANT(bytes) {
	int family;
};

FIXTURE_VARIANT_ADD(bytes, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(bytes, unix) { .family = AF_UNIX, };

FIXTURE_SETUP(bytes)
{
	ASSERT_WORKS(sock_pair(variant->family, SOCK_STREAM, self->fd));
}

FIXTURE_TEARDOWN(bytes)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* What socket(7) shows, word for word. */
TEST_F(bytes, example_of_the_manual)
{
	EXPECT_EQ(-1, sock_option(self->fd[1], SO_PEEK_OFF));
	ASSERT_EQ(12, send(self->fd[0], "aabbccddeeff", 12, 0));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 4));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "cc"));
	EXPECT_EQ(6, sock_option(self->fd[1], SO_PEEK_OFF));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "dd"));
	EXPECT_EQ(8, sock_option(self->fd[1], SO_PEEK_OFF));
	EXPECT_TRUE(gives(self->fd[1], 2, 0, "aa"));
	EXPECT_EQ(6, sock_option(self->fd[1], SO_PEEK_OFF));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "ee"));
	EXPECT_EQ(8, sock_option(self->fd[1], SO_PEEK_OFF));
}

TEST_F(bytes, off_again)
{
	ASSERT_EQ(4, send(self->fd[0], "abcd", 4, 0));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 0));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "ab"));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "cd"));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, -1));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "ab"));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "ab"));
	EXPECT_EQ(-1, sock_option(self->fd[1], SO_PEEK_OFF));
}

TEST_F(bytes, over_several_writes)
{
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 0));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	ASSERT_EQ(3, send(self->fd[0], "def", 3, 0));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "ab"));
	EXPECT_TRUE(gives(self->fd[1], 3, MSG_PEEK, "cde"));
	/* More is read than lies before the offset. */
	EXPECT_TRUE(gives(self->fd[1], 6, 0, "abcdef"));
	EXPECT_EQ(0, sock_option(self->fd[1], SO_PEEK_OFF));
}

/* Nothing is there yet: a peek waits for what lies at the offset. */
TEST_F(bytes, waits_for_the_offset)
{
	char buf[8];
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = buf, .len = sizeof(buf),
			  .flags = MSG_PEEK };

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 0));
	EXPECT_TRUE(gives(self->fd[1], 8, MSG_PEEK, "abc"));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 8, MSG_PEEK | MSG_DONTWAIT));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(2, send(self->fd[0], "de", 2, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(2, c.ret);
	EXPECT_EQ(0, memcmp(buf, "de", 2));
	/* Then the end. */
	shutdown(self->fd[0], SHUT_WR);
	EXPECT_EQ(0, recv(self->fd[1], buf, 8, MSG_PEEK));
	EXPECT_TRUE(gives(self->fd[1], 8, 0, "abcde"));
}

TEST_F(bytes, large)
{
	size_t len = 50000, at = 0;
	char *buf = malloc(len);
	ssize_t got;

	ASSERT_EQ(len, flow_write(self->fd[0], len, len, 0));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 0));
	while (at < len) {
		got = recv(self->fd[1], buf, 4999, MSG_PEEK);
		ASSERT_LT(0, got);
		EXPECT_EQ(got, pattern_check(buf, got, at));
		at += got;
	}
	free(buf);
	EXPECT_EQ(len, flow_read(self->fd[1], len, len, 0));
}

FIXTURE(message) {
	int fd[2];
};

FIXTURE_VARIANT(message) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(message, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(message, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(message, exp_raw) { .family = AF_EXPERIMENTAL, .type = SOCK_RAW, };
FIXTURE_VARIANT_ADD(message, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(message, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(message)
{
	if (variant->family == AF_INET)
		ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	else
		ASSERT_WORKS(socketpair(variant->family, variant->type, 0, self->fd));
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Each peek stays within a message. */
TEST_F(message, one_after_the_other)
{
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 0));
	ASSERT_EQ(4, send(self->fd[0], "aabb", 4, 0));
	ASSERT_EQ(2, send(self->fd[0], "cc", 2, 0));
	ASSERT_EQ(4, send(self->fd[0], "ddee", 4, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_TRUE(gives(self->fd[1], 3, MSG_PEEK, "aab"));
	EXPECT_EQ(3, sock_option(self->fd[1], SO_PEEK_OFF));
	EXPECT_TRUE(gives(self->fd[1], 9, MSG_PEEK, "b"));
	EXPECT_TRUE(gives(self->fd[1], 9, MSG_PEEK, "cc"));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "dd"));
	EXPECT_EQ(8, sock_option(self->fd[1], SO_PEEK_OFF));
	/* What is taken away takes the offset along. */
	EXPECT_TRUE(gives(self->fd[1], 9, 0, "aabb"));
	EXPECT_EQ(4, sock_option(self->fd[1], SO_PEEK_OFF));
	EXPECT_TRUE(gives(self->fd[1], 2, MSG_PEEK, "ee"));
	EXPECT_TRUE(gives(self->fd[1], 9, 0, "cc"));
	EXPECT_TRUE(gives(self->fd[1], 9, 0, "ddee"));
	EXPECT_EQ(0, sock_option(self->fd[1], SO_PEEK_OFF));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], NULL, 0, MSG_PEEK | MSG_DONTWAIT));
}

TEST_F(message, past_empty_ones)
{
	char byte;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 0));
	ASSERT_EQ(0, send(self->fd[0], "", 0, 0));
	ASSERT_EQ(0, send(self->fd[0], "", 0, 0));
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, MSG_PEEK));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, MSG_PEEK));
	EXPECT_TRUE(gives(self->fd[1], 1, MSG_PEEK, "a"));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
	EXPECT_TRUE(gives(self->fd[1], 1, 0, "a"));
}

/* socket(7): a peek that starts in the middle is marked. */
TEST_F(message, middle_is_marked)
{
	char buf[8];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 2));
	ASSERT_EQ(4, send(self->fd[0], "aabb", 4, 0));
	EXPECT_EQ(2, recvmsg(self->fd[1], &msg, MSG_PEEK));
	/* AF_UNIX and UDP mark only what they cut. */
	EXPECT_EQ(variant->family == AF_EXPERIMENTAL, !!(msg.msg_flags & MSG_TRUNC));
	EXPECT_TRUE(gives(self->fd[1], 8, 0, "aabb"));
}

TEST_F(message, waits_for_the_offset)
{
	char buf[8];
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = buf, .len = sizeof(buf),
			  .flags = MSG_PEEK };

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_PEEK_OFF, 3));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(2, send(self->fd[0], "de", 2, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(2, c.ret);
	EXPECT_EQ(0, memcmp(buf, "de", 2));
}

TEST_HARNESS_MAIN
