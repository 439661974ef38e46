// SPDX-License-Identifier: GPL-2.0
/* splice(), tee(), vmsplice() and sendfile(): bytes that go through a pipe or come from a file. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "harness.h"

#define PAGE	4096

FIXTURE(piped) {
	int fd[2];
	int pipe[2];
};

FIXTURE_VARIANT(piped) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(piped, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(piped, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(piped, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(piped, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(piped, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(piped, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(piped, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(piped, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(piped)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(piped)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->pipe[0]);
	close(self->pipe[1]);
}

/* Puts bytes of the pattern in a pipe, which must have room. */
static bool pipe_fill(int fd, size_t len, unsigned long offset)
{
	char *buf = malloc(len);
	bool ok;

	pattern_fill(buf, len, offset);
	ok = write(fd, buf, len) == (ssize_t)len;
	free(buf);
	return ok;
}

/* Reads that many from a pipe: whether they are the pattern's. */
static bool pipe_check(int fd, size_t len, unsigned long offset)
{
	char *buf = malloc(len);
	bool ok = read(fd, buf, len) == (ssize_t)len && pattern_check(buf, len, offset) == len;

	free(buf);
	return ok;
}

/* Sizes that share pages, fill them, and need several. */
static const size_t size[] = { 1, 100, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 7 };

TEST_F(piped, into_a_socket)
{
	unsigned long offset = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		ASSERT_TRUE(pipe_fill(self->pipe[1], size[i], offset));
		ASSERT_EQ(size[i], splice(self->pipe[0], NULL, self->fd[0], NULL, size[i], 0));
		ASSERT_EQ(size[i], flow_read(self->fd[1], size[i], 8 * PAGE, offset));
		offset += size[i];
	}
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 0));
}

TEST_F(piped, out_of_a_socket)
{
	unsigned long offset = 0;
	size_t i, got;
	ssize_t n;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		ASSERT_EQ(size[i], flow_write(self->fd[0], size[i], size[i], offset));
		for (got = 0; got < size[i]; got += n) {
			n = splice(self->fd[1], NULL, self->pipe[1], NULL, size[i] - got, 0);
			ASSERT_LT(0, n);
			/* A message comes as a whole. */
			if (variant->type != SOCK_STREAM)
				ASSERT_EQ(size[i], n);
			ASSERT_TRUE(pipe_check(self->pipe[0], n, offset + got));
		}
		offset += size[i];
	}
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 0));
}

/* The writer changes its pages as soon as splice() has returned: the reader sees what was sent. */
TEST_F(piped, pages_of_the_caller)
{
	char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	struct iovec iov = { page, 2 * PAGE };

	ASSERT_NE(MAP_FAILED, page);
	pattern_fill(page, 2 * PAGE, 0);
	ASSERT_EQ(2 * PAGE, vmsplice(self->pipe[1], &iov, 1, 0));
	ASSERT_EQ(2 * PAGE, splice(self->pipe[0], NULL, self->fd[0], NULL, 2 * PAGE, 0));
	/* The controls send the pages themselves. */
	if (variant->family == AF_EXPERIMENTAL)
		memset(page, 0xa5, 2 * PAGE);
	EXPECT_EQ(2 * PAGE, flow_read(self->fd[1], 2 * PAGE, 2 * PAGE, 0));
	munmap(page, 2 * PAGE);
}

/* Out of one pipe, into the socket and into another pipe. */
TEST_F(piped, tee)
{
	int copy[2];

	ASSERT_EQ(0, pipe(copy));
	ASSERT_TRUE(pipe_fill(self->pipe[1], 1000, 0));
	ASSERT_EQ(1000, tee(self->pipe[0], copy[1], 1000, 0));
	ASSERT_EQ(1000, splice(self->pipe[0], NULL, self->fd[0], NULL, 1000, 0));
	EXPECT_EQ(1000, flow_read(self->fd[1], 1000, 1000, 0));
	EXPECT_TRUE(pipe_check(copy[0], 1000, 0));

	/* And what came out of the socket. */
	ASSERT_EQ(1000, flow_write(self->fd[0], 1000, 1000, 7));
	ASSERT_EQ(1000, splice(self->fd[1], NULL, self->pipe[1], NULL, 1000, 0));
	ASSERT_EQ(1000, tee(self->pipe[0], copy[1], 1000, 0));
	EXPECT_TRUE(pipe_check(self->pipe[0], 1000, 7));
	EXPECT_TRUE(pipe_check(copy[0], 1000, 7));
	/* Sockets themselves have no pages to share. */
	EXPECT_FAILS(EINVAL, tee(self->fd[1], self->pipe[1], 1, 0));
	EXPECT_FAILS(EINVAL, tee(self->pipe[0], self->fd[0], 1, 0));
	EXPECT_FAILS(EINVAL, splice(self->fd[1], NULL, self->fd[0], NULL, 1, 0));
	close(copy[0]);
	close(copy[1]);
}

