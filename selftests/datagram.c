// SPDX-License-Identifier: GPL-2.0
/* Messages: boundaries, senders, peers, sizes, and a receiver that is full. */
#include <linux/sock_diag.h>

#include "harness.h"

FIXTURE(message) {
	struct addr addr[2];
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
	int i;

	for (i = 0; i < 2; i++) {
		self->fd[i] = sock_bound(variant->family, variant->type, &self->addr[i]);
		ASSERT_WORKS(self->fd[i]);
	}
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static ssize_t send_to(int fd, const void *buf, size_t len, const struct addr *to)
{
	return sendto(fd, buf, len, MSG_DONTWAIT, &to->sa, to->len);
}

static ssize_t recv_from(int fd, void *buf, size_t len, struct addr *from)
{
	memset(from, 0, sizeof(*from));
	from->len = sizeof(from->storage);
	return recvfrom(fd, buf, len, MSG_DONTWAIT, &from->sa, &from->len);
}

TEST_F(message, boundaries)
{
	char buf[64];
	int i;

	for (i = 1; i < 8; i++) {
		pattern_fill(buf, i, i);
		ASSERT_EQ(i, send_to(self->fd[0], buf, i, &self->addr[1]));
	}
	for (i = 1; i < 8; i++) {
		ASSERT_EQ(i, recv(self->fd[1], buf, sizeof(buf), 0));
		EXPECT_EQ(i, pattern_check(buf, i, i));
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
}

TEST_F(message, tells_its_sender)
{
	struct addr from;
	char byte;

	ASSERT_EQ(1, send_to(self->fd[0], "x", 1, &self->addr[1]));
	ASSERT_EQ(1, recv_from(self->fd[1], &byte, 1, &from));
	EXPECT_TRUE(addr_same(&self->addr[0], &from));
	/* Which can be answered. */
	ASSERT_EQ(1, send_to(self->fd[1], "y", 1, &from));
	ASSERT_EQ(1, recv_from(self->fd[0], &byte, 1, &from));
	EXPECT_EQ('y', byte);
	EXPECT_TRUE(addr_same(&self->addr[1], &from));
}

TEST_F(message, connected_receiver_is_told_as_well)
{
	struct addr from;
	char byte;

	ASSERT_WORKS(do_connect(self->fd[1], &self->addr[0]));
	ASSERT_EQ(1, send_to(self->fd[0], "x", 1, &self->addr[1]));
	ASSERT_EQ(1, recv_from(self->fd[1], &byte, 1, &from));
	EXPECT_TRUE(addr_same(&self->addr[0], &from));
}

TEST_F(message, short_address_buffer)
{
	struct addr from = { .len = 3 };
	char byte;

	memset(&from.storage, 0xa5, sizeof(from.storage));
	ASSERT_EQ(1, send_to(self->fd[0], "x", 1, &self->addr[1]));
	ASSERT_EQ(1, recvfrom(self->fd[1], &byte, 1, 0, &from.sa, &from.len));
	EXPECT_EQ(self->addr[0].len, from.len);
	EXPECT_EQ(0, memcmp(&self->addr[0].storage, &from.storage, 3));
	EXPECT_EQ(0xa5, ((unsigned char *)&from.storage)[3]);
}

TEST_F(message, unbound_sender_gets_a_name)
{
	int fd = socket(variant->family, variant->type, 0);
	struct addr from, own;
	char byte;

	ASSERT_EQ(1, send_to(fd, "x", 1, &self->addr[1]));
	ASSERT_EQ(1, recv_from(self->fd[1], &byte, 1, &from));
	/* AF_UNIX lets the nameless send: there is nobody to answer to. */
	if (variant->family == AF_UNIX) {
		EXPECT_EQ(0, from.len);
		close(fd);
		return;
	}
	ASSERT_EQ(1, send_to(self->fd[1], "y", 1, &from));
	EXPECT_EQ(1, recv(fd, &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ('y', byte);
	ASSERT_EQ(0, addr_own(fd, &own));
	EXPECT_TRUE(variant->family == AF_INET ? own.in.sin_port == from.in.sin_port :
		    own.exp.sexp_port == from.exp.sexp_port);
	close(fd);
}

TEST_F(message, empty_messages_are_messages)
{
	struct addr from;
	char byte = 'z';

	ASSERT_EQ(0, send_to(self->fd[0], "", 0, &self->addr[1]));
	ASSERT_EQ(1, send_to(self->fd[0], "x", 1, &self->addr[1]));
	ASSERT_EQ(0, send_to(self->fd[0], NULL, 0, &self->addr[1]));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(0, recv_from(self->fd[1], &byte, 1, &from));
	EXPECT_TRUE(addr_same(&self->addr[0], &from));
	EXPECT_EQ(1, recv_from(self->fd[1], &byte, 1, &from));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(0, recv_from(self->fd[1], &byte, 1, &from));
	EXPECT_EQ(POLLOUT, flow_events(self->fd[1]));
	EXPECT_FAILS(EAGAIN, recv_from(self->fd[1], &byte, 1, &from));
}

TEST_F(message, reading_nothing_takes_a_message)
{
	char byte;

	ASSERT_EQ(1, send_to(self->fd[0], "a", 1, &self->addr[1]));
	ASSERT_EQ(1, send_to(self->fd[0], "b", 1, &self->addr[1]));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 0, 0));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ('b', byte);
}

TEST_F(message, too_long_for_the_buffer)
{
	char buf[100];
	struct iovec iov = { buf, 40 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int i;

	pattern_fill(buf, sizeof(buf), 0);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(100, send_to(self->fd[0], buf, sizeof(buf), &self->addr[1]));
	memset(buf, 0xa5, sizeof(buf));
	EXPECT_EQ(40, recvmsg(self->fd[1], &m, 0));
	EXPECT_EQ(MSG_TRUNC, m.msg_flags & MSG_TRUNC);
	EXPECT_EQ(40, pattern_check(buf, 40, 0));
	EXPECT_EQ((char)0xa5, buf[40]);
	/* The true length, for who asks; peeking it takes nothing. */
	EXPECT_EQ(100, recv(self->fd[1], buf, 10, MSG_TRUNC | MSG_PEEK));
	EXPECT_EQ(100, recv(self->fd[1], NULL, 0, MSG_TRUNC | MSG_PEEK));
	EXPECT_EQ(100, recv(self->fd[1], buf, 10, MSG_TRUNC));
	/* The rest of a message that was cut is gone: the third one follows. */
	iov.iov_len = 100;
	m.msg_flags = 0;
	EXPECT_EQ(100, recvmsg(self->fd[1], &m, 0));
	EXPECT_EQ(0, m.msg_flags & MSG_TRUNC);
	EXPECT_EQ(100, pattern_check(buf, 100, 0));
	EXPECT_EQ(100, recv(self->fd[1], buf, sizeof(buf), MSG_TRUNC));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
}

TEST_F(message, peek)
{
	struct addr from;
	char buf[8];
	int i;

	ASSERT_EQ(3, send_to(self->fd[0], "one", 3, &self->addr[1]));
	ASSERT_EQ(3, send_to(self->fd[0], "two", 3, &self->addr[1]));
	for (i = 0; i < 3; i++) {
		from.len = sizeof(from.storage);
		ASSERT_EQ(3, recvfrom(self->fd[1], buf, sizeof(buf), MSG_PEEK, &from.sa,
				      &from.len));
		EXPECT_EQ(0, memcmp(buf, "one", 3));
		EXPECT_TRUE(addr_same(&self->addr[0], &from));
	}
	ASSERT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "one", 3));
	ASSERT_EQ(3, recv(self->fd[1], buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(0, memcmp(buf, "two", 3));
}

TEST_F(message, gathered_and_scattered)
{
	char a[30], b[70], in[100];
	struct iovec out_iov[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct iovec in_iov[3] = { { in, 50 }, { in + 50, 0 }, { in + 50, 50 } };
	struct msghdr out = { .msg_iov = out_iov, .msg_iovlen = 2 };
	struct msghdr got = { .msg_iov = in_iov, .msg_iovlen = 3 };

	pattern_fill(a, 30, 0);
	pattern_fill(b, 70, 30);
	out.msg_name = &self->addr[1].sa;
	out.msg_namelen = self->addr[1].len;
	ASSERT_EQ(100, sendmsg(self->fd[0], &out, 0));
	ASSERT_EQ(100, recvmsg(self->fd[1], &got, 0));
	EXPECT_EQ(100, pattern_check(in, 100, 0));
}

TEST_F(message, several_in_one_call)
{
	char out[5][20], in[8][20];
	struct iovec out_iov[5], in_iov[8];
	struct mmsghdr send_vec[5] = { 0 }, recv_vec[8] = { 0 };
	int i;

	for (i = 0; i < 8; i++) {
		in_iov[i] = (struct iovec){ in[i], sizeof(in[i]) };
		recv_vec[i].msg_hdr.msg_iov = &in_iov[i];
		recv_vec[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < 5; i++) {
		pattern_fill(out[i], i + 1, i);
		out_iov[i] = (struct iovec){ out[i], i + 1 };
		send_vec[i].msg_hdr.msg_iov = &out_iov[i];
		send_vec[i].msg_hdr.msg_iovlen = 1;
	}
	ASSERT_WORKS(do_connect(self->fd[0], &self->addr[1]));
	ASSERT_EQ(5, sendmmsg(self->fd[0], send_vec, 5, 0));
	ASSERT_EQ(5, recvmmsg(self->fd[1], recv_vec, 8, MSG_DONTWAIT, NULL));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(i + 1, recv_vec[i].msg_len);
		EXPECT_EQ(i + 1, pattern_check(in[i], i + 1, i));
	}
}

TEST_F(message, waits_for_a_message)
{
	char buf[8];
	struct call c = { .fn = call_recv, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };
	long start;

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(3, send_to(self->fd[0], "abc", 3, &self->addr[1]));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(3, c.ret);

	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, MSG_DONTWAIT));
	ASSERT_EQ(0, sock_timeout(self->fd[1], SO_RCVTIMEO, 100));
	start = now_ms();
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], buf, 1, 0));
	EXPECT_LE(90, now_ms() - start);
}

