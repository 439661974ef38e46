// SPDX-License-Identifier: GPL-2.0
/* Memory is short while descriptors, credentials and stamps move along with data. */
#include <fcntl.h>

#include "path.h"

#define LEN	1000
#define FILES	3

/* The writing end of a pipe goes along; the reading end tells whether it is closed. */
static void set_pair(struct scene *s, struct __test_metadata *_metadata)
{
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, s->type, s->fd));
	ASSERT_EQ(0, pipe(s->fd + 2));
	s->len = LEN;
	pattern_fill(s->buf, s->len, 0);
}

static long send_files(struct scene *s)
{
	union {
		char buf[CMSG_SPACE(FILES * sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { s->buf, s->len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int i;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(FILES * sizeof(int));
	for (i = 0; i < FILES; i++)
		memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &s->fd[3], sizeof(int));
	return sendmsg(s->fd[0], &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Receives, and closes the descriptors that come along: bytes, or -1. */
static long receive_files(struct scene *s)
{
	union {
		char buf[1024];
		struct cmsghdr align;
	} control;
	struct iovec iov = { s->buf, s->len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg;
	int err, fd;
	ssize_t n;
	size_t i;

	memset(s->buf, 0, s->len);
	n = recvmsg(s->fd[1], &msg, MSG_DONTWAIT);
	err = errno;
	for (cmsg = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			close(fd);
		}
	}
	errno = err;
	return n;
}

static void set_sent(struct scene *s, struct __test_metadata *_metadata)
{
	set_pair(s, _metadata);
	ASSERT_EQ(s->len, send_files(s));
}

/* The receiver asks for all that can come along. */
static void set_asked(struct scene *s, struct __test_metadata *_metadata)
{
	set_pair(s, _metadata);
	ASSERT_EQ(0, sock_set(s->fd[1], SO_PASSCRED, 1));
	ASSERT_EQ(0, sock_set(s->fd[1], SO_TIMESTAMPNS, 1));
}

static void set_asked_and_sent(struct scene *s, struct __test_metadata *_metadata)
{
	set_asked(s, _metadata);
	ASSERT_EQ(s->len, send_files(s));
}

/* Nobody holds the pipe open any more, and the sockets are as good as new. */
static void expect_closed(struct scene *s, struct __test_metadata *_metadata)
{
	char byte;

	close(s->fd[3]);
	s->fd[3] = -1;
	EXPECT_TRUE(flow_wait(s->fd[2], POLLHUP, 5000) & POLLHUP);
	EXPECT_EQ(0, read(s->fd[2], &byte, 1));
	expect_talk(_metadata, s->fd[0], s->fd[1]);
	expect_talk(_metadata, s->fd[1], s->fd[0]);
}

/* Bytes and descriptors arrive, or neither. */
static void check_sent(struct scene *s, struct __test_metadata *_metadata)
{
	long sent = s->ret < 0 ? 0 : s->ret;

	if (sent) {
		s->len = sent;
		EXPECT_EQ(sent, receive_files(s));
		EXPECT_EQ(sent, pattern_check(s->buf, sent, 0));
	}
	EXPECT_FAILS(EAGAIN, receive_files(s));
	expect_closed(s, _metadata);
}

/* What did not get to the user is still there, or closed. */
static void check_received(struct scene *s, struct __test_metadata *_metadata)
{
	while (receive_files(s) > 0)
		;
	expect_closed(s, _metadata);
}

/* Descriptors on their way when both ends go. */
static long call_close(struct scene *s)
{
	int fd = s->fd[1];

	s->fd[1] = -1;
	return close(fd);
}

static void check_dropped(struct scene *s, struct __test_metadata *_metadata)
{
	char byte;

	close(s->fd[0]);
	s->fd[0] = -1;
	close(s->fd[3]);
	s->fd[3] = -1;
	EXPECT_TRUE(flow_wait(s->fd[2], POLLHUP, 5000) & POLLHUP);
	EXPECT_EQ(0, read(s->fd[2], &byte, 1));
}

FIXTURE(path) {
	struct scene scene;
};

FIXTURE_VARIANT(path) {
	struct path path;
};

FIXTURE_VARIANT_ADD(path, send_stream) {
	.path = { SOCK_STREAM, set_pair, send_files, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_seqpacket) {
	.path = { SOCK_SEQPACKET, set_pair, send_files, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_dgram) {
	.path = { SOCK_DGRAM, set_pair, send_files, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_rdm) {
	.path = { SOCK_RDM, set_pair, send_files, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_stream_asked) {
	.path = { SOCK_STREAM, set_asked, send_files, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_dgram_asked) {
	.path = { SOCK_DGRAM, set_asked, send_files, check_sent },
};

FIXTURE_VARIANT_ADD(path, receive_stream) {
	.path = { SOCK_STREAM, set_sent, receive_files, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_seqpacket) {
	.path = { SOCK_SEQPACKET, set_sent, receive_files, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_dgram) {
	.path = { SOCK_DGRAM, set_sent, receive_files, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_stream_asked) {
	.path = { SOCK_STREAM, set_asked_and_sent, receive_files, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_dgram_asked) {
	.path = { SOCK_DGRAM, set_asked_and_sent, receive_files, check_received },
};

FIXTURE_VARIANT_ADD(path, close_stream) {
	.path = { SOCK_STREAM, set_sent, call_close, check_dropped },
};

FIXTURE_VARIANT_ADD(path, close_dgram) {
	.path = { SOCK_DGRAM, set_sent, call_close, check_dropped },
};

FIXTURE_SETUP(path)
{
	ASSERT_TRUE(inject_open());
}

FIXTURE_TEARDOWN(path)
{
}

TEST_F_TIMEOUT(path, survives, 300)
{
	walk(_metadata, &variant->path, &self->scene);
}

TEST_HARNESS_MAIN
