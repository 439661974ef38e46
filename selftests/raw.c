// SPDX-License-Identifier: GPL-2.0
/* SOCK_RAW: copies of the messages of others, and messages in their name. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "harness.h"

#define HEADER	sizeof(struct exp_raw_header)

/* A message as a raw socket has it. */
struct whole {
	struct exp_raw_header header;
	char data[1000];
};

FIXTURE(raw) {
	struct addr addr[2];
	int fd[2];
	int raw;
	struct whole got;
};

FIXTURE_VARIANT(raw) {
	int type;
};

FIXTURE_VARIANT_ADD(raw, dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(raw, rdm) { .type = SOCK_RDM, };

FIXTURE_SETUP(raw)
{
	int i;

	for (i = 0; i < 2; i++) {
		self->fd[i] = sock_bound(AF_EXPERIMENTAL, variant->type, &self->addr[i]);
		ASSERT_WORKS(self->fd[i]);
	}
	self->raw = socket(AF_EXPERIMENTAL, SOCK_RAW, 0);
	ASSERT_WORKS(self->raw);
}

FIXTURE_TEARDOWN(raw)
{
	close(self->raw);
	close(self->fd[0]);
	close(self->fd[1]);
}

static ssize_t send_to(int fd, const void *buf, size_t len, const struct addr *to)
{
	return sendto(fd, buf, len, MSG_DONTWAIT, &to->sa, to->len);
}

/* Bytes of the next message behind its header, -1 if there is none. */
static ssize_t next(int fd, struct whole *w)
{
	ssize_t n;

	memset(w, 0xa5, sizeof(*w));
	n = recv(fd, w, sizeof(*w), MSG_DONTWAIT);
	return n < 0 ? -1 : n - (ssize_t)HEADER;
}

static struct whole whole(int type, const struct addr *from, const struct addr *to,
			  const char *data)
{
	struct whole w = {
		.header = {
			.exr_version = EXP_RAW_VERSION,
			.exr_type = type,
			.exr_length = strlen(data),
			.exr_source = from->exp,
			.exr_destination = to->exp,
		},
	};

	memcpy(w.data, data, strlen(data));
	return w;
}

static ssize_t inject(int fd, const struct whole *w)
{
	return send(fd, w, HEADER + w->header.exr_length, MSG_DONTWAIT);
}

static unsigned int drops(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return (unsigned int)-1;
	return info[SK_MEMINFO_DROPS];
}

TEST_F(raw, sees_a_copy)
{
	struct whole want = whole(variant->type, &self->addr[0], &self->addr[1], "hello");
	struct addr from = { .len = sizeof(from.storage) };
	char buf[8];

	ASSERT_EQ(5, send_to(self->fd[0], "hello", 5, &self->addr[1]));
	EXPECT_EQ(POLLIN | POLLOUT, flow_events(self->raw));
	ASSERT_EQ(HEADER + 5, recvfrom(self->raw, &self->got, sizeof(self->got), MSG_PEEK,
				       &from.sa, &from.len));
	EXPECT_TRUE(addr_same(&self->addr[0], &from));
	ASSERT_EQ(5, next(self->raw, &self->got));
	EXPECT_EQ(0, memcmp(&want, &self->got, HEADER + 5));
	EXPECT_EQ(-1, next(self->raw, &self->got));
	/* It is a copy: the message went where it should. */
	EXPECT_EQ(5, recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	/* One without bytes is one with a header. */
	ASSERT_EQ(0, send_to(self->fd[0], "", 0, &self->addr[1]));
	EXPECT_EQ(0, next(self->raw, &self->got));
	EXPECT_EQ(0, self->got.header.exr_length);
}

TEST_F(raw, does_not_see_what_nobody_gets)
{
	struct addr nobody = addr_free(AF_EXPERIMENTAL, variant->type);

	EXPECT_FAILS(ECONNREFUSED, send_to(self->fd[0], "x", 1, &nobody));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 1));
	while (send_to(self->fd[0], &self->got, sizeof(self->got), &self->addr[1]) > 0 &&
	       !drops(self->fd[1]))
		;
	/* The last one was dropped, or refused. */
	while (next(self->raw, &self->got) >= 0)
		ASSERT_LE(0, recv(self->fd[1], &self->got, 1, MSG_DONTWAIT));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &self->got, 1, MSG_DONTWAIT));
}

