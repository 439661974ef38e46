// SPDX-License-Identifier: GPL-2.0
/* What a byte stream carries, and the calls and flags that read and write it. */
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

TEST_F(stream, writes_run_together)
{
	char buf[64];
	int i;

	for (i = 0; i < 10; i++) {
		pattern_fill(buf, 3, 3 * i);
		ASSERT_EQ(3, send(self->fd[0], buf, 3, 0));
	}
	ASSERT_EQ(30, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(30, pattern_check(buf, 30, 0));
}

TEST_F(stream, a_write_is_read_in_pieces)
{
	char buf[64];
	int i;

	pattern_fill(buf, 60, 0);
	ASSERT_EQ(60, send(self->fd[0], buf, 60, 0));
	for (i = 0; i < 60; i += 7) {
		memset(buf, 0xa5, sizeof(buf));
		ASSERT_EQ(i < 56 ? 7 : 4, recv(self->fd[1], buf, 7, 0));
		EXPECT_EQ(i < 56 ? 7 : 4, pattern_check(buf, 7, i));
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
}

TEST_F(stream, sizes_around_a_page)
{
	size_t size[] = { 1, 2, 63, 64, 65, 4095, 4096, 4097, 8191, 8192, 8193, 20000 };
	unsigned long offset = 0;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		for (j = 0; j < ARRAY_SIZE(size); j++) {
			ASSERT_EQ(size[i], flow_write(self->fd[0], size[i], size[i], offset));
			ASSERT_EQ(size[i], flow_read(self->fd[1], size[i], size[j], offset));
			offset += size[i];
		}
	}
}

TEST_F(stream, many_vectors)
{
	static char out[1024 * 5], in[1024 * 5];
	struct iovec iov[1024];
	int i;

	pattern_fill(out, sizeof(out), 0);
	/* Uneven pieces, some of them empty. */
	for (i = 0; i < 1024; i++) {
		iov[i].iov_base = out + 5 * i;
		iov[i].iov_len = i % 3 ? 5 : 0;
	}
	ASSERT_EQ(682 * 5, writev(self->fd[0], iov, 1024));
	for (i = 0; i < 1024; i++) {
		iov[i].iov_base = in + 5 * i;
		iov[i].iov_len = i % 3 ? 5 : 0;
	}
	ASSERT_EQ(682 * 5, readv(self->fd[1], iov, 1024));
	for (i = 0; i < 1024; i++)
		if (i % 3)
			EXPECT_EQ(0, memcmp(in + 5 * i, out + 5 * i, 5));
}

TEST_F(stream, nothing_written_is_nothing)
{
	char byte;

	EXPECT_EQ(0, send(self->fd[0], "", 0, 0));
	EXPECT_EQ(0, write(self->fd[0], "", 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(POLLOUT, flow_events(self->fd[1]));
}

TEST_F(stream, nothing_read)
{
	char byte = 'x';

	/* On an empty stream AF_UNIX and TCP wait for data to read none of. */
	EXPECT_FAILS(variant->family == AF_EXPERIMENTAL ? 0 : EAGAIN,
		     recv(self->fd[1], &byte, 0, MSG_DONTWAIT));
	ASSERT_EQ(1, send(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 0, 0));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, peek)
{
	char buf[100];
	int i;

	pattern_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(60, send(self->fd[0], buf, 60, 0));
	ASSERT_EQ(40, send(self->fd[0], buf + 60, 40, 0));
	for (i = 0; i < 3; i++) {
		memset(buf, 0xa5, sizeof(buf));
		ASSERT_EQ(10, recv(self->fd[1], buf, 10, MSG_PEEK));
		EXPECT_EQ(10, pattern_check(buf, 10, 0));
		/* Over the boundary of the writes. */
		ASSERT_EQ(100, recv(self->fd[1], buf, sizeof(buf), MSG_PEEK));
		EXPECT_EQ(100, pattern_check(buf, sizeof(buf), 0));
	}
	ASSERT_EQ(50, recv(self->fd[1], buf, 50, 0));
	ASSERT_EQ(50, recv(self->fd[1], buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(50, pattern_check(buf, 50, 50));
	EXPECT_EQ(50, flow_read(self->fd[1], 50, 50, 50));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_PEEK | MSG_DONTWAIT));
}

TEST_F(stream, truncating_read_discards)
{
	char buf[100];

	pattern_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(100, send(self->fd[0], buf, sizeof(buf), 0));
	memset(buf, 0xa5, sizeof(buf));
	ASSERT_EQ(60, recv(self->fd[1], buf, 60, MSG_TRUNC));
	/* As tcp(7) says: taken off the stream, and not copied. AF_UNIX copies. */
	EXPECT_EQ(variant->family == AF_UNIX ? 60 : 0, pattern_check(buf, 60, 0));
	EXPECT_EQ(40, flow_read(self->fd[1], 40, 40, 60));
}

static long recv_all(struct call *c)
{
	return recv(c->fd, c->buf, c->len, MSG_WAITALL);
}

TEST_F(stream, waitall)
{
	char buf[30];
	struct call c = { .fn = recv_all, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };
	int i;

	call_start(&c);
	for (i = 0; i < 30; i += 10) {
		ASSERT_TRUE(call_sleeps(&c));
		ASSERT_EQ(10, flow_write(self->fd[0], 10, 10, i));
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(30, c.ret);
	EXPECT_EQ(30, pattern_check(buf, 30, 0));
}

static long peek_all(struct call *c)
{
	return recv(c->fd, c->buf, c->len, MSG_WAITALL | MSG_PEEK);
}

TEST_F(stream, waitall_while_peeking)
{
	char buf[30];
	struct call c = { .fn = peek_all, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };

	call_start(&c);
	ASSERT_EQ(10, flow_write(self->fd[0], 10, 10, 0));
	/* AF_UNIX waits for the first bytes only. */
	if (variant->family == AF_UNIX) {
		ASSERT_TRUE(call_returns(&c));
		EXPECT_EQ(10, c.ret);
		return;
	}
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(20, flow_write(self->fd[0], 20, 20, 10));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(30, c.ret);
	EXPECT_EQ(30, pattern_check(buf, 30, 0));
	EXPECT_EQ(30, flow_read(self->fd[1], 30, 30, 0));
}

TEST_F(stream, waitall_ends_with_the_stream)
{
	char buf[30];
	struct call c = { .fn = recv_all, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };

	call_start(&c);
	ASSERT_EQ(10, flow_write(self->fd[0], 10, 10, 0));
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(10, c.ret);
	EXPECT_EQ(10, pattern_check(buf, 10, 0));
	EXPECT_EQ(0, recv(self->fd[1], buf, sizeof(buf), MSG_WAITALL));
}

TEST_F(stream, waitall_takes_what_is_there_without_waiting)
{
	char buf[30];

	ASSERT_EQ(10, flow_write(self->fd[0], 10, 10, 0));
	EXPECT_EQ(10, recv(self->fd[1], buf, sizeof(buf), MSG_WAITALL | MSG_DONTWAIT));
	EXPECT_EQ(10, pattern_check(buf, 10, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, sizeof(buf), MSG_WAITALL | MSG_DONTWAIT));
}

TEST_F(stream, waitall_larger_than_the_buffers)
{
	size_t len = 3000000;
	char *buf = malloc(len);
	struct call c = { .fn = recv_all, .fd = self->fd[1], .buf = buf, .len = len };

	call_start(&c);
	EXPECT_EQ(len, flow_write(self->fd[0], len, 50000, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(len, c.ret);
	EXPECT_EQ(len, pattern_check(buf, len, 0));
	free(buf);
}

TEST_F(stream, more_holds_nothing_back_from_a_reader)
{
	char byte;
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = &byte, .len = 1 };

	/* One that sleeps is woken by it. */
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, send(self->fd[0], "w", 1, MSG_MORE));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);
	EXPECT_EQ('w', byte);

	/* TCP may: it waits for the rest of a segment, at most 0.2 s. */
	ASSERT_EQ(1, send(self->fd[0], "x", 1, MSG_MORE));
	if (variant->family != AF_INET)
		EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* What was held together is no other stream than what was not. */
TEST_F(stream, more_changes_nothing)
{
	unsigned long offset = 0;
	char buf[100];
	int i;

	for (i = 0; i < 40; i++) {
		pattern_fill(buf, sizeof(buf), offset);
		ASSERT_EQ(sizeof(buf), send(self->fd[0], buf, sizeof(buf), i % 4 ? MSG_MORE : 0));
		offset += sizeof(buf);
	}
	EXPECT_EQ(offset, flow_read(self->fd[1], offset, 333, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
}

TEST_F(stream, address_is_refused_when_connected)
{
	struct addr a;
	char byte;

	ASSERT_EQ(0, addr_peer(self->fd[0], &a));
	/* TCP ignores it. */
	if (variant->family == AF_INET) {
		EXPECT_EQ(1, sendto(self->fd[0], "x", 1, 0, &a.sa, a.len));
		return;
	}
	EXPECT_FAILS(EISCONN, sendto(self->fd[0], "x", 1, 0, &a.sa, a.len));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

TEST_F(stream, one_way_does_not_disturb_the_other)
{
	size_t there, back;

	there = flow_fill(self->fd[0], 0);
	ASSERT_LT(0, there);
	back = flow_fill(self->fd[1], 99);
	ASSERT_LT(0, back);
	EXPECT_EQ(back, flow_read(self->fd[0], back, 10000, 99));
	EXPECT_EQ(there, flow_read(self->fd[1], there, 10000, 0));
}

FIXTURE(unconnected) {
	int fd;
};

FIXTURE_VARIANT(unconnected) {
	int family;
	int type;
	int send;	/* errno of send() */
	int sendto;	/* of sendto() with an address */
	int recv;
};

FIXTURE_VARIANT_ADD(unconnected, exp) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM,
	.send = ENOTCONN, .sendto = ENOTCONN, .recv = ENOTCONN,
};

FIXTURE_VARIANT_ADD(unconnected, unix) {
	.family = AF_UNIX, .type = SOCK_STREAM,
	.send = ENOTCONN, .sendto = EOPNOTSUPP, .recv = EINVAL,
};

FIXTURE_VARIANT_ADD(unconnected, tcp) {
	.family = AF_INET, .type = SOCK_STREAM,
	.send = EPIPE, .sendto = EPIPE, .recv = ENOTCONN,
};

FIXTURE_SETUP(unconnected)
{
	/* TCP's EPIPE comes with it. */
	signal(SIGPIPE, SIG_IGN);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(unconnected)
{
	close(self->fd);
}

TEST_F(unconnected, carries_nothing)
{
	struct addr a;
	int listener = sock_listening(variant->family, variant->type, 1, &a);
	char byte;

	EXPECT_FAILS(variant->send, send(self->fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_FAILS(variant->send, write(self->fd, "x", 1));
	EXPECT_FAILS(variant->sendto, sendto(self->fd, "x", 1, MSG_NOSIGNAL, &a.sa, a.len));
	EXPECT_FAILS(variant->recv, recv(self->fd, &byte, 1, 0));
	EXPECT_FAILS(variant->recv, recv(self->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT));
	/* Nobody was connected to by the way. */
	ASSERT_EQ(0, sock_nonblock(listener));
	EXPECT_FAILS(EAGAIN, accept(listener, NULL, NULL));
	close(listener);
}

TEST_HARNESS_MAIN
