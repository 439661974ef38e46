// SPDX-License-Identifier: GPL-2.0
/*
 * Filters on what a socket receives: what they refuse, what they shorten, and who
 * may change them.
 */
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "bpf.h"
#include "harness.h"

#define OPTMEM	"/proc/sys/net/core/optmem_max"

static ssize_t say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t hear(int fd, char *buf, size_t len)
{
	memset(buf, 0, len);
	return recv(fd, buf, len - 1, MSG_DONTWAIT);
}

/* What the socket has lost: SO_MEMINFO. */
static int drops(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return -1;
	return (int)info[SK_MEMINFO_DROPS];
}

/* The number of instructions of the filter, 0 without one; -1 and errno. */
static int instructions(int fd)
{
	socklen_t len = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &len))
		return -1;
	return (int)len;
}

static int detach(int fd)
{
	return sock_set(fd, SO_DETACH_FILTER, 0);
}

static int optmem(const char *value)
{
	int fd = open(OPTMEM, O_WRONLY);
	ssize_t put;

	if (fd < 0)
		return -1;
	put = write(fd, value, strlen(value));
	close(fd);
	return put < 0 ? -1 : 0;
}

FIXTURE(filter) {
	int fd[2];
};

FIXTURE_VARIANT(filter) {
	int family;
	int type;
	unsigned int header;	/* bytes that a filter sees before the message */
	bool counts;		/* what is refused */
	bool pair;		/* from socketpair() */
};

FIXTURE_VARIANT_ADD(filter, stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .counts = true, };
FIXTURE_VARIANT_ADD(filter, stream_pair) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .counts = true, .pair = true, };
FIXTURE_VARIANT_ADD(filter, seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .counts = true, };
FIXTURE_VARIANT_ADD(filter, dgram) {
	.family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, .counts = true, };
FIXTURE_VARIANT_ADD(filter, dgram_pair) {
	.family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, .counts = true, .pair = true, };
FIXTURE_VARIANT_ADD(filter, rdm) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM, .counts = true, };
FIXTURE_VARIANT_ADD(filter, raw_pair) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RAW, .counts = true, .pair = true, };
FIXTURE_VARIANT_ADD(filter, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(filter, unix_seqpacket) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
/* A filter of UDP sees the header of UDP. */
FIXTURE_VARIANT_ADD(filter, udp) {
	.family = AF_INET, .type = SOCK_DGRAM, .header = 8, .counts = true, };

FIXTURE_SETUP(filter)
{
	if (variant->pair)
		ASSERT_WORKS(socketpair(variant->family, variant->type, 0, self->fd));
	else
		ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(filter)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(filter, refuses)
{
	char buf[16];

	ASSERT_WORKS(cbpf_pass_byte(self->fd[1], SO_ATTACH_FILTER, variant->header, 'y'));
	/* The sender is not told, as it is not told of other losses. */
	EXPECT_EQ(2, say(self->fd[0], "no"));
	EXPECT_EQ(3, say(self->fd[0], "yes"));
	EXPECT_EQ(5, say(self->fd[0], "never"));
	EXPECT_EQ(3, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_STREQ("yes", buf);
	EXPECT_FAILS(EAGAIN, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 0));
	EXPECT_EQ(variant->counts ? 2 : 0, drops(self->fd[1]));
	/* It is for what the socket receives, not for what it sends. */
	EXPECT_EQ(2, say(self->fd[1], "no"));
	EXPECT_EQ(2, hear(self->fd[0], buf, sizeof(buf)));
}

TEST_F(filter, shortens)
{
	bool stream = variant->type == SOCK_STREAM;
	int len = stream ? 10 : 3, waiting = -1;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	char buf[16];

	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, variant->header + 3));
	ASSERT_EQ(10, say(self->fd[0], "abcdefghij"));
	ASSERT_EQ(0, ioctl(self->fd[1], SIOCINQ, &waiting));
	EXPECT_EQ(len, waiting);
	/* What is cut off was never there: the message has become that short. */
	if (!stream)
		EXPECT_EQ(3, recv(self->fd[1], buf, 1, MSG_PEEK | MSG_TRUNC));
	iov = (struct iovec) { buf, sizeof(buf) };
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(len, recvmsg(self->fd[1], &msg, MSG_DONTWAIT));
	EXPECT_EQ(0, msg.msg_flags & MSG_TRUNC);
	EXPECT_STREQ(stream ? "abcdefghij" : "abc", buf);
	EXPECT_FAILS(EAGAIN, hear(self->fd[1], buf, sizeof(buf)));
	/* A message that is short enough stays as it is. */
	EXPECT_EQ(2, say(self->fd[0], "kl"));
	EXPECT_EQ(2, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_EQ(0, drops(self->fd[1]));
}

TEST_F(filter, is_replaced_and_detached)
{
	char buf[16];

	EXPECT_EQ(0, instructions(self->fd[1]));
	EXPECT_FAILS(ENOENT, detach(self->fd[1]));
	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, 0));
	EXPECT_EQ(1, instructions(self->fd[1]));
	EXPECT_EQ(3, say(self->fd[0], "one"));
	ASSERT_WORKS(cbpf_pass_byte(self->fd[1], SO_ATTACH_FILTER, variant->header, 't'));
	EXPECT_EQ(4, instructions(self->fd[1]));
	EXPECT_EQ(3, say(self->fd[0], "two"));
	EXPECT_EQ(4, say(self->fd[0], "four"));
	ASSERT_WORKS(detach(self->fd[1]));
	EXPECT_EQ(0, instructions(self->fd[1]));
	EXPECT_EQ(3, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_STREQ("two", buf);
	EXPECT_EQ(4, say(self->fd[0], "five"));
	EXPECT_EQ(4, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_STREQ("five", buf);
}

TEST_F(filter, is_locked)
{
	char buf[16];

	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, 0));
	ASSERT_WORKS(sock_set(self->fd[1], SO_LOCK_FILTER, 1));
	EXPECT_EQ(1, sock_option(self->fd[1], SO_LOCK_FILTER));
	EXPECT_FAILS(EPERM, sock_set(self->fd[1], SO_LOCK_FILTER, 0));
	EXPECT_FAILS(EPERM, detach(self->fd[1]));
	EXPECT_FAILS(EPERM, cbpf_return(self->fd[1], SO_ATTACH_FILTER, PASS));
	EXPECT_EQ(2, say(self->fd[0], "no"));
	EXPECT_FAILS(EAGAIN, hear(self->fd[1], buf, sizeof(buf)));
}