TEST_F(piped, without_waiting)
{
	int flags = fcntl(self->fd[0], F_GETFL);
	ssize_t total;

	/* SPLICE_F_NONBLOCK is about the pipe: it is the open file that says whether to wait. */
	ASSERT_EQ(0, sock_nonblock(self->fd[0]));
	ASSERT_EQ(0, sock_nonblock(self->fd[1]));
	EXPECT_FAILS(EAGAIN, splice(self->fd[1], NULL, self->pipe[1], NULL, 100, 0));
	if (variant->type == SOCK_DGRAM && variant->family == AF_EXPERIMENTAL)
		return;		/* a sender is never held up */
	total = flow_fill(self->fd[0], 0);
	ASSERT_LT(0, total);
	ASSERT_TRUE(pipe_fill(self->pipe[1], 100, total));
	EXPECT_FAILS(EAGAIN, splice(self->pipe[0], NULL, self->fd[0], NULL, 100, 0));
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETFL, flags));
	ASSERT_EQ(0, fcntl(self->fd[1], F_SETFL, flags));
	EXPECT_EQ(total, flow_read(self->fd[1], total, 8 * PAGE, 0));
	/* What was refused is still in the pipe. */
	EXPECT_EQ(100, splice(self->pipe[0], NULL, self->fd[0], NULL, 100, 0));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, total));
}

static long call_splice_out(struct call *c)
{
	return splice(c->fd, NULL, c->flags, NULL, c->len, 0);
}

TEST_F(piped, waits_for_data)
{
	struct call c = { .fn = call_splice_out, .fd = self->fd[1], .flags = self->pipe[1] };

	c.len = 1000;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_TRUE(call_returns(&c));
	ASSERT_EQ(100, c.ret);
	EXPECT_TRUE(pipe_check(self->pipe[0], 100, 0));
}

TEST_F(piped, end_of_the_stream)
{
	if (!type_connects(variant->type))
		return;
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(100, splice(self->fd[1], NULL, self->pipe[1], NULL, 1000, 0));
	EXPECT_EQ(0, splice(self->fd[1], NULL, self->pipe[1], NULL, 1000, 0));
	EXPECT_TRUE(pipe_check(self->pipe[0], 100, 0));

	/* The way back is closed by the peer: what was not sent stays in the pipe. */
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	ASSERT_TRUE(pipe_fill(self->pipe[1], 100, 0));
	/* TCP's first segment is answered by the reset. */
	if (variant->family == AF_INET) {
		ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
		ASSERT_TRUE(flow_wait(self->fd[1], POLLHUP, 5000) & POLLHUP);
	}
	EXPECT_FAILS(EPIPE, splice(self->pipe[0], NULL, self->fd[1], NULL, 100, 0));
	EXPECT_TRUE(pipe_check(self->pipe[0], 100, 0));
}

/* From a file to a socket, through another one, to a pipe: a relay with no buffer of its own. */
TEST_F(piped, relayed)
{
	size_t len = 200000, got = 0;
	FILE *file = tmpfile();
	char *buf = malloc(len);
	off_t offset = 0;
	int back[2], fd[2];
	pid_t pid[2];
	ssize_t n;

	if (variant->type == SOCK_DGRAM && variant->family == AF_EXPERIMENTAL)
		return;		/* a sender is never held up */
	ASSERT_TRUE(file);
	pattern_fill(buf, len, 0);
	ASSERT_EQ(len, fwrite(buf, 1, len, file));
	ASSERT_EQ(0, fflush(file));
	ASSERT_EQ(0, pipe(back));
	ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
	pid[0] = fork_child();
	if (!pid[0]) {
		while (offset < (off_t)len)
			if (sendfile(self->fd[0], fileno(file), &offset, 5000) <= 0)
				_exit(1);
		_exit(0);
	}
	pid[1] = fork_child();
	if (!pid[1]) {
		for (got = 0; got < len; got += n) {
			n = splice(self->fd[1], NULL, self->pipe[1], NULL, 8 * PAGE, 0);
			if (n <= 0 || splice(self->pipe[0], NULL, fd[0], NULL, n, 0) != n)
				_exit(1);
		}
		_exit(0);
	}
	for (got = 0; got < len; got += n) {
		n = splice(fd[1], NULL, back[1], NULL, 8 * PAGE, 0);
		ASSERT_LT(0, n);
		ASSERT_TRUE(pipe_check(back[0], n, got));
	}
	EXPECT_EQ(0, child_status(pid[0]));
	EXPECT_EQ(0, child_status(pid[1]));
	EXPECT_EQ(0, flow_wait(fd[1], POLLIN, 0));
	close(back[0]);
	close(back[1]);
	close(fd[0]);
	close(fd[1]);
	free(buf);
	fclose(file);
}

TEST_HARNESS_MAIN
