// SPDX-License-Identifier: GPL-2.0
/* Megabytes from one process to another, with every size of read and write. */
#include <sys/sendfile.h>

#include "harness.h"

FIXTURE(transfer) {
	struct addr addr;
	int listener;
};

FIXTURE_VARIANT(transfer) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(transfer, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(transfer, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(transfer, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(transfer, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(transfer, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(transfer)
{
	self->listener = sock_listening(variant->family, variant->type, 5, &self->addr);
	ASSERT_WORKS(self->listener);
}

FIXTURE_TEARDOWN(transfer)
{
	close(self->listener);
}

/* A child that sends @len bytes of the pattern and closes. */
static pid_t sender(int family, int type, const struct addr *to, size_t len, size_t chunk)
{
	pid_t pid = fork_child();
	int fd;

	if (pid)
		return pid;
	fd = sock_connected(family, type, to);
	if (fd < 0)
		_exit(1);
	if (flow_write(fd, len, chunk, 0) != (ssize_t)len)
		_exit(2);
	close(fd);
	_exit(0);
}

/* Reads to the end of the stream: bytes that were right. */
static size_t receive(int listener, size_t chunk)
{
	int fd = accept(listener, NULL, NULL);
	ssize_t got = flow_read(fd, SIZE_MAX, chunk, 0);

	close(fd);
	return got < 0 ? 0 : got;
}

static const size_t chunks[] = { 100, 4096, 65536, 1000003 };

/* The last size is more than a record may have. */
static size_t sizes(int type)
{
	return ARRAY_SIZE(chunks) - (type == SOCK_SEQPACKET);
}

TEST_F(transfer, all_sizes_of_writes)
{
	size_t len = scaled(3000017);
	size_t i;
	pid_t pid;

	for (i = 0; i < sizes(variant->type); i++) {
		pid = sender(variant->family, variant->type, &self->addr, len, chunks[i]);
		EXPECT_EQ(len, receive(self->listener,
				       variant->type == SOCK_STREAM ? 50000 : chunks[i]));
		EXPECT_EQ(0, child_status(pid));
	}
}

TEST_F(transfer, all_sizes_of_reads)
{
	size_t len = scaled(3000017);
	size_t i;
	pid_t pid;

	for (i = 0; i < sizes(variant->type); i++) {
		/* A record is read as a whole. */
		pid = sender(variant->family, variant->type, &self->addr, len,
			     variant->type == SOCK_STREAM ? 50000 : chunks[i]);
		EXPECT_EQ(len, receive(self->listener, chunks[i]));
		EXPECT_EQ(0, child_status(pid));
	}
}

/* What was written before close() arrives, however late the reader comes. */
TEST_F(transfer, reader_comes_after_close)
{
	size_t len = 10000;
	pid_t pid = sender(variant->family, variant->type, &self->addr, len, 1000);

	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(len, receive(self->listener, 3000));
}

/* A child that sends back all that it reads. */
static pid_t echo(int listener)
{
	pid_t pid = fork_child();
	static char buf[70000];
	ssize_t n;
	int fd;

	if (pid)
		return pid;
	fd = accept(listener, NULL, NULL);
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (send(fd, buf, n, MSG_NOSIGNAL) != n)
			_exit(1);
	_exit(n < 0);
}

/* Both directions at once, more than fits in them. */
TEST_F(transfer, there_and_back)
{
	size_t len = scaled(5000000), sent = 0, got = 0;
	char *buf = malloc(60000);
	pid_t pid = echo(self->listener);
	int events;
	ssize_t n;
	int fd;

	fd = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_EQ(0, sock_nonblock(fd));
	while (got < len) {
		events = flow_wait(fd, sent < len ? POLLIN | POLLOUT : POLLIN, 10000);
		ASSERT_LT(0, events);
		if (events & POLLOUT && sent < len) {
			pattern_fill(buf, 60000, sent);
			n = send(fd, buf, len - sent < 60000 ? len - sent : 60000, MSG_NOSIGNAL);
			ASSERT_TRUE(n > 0 || errno == EAGAIN);
			sent += n > 0 ? n : 0;
			if (sent == len)
				ASSERT_EQ(0, shutdown(fd, SHUT_WR));
		}
		if (events & POLLIN) {
			n = recv(fd, buf, 60000, 0);
			ASSERT_TRUE(n > 0 || (n < 0 && errno == EAGAIN));
			if (n > 0)
				ASSERT_EQ(n, pattern_check(buf, n, got));
			got += n > 0 ? n : 0;
		}
	}
	ASSERT_EQ(POLLIN, flow_wait(fd, POLLIN, 10000) & POLLIN);
	EXPECT_EQ(0, recv(fd, buf, 60000, 0));
	EXPECT_EQ(0, child_status(pid));
	close(fd);
	free(buf);
}

/* A connection outlives the descriptors of one of the processes that share it. */
TEST_F(transfer, shared_after_fork)
{
	size_t len = 100000;
	pid_t pid;
	int fd[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
	pid = fork_child();
	if (!pid) {
		close(fd[1]);
		_exit(flow_write(fd[0], len, 1000, 0) != (ssize_t)len);
	}
	close(fd[0]);
	EXPECT_EQ(len, flow_read(fd[1], SIZE_MAX, 3000, 0));
	EXPECT_EQ(0, child_status(pid));
	close(fd[1]);
}

/* The sender is killed: what it sent arrives, then the end. */
TEST_F(transfer, sender_is_killed)
{
	pid_t pid;
	int fd[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, fd));
	pid = fork_child();
	if (!pid) {
		close(fd[1]);
		flow_write(fd[0], 1000, 1000, 0);
		pause();
		_exit(0);
	}
	close(fd[0]);
	EXPECT_EQ(1000, flow_read(fd[1], 1000, 1000, 0));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(0, flow_read(fd[1], 1, 1, 0));
	EXPECT_EQ(-1, child_status(pid));
	close(fd[1]);
}

TEST_F(transfer, sendfile)
{
	size_t len = 300000;
	char *buf = malloc(len);
	FILE *file = tmpfile();
	off_t offset = 0;
	pid_t pid;
	int fd;

	ASSERT_TRUE(file);
	pattern_fill(buf, len, 0);
	ASSERT_EQ(len, fwrite(buf, 1, len, file));
	ASSERT_EQ(0, fflush(file));
	pid = fork_child();
	if (!pid) {
		fd = sock_connected(variant->family, variant->type, &self->addr);
		while (offset < (off_t)len)
			if (sendfile(fd, fileno(file), &offset, len - offset) <= 0)
				_exit(1);
		_exit(0);
	}
	EXPECT_EQ(len, receive(self->listener, variant->type == SOCK_STREAM ? 7000 : len));
	EXPECT_EQ(0, child_status(pid));
	free(buf);
	fclose(file);
}

TEST_HARNESS_MAIN