TEST_F(filter, extended)
{
	bool stream = variant->type == SOCK_STREAM;
	char buf[16];
	int prog;

	/* As many bytes as the first digit says. */
	prog = ebpf_return_byte(variant->header, '0' - variant->header);
	ASSERT_WORKS(prog);
	ASSERT_WORKS(sock_set(self->fd[1], SO_ATTACH_BPF, prog));
	close(prog);
	EXPECT_FAILS(EACCES, instructions(self->fd[1]));
	EXPECT_EQ(5, say(self->fd[0], "3abcd"));
	EXPECT_EQ(stream ? 5 : 3, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_STREQ(stream ? "3abcd" : "3ab", buf);
	if (!variant->header) {
		EXPECT_EQ(5, say(self->fd[0], "0abcd"));
		EXPECT_FAILS(EAGAIN, hear(self->fd[1], buf, sizeof(buf)));
	}
	ASSERT_WORKS(sock_set(self->fd[1], SO_DETACH_BPF, 0));
	EXPECT_EQ(5, say(self->fd[0], "0abcd"));
	EXPECT_EQ(5, hear(self->fd[1], buf, sizeof(buf)));
}

TEST_F(filter, bad_program)
{
	struct sock_filter endless = BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0);
	struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, PASS);
	struct sock_fprog nowhere = { .len = 1, .filter = mem_unmapped(8) };
	int fd = self->fd[1], other;

	EXPECT_FAILS(EINVAL, cbpf_attach(fd, SO_ATTACH_FILTER, &pass, 0));
	EXPECT_FAILS(EINVAL, cbpf_attach(fd, SO_ATTACH_FILTER, &pass, BPF_MAXINSNS + 1));
	EXPECT_FAILS(EINVAL, cbpf_attach(fd, SO_ATTACH_FILTER, &endless, 1));
	EXPECT_FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &nowhere, 4));
	EXPECT_FAILS(EFAULT, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &nowhere,
					sizeof(nowhere)));
	EXPECT_FAILS(EBADF, sock_set(fd, SO_ATTACH_BPF, -1));
	EXPECT_FAILS(EINVAL, sock_set(fd, SO_ATTACH_BPF, fd));
	other = ebpf_return(BPF_PROG_TYPE_XDP, XDP_PASS);
	ASSERT_WORKS(other);
	EXPECT_FAILS(EINVAL, sock_set(fd, SO_ATTACH_BPF, other));
	close(other);
	EXPECT_EQ(0, instructions(fd));
}

