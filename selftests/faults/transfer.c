// SPDX-License-Identifier: GPL-2.0
/* Memory is short, or user pages are, while data moves. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "path.h"

#define LARGE	100000
#define HEADER	sizeof(struct exp_raw_header)

/* A pair, and a pattern to send that has the length which the call takes. */
static void set_send(struct scene *s, struct __test_metadata *_metadata, size_t len)
{
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, s->type, s->fd));
	s->len = len;
	pattern_fill(s->buf, len, 0);
}

static void set_small(struct scene *s, struct __test_metadata *_metadata)
{
	set_send(s, _metadata, 10);
}

static void set_large(struct scene *s, struct __test_metadata *_metadata)
{
	set_send(s, _metadata, LARGE);
}

/* The first send is not the one that fails: what is kept for the next is there. */
static void set_warm(struct scene *s, struct __test_metadata *_metadata)
{
	set_small(s, _metadata);
	expect_talk(_metadata, s->fd[0], s->fd[1]);
}

/* The data is there, to be received. */
static void set_sent_small(struct scene *s, struct __test_metadata *_metadata)
{
	set_small(s, _metadata);
	ASSERT_EQ(s->len, send(s->fd[0], s->buf, s->len, 0));
}

static void set_sent_large(struct scene *s, struct __test_metadata *_metadata)
{
	set_large(s, _metadata);
	ASSERT_EQ(s->len, send(s->fd[0], s->buf, s->len, 0));
}

static void set_sent_urgent(struct scene *s, struct __test_metadata *_metadata)
{
	set_send(s, _metadata, 1);
	ASSERT_EQ(1, send(s->fd[0], s->buf, 1, MSG_OOB));
}

/* A raw socket looks on. */
static void set_tapped(struct scene *s, struct __test_metadata *_metadata)
{
	set_send(s, _metadata, 1000);
	s->fd[2] = socket(AF_EXPERIMENTAL, SOCK_RAW, 0);
	ASSERT_WORKS(s->fd[2]);
}

static void set_seen(struct scene *s, struct __test_metadata *_metadata)
{
	set_tapped(s, _metadata);
	ASSERT_EQ(s->len, send(s->fd[0], s->buf, s->len, 0));
}

/* A pipe, and a file of the pattern, beside the pair. */
static void set_pipe(struct scene *s, struct __test_metadata *_metadata)
{
	set_send(s, _metadata, 10000);
	ASSERT_EQ(0, pipe(s->fd + 2));
	ASSERT_EQ(s->len, write(s->fd[3], s->buf, s->len));
}

static void set_empty_pipe(struct scene *s, struct __test_metadata *_metadata)
{
	set_send(s, _metadata, 10000);
	ASSERT_EQ(0, pipe(s->fd + 2));
	ASSERT_EQ(s->len, send(s->fd[0], s->buf, s->len, 0));
}

static void set_file(struct scene *s, struct __test_metadata *_metadata)
{
	set_send(s, _metadata, 10000);
	s->fd[2] = memfd_create("pattern", 0);
	ASSERT_WORKS(s->fd[2]);
	ASSERT_EQ(s->len, pwrite(s->fd[2], s->buf, s->len, 0));
}

