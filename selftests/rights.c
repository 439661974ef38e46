// SPDX-License-Identifier: GPL-2.0
/* Descriptors that come with a message: SCM_RIGHTS, SO_PASSRIGHTS. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/io_uring.h>

#include "fds.h"
#include "harness.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

#define MOST	253	/* SCM_MAX_FD */

FIXTURE(rights) {
	int fd[2];
};

FIXTURE_VARIANT(rights) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(rights, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(rights, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(rights, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(rights, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(rights, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(rights, unix_stream) { AF_UNIX, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(rights, unix_seqpacket) { AF_UNIX, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(rights, unix_dgram) { AF_UNIX, SOCK_DGRAM, };

FIXTURE_SETUP(rights)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(rights)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(rights, the_same_file)
{
	int file = memfd_create("passed", 0), got = -1, n, flags = 0;
	struct stat a, b;
	char text[8];

	ASSERT_EQ(5, write(file, "12345", 5));
	ASSERT_EQ(2, lseek(file, 2, SEEK_SET));
	ASSERT_EQ(2, fds_send(self->fd[0], "hi", 2, &file, 1));
	ASSERT_EQ(2, fds_recv(self->fd[1], text, sizeof(text), &got, 1, &n, &flags));
	ASSERT_EQ(1, n);
	EXPECT_EQ(0, flags & MSG_CTRUNC);
	EXPECT_NE(file, got);
	ASSERT_EQ(0, fstat(file, &a));
	ASSERT_EQ(0, fstat(got, &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	/* One open file, so one offset. */
	EXPECT_EQ(2, lseek(got, 0, SEEK_CUR));
	EXPECT_EQ(4, lseek(got, 4, SEEK_SET));
	EXPECT_EQ(4, lseek(file, 0, SEEK_CUR));
	EXPECT_EQ(0, fcntl(got, F_GETFD));
	close(got);
	close(file);
}

TEST_F(rights, as_many_as_there_may_be)
{
	int fds[MOST + 1], got[MOST], n, flags = 0, i, before;
	int file = memfd_create("passed", 0);
	struct control c = { 0 };
	char byte;

	for (i = 0; i <= MOST; i++)
		fds[i] = file;
	EXPECT_FAILS(EINVAL, fds_send(self->fd[0], "x", 1, fds, MOST + 1));
	/* Those of several messages count together. */
	control_add(&c, SOL_SOCKET, SCM_RIGHTS, fds, 200 * sizeof(int));
	control_add(&c, SOL_SOCKET, SCM_RIGHTS, fds, 54 * sizeof(int));
	EXPECT_FAILS(EINVAL, control_send(self->fd[0], "x", 1, 0, &c));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));

	before = fds_count();
	c.len = 0;
	control_add(&c, SOL_SOCKET, SCM_RIGHTS, fds, 200 * sizeof(int));
	control_add(&c, SOL_SOCKET, SCM_RIGHTS, fds, 53 * sizeof(int));
	ASSERT_EQ(1, control_send(self->fd[0], "x", 1, 0, &c));
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, got, MOST, &n, &flags));
	ASSERT_EQ(MOST, n);
	EXPECT_EQ(0, flags & MSG_CTRUNC);
	EXPECT_EQ(before + MOST, fds_count());
	for (i = 0; i < n; i++)
		EXPECT_EQ(0, close(got[i]));
	close(file);
}

TEST_F(rights, none_is_none)
{
	int got, n, flags = 0;
	char byte;

	ASSERT_EQ(1, fds_send(self->fd[0], "x", 1, NULL, 0));
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, flags & MSG_CTRUNC);
}

TEST_F(rights, a_peek_gives_them_too)
{
	int pipe = fds_hold(self->fd[0], "x"), got[3], n, flags, i;
	char byte;

	ASSERT_WORKS(pipe);
	for (i = 0; i < 3; i++) {
		flags = i < 2 ? MSG_PEEK : 0;
		ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got[i], 1, &n, &flags));
		ASSERT_EQ(1, n);
	}
	for (i = 0; i < 3; i++) {
		EXPECT_TRUE(fds_is_held(pipe));
		EXPECT_EQ(0, close(got[i]));
	}
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

TEST_F(rights, a_bad_one_spoils_all)
{
	int ends[2], fds[2], before;
	char byte;

	ASSERT_EQ(0, pipe(ends));
	before = fds_count();
	fds[0] = ends[1];
	fds[1] = -1;
	EXPECT_FAILS(EBADF, fds_send(self->fd[0], "x", 1, fds, 2));
	fds[1] = 1000;
	EXPECT_FAILS(EBADF, fds_send(self->fd[0], "x", 1, fds, 2));
	close(ends[1]);
	EXPECT_TRUE(fds_is_let_go(ends[0]));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(before - 1, fds_count());
	close(ends[0]);
}

/*
 * AF_UNIX gives as many as there is room for, and closes the rest. A program
 * can't know what it lacks then, so this family gives none.
 */
TEST_F(rights, short_control_buffer)
{
	bool some = variant->family == AF_UNIX;
	int ends[2], fds[2], got = -1, n, flags = 0, before;
	char byte;

	ASSERT_EQ(0, pipe(ends));
	fds[0] = ends[1];
	fds[1] = ends[1];
	ASSERT_EQ(1, fds_send(self->fd[0], "x", 1, fds, 2));
	close(ends[1]);
	before = fds_count();
	{
		struct control c = { .room = CMSG_LEN(sizeof(int)) };
		const void *data;

		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(MSG_CTRUNC, c.flags & MSG_CTRUNC);
		EXPECT_EQ(some ? CMSG_LEN(sizeof(int)) : 0, c.len);
		data = control_find(&c, SOL_SOCKET, SCM_RIGHTS, NULL);
		EXPECT_EQ(some, !!data);
		if (data)
			memcpy(&got, data, sizeof(got));
	}
	EXPECT_EQ(before + some, fds_count());
	close(got);
	EXPECT_TRUE(fds_is_let_go(ends[0]));
	close(ends[0]);

	/* With no room at all it is the same in both. */
	ends[0] = fds_hold(self->fd[0], "x");
	before = fds_count();
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 0, &n, &flags));
	EXPECT_EQ(0, n);
	EXPECT_EQ(MSG_CTRUNC, flags & MSG_CTRUNC);
	EXPECT_EQ(before, fds_count());
	EXPECT_TRUE(fds_is_let_go(ends[0]));
	close(ends[0]);
}

/* A buffer with just enough room, without what aligns the next message. */
TEST_F(rights, control_buffer_without_padding)
{
	struct control c = { .room = CMSG_LEN(sizeof(int)) };
	int pipe = fds_hold(self->fd[0], "x"), got;
	const void *data;
	char byte;

	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(0, c.flags & MSG_CTRUNC);
	EXPECT_EQ(CMSG_LEN(sizeof(int)), c.len);
	data = control_find(&c, SOL_SOCKET, SCM_RIGHTS, NULL);
	ASSERT_NE(NULL, data);
	memcpy(&got, data, sizeof(got));
	EXPECT_EQ(0, close(got));
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

TEST_F(rights, control_buffer_from_nowhere)
{
	int pipe = fds_hold(self->fd[0], "x"), before = fds_count();
	struct iovec iov;
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = mem_unmapped(4096), .msg_controllen = 4096,
	};
	char byte;

	iov = (struct iovec){ &byte, 1 };
	ASSERT_EQ(1, recvmsg(self->fd[1], &m, 0));
	EXPECT_EQ(before, fds_count());
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

TEST_F(rights, full_descriptor_table)
{
	bool some = variant->family == AF_UNIX;
	int file = memfd_create("passed", 0), fds[3] = { file, file, file };
	int got[3], n, flags = 0, before = fds_count(), next;
	struct rlimit limit;
	char byte;

	ASSERT_EQ(1, fds_send(self->fd[0], "x", 1, fds, 3));
	next = dup(file);
	close(next);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	/* Room for two. */
	limit.rlim_cur = next + 2;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, got, 3, &n, &flags));
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(MSG_CTRUNC, flags & MSG_CTRUNC);
	EXPECT_EQ(some ? 2 : 0, n);
	EXPECT_EQ(before + n, fds_count());
	while (n--)
		close(got[n]);
	close(file);
}