TEST_F(filter, bounded_by_optmem_max)
{
	struct sock_filter insns[200];
	size_t i;
	int fd;

	for (i = 0; i < 200; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS);
	/* The limit is one of the namespace. */
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, optmem("1000"));
	EXPECT_FAILS(ENOMEM, cbpf_attach(fd, SO_ATTACH_FILTER, insns, 200));
	EXPECT_EQ(0, instructions(fd));
	EXPECT_WORKS(cbpf_attach(fd, SO_ATTACH_FILTER, insns, 1));
	ASSERT_EQ(0, optmem("131072"));
	EXPECT_WORKS(cbpf_attach(fd, SO_ATTACH_FILTER, insns, 200));
	EXPECT_EQ(200, instructions(fd));
	close(fd);
}

FIXTURE(accepted) {
	struct addr addr;
	int listener;
};

FIXTURE_VARIANT(accepted) {
	int family;
	int type;
	bool filters;	/* on writes, and not on what the network makes of them */
};

FIXTURE_VARIANT_ADD(accepted, stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .filters = true, };
FIXTURE_VARIANT_ADD(accepted, seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .filters = true, };
FIXTURE_VARIANT_ADD(accepted, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(accepted)
{
	self->listener = sock_listening(variant->family, variant->type, 4, &self->addr);
	ASSERT_WORKS(self->listener);
}

FIXTURE_TEARDOWN(accepted)
{
	close(self->listener);
}

TEST_F(accepted, inherits)
{
	int client, fd;
	char buf[16];

	/* One that lets all of a handshake pass, too. */
	if (variant->filters)
		ASSERT_WORKS(cbpf_pass_byte(self->listener, SO_ATTACH_FILTER, 0, 'y'));
	else
		ASSERT_WORKS(cbpf_return(self->listener, SO_ATTACH_FILTER, PASS));
	ASSERT_WORKS(sock_set(self->listener, SO_LOCK_FILTER, 1));
	client = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(client);
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);

	EXPECT_EQ(instructions(self->listener), instructions(fd));
	EXPECT_LE(1, instructions(fd));
	EXPECT_EQ(1, sock_option(fd, SO_LOCK_FILTER));
	EXPECT_FAILS(EPERM, detach(fd));
	/* The other end has none. */
	EXPECT_EQ(0, instructions(client));
	if (variant->filters) {
		EXPECT_EQ(2, say(client, "no"));
		EXPECT_EQ(3, say(client, "yes"));
		EXPECT_EQ(3, hear(fd, buf, sizeof(buf)));
		EXPECT_STREQ("yes", buf);
	}
	/* It stays with the accepted socket when the listener is gone. */
	close(self->listener);
	self->listener = -1;
	if (variant->filters) {
		EXPECT_EQ(2, say(client, "no"));
		EXPECT_FAILS(EAGAIN, hear(fd, buf, sizeof(buf)));
	}
	close(fd);
	close(client);
}

TEST_F(accepted, filtered_before_accept)
{
	int client, fd;
	char buf[16];

	if (!variant->filters)
		SKIP(return, "a filter of TCP is for segments, which it sends again");
	client = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(client);
	EXPECT_EQ(5, say(client, "early"));
	/* Whenever it was attached. */
	ASSERT_WORKS(cbpf_pass_byte(self->listener, SO_ATTACH_FILTER, 0, 'y'));
	EXPECT_EQ(2, say(client, "no"));
	EXPECT_EQ(3, say(client, "yes"));
	EXPECT_EQ(1, drops(self->listener));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	/* From here on it is the socket's own. */
	ASSERT_WORKS(detach(self->listener));
	EXPECT_EQ(2, say(client, "no"));
	if (variant->type == SOCK_STREAM) {
		EXPECT_EQ(8, hear(fd, buf, sizeof(buf)));
		EXPECT_STREQ("earlyyes", buf);
	} else {
		EXPECT_EQ(5, hear(fd, buf, sizeof(buf)));
		EXPECT_EQ(3, hear(fd, buf, sizeof(buf)));
		EXPECT_STREQ("yes", buf);
	}
	EXPECT_FAILS(EAGAIN, hear(fd, buf, sizeof(buf)));
	close(fd);
	close(client);
}