static long call_to_send(struct scene *s)
{
	return send(s->fd[0], s->buf, s->len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static long call_sendmsg(struct scene *s)
{
	struct iovec iov[2] = {
		{ s->buf, s->len / 2 }, { s->buf + s->len / 2, s->len - s->len / 2 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return sendmsg(s->fd[0], &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static long call_send_urgent(struct scene *s)
{
	return send(s->fd[0], s->buf, 1, MSG_OOB | MSG_NOSIGNAL);
}

static long call_send_raw(struct scene *s)
{
	struct exp_raw_header header = {
		.exr_version = EXP_RAW_VERSION, .exr_type = s->type, .exr_length = s->len,
	};
	struct iovec iov[2] = { { &header, HEADER }, { s->buf, s->len } };
	struct addr from, to;

	if (addr_own(s->fd[0], &from) || addr_own(s->fd[1], &to))
		return -1;
	header.exr_source = from.exp;
	header.exr_destination = to.exp;
	return writev(s->fd[2], iov, 2);
}

static long call_to_receive(struct scene *s)
{
	s->addr.len = sizeof(s->addr.storage);
	memset(s->buf, 0, s->len);
	return recvfrom(s->fd[1], s->buf, s->len, MSG_DONTWAIT, &s->addr.sa, &s->addr.len);
}

static long call_recvmsg(struct scene *s)
{
	struct iovec iov[2] = {
		{ s->buf, s->len / 2 }, { s->buf + s->len / 2, s->len - s->len / 2 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	memset(s->buf, 0, s->len);
	return recvmsg(s->fd[1], &msg, MSG_DONTWAIT);
}

static long call_peek(struct scene *s)
{
	memset(s->buf, 0, s->len);
	return recv(s->fd[1], s->buf, s->len, MSG_PEEK | MSG_DONTWAIT);
}

static long call_receive_urgent(struct scene *s)
{
	return recv(s->fd[1], s->buf, 1, MSG_OOB);
}

static long call_receive_raw(struct scene *s)
{
	return recv(s->fd[2], s->buf, sizeof(s->buf), MSG_DONTWAIT);
}

static long call_splice_in(struct scene *s)
{
	return splice(s->fd[2], NULL, s->fd[0], NULL, s->len, SPLICE_F_NONBLOCK);
}

static long call_splice_out(struct scene *s)
{
	return splice(s->fd[1], NULL, s->fd[3], NULL, s->len, SPLICE_F_NONBLOCK);
}

static long call_sendfile(struct scene *s)
{
	off_t offset = 0;

	return sendfile(s->fd[0], s->fd[2], &offset, s->len);
}

static void expect_nothing(struct __test_metadata *_metadata, int fd)
{
	char byte;

	EXPECT_FAILS(EAGAIN, recv(fd, &byte, 1, MSG_DONTWAIT));
}

static void expect_alive(struct scene *s, struct __test_metadata *_metadata)
{
	expect_nothing(_metadata, s->fd[1]);
	expect_talk(_metadata, s->fd[0], s->fd[1]);
	expect_talk(_metadata, s->fd[1], s->fd[0]);
}

/* What the call says that it sent is what arrives: of a message, all or nothing. */
static void check_sent(struct scene *s, struct __test_metadata *_metadata)
{
	long sent = s->ret < 0 ? 0 : s->ret;

	if (s->type != SOCK_STREAM && s->ret >= 0)
		EXPECT_EQ(s->len, sent);
	if (sent)
		EXPECT_EQ(sent, flow_read(s->fd[1], sent, sent, 0));
	expect_alive(s, _metadata);
}

static void check_urgent(struct scene *s, struct __test_metadata *_metadata)
{
	char byte = 0;

	if (s->err)
		EXPECT_EQ(1, send(s->fd[0], s->buf, 1, MSG_OOB | MSG_NOSIGNAL));
	EXPECT_EQ(1, recv(s->fd[1], &byte, 1, MSG_OOB));
	EXPECT_EQ(1, pattern_check(&byte, 1, 0));
	expect_alive(s, _metadata);
}

/* What could not be copied is still there. A datagram may be gone. */
static void check_received(struct scene *s, struct __test_metadata *_metadata)
{
	long got = s->ret < 0 ? 0 : s->ret;
	long rest = s->len - got;

	EXPECT_EQ(got, pattern_check(s->buf, got, 0));
	if (s->type != SOCK_STREAM && s->ret >= 0)
		EXPECT_EQ(0, rest);
	if (type_connects(s->type) || flow_events(s->fd[1]) & POLLIN) {
		if (rest)
			EXPECT_EQ(rest, flow_read(s->fd[1], rest, rest, got));
	}
	expect_alive(s, _metadata);
}

static void check_peeked(struct scene *s, struct __test_metadata *_metadata)
{
	long got = s->ret < 0 ? 0 : s->ret;

	EXPECT_EQ(got, pattern_check(s->buf, got, 0));
	EXPECT_EQ(s->len, flow_read(s->fd[1], s->len, s->len, 0));
	expect_alive(s, _metadata);
}

static void check_urgent_received(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err)
		EXPECT_EQ(1, recv(s->fd[1], s->buf, 1, MSG_OOB));
	EXPECT_EQ(1, pattern_check(s->buf, 1, 0));
	expect_alive(s, _metadata);
}

/* Who looks on may miss a message; who is talked to may not. */
static void check_tapped(struct scene *s, struct __test_metadata *_metadata)
{
	long seen = recv(s->fd[2], s->buf, sizeof(s->buf), MSG_DONTWAIT);

	if (seen >= 0) {
		EXPECT_EQ(s->len + HEADER, seen);
		EXPECT_EQ(s->len, pattern_check(s->buf + HEADER, s->len, 0));
	}
	check_sent(s, _metadata);
}

static void check_seen(struct scene *s, struct __test_metadata *_metadata)
{
	if (!s->err) {
		EXPECT_EQ(s->len + HEADER, s->ret);
		EXPECT_EQ(s->len, pattern_check(s->buf + HEADER, s->len, 0));
	}
	EXPECT_EQ(s->len, flow_read(s->fd[1], s->len, s->len, 0));
	expect_alive(s, _metadata);
}

static void check_injected(struct scene *s, struct __test_metadata *_metadata)
{
	if (!s->err)
		EXPECT_EQ(s->len, flow_read(s->fd[1], s->len, s->len, 0));
	expect_alive(s, _metadata);
}

/* Between the pipe and the socket nothing is lost. */
static void check_spliced_in(struct scene *s, struct __test_metadata *_metadata)
{
	long sent = s->ret < 0 ? 0 : s->ret;
	long rest = s->len - sent;

	if (sent)
		EXPECT_EQ(sent, flow_read(s->fd[1], sent, sent, 0));
	if (rest) {
		EXPECT_EQ(rest, read(s->fd[2], s->buf, rest));
		EXPECT_EQ(rest, pattern_check(s->buf, rest, sent));
	}
	expect_alive(s, _metadata);
}

static void check_spliced_out(struct scene *s, struct __test_metadata *_metadata)
{
	long got = s->ret < 0 ? 0 : s->ret;
	long rest = s->len - got;

	if (got) {
		EXPECT_EQ(got, read(s->fd[2], s->buf, got));
		EXPECT_EQ(got, pattern_check(s->buf, got, 0));
	}
	if (rest)
		EXPECT_EQ(rest, flow_read(s->fd[1], rest, rest, got));
	expect_alive(s, _metadata);
}

FIXTURE(path) {
	struct scene scene;
};

FIXTURE_VARIANT(path) {
	struct path path;
};

FIXTURE_VARIANT_ADD(path, send_stream) {
	.path = { SOCK_STREAM, set_small, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_stream_warm) {
	.path = { SOCK_STREAM, set_warm, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_stream_large) {
	.path = { SOCK_STREAM, set_large, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, sendmsg_stream) {
	.path = { SOCK_STREAM, set_large, call_sendmsg, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_seqpacket) {
	.path = { SOCK_SEQPACKET, set_small, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_seqpacket_large) {
	.path = { SOCK_SEQPACKET, set_large, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_dgram) {
	.path = { SOCK_DGRAM, set_small, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_dgram_large) {
	.path = { SOCK_DGRAM, set_large, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, sendmsg_dgram) {
	.path = { SOCK_DGRAM, set_large, call_sendmsg, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_rdm) { .path = { SOCK_RDM, set_small, call_to_send, check_sent }, };

FIXTURE_VARIANT_ADD(path, send_rdm_large) {
	.path = { SOCK_RDM, set_large, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_urgent) {
	.path = { SOCK_STREAM, set_small, call_send_urgent, check_urgent },
};

FIXTURE_VARIANT_ADD(path, send_dgram_tapped) {
	.path = { SOCK_DGRAM, set_tapped, call_to_send, check_tapped },
};

FIXTURE_VARIANT_ADD(path, send_rdm_tapped) {
	.path = { SOCK_RDM, set_tapped, call_to_send, check_tapped },
};

FIXTURE_VARIANT_ADD(path, send_seqpacket_tapped) {
	.path = { SOCK_SEQPACKET, set_tapped, call_to_send, check_tapped },
};

FIXTURE_VARIANT_ADD(path, send_raw_dgram) {
	.path = { SOCK_DGRAM, set_tapped, call_send_raw, check_injected },
};

FIXTURE_VARIANT_ADD(path, send_raw_rdm) {
	.path = { SOCK_RDM, set_tapped, call_send_raw, check_injected },
};

FIXTURE_VARIANT_ADD(path, receive_stream) {
	.path = { SOCK_STREAM, set_sent_small, call_to_receive, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_stream_large) {
	.path = { SOCK_STREAM, set_sent_large, call_to_receive, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_seqpacket) {
	.path = { SOCK_SEQPACKET, set_sent_small, call_to_receive, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_seqpacket_large) {
	.path = { SOCK_SEQPACKET, set_sent_large, call_to_receive, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_dgram) {
	.path = { SOCK_DGRAM, set_sent_small, call_to_receive, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_dgram_large) {
	.path = { SOCK_DGRAM, set_sent_large, call_to_receive, check_received },
};

FIXTURE_VARIANT_ADD(path, receive_rdm_large) {
	.path = { SOCK_RDM, set_sent_large, call_to_receive, check_received },
};

FIXTURE_VARIANT_ADD(path, recvmsg_stream) {
	.path = { SOCK_STREAM, set_sent_large, call_recvmsg, check_received },
};

FIXTURE_VARIANT_ADD(path, recvmsg_dgram) {
	.path = { SOCK_DGRAM, set_sent_large, call_recvmsg, check_received },
};

FIXTURE_VARIANT_ADD(path, peek_stream) {
	.path = { SOCK_STREAM, set_sent_large, call_peek, check_peeked },
};

FIXTURE_VARIANT_ADD(path, peek_seqpacket) {
	.path = { SOCK_SEQPACKET, set_sent_large, call_peek, check_peeked },
};

FIXTURE_VARIANT_ADD(path, peek_dgram) {
	.path = { SOCK_DGRAM, set_sent_large, call_peek, check_peeked },
};

FIXTURE_VARIANT_ADD(path, receive_urgent) {
	.path = { SOCK_STREAM, set_sent_urgent, call_receive_urgent, check_urgent_received },
};

FIXTURE_VARIANT_ADD(path, receive_raw) {
	.path = { SOCK_DGRAM, set_seen, call_receive_raw, check_seen },
};

FIXTURE_VARIANT_ADD(path, splice_in) {
	.path = { SOCK_STREAM, set_pipe, call_splice_in, check_spliced_in },
};

FIXTURE_VARIANT_ADD(path, splice_out) {
	.path = { SOCK_STREAM, set_empty_pipe, call_splice_out, check_spliced_out },
};

FIXTURE_VARIANT_ADD(path, sendfile) {
	.path = { SOCK_STREAM, set_file, call_sendfile, check_sent },
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