TEST_F(rights, close_on_exec)
{
	int file = memfd_create("passed", 0), got, n, flags;
	char byte;

	ASSERT_EQ(1, fds_send(self->fd[0], "x", 1, &file, 1));
	flags = MSG_CMSG_CLOEXEC;
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
	ASSERT_EQ(1, n);
	EXPECT_EQ(FD_CLOEXEC, fcntl(got, F_GETFD));
	close(got);
	close(file);
}

/* What could hold the socket that it is sent through. */
TEST_F(rights, sockets_that_could_form_a_cycle)
{
	bool refused = variant->family == AF_EXPERIMENTAL;
	int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM, SOCK_RAW };
	int file = memfd_create("passed", 0), fds[2];
	char byte;
	size_t i;

	if (!refused)
		SKIP(return, "AF_UNIX has a collector for such cycles");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		fds[0] = file;
		fds[1] = socket(AF_EXPERIMENTAL, types[i], 0);
		ASSERT_WORKS(fds[1]);
		EXPECT_FAILS(EINVAL, fds_send(self->fd[0], "x", 1, fds, 2));
		close(fds[1]);
	}
	EXPECT_FAILS(EINVAL, fds_send(self->fd[0], "x", 1, &self->fd[0], 1));
	EXPECT_FAILS(EINVAL, fds_send(self->fd[0], "x", 1, &self->fd[1], 1));
	fds[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
	EXPECT_FAILS(EINVAL, fds_send(self->fd[0], "x", 1, fds, 2));
	close(fds[1]);
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	close(file);
}