TEST_F(message, no_destination)
{
	/* AF_UNIX calls it ENOTCONN. */
	EXPECT_FAILS(variant->family == AF_UNIX ? ENOTCONN : EDESTADDRREQ,
		     send(self->fd[0], "x", 1, 0));
	EXPECT_FAILS(variant->family == AF_UNIX ? ENOTCONN : EDESTADDRREQ,
		     write(self->fd[0], "x", 1));
}

TEST_F(message, nobody_holds_the_name)
{
	struct addr a = addr_free(variant->family, variant->type);

	/* UDP hears of it from the network, on the next call. */
	if (variant->family == AF_INET) {
		ASSERT_WORKS(do_connect(self->fd[0], &a));
		EXPECT_EQ(1, send(self->fd[0], "x", 1, 0));
		EXPECT_FAILS(ECONNREFUSED, send(self->fd[0], "x", 1, 0));
		return;
	}
	EXPECT_FAILS(ECONNREFUSED, send_to(self->fd[0], "x", 1, &a));
	EXPECT_FAILS(ECONNREFUSED, do_connect(self->fd[0], &a));
	/* The socket is none the worse for it. */
	EXPECT_EQ(1, send_to(self->fd[0], "x", 1, &self->addr[1]));
}

TEST_F(message, connected_peer_is_gone)
{
	ASSERT_WORKS(do_connect(self->fd[0], &self->addr[1]));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(0, close(self->fd[1]));
	self->fd[1] = -1;
	if (variant->family == AF_INET)
		EXPECT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_FAILS(ECONNREFUSED, send(self->fd[0], "x", 1, 0));
}