TEST_F(accepted, without_memory_for_the_filter)
{
	struct sock_filter insns[200];
	struct addr addr;
	int listener, client, fd;
	size_t i;

	if (!variant->filters)
		SKIP(return, "TCP clones a listener at the handshake, not in accept()");
	for (i = 0; i < 200; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	listener = sock_listening(variant->family, variant->type, 1, &addr);
	ASSERT_WORKS(listener);
	ASSERT_WORKS(cbpf_attach(listener, SO_ATTACH_FILTER, insns, 200));
	client = sock_connected(variant->family, variant->type, &addr);
	ASSERT_WORKS(client);
	ASSERT_EQ(0, optmem("1000"));
	EXPECT_FAILS(ENOMEM, accept(listener, NULL, NULL));
	ASSERT_EQ(0, optmem("131072"));
	/* The connection is still there. */
	fd = accept(listener, NULL, NULL);
	EXPECT_WORKS(fd);
	EXPECT_EQ(200, instructions(fd));
	close(fd);
	close(client);
	close(listener);
}

/*
 * Writes to a stream. There is no control: AF_UNIX does not run filters on streams,
 * and TCP runs them on segments.
 */
FIXTURE(writes) {
	int fd[2];
};

FIXTURE_SETUP(writes)
{
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_STREAM, self->fd));
}

FIXTURE_TEARDOWN(writes)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(writes, are_one_packet_each)
{
	const size_t most = 100000, more = 150000;
	struct iovec iov[2] = { { "no", 2 }, { "yes", 3 } };
	char *buf = malloc(more);
	char small[16];

	ASSERT_NE(NULL, buf);
	ASSERT_WORKS(cbpf_pass_len(self->fd[1], SO_ATTACH_FILTER, most));
	pattern_fill(buf, more, 0);
	EXPECT_EQ(more, send(self->fd[0], buf, more, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], small, 1, MSG_DONTWAIT));
	EXPECT_EQ(most, send(self->fd[0], buf, most, 0));
	EXPECT_EQ(most, flow_read(self->fd[1], most, most, 0));
	EXPECT_EQ(1, drops(self->fd[1]));

	/* Wherever its bytes come from. */
	ASSERT_WORKS(cbpf_pass_byte(self->fd[1], SO_ATTACH_FILTER, 0, 'y'));
	EXPECT_EQ(5, writev(self->fd[0], iov, 2));
	EXPECT_FAILS(EAGAIN, hear(self->fd[1], small, sizeof(small)));
	/* One without bytes is no packet. */
	EXPECT_EQ(0, send(self->fd[0], "", 0, 0));
	EXPECT_EQ(2, drops(self->fd[1]));
	free(buf);
}

TEST_F(writes, larger_than_the_buffers)
{
	const size_t len = 4 << 20;
	char *buf = malloc(len);
	struct call write = {
		.fn = call_send, .fd = self->fd[0], .buf = buf, .len = len,
	};
	char byte;

	ASSERT_NE(NULL, buf);
	pattern_fill(buf, len, 0);
	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, PASS));
	call_start(&write);
	EXPECT_EQ(len, flow_read(self->fd[1], len, 100000, 0));
	ASSERT_TRUE(call_returns(&write));
	EXPECT_EQ(len, write.ret);

	/* What is refused takes the rest of the write with it: nobody waits. */
	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, 0));
	EXPECT_EQ(len, send(self->fd[0], buf, len, MSG_DONTWAIT));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	free(buf);
}

TEST_F(writes, without_waiting)
{
	ssize_t sent;

	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, PASS));
	sent = flow_fill(self->fd[0], 0);
	EXPECT_LT(65536, sent);
	EXPECT_EQ(sent, flow_read(self->fd[1], sent, 65536, 0));
}