TEST_F(rights, other_sockets_and_epoll)
{
	int fds[3], got[3], n, flags = 0, i;
	struct epoll_event event = { .events = EPOLLIN };
	char byte;

	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	fds[1] = socket(AF_INET, SOCK_DGRAM, 0);
	fds[2] = epoll_create1(0);
	/* It watches the socket that it is sent through, but does not keep it. */
	ASSERT_EQ(0, epoll_ctl(fds[2], EPOLL_CTL_ADD, self->fd[1], &event));
	ASSERT_EQ(1, fds_send(self->fd[0], "x", 1, fds, 3));
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, got, 3, &n, &flags));
	ASSERT_EQ(3, n);
	EXPECT_EQ(SOCK_STREAM, sock_option(got[0], SO_TYPE));
	EXPECT_EQ(SOCK_DGRAM, sock_option(got[1], SO_TYPE));
	for (i = 0; i < 3; i++) {
		close(fds[i]);
		EXPECT_EQ(0, close(got[i]));
	}
}

TEST_F(rights, no_rings)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	char byte;

	if (ring < 0)
		SKIP(return, "no io_uring here");
	EXPECT_FAILS(EINVAL, fds_send(self->fd[0], "x", 1, &ring, 1));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	close(ring);
}

/* They come with as much of a message as fits. */
TEST_F(rights, message_that_is_cut)
{
	int pipe = fds_hold(self->fd[0], "xyz"), got, n, flags = 0;
	char byte;

	if (variant->type == SOCK_STREAM)
		SKIP(return, "streams are not cut");
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
	EXPECT_EQ(MSG_TRUNC, flags & (MSG_TRUNC | MSG_CTRUNC));
	ASSERT_EQ(1, n);
	close(got);
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

TEST_F(rights, empty_message)
{
	int got = -1, n, flags = MSG_DONTWAIT, ends[2];
	char byte;

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, fds_send(self->fd[0], "", 0, &ends[1], 1));
	close(ends[1]);
	if (variant->type == SOCK_STREAM) {
		/* Nothing was sent, so there is nothing that they could come with. */
		EXPECT_TRUE(fds_is_let_go(ends[0]));
		EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	} else {
		EXPECT_TRUE(fds_is_held(ends[0]));
		EXPECT_EQ(0, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
		EXPECT_EQ(1, n);
		close(got);
	}
	close(ends[0]);
}

/* A read that fails leaves message and descriptors where they are. */
TEST_F(rights, read_to_nowhere)
{
	int pipe = fds_hold(self->fd[0], "x"), got, n, flags = 0, before = fds_count();
	char byte;

	EXPECT_FAILS(EFAULT, fds_recv(self->fd[1], mem_unmapped(1), 1, &got, 1, &n, &flags));
	if (variant->family == AF_UNIX)
		SKIP(close(pipe); return, "AF_UNIX loses messages that it can't copy");
	EXPECT_EQ(before, fds_count());
	EXPECT_TRUE(fds_is_held(pipe));
	flags = 0;
	ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
	ASSERT_EQ(1, n);
	close(got);
	EXPECT_TRUE(fds_is_let_go(pipe));
	close(pipe);
}

TEST_F(rights, receiver_that_takes_none)
{
	int file = memfd_create("passed", 0), got, n, flags, pipe;
	char byte;

	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSRIGHTS, 0));
	EXPECT_FAILS(EPERM, fds_send(self->fd[0], "x", 1, &file, 1));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	/* Only descriptors, and only in this direction. */
	EXPECT_EQ(1, send(self->fd[0], "y", 1, 0));
	flags = 0;
	EXPECT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
	EXPECT_EQ('y', byte);
	EXPECT_EQ(0, n);
	EXPECT_EQ(1, fds_send(self->fd[1], "z", 1, &file, 1));
	/* None comes late. */
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSRIGHTS, 1));
	pipe = fds_hold(self->fd[0], "x");
	EXPECT_WORKS(pipe);
	flags = 0;
	EXPECT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
	EXPECT_EQ('x', byte);
	ASSERT_EQ(1, n);
	close(got);
	close(pipe);
	close(file);
}