TEST_F(message, default_peer)
{
	struct addr from, third_addr;
	int third = sock_bound(variant->family, variant->type, &third_addr);
	char byte;

	ASSERT_WORKS(do_connect(self->fd[0], &self->addr[1]));
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_EQ(1, recv_from(self->fd[1], &byte, 1, &from));
	EXPECT_TRUE(addr_same(&self->addr[0], &from));
	/* Another destination may still be named. */
	ASSERT_EQ(1, send_to(self->fd[0], "b", 1, &third_addr));
	ASSERT_EQ(1, recv_from(third, &byte, 1, &from));
	EXPECT_EQ('b', byte);
	/* And the default be changed. */
	ASSERT_WORKS(do_connect(self->fd[0], &third_addr));
	ASSERT_EQ(1, write(self->fd[0], "c", 1));
	ASSERT_EQ(1, recv_from(third, &byte, 1, &from));
	EXPECT_EQ('c', byte);
	EXPECT_FAILS(EAGAIN, recv_from(self->fd[1], &byte, 1, &from));
	close(third);
}

TEST_F(message, connected_hears_its_peer_only)
{
	struct addr from, third_addr;
	int third = sock_bound(variant->family, variant->type, &third_addr);
	int told[] = { [AF_UNIX] = EPERM, [AF_INET] = 0, [AF_EXPERIMENTAL] = ECONNREFUSED };
	char byte;

	ASSERT_WORKS(do_connect(self->fd[1], &self->addr[0]));
	/* UDP would tell the stranger later, if it was connected. */
	EXPECT_FAILS(told[variant->family], send_to(third, "n", 1, &self->addr[1]));
	ASSERT_EQ(1, send_to(self->fd[0], "y", 1, &self->addr[1]));
	ASSERT_EQ(1, recv_from(self->fd[1], &byte, 1, &from));
	EXPECT_EQ('y', byte);
	EXPECT_FAILS(EAGAIN, recv_from(self->fd[1], &byte, 1, &from));
	close(third);
}