/* bind() says to whom, connect() from whom; both can be undone. */
TEST_F(raw, narrowed_by_port)
{
	struct addr any = addr_exp(EXP_PORT_ANY, EXP_NODE_LOCAL);
	struct addr name;

	ASSERT_WORKS(do_bind(self->raw, &self->addr[1]));
	ASSERT_EQ(0, addr_own(self->raw, &name));
	EXPECT_TRUE(addr_same(&self->addr[1], &name));
	EXPECT_FAILS(ENOTCONN, addr_peer(self->raw, &name));
	ASSERT_EQ(1, send_to(self->fd[1], "a", 1, &self->addr[0]));
	EXPECT_EQ(-1, next(self->raw, &self->got));
	ASSERT_EQ(1, send_to(self->fd[0], "b", 1, &self->addr[1]));
	EXPECT_EQ(1, next(self->raw, &self->got));

	ASSERT_WORKS(do_connect(self->raw, &self->addr[1]));
	ASSERT_EQ(0, addr_peer(self->raw, &name));
	EXPECT_TRUE(addr_same(&self->addr[1], &name));
	ASSERT_EQ(1, send_to(self->fd[0], "c", 1, &self->addr[1]));
	EXPECT_EQ(-1, next(self->raw, &self->got));
	ASSERT_EQ(1, send_to(self->fd[1], "d", 1, &self->addr[1]));
	EXPECT_EQ(1, next(self->raw, &self->got));

	ASSERT_WORKS(do_bind(self->raw, &any));
	ASSERT_EQ(1, send_to(self->fd[1], "e", 1, &self->addr[0]));
	EXPECT_EQ(1, next(self->raw, &self->got));
	ASSERT_EQ(1, send_to(self->fd[0], "f", 1, &self->addr[1]));
	EXPECT_EQ(-1, next(self->raw, &self->got));
	ASSERT_WORKS(do_disconnect(self->raw));
	ASSERT_EQ(1, send_to(self->fd[0], "g", 1, &self->addr[1]));
	EXPECT_EQ(1, next(self->raw, &self->got));
}

TEST_F(raw, narrowed_by_protocol)
{
	int type[] = { SOCK_DGRAM, SOCK_RDM, SOCK_SEQPACKET };
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(type); i++) {
		fd = socket(AF_EXPERIMENTAL, SOCK_RAW, type[i]);
		ASSERT_WORKS(fd);
		EXPECT_EQ(type[i], sock_option(fd, SO_PROTOCOL));
		ASSERT_EQ(1, send_to(self->fd[0], "x", 1, &self->addr[1]));
		EXPECT_EQ(type[i] == variant->type ? 1 : -1, next(fd, &self->got));
		close(fd);
	}
}

TEST_F(raw, sends_in_the_name_of_another)
{
	struct addr nobody = addr_exp(99, EXP_NODE_LOCAL), from = { .len = sizeof(from.storage) };
	struct whole w = whole(variant->type, &nobody, &self->addr[1], "forged");
	char buf[8];

	ASSERT_EQ(HEADER + 6, inject(self->raw, &w));
	ASSERT_EQ(6, recvfrom(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT, &from.sa, &from.len));
	EXPECT_TRUE(addr_same(&nobody, &from));
	EXPECT_EQ(0, memcmp(buf, "forged", 6));
	/* Who listens sees it like any other: its sender as well. */
	ASSERT_EQ(6, next(self->raw, &self->got));
	EXPECT_EQ(0, memcmp(&w, &self->got, HEADER + 6));
}

TEST_F(raw, sends_to_who_takes_it)
{
	struct addr free = addr_free(AF_EXPERIMENTAL, variant->type);
	struct addr away = addr_exp(self->addr[1].exp.sexp_port, 7);
	struct whole w = whole(variant->type, &self->addr[0], &self->addr[1], "x");

	/* A receiver that is connected hears its peer, or who says that it is. */
	ASSERT_WORKS(do_connect(self->fd[1], &self->addr[0]));
	EXPECT_EQ(HEADER + 1, inject(self->raw, &w));
	w.header.exr_source = free.exp;
	EXPECT_FAILS(ECONNREFUSED, inject(self->raw, &w));
	w.header.exr_source = self->addr[0].exp;
	w.header.exr_destination = free.exp;
	EXPECT_FAILS(ECONNREFUSED, inject(self->raw, &w));
	w.header.exr_destination = away.exp;
	EXPECT_FAILS(ENETUNREACH, inject(self->raw, &w));
}