TEST_F(writes, with_urgent_data)
{
	char buf[16];

	ASSERT_WORKS(cbpf_pass_byte(self->fd[1], SO_ATTACH_FILTER, 0, 'y'));
	EXPECT_EQ(2, send(self->fd[0], "no", 2, MSG_OOB));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN | POLLPRI, 0));
	EXPECT_FAILS(EINVAL, recv(self->fd[1], buf, 1, MSG_OOB));
	EXPECT_EQ(3, send(self->fd[0], "yes", 3, MSG_OOB));
	EXPECT_EQ(POLLIN | POLLPRI, flow_wait(self->fd[1], POLLIN | POLLPRI, 0));
	EXPECT_EQ(1, recv(self->fd[1], buf, 1, MSG_OOB));
	EXPECT_EQ('s', buf[0]);
	EXPECT_EQ(2, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_STREQ("ye", buf);
}

TEST_F(writes, from_nowhere)
{
	char *edge = mem_edge(8);
	char byte;

	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, PASS));
	EXPECT_FAILS(EFAULT, send(self->fd[0], edge, 16, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(8, send(self->fd[0], edge, 8, 0));
}

/* Nobody waits for a receiver that wants none of it. */
TEST(refused_messages_take_no_room)
{
	char buf[1024] = "no";
	int fd[2], i;

	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_RDM, fd));
	ASSERT_WORKS(cbpf_return(fd[1], SO_ATTACH_FILTER, 0));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(sizeof(buf), send(fd[0], buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(POLLOUT, flow_events(fd[0]));
	EXPECT_EQ(1000, drops(fd[1]));
	close(fd[0]);
	close(fd[1]);
}

/* A raw socket and two that it listens to. */
FIXTURE(tap) {
	int raw;
	int fd[2];
};

FIXTURE_VARIANT(tap) {
	int type;
};

FIXTURE_VARIANT_ADD(tap, dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(tap, rdm) { .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(tap, seqpacket) { .type = SOCK_SEQPACKET, };

FIXTURE_SETUP(tap)
{
	self->raw = socket(AF_EXPERIMENTAL, SOCK_RAW, variant->type);
	ASSERT_WORKS(self->raw);
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, variant->type, self->fd));
}

FIXTURE_TEARDOWN(tap)
{
	close(self->raw);
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(tap, filters_what_it_sees)
{
	const unsigned int header = sizeof(struct exp_raw_header);
	struct exp_raw_header seen;
	char buf[128];

	/* It sees the header and the message. */
	ASSERT_WORKS(cbpf_pass_byte(self->raw, SO_ATTACH_FILTER, header, 'y'));
	EXPECT_EQ(2, say(self->fd[0], "no"));
	EXPECT_EQ(3, say(self->fd[0], "yes"));
	ASSERT_EQ(header + 3, hear(self->raw, buf, sizeof(buf)));
	EXPECT_STREQ("yes", buf + header);
	EXPECT_FAILS(EAGAIN, hear(self->raw, buf, sizeof(buf)));
	EXPECT_EQ(1, drops(self->raw));

	/* A message that it sees the start of only still has its length. */
	ASSERT_WORKS(cbpf_return(self->raw, SO_ATTACH_FILTER, header + 1));
	EXPECT_EQ(5, say(self->fd[0], "hello"));
	ASSERT_EQ(header + 1, hear(self->raw, buf, sizeof(buf)));
	memcpy(&seen, buf, sizeof(seen));
	EXPECT_EQ(5, seen.exr_length);
	/* Its filter is of no concern to the receiver. */
	EXPECT_EQ(2, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_EQ(3, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_EQ(5, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_STREQ("hello", buf);
}

TEST_F(tap, sees_what_was_delivered)
{
	const unsigned int header = sizeof(struct exp_raw_header);
	char buf[128];

	ASSERT_WORKS(cbpf_pass_byte(self->fd[1], SO_ATTACH_FILTER, 0, 'y'));
	EXPECT_EQ(2, say(self->fd[0], "no"));
	EXPECT_FAILS(EAGAIN, hear(self->raw, buf, sizeof(buf)));
	/* All of it, whatever the receiver's filter cuts off. */
	ASSERT_WORKS(cbpf_return(self->fd[1], SO_ATTACH_FILTER, 2));
	EXPECT_EQ(5, say(self->fd[0], "hello"));
	EXPECT_EQ(header + 5, hear(self->raw, buf, sizeof(buf)));
	EXPECT_STREQ("hello", buf + header);
	EXPECT_EQ(2, hear(self->fd[1], buf, sizeof(buf)));
	EXPECT_STREQ("he", buf);
}

TEST_HARNESS_MAIN