TEST_F(message, unspec_dissolves)
{
	struct addr third_addr;
	int third = sock_bound(variant->family, variant->type, &third_addr);
	char byte;

	ASSERT_WORKS(do_connect(self->fd[1], &self->addr[0]));
	ASSERT_WORKS(do_disconnect(self->fd[1]));
	EXPECT_FAILS(variant->family == AF_UNIX ? ENOTCONN : EDESTADDRREQ,
		     send(self->fd[1], "x", 1, 0));
	/* UDP gave back the port that it chose itself. */
	if (variant->family != AF_INET) {
		ASSERT_EQ(1, send_to(third, "x", 1, &self->addr[1]));
		EXPECT_EQ(1, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	}
	/* Dissolving what is not there does no harm. */
	EXPECT_WORKS(do_disconnect(self->fd[1]));
	close(third);
}

TEST_F(message, connected_to_itself)
{
	char byte;

	ASSERT_WORKS(do_connect(self->fd[0], &self->addr[0]));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(1, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ('x', byte);
}

TEST_F(message, too_large)
{
	size_t len = 100000;
	char *buf = malloc(len);

	/* The kernel doubles it; UDP has a limit of its own. */
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUF, 8192));
	EXPECT_FAILS(EMSGSIZE, send_to(self->fd[0], buf, len, &self->addr[1]));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 0));
	EXPECT_EQ(4000, send_to(self->fd[0], buf, 4000, &self->addr[1]));
	EXPECT_EQ(4000, recv(self->fd[1], buf, len, MSG_DONTWAIT));
	free(buf);
}

TEST_F(message, one_mebibyte)
{
	size_t len = 1 << 20;
	char *buf = malloc(len);

	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUFFORCE, 4 << 20));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUFFORCE, 4 << 20));
	pattern_fill(buf, len, 0);
	if (variant->family == AF_INET) {
		EXPECT_FAILS(EMSGSIZE, send_to(self->fd[0], buf, len, &self->addr[1]));
	} else {
		ASSERT_EQ(len, send_to(self->fd[0], buf, len, &self->addr[1]));
		memset(buf, 0, len);
		ASSERT_EQ(len, recv(self->fd[1], buf, len, MSG_DONTWAIT));
		EXPECT_EQ(len, pattern_check(buf, len, 0));
	}
	free(buf);
}