TEST_F(raw, malformed_header)
{
	struct whole good = whole(variant->type, &self->addr[0], &self->addr[1], "hello");
	struct whole w;
	size_t len;

	for (len = 0; len < HEADER; len++)
		EXPECT_FAILS(EINVAL, send(self->raw, &good, len, 0));
	EXPECT_FAILS(EINVAL, send(self->raw, &good, HEADER + 4, 0));
	EXPECT_FAILS(EINVAL, send(self->raw, &good, HEADER + 6, 0));
	w = good;
	w.header.exr_version = 2;
	EXPECT_FAILS(EINVAL, inject(self->raw, &w));
	w = good;
	w.header.exr_flags = 0x100;
	EXPECT_FAILS(EINVAL, inject(self->raw, &w));
	w = good;
	w.header.exr_type = SOCK_STREAM;
	EXPECT_FAILS(EINVAL, inject(self->raw, &w));
	w.header.exr_type = SOCK_SEQPACKET;
	EXPECT_FAILS(EOPNOTSUPP, inject(self->raw, &w));
	w = good;
	w.header.exr_source.sexp_zero[2] = 1;
	EXPECT_FAILS(EINVAL, inject(self->raw, &w));
	w = good;
	w.header.exr_destination.sexp_reserved = 1;
	EXPECT_FAILS(EINVAL, inject(self->raw, &w));
	w = good;
	w.header.exr_source.sexp_family = AF_INET;
	EXPECT_FAILS(EAFNOSUPPORT, inject(self->raw, &w));
	/* The header has the destination. */
	EXPECT_FAILS(EINVAL, send_to(self->raw, &good, HEADER + 5, &self->addr[1]));
	EXPECT_FAILS(EFAULT, send(self->raw, mem_unmapped(HEADER), HEADER, 0));
	EXPECT_FAILS(EFAULT, send(self->raw, mem_edge(HEADER - 1), HEADER, 0));
	/* Nobody got anything. */
	EXPECT_EQ(POLLOUT, flow_events(self->fd[1]));
	EXPECT_EQ(HEADER + 5, inject(self->raw, &good));
}

TEST_F(raw, full_receiver)
{
	struct whole w = whole(variant->type, &self->addr[0], &self->addr[1], "x");
	int i;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 1));
	/* A reliable message has no place to wait in; an ordinary one is lost. */
	for (i = 0; i < 1000 && inject(self->raw, &w) > 0; i++)
		;
	EXPECT_EQ(variant->type == SOCK_RDM, i < 1000);
	if (variant->type == SOCK_DGRAM) {
		EXPECT_LT(0, drops(self->fd[1]));
		return;
	}
	EXPECT_FAILS(ENOBUFS, inject(self->raw, &w));
	EXPECT_EQ(0, drops(self->fd[1]));
}

