// SPDX-License-Identifier: GPL-2.0
/* Buffers that cannot be read or written: EFAULT, and nothing lost. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "harness.h"

FIXTURE(stream) {
	int fd[2];
};

FIXTURE_VARIANT(stream) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(stream, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stream, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
/* AF_UNIX loses a record that it cannot copy. */
FIXTURE_VARIANT_ADD(stream, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stream, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(stream)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(stream, read_into_nowhere)
{
	ASSERT_EQ(5000, flow_write(self->fd[0], 5000, 5000, 0));
	EXPECT_FAILS(EFAULT, recv(self->fd[1], mem_unmapped(5000), 5000, 0));
	EXPECT_FAILS(EFAULT, recv(self->fd[1], NULL, 5000, 0));
	EXPECT_FAILS(EFAULT, recv(self->fd[1], mem_unmapped(1), 1, MSG_PEEK));
	/* What could not be copied is still there. */
	EXPECT_EQ(5000, flow_read(self->fd[1], 5000, 5000, 0));
}

/* The buffer ends in the middle of what there is to read. */
TEST_F(stream, read_up_to_the_edge)
{
	size_t room[] = { 1, 10, 4000, 4096, 5000, 9999 };
	size_t i, copied;
	ssize_t n;
	char *buf;

	for (i = 0; i < ARRAY_SIZE(room); i++) {
		buf = mem_edge(room[i]);
		ASSERT_EQ(10000, flow_write(self->fd[0], 10000, 10000, 0));
		n = recv(self->fd[1], buf, 10000, 0);
		ASSERT_TRUE(n >= 0 || errno == EFAULT);
		copied = n < 0 ? 0 : n;
		ASSERT_GE(room[i], copied);
		EXPECT_EQ(copied, pattern_check(buf, copied, 0));
		/* A record is read as a whole, or not at all. */
		if (variant->type == SOCK_SEQPACKET) {
			EXPECT_EQ(-1, n);
			EXPECT_EQ(10000, flow_read(self->fd[1], 10000, 10000, 0));
			continue;
		}
		EXPECT_EQ(10000 - copied, flow_read(self->fd[1], 10000 - copied, 5000, copied));
	}
}

TEST_F(stream, vectors_read_up_to_the_bad_one)
{
	char first[100], last[100];
	struct iovec iov[3] = {
		{ first, sizeof(first) }, { mem_unmapped(100), 100 }, { last, sizeof(last) },
	};
	size_t copied;
	ssize_t n;

	ASSERT_EQ(300, flow_write(self->fd[0], 300, 300, 0));
	n = readv(self->fd[1], iov, 3);
	ASSERT_TRUE(n >= 0 || errno == EFAULT);
	copied = n < 0 ? 0 : n;
	ASSERT_GE(100, copied);
	EXPECT_EQ(copied, pattern_check(first, copied, 0));
	EXPECT_EQ(300 - copied, flow_read(self->fd[1], 300 - copied, 300, copied));
}

TEST_F(stream, write_from_nowhere)
{
	char byte;

	EXPECT_FAILS(EFAULT, send(self->fd[0], mem_unmapped(5000), 5000, 0));
	EXPECT_FAILS(EFAULT, send(self->fd[0], NULL, 5000, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
}

/* A prefix is sent, or nothing: what the call says is what arrives. */
TEST_F(stream, write_up_to_the_edge)
{
	size_t room[] = { 1, 10, 4000, 4096, 5000, 50000 };
	ssize_t sent;
	size_t i;
	char *buf;

	for (i = 0; i < ARRAY_SIZE(room); i++) {
		buf = mem_edge(room[i]);
		pattern_fill(buf, room[i], 0);
		sent = send(self->fd[0], buf, room[i] + 10000, 0);
		ASSERT_TRUE(sent >= 0 || errno == EFAULT);
		ASSERT_GE((ssize_t)room[i], sent);
		if (sent > 0)
			EXPECT_EQ(sent, flow_read(self->fd[1], sent, 10000, 0));
		EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 0));
		/* And the stream goes on. */
		EXPECT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
		EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	}
}

TEST_F(stream, vectors_written_up_to_the_bad_one)
{
	char first[100];
	struct iovec iov[3] = {
		{ first, sizeof(first) }, { mem_unmapped(100), 100 }, { first, sizeof(first) },
	};
	ssize_t sent;

	pattern_fill(first, sizeof(first), 0);
	sent = writev(self->fd[0], iov, 3);
	ASSERT_TRUE(sent >= 0 || errno == EFAULT);
	ASSERT_GE(100, sent);
	if (sent > 0)
		EXPECT_EQ(sent, flow_read(self->fd[1], sent, 1000, 0));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 0));
}