TEST_F(message, four_mebibytes)
{
	size_t len = 4 << 20;
	char *buf;

	/* The controls cannot: UDP has a limit, AF_UNIX wants one piece of memory. */
	if (variant->family != AF_EXPERIMENTAL)
		return;
	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUFFORCE, 8 << 20));
	buf = malloc(len);
	pattern_fill(buf, len, 0);
	/* A receiver takes one of any size, as long as it is not full. */
	ASSERT_EQ(len, send_to(self->fd[0], buf, len, &self->addr[1]));
	memset(buf, 0, len);
	ASSERT_EQ(len, recv(self->fd[1], buf, len, MSG_DONTWAIT));
	EXPECT_EQ(len, pattern_check(buf, len, 0));
	free(buf);
}

static unsigned int drops(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return (unsigned int)-1;
	return info[SK_MEMINFO_DROPS];
}

/* What finds no room is dropped and counted; the sender never waits. */
TEST_F(message, full_receiver)
{
	struct addr other_addr;
	int other = sock_bound(variant->family, variant->type, &other_addr);
	unsigned int i, next = 0, received = 0;
	char buf[1000];

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 16384));
	ASSERT_EQ(0, drops(self->fd[1]));
	if (variant->type == SOCK_RDM) {
		while (send_to(self->fd[0], buf, 1000, &self->addr[1]) == 1000)
			;
		EXPECT_FAILS(EAGAIN, send_to(self->fd[0], buf, 1000, &self->addr[1]));
		EXPECT_EQ(0, drops(self->fd[1]));
		close(other);
		return;
	}
	/* AF_UNIX holds ten messages, and its sender back. */
	if (variant->family == AF_UNIX) {
		for (i = 0; i < 11; i++)
			ASSERT_EQ(1000, send_to(self->fd[0], buf, 1000, &self->addr[1]));
		EXPECT_FAILS(EAGAIN, send_to(self->fd[0], buf, 1000, &self->addr[1]));
		close(other);
		return;
	}
	for (i = 0; i < 1000; i++) {
		memcpy(buf, &i, sizeof(i));
		ASSERT_EQ(1000, sendto(self->fd[0], buf, 1000, 0, &self->addr[1].sa,
				       self->addr[1].len));
	}
	/* A stuck receiver does not keep the sender from another one. */
	EXPECT_EQ(POLLOUT, flow_events(self->fd[0]));
	EXPECT_EQ(1, send_to(self->fd[0], "x", 1, &other_addr));
	EXPECT_EQ(1, recv(other, buf, 1, MSG_DONTWAIT));

	while (recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT) == 1000) {
		memcpy(&i, buf, sizeof(i));
		/* The first ones, in order. */
		ASSERT_EQ(next, i);
		next++;
		received++;
	}
	EXPECT_LT(0, received);
	EXPECT_GT(1000, received);
	EXPECT_EQ(1000 - received, drops(self->fd[1]));
	/* It has room again. */
	ASSERT_EQ(1000, send_to(self->fd[0], buf, 1000, &self->addr[1]));
	EXPECT_EQ(1000, recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	close(other);
}

TEST_F(message, a_larger_buffer_holds_more)
{
	int held[2] = { 0 };
	char buf[1000];
	int i, j;

	if (variant->family == AF_UNIX) {
		/* SO_RCVBUF bounds nothing there. */
		ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 1));
		for (i = 0; i < 11; i++)
			EXPECT_EQ(1000, send_to(self->fd[0], buf, 1000, &self->addr[1]));
		return;
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, i ? 65536 : 16384));
		for (j = 0; j < 1000; j++)
			send_to(self->fd[0], buf, 1000, &self->addr[1]);
		while (recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT) == 1000)
			held[i]++;
	}
	EXPECT_LT(3 * held[0], held[1]);
	EXPECT_GT(5 * held[0], held[1]);
}

TEST(another_node)
{
	struct addr a, to;
	int fd = sock_bound(AF_EXPERIMENTAL, SOCK_DGRAM, &a);
	char byte;

	ASSERT_WORKS(fd);
	to = addr_exp(a.exp.sexp_port, 7);
	EXPECT_FAILS(ENETUNREACH, send_to(fd, "x", 1, &to));
	EXPECT_FAILS(ENETUNREACH, do_connect(fd, &to));
	EXPECT_FAILS(EAGAIN, recv(fd, &byte, 1, MSG_DONTWAIT));
	close(fd);
}

TEST_HARNESS_MAIN