/* A raw socket that is full misses copies, and holds nobody up. */
TEST_F(raw, full_itself)
{
	char buf[1000];
	int i, seen = 0;

	ASSERT_EQ(0, sock_set(self->raw, SO_RCVBUF, 8192));
	for (i = 0; i < 100; i++) {
		pattern_fill(buf, sizeof(buf), i);
		ASSERT_EQ(1000, send_to(self->fd[0], buf, sizeof(buf), &self->addr[1]));
		ASSERT_EQ(1000, recv(self->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
		ASSERT_EQ(1000, pattern_check(buf, sizeof(buf), i));
	}
	while (next(self->raw, &self->got) == 1000)
		seen++;
	EXPECT_LT(0, seen);
	EXPECT_EQ(100 - seen, drops(self->raw));
	ASSERT_EQ(1000, send_to(self->fd[0], buf, sizeof(buf), &self->addr[1]));
	EXPECT_EQ(1000, next(self->raw, &self->got));
}

TEST_F(raw, filter_sees_the_header)
{
	struct sock_filter code[] = {
		/* Messages whose last byte of source port is that of the second socket. */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 offsetof(struct exp_raw_header, exr_source.sexp_port)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self->addr[1].exp.sexp_port & 0xff, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, HEADER + 2),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	ASSERT_NE(self->addr[0].exp.sexp_port & 0xff, self->addr[1].exp.sexp_port & 0xff);
	ASSERT_EQ(0, setsockopt(self->raw, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	ASSERT_EQ(5, send_to(self->fd[0], "hello", 5, &self->addr[1]));
	EXPECT_EQ(-1, next(self->raw, &self->got));
	ASSERT_EQ(5, send_to(self->fd[1], "hello", 5, &self->addr[0]));
	/* Cut to what the filter wants; the header still says how long it was. */
	EXPECT_EQ(2, next(self->raw, &self->got));
	EXPECT_EQ(5, self->got.header.exr_length);
	EXPECT_EQ(5, recv(self->fd[0], &self->got, 5, MSG_DONTWAIT));
}

TEST_F(raw, one_mebibyte)
{
	size_t len = 1 << 20;
	char *buf = malloc(HEADER + len);
	struct exp_raw_header *header = (void *)buf;
	char *payload = buf + HEADER;

	ASSERT_EQ(0, sock_set(self->fd[0], SO_SNDBUFFORCE, 4 << 20));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUFFORCE, 4 << 20));
	ASSERT_EQ(0, sock_set(self->raw, SO_RCVBUFFORCE, 4 << 20));
	pattern_fill(payload, len, 0);
	EXPECT_EQ(len, send_to(self->fd[0], payload, len, &self->addr[1]));
	memset(buf, 0, HEADER + len);
	ASSERT_EQ(HEADER + len, recv(self->raw, buf, HEADER + len, MSG_DONTWAIT));
	EXPECT_EQ(len, header->exr_length);
	EXPECT_EQ(len, pattern_check(payload, len, 0));
	ASSERT_EQ(len, recv(self->fd[1], payload, len, MSG_DONTWAIT));
	EXPECT_EQ(len, pattern_check(payload, len, 0));
	/* And the way back in. */
	EXPECT_FAILS(EMSGSIZE, send(self->raw, buf, HEADER + len, 0));
	ASSERT_EQ(0, sock_set(self->raw, SO_SNDBUFFORCE, 4 << 20));
	ASSERT_EQ(HEADER + len, send(self->raw, buf, HEADER + len, 0));
	memset(payload, 0, len);
	ASSERT_EQ(len, recv(self->fd[1], payload, len, MSG_DONTWAIT));
	EXPECT_EQ(len, pattern_check(payload, len, 0));
	free(buf);
}

TEST_F(raw, of_its_own_namespace)
{
	struct whole w = whole(variant->type, &self->addr[0], &self->addr[1], "x");
	int fd;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	fd = socket(AF_EXPERIMENTAL, SOCK_RAW, 0);
	ASSERT_WORKS(fd);
	ASSERT_EQ(1, send_to(self->fd[0], "x", 1, &self->addr[1]));
	EXPECT_EQ(-1, next(fd, &self->got));
	EXPECT_EQ(1, next(self->raw, &self->got));
	EXPECT_FAILS(ECONNREFUSED, inject(fd, &w));
	EXPECT_EQ(HEADER + 1, inject(self->raw, &w));
	close(fd);
}

TEST(sees_records)
{
	struct addr client, server;
	struct whole got;
	int raw, pair[2];
	char buf[10];

	raw = socket(AF_EXPERIMENTAL, SOCK_RAW, SOCK_SEQPACKET);
	ASSERT_WORKS(raw);
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_SEQPACKET, pair));
	ASSERT_EQ(0, addr_own(pair[0], &client));
	ASSERT_EQ(0, addr_own(pair[1], &server));
	ASSERT_EQ(6, send(pair[0], "record", 6, 0));
	ASSERT_EQ(6, next(raw, &got));
	EXPECT_EQ(SOCK_SEQPACKET, got.header.exr_type);
	EXPECT_EQ(0, memcmp(&got.header.exr_source, &client.exp, sizeof(client.exp)));
	EXPECT_EQ(0, memcmp(&got.header.exr_destination, &server.exp, sizeof(server.exp)));
	EXPECT_EQ(0, memcmp(got.data, "record", 6));
	ASSERT_EQ(6, recv(pair[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "record", 6));
	/* What could not be read by the writer is shown to nobody. */
	EXPECT_FAILS(EFAULT, send(pair[0], mem_unmapped(10), 10, 0));
	EXPECT_EQ(-1, next(raw, &got));
	close(pair[0]);
	close(pair[1]);
	/* Streams have no messages to show. */
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_STREAM, pair));
	ASSERT_EQ(6, send(pair[0], "stream", 6, 0));
	EXPECT_EQ(-1, next(raw, &got));
	close(pair[0]);
	close(pair[1]);
	close(raw);
}