/* A reader whose buffer goes away while it sleeps. */
TEST_F(stream, sleeping_reader_without_buffer)
{
	struct call c = { .fn = call_recv, .fd = self->fd[1], .len = 100 };

	c.buf = mem_unmapped(100);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(EFAULT, c.err);
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
}

/* A page that is never there: whoever reads it waits, until it is killed. */
static void *mem_endless(int *handler)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	size_t page = sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*handler = syscall(SYS_userfaultfd, O_NONBLOCK | O_CLOEXEC);
	range.range.start = (unsigned long)p;
	range.range.len = page;
	if (*handler < 0 || ioctl(*handler, UFFDIO_API, &api) ||
	    ioctl(*handler, UFFDIO_REGISTER, &range))
		return NULL;
	return p;
}

/* Says so when the page is asked for. */
static void *announce(void *arg)
{
	int *fd = arg;

	if (flow_wait(fd[0], POLLIN, 10000) & POLLIN)
		send(fd[1], "!", 1, 0);
	return NULL;
}

static pid_t hang_in_a_fault(int fd, int way)
{
	pid_t pid = fork_child();
	int handler[2] = { -1, way };
	pthread_t thread;
	void *p;

	if (pid)
		return pid;
	p = mem_endless(&handler[0]);
	if (!p || pthread_create(&thread, NULL, announce, handler))
		_exit(1);
	send(fd, p, 100, MSG_NOSIGNAL);
	_exit(2);
}

/* While a sender hangs, others can be killed: none of them sleeps for good. */
TEST_F(stream, hanging_sender)
{
	int status, way[2], i;
	pid_t sender, other;
	char byte;

	/* TCP's others cannot, and AF_UNIX has no such connect(). */
	if (variant->family != AF_EXPERIMENTAL)
		return;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	sender = hang_in_a_fault(self->fd[0], way[1]);
	ASSERT_EQ(0, sock_timeout(way[0], SO_RCVTIMEO, 10000));
	ASSERT_EQ(1, recv(way[0], &byte, 1, 0));
	for (i = 0; i < 2; i++) {
		other = fork_child();
		if (!other) {
			if (i)
				send(self->fd[0], "x", 1, MSG_NOSIGNAL);
			else
				do_disconnect(self->fd[0]);
			_exit(0);
		}
		usleep(100000);
		ASSERT_EQ(0, waitpid(other, &status, WNOHANG));
		ASSERT_EQ(0, kill(other, SIGKILL));
		ASSERT_EQ(other, waitpid(other, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
	}
	ASSERT_EQ(0, kill(sender, SIGKILL));
	ASSERT_EQ(sender, waitpid(sender, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	/* The connection has not suffered. */
	EXPECT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	close(way[0]);
	close(way[1]);
}

FIXTURE(message) {
	int fd[2];
};

FIXTURE_VARIANT(message) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(message, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(message, unix) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(message)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* All or nothing: no part of a message that could not be read is sent. */
TEST_F(message, write_from_nowhere)
{
	char *edge = mem_edge(5000);
	char byte;

	EXPECT_FAILS(EFAULT, send(self->fd[0], mem_unmapped(500), 500, 0));
	EXPECT_FAILS(EFAULT, send(self->fd[0], NULL, 500, 0));
	EXPECT_FAILS(EFAULT, send(self->fd[0], edge, 5001, 0));
	EXPECT_FAILS(EFAULT, send(self->fd[0], edge, 9000, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(5000, send(self->fd[0], edge, 5000, 0));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

TEST_F(message, read_into_nowhere)
{
	char buf[500];

	ASSERT_EQ(500, flow_write(self->fd[0], 500, 500, 0));
	EXPECT_FAILS(EFAULT, recv(self->fd[1], mem_unmapped(500), 500, 0));
	/* Whether or not that message is lost, the next one is not. */
	ASSERT_EQ(300, flow_write(self->fd[0], 300, 300, 9));
	if (recv(self->fd[1], buf, sizeof(buf), 0) == 500) {
		EXPECT_EQ(500, pattern_check(buf, 500, 0));
		ASSERT_EQ(300, recv(self->fd[1], buf, sizeof(buf), 0));
	}
	EXPECT_EQ(300, pattern_check(buf, 300, 9));
}

TEST_HARNESS_MAIN
