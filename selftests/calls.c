// SPDX-License-Identifier: GPL-2.0
/* The calls that send and receive: whichever is used, on every type, the same comes of it. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "harness.h"

#define WAYS	6

FIXTURE(calls) {
	int fd[2];
};

FIXTURE_VARIANT(calls) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(calls, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(calls, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(calls, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(calls, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(calls, exp_raw) { .family = AF_EXPERIMENTAL, .type = SOCK_RAW, };
FIXTURE_VARIANT_ADD(calls, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(calls, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(calls, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(calls, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(calls, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

static int broken_pipes;

static void count_pipe(int sig)
{
	(void)sig;
	broken_pipes++;
}

FIXTURE_SETUP(calls)
{
	struct sigaction sa = { .sa_handler = count_pipe };

	ASSERT_EQ(0, sigaction(SIGPIPE, &sa, NULL));
	broken_pipes = 0;
	/* Raw sockets have no connection of another kind. */
	if (variant->type == SOCK_RAW)
		ASSERT_WORKS(socketpair(variant->family, variant->type, 0, self->fd));
	else
		ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(calls)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Sends in one of the ways; the last two take no flags. */
static ssize_t send_by(int way, int fd, char *buf, size_t len, int flags)
{
	struct iovec iov[2] = { { buf, len / 3 }, { buf + len / 3, len - len / 3 } };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = iov, .msg_iovlen = 2 } };

	switch (way) {
	case 0:
		return send(fd, buf, len, flags);
	case 1:
		return sendto(fd, buf, len, flags, NULL, 0);
	case 2:
		return sendmsg(fd, &m.msg_hdr, flags);
	case 3:
		return sendmmsg(fd, &m, 1, flags) == 1 ? (ssize_t)m.msg_len : -1;
	case 4:
		return write(fd, buf, len);
	default:
		return writev(fd, iov, 2);
	}
}

/* What a call that receives tells. */
struct received {
	ssize_t len;
	int flags;
	struct addr from;
};

static struct received recv_by(int way, int fd, char *buf, size_t len)
{
	struct received r = { .from = { .len = sizeof(r.from.storage) } };
	struct iovec iov[2] = { { buf, len / 4 }, { buf + len / 4, len - len / 4 } };
	struct mmsghdr m = { .msg_hdr = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_name = &r.from.sa, .msg_namelen = sizeof(r.from.storage),
	} };

	switch (way) {
	case 0:
		r.len = recv(fd, buf, len, 0);
		break;
	case 1:
		r.len = recvfrom(fd, buf, len, 0, &r.from.sa, &r.from.len);
		break;
	case 2:
		r.len = recvmsg(fd, &m.msg_hdr, 0);
		break;
	case 3:
		r.len = recvmmsg(fd, &m, 1, 0, NULL) == 1 ? (ssize_t)m.msg_len : -1;
		break;
	case 4:
		r.len = read(fd, buf, len);
		break;
	default:
		r.len = readv(fd, iov, 2);
	}
	if (way == 2 || way == 3) {
		r.flags = m.msg_hdr.msg_flags;
		r.from.len = m.msg_hdr.msg_namelen;
	}
	return r;
}