FIXTURE(stream) {
	int fd[2];
};

FIXTURE_VARIANT(stream) {
	int family;
};

FIXTURE_VARIANT_ADD(stream, exp) { AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(stream, unix) { AF_UNIX, };

FIXTURE_SETUP(stream)
{
	ASSERT_WORKS(sock_pair(variant->family, SOCK_STREAM, self->fd));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Reads, expects this text, and returns how many descriptors came along. */
static int text_with(struct __test_metadata *_metadata, int fd, int flags, size_t most,
		     const char *want)
{
	int got[4], n, i;
	char text[16] = "";
	ssize_t len = fds_recv(fd, text, most, got, 4, &n, &flags);

	EXPECT_EQ((ssize_t)strlen(want), len);
	EXPECT_STREQ(want, text);
	for (i = 0; i < n; i++)
		close(got[i]);
	return n;
}

TEST_F(stream, read_ends_where_they_came)
{
	int file = memfd_create("passed", 0), flags;

	for (flags = MSG_PEEK; flags >= 0; flags -= MSG_PEEK) {
		if (flags) {
			ASSERT_EQ(2, send(self->fd[0], "aa", 2, 0));
			ASSERT_EQ(2, fds_send(self->fd[0], "bb", 2, &file, 1));
			ASSERT_EQ(2, send(self->fd[0], "cc", 2, 0));
		}
		EXPECT_EQ(1, text_with(_metadata, self->fd[1], flags, 10, "aabb"));
	}
	EXPECT_EQ(0, text_with(_metadata, self->fd[1], 0, 10, "cc"));
	close(file);
}

TEST_F(stream, sets_are_not_merged)
{
	int file = memfd_create("passed", 0), two[2] = { file, file };

	ASSERT_EQ(2, fds_send(self->fd[0], "aa", 2, &file, 1));
	ASSERT_EQ(2, fds_send(self->fd[0], "bb", 2, two, 2));
	ASSERT_EQ(2, send(self->fd[0], "cc", 2, 0));
	EXPECT_EQ(1, text_with(_metadata, self->fd[1], MSG_PEEK, 10, "aa"));
	EXPECT_EQ(1, text_with(_metadata, self->fd[1], 0, 10, "aa"));
	EXPECT_EQ(2, text_with(_metadata, self->fd[1], 0, 10, "bb"));
	EXPECT_EQ(0, text_with(_metadata, self->fd[1], 0, 10, "cc"));
	close(file);
}

TEST_F(stream, come_with_the_first_byte)
{
	int file = memfd_create("passed", 0);

	ASSERT_EQ(4, fds_send(self->fd[0], "abcd", 4, &file, 1));
	EXPECT_EQ(1, text_with(_metadata, self->fd[1], 0, 1, "a"));
	EXPECT_EQ(0, text_with(_metadata, self->fd[1], 0, 2, "bc"));
	EXPECT_EQ(0, text_with(_metadata, self->fd[1], 0, 2, "d"));
	close(file);
}

TEST_F(stream, end_a_read_for_all)
{
	int file = memfd_create("passed", 0);

	ASSERT_EQ(2, send(self->fd[0], "aa", 2, 0));
	ASSERT_EQ(2, fds_send(self->fd[0], "bb", 2, &file, 1));
	EXPECT_EQ(1, text_with(_metadata, self->fd[1], MSG_WAITALL, 6, "aabb"));
	close(file);
}

static long recv_fd(struct call *c)
{
	int got, n, flags = c->flags;
	long ret = fds_recv(c->fd, c->buf, c->len, &got, 1, &n, &flags);

	if (n == 1)
		close(got);
	return ret;
}

TEST_F(stream, end_a_read_that_sleeps)
{
	int file = memfd_create("passed", 0);
	char text[16] = "";
	struct call c = {
		.fn = recv_fd, .fd = self->fd[1], .buf = text, .len = 10, .flags = MSG_WAITALL,
	};

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(2, send(self->fd[0], "aa", 2, 0));
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(2, fds_send(self->fd[0], "bb", 2, &file, 1));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(4, c.ret);
	EXPECT_STREQ("aabb", text);
	close(file);
}

TEST_F(stream, large_write)
{
	static char buf[100000];
	int file = memfd_create("passed", 0), got, n, flags = 0, count = 0;
	ssize_t len, done = 0;

	pattern_fill(buf, sizeof(buf), 0);
	ASSERT_EQ((ssize_t)sizeof(buf), fds_send(self->fd[0], buf, sizeof(buf), &file, 1));
	memset(buf, 0, sizeof(buf));
	while (done < (ssize_t)sizeof(buf)) {
		flags = 0;
		len = fds_recv(self->fd[1], buf + done, sizeof(buf) - done, &got, 1, &n, &flags);
		ASSERT_LT(0, len);
		if (n == 1) {
			EXPECT_EQ(0, done);
			close(got);
			count++;
		}
		done += len;
	}
	EXPECT_EQ(1, count);
	EXPECT_EQ(sizeof(buf), pattern_check(buf, sizeof(buf), 0));
	close(file);
}

/* However many there are, they take room as bytes do, and go. */
TEST_F(stream, as_much_as_fits)
{
	int file = memfd_create("passed", 0), sent = 0, got, n, flags, i;
	char byte;

	ASSERT_EQ(0, sock_nonblock(self->fd[0]));
	while (fds_send(self->fd[0], "x", 1, &file, 1) == 1)
		sent++;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_LT(100, sent);
	for (i = 0; i < sent; i++) {
		flags = 0;
		ASSERT_EQ(1, fds_recv(self->fd[1], &byte, 1, &got, 1, &n, &flags));
		ASSERT_EQ(1, n);
		close(got);
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(POLLOUT, flow_settle(self->fd[0], POLLOUT));
	close(file);
}

/* A raw socket shows what others send, but gives none of their descriptors. */
TEST(not_shown_to_raw_sockets)
{
	int types[] = { SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };
	int tap, fd[2], pipe, got, n, flags;
	char buf[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		tap = socket(AF_EXPERIMENTAL, SOCK_RAW, types[i]);
		ASSERT_WORKS(tap);
		ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, types[i], fd));
		pipe = fds_hold(fd[0], "x");
		ASSERT_WORKS(pipe);
		flags = 0;
		EXPECT_EQ((ssize_t)sizeof(struct exp_raw_header) + 1,
			  fds_recv(tap, buf, sizeof(buf), &got, 1, &n, &flags));
		EXPECT_EQ(0, n);
		EXPECT_EQ(0, flags & MSG_CTRUNC);
		close(fd[0]);
		close(fd[1]);
		EXPECT_TRUE(fds_is_let_go(pipe));
		close(pipe);
		close(tap);
	}
}

/* What a raw socket sends in another's name may carry some. */
TEST(sent_by_a_raw_socket)
{
	struct {
		struct exp_raw_header header;
		char byte;
	} m = { .header = { .exr_version = EXP_RAW_VERSION,
						    .exr_length = 1 } };
	int types[] = { SOCK_DGRAM, SOCK_RDM };
	int raw, fd, file = memfd_create("passed", 0), got, n, flags;
	struct addr a;
	size_t size = sizeof(m.header) + 1, i;
	char byte;

	raw = socket(AF_EXPERIMENTAL, SOCK_RAW, SOCK_SEQPACKET);
	ASSERT_WORKS(raw);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		fd = sock_bound(AF_EXPERIMENTAL, types[i], &a);
		ASSERT_WORKS(fd);
		m.header.exr_type = types[i];
		m.header.exr_source = addr_exp(5, EXP_NODE_LOCAL).exp;
		m.header.exr_destination = a.exp;
		ASSERT_EQ((ssize_t)size, fds_send(raw, &m, size, &file, 1));
		flags = 0;
		ASSERT_EQ(1, fds_recv(fd, &byte, 1, &got, 1, &n, &flags));
		EXPECT_EQ(1, n);
		close(got);
		ASSERT_WORKS(sock_set(fd, SO_PASSRIGHTS, 0));
		EXPECT_FAILS(EPERM, fds_send(raw, &m, size, &file, 1));
		close(fd);
	}
	close(raw);
	close(file);
}

TEST_HARNESS_MAIN