TEST(protocols)
{
	int protocol[] = { SOCK_STREAM, SOCK_RAW, 6, 99, 255, 1 << 20, -1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocol); i++)
		EXPECT_FAILS(EPROTONOSUPPORT, socket(AF_EXPERIMENTAL, SOCK_RAW, protocol[i]));
}

TEST(pair)
{
	struct addr a, b;
	int from = sock_bound(AF_EXPERIMENTAL, SOCK_DGRAM, &a);
	int to = sock_bound(AF_EXPERIMENTAL, SOCK_DGRAM, &b);
	char buf[8];
	int fd[2];

	ASSERT_EQ(0, socketpair(AF_EXPERIMENTAL, SOCK_RAW, 0, fd));
	/* What others send is not theirs; between them there is no header. */
	ASSERT_EQ(1, send_to(from, "x", 1, &b));
	EXPECT_FAILS(EAGAIN, recv(fd[0], buf, 1, MSG_DONTWAIT));
	ASSERT_EQ(4, send(fd[0], "pair", 4, 0));
	ASSERT_EQ(4, recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, memcmp(buf, "pair", 4));
	EXPECT_FAILS(EAGAIN, recv(fd[0], buf, 1, MSG_DONTWAIT));
	ASSERT_EQ(0, shutdown(fd[1], SHUT_WR));
	EXPECT_FAILS(EPIPE, send(fd[1], "x", 1, MSG_NOSIGNAL));
	close(fd[1]);
	EXPECT_EQ(-1, send(fd[0], "x", 1, MSG_NOSIGNAL));
	close(fd[0]);
	close(from);
	close(to);
}

TEST(no_listener)
{
	int fd = socket(AF_EXPERIMENTAL, SOCK_RAW, 0);

	EXPECT_FAILS(EOPNOTSUPP, listen(fd, 1));
	EXPECT_FAILS(EOPNOTSUPP, accept(fd, NULL, NULL));
	EXPECT_FAILS(EOPNOTSUPP, recv(fd, NULL, 0, MSG_OOB));
	EXPECT_FAILS(EOPNOTSUPP, send(fd, "x", 1, MSG_OOB));
	close(fd);
}

static int drop_capability(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[cap / 32].effective &= ~(1U << cap % 32);
	return syscall(SYS_capset, &head, data);
}

TEST(needs_a_capability)
{
	int fd[2];

	ASSERT_EQ(0, drop_capability(CAP_NET_RAW));
	EXPECT_FAILS(EPERM, socket(AF_EXPERIMENTAL, SOCK_RAW, 0));
	EXPECT_FAILS(EPERM, socket(AF_EXPERIMENTAL, SOCK_RAW, SOCK_DGRAM));
	EXPECT_FAILS(EPERM, socketpair(AF_EXPERIMENTAL, SOCK_RAW, 0, fd));
}

/* It is the owner of the network namespace who gives the capability. */
TEST(in_a_user_namespace)
{
	int fd;

	ASSERT_EQ(0, setresuid(1000, 1000, 1000));
	EXPECT_FAILS(EPERM, socket(AF_EXPERIMENTAL, SOCK_RAW, 0));
	ASSERT_EQ(0, unshare(CLONE_NEWUSER));
	EXPECT_FAILS(EPERM, socket(AF_EXPERIMENTAL, SOCK_RAW, 0));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	fd = socket(AF_EXPERIMENTAL, SOCK_RAW, 0);
	EXPECT_WORKS(fd);
	close(fd);
}

TEST_HARNESS_MAIN