TEST_F(calls, carry_the_same)
{
	unsigned long offset = 0;
	struct received r;
	char buf[1000];
	int in, out;

	for (out = 0; out < WAYS; out++) {
		for (in = 0; in < WAYS; in++) {
			pattern_fill(buf, sizeof(buf), offset);
			ASSERT_EQ(sizeof(buf), send_by(out, self->fd[0], buf, sizeof(buf), 0));
			memset(buf, 0xa5, sizeof(buf));
			r = recv_by(in, self->fd[1], buf, sizeof(buf));
			ASSERT_EQ(sizeof(buf), r.len);
			ASSERT_EQ(sizeof(buf), pattern_check(buf, sizeof(buf), offset));
			offset += sizeof(buf);
		}
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
}

/* What does not fit: the rest of a stream, and nothing of a message. */
TEST_F(calls, cut_the_same)
{
	bool stream = variant->type == SOCK_STREAM;
	struct received r;
	char buf[100];
	int in;

	for (in = 0; in < WAYS; in++) {
		pattern_fill(buf, 100, 0);
		ASSERT_EQ(100, send(self->fd[0], buf, 100, 0));
		memset(buf, 0xa5, sizeof(buf));
		r = recv_by(in, self->fd[1], buf, 60);
		EXPECT_EQ(60, r.len);
		EXPECT_EQ(60, pattern_check(buf, 61, 0));
		if (in == 2 || in == 3)
			EXPECT_EQ(stream ? 0 : MSG_TRUNC, r.flags & MSG_TRUNC);
		if (stream)
			EXPECT_EQ(40, flow_read(self->fd[1], 40, 40, 60));
		EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
	}
}

TEST_F(calls, name_the_same_sender)
{
	struct addr nobody = { 0 };
	struct received r;
	struct addr own;
	char byte;
	int in;

	ASSERT_EQ(0, addr_own(self->fd[0], &own));
	for (in = 1; in <= 3; in++) {
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		r = recv_by(in, self->fd[1], &byte, 1);
		ASSERT_EQ(1, r.len);
		EXPECT_TRUE(addr_same(type_connects(variant->type) ? &nobody : &own, &r.from));
	}
}

/* A broken pipe is a signal as well to those who write to a stream. AF_UNIX has it so for
 * SOCK_STREAM only.
 */
TEST_F(calls, break_the_same)
{
	int raised = type_connects(variant->type) &&
		(variant->family != AF_UNIX || variant->type == SOCK_STREAM);
	char byte = 'x';
	int out, want = 0;

	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	for (out = 0; out < WAYS; out++) {
		EXPECT_FAILS(EPIPE, send_by(out, self->fd[0], &byte, 1, 0));
		want += raised;
		EXPECT_EQ(want, broken_pipes);
		if (out >= 4)
			continue;
		EXPECT_FAILS(EPIPE, send_by(out, self->fd[0], &byte, 1, MSG_NOSIGNAL));
		EXPECT_EQ(want, broken_pipes);
	}
	/* Nothing has come of it. */
	EXPECT_GE(0, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

static void set_by_fcntl(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL) & ~O_NONBLOCK;

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags);
}

static void set_by_ioctl(int fd, bool on)
{
	int value = on;

	ioctl(fd, FIONBIO, &value);
}

/* Types whose sender may have to wait; those of the others are never held up. */
static bool waits_for_room(int family, int type)
{
	return type_connects(type) || type == SOCK_RDM || (family == AF_UNIX && type == SOCK_DGRAM);
}

static long call_read(struct call *c)
{
	return read(c->fd, c->buf, c->len);
}

static long call_write(struct call *c)
{
	return write(c->fd, c->buf, c->len);
}

static void none_waits(struct __test_metadata *_metadata, const int *fd, bool waits,
		       void (*set)(int fd, bool on))
{
	struct call c = { .fn = call_read };
	int copy = dup(fd[1]);
	ssize_t total = 0;
	char byte = 'x';
	int way;

	/* It is the open file that has the flag: a copy of the descriptor has it too. */
	set(copy, true);
	EXPECT_EQ(O_NONBLOCK, fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	for (way = 0; way < WAYS; way++)
		EXPECT_FAILS(EAGAIN, recv_by(way, fd[1], &byte, 1).len);
	/* The other end waits as before. */
	c.fd = fd[0];
	c.buf = &byte;
	c.len = 1;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, send(fd[1], "y", 1, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);

	set(fd[0], true);
	if (waits) {
		total = flow_fill(fd[0], 0);
		ASSERT_LT(0, total);
		for (way = 0; way < WAYS; way++)
			EXPECT_FAILS(EAGAIN, send_by(way, fd[0], &byte, 1, 0));
	}

	/* And taken back. */
	set(copy, false);
	set(fd[0], false);
	c.fn = waits ? call_write : call_read;
	c.fd = fd[!waits];
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	EXPECT_EQ(waits ? total : 1,
		  waits ? flow_read(fd[1], total, 5000, 0) : send(fd[0], "z", 1, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);
	close(copy);
}

TEST_F(calls, none_waits_after_fcntl)
{
	none_waits(_metadata, self->fd, waits_for_room(variant->family, variant->type),
		   set_by_fcntl);
}

TEST_F(calls, none_waits_after_ioctl)
{
	none_waits(_metadata, self->fd, waits_for_room(variant->family, variant->type),
		   set_by_ioctl);
}

/* A socket has no position, whatever lies in it. */
TEST_F(calls, none_seeks)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };

	ASSERT_EQ(1, send(self->fd[0], "y", 1, 0));
	EXPECT_FAILS(ESPIPE, lseek(self->fd[1], 0, SEEK_SET));
	EXPECT_FAILS(ESPIPE, lseek(self->fd[1], 0, SEEK_CUR));
	EXPECT_FAILS(ESPIPE, lseek(self->fd[1], 0, SEEK_END));
	EXPECT_FAILS(ESPIPE, pread(self->fd[1], &byte, 1, 0));
	EXPECT_FAILS(ESPIPE, preadv(self->fd[1], &iov, 1, 0));
	EXPECT_FAILS(ESPIPE, pwrite(self->fd[0], &byte, 1, 0));
	EXPECT_FAILS(ESPIPE, pwritev(self->fd[0], &iov, 1, 0));
	/* A position of -1 is none: these are readv() and writev() with flags. */
	EXPECT_EQ(1, pwritev2(self->fd[0], &iov, 1, -1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(1, preadv2(self->fd[1], &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ('y', byte);
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ('x', byte);
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

TEST_HARNESS_MAIN
