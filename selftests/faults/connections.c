// SPDX-License-Identifier: GPL-2.0
/* Memory is short while sockets are made, named, connected and closed. */
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "path.h"

static void set_nothing(struct scene *s, struct __test_metadata *_metadata)
{
}

static void check_nothing(struct scene *s, struct __test_metadata *_metadata)
{
}

static void set_socket(struct scene *s, struct __test_metadata *_metadata)
{
	s->addr = addr_any(AF_EXPERIMENTAL);
	s->fd[0] = socket(AF_EXPERIMENTAL, s->type, 0);
	ASSERT_WORKS(s->fd[0]);
}

static void set_bound(struct scene *s, struct __test_metadata *_metadata)
{
	s->fd[0] = sock_bound(AF_EXPERIMENTAL, s->type, &s->addr);
	ASSERT_WORKS(s->fd[0]);
}

static void set_pair(struct scene *s, struct __test_metadata *_metadata)
{
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, s->type, s->fd));
}

/* A listener, and a socket that wants to connect. */
static void set_listener(struct scene *s, struct __test_metadata *_metadata)
{
	s->fd[0] = sock_listening(AF_EXPERIMENTAL, s->type, 1, &s->addr);
	ASSERT_WORKS(s->fd[0]);
	s->fd[1] = socket(AF_EXPERIMENTAL, s->type, 0);
	ASSERT_WORKS(s->fd[1]);
}

/* And one that has connected, and sent something. */
static void set_connected(struct scene *s, struct __test_metadata *_metadata)
{
	set_listener(s, _metadata);
	ASSERT_WORKS(do_connect(s->fd[1], &s->addr));
	ASSERT_EQ(100, flow_write(s->fd[1], 100, 100, 0));
}

/* The backlog is full: who connects has to wait. */
static void set_full(struct scene *s, struct __test_metadata *_metadata)
{
	set_listener(s, _metadata);
	ASSERT_EQ(0, listen(s->fd[0], 0));
	s->fd[2] = sock_connected(AF_EXPERIMENTAL, s->type, &s->addr);
	ASSERT_WORKS(s->fd[2]);
	ASSERT_WORKS(sock_nonblock(s->fd[1]));
}

/* Two sockets with names, not connected. */
static void set_two(struct scene *s, struct __test_metadata *_metadata)
{
	set_bound(s, _metadata);
	s->fd[1] = socket(AF_EXPERIMENTAL, s->type, 0);
	ASSERT_WORKS(s->fd[1]);
}

static long call_socket(struct scene *s)
{
	return s->fd[0] = socket(AF_EXPERIMENTAL, s->type, 0);
}

static long call_socketpair(struct scene *s)
{
	return socketpair(AF_EXPERIMENTAL, s->type, 0, s->fd);
}

static long call_bind(struct scene *s)
{
	return do_bind(s->fd[0], &s->addr);
}

static long call_listen(struct scene *s)
{
	return listen(s->fd[0], 10);
}

static long call_connect_to(struct scene *s)
{
	return do_connect(s->fd[1], &s->addr);
}

static long call_disconnect(struct scene *s)
{
	return do_disconnect(s->fd[0]);
}

static long call_accept_from(struct scene *s)
{
	s->addr.len = sizeof(s->addr.storage);
	return s->fd[2] = accept(s->fd[0], &s->addr.sa, &s->addr.len);
}

static long call_shutdown(struct scene *s)
{
	return shutdown(s->fd[0], SHUT_RDWR);
}

static long call_close(struct scene *s)
{
	int fd = s->fd[0];

	s->fd[0] = -1;
	return close(fd);
}

static long call_getsockname(struct scene *s)
{
	return addr_own(s->fd[0], &s->addr);
}

static long call_getpeername(struct scene *s)
{
	return addr_peer(s->fd[0], &s->addr);
}

static long call_setsockopt(struct scene *s)
{
	return sock_set(s->fd[0], SO_RCVBUF, 30000);
}

static long call_getsockopt(struct scene *s)
{
	unsigned int meminfo[9];
	socklen_t len = sizeof(meminfo);

	return getsockopt(s->fd[0], SOL_SOCKET, 55 /* SO_MEMINFO */, meminfo, &len);
}

static long call_ioctl(struct scene *s)
{
	int value;

	return ioctl(s->fd[0], SIOCINQ, &value);
}

static long call_epoll(struct scene *s)
{
	struct epoll_event e = { .events = EPOLLIN };

	s->fd[2] = epoll_create1(0);
	if (s->fd[2] < 0)
		return -1;
	return epoll_ctl(s->fd[2], EPOLL_CTL_ADD, s->fd[0], &e);
}

static void check_socket(struct scene *s, struct __test_metadata *_metadata)
{
	struct addr addr = addr_any(AF_EXPERIMENTAL);

	if (!s->err)
		EXPECT_WORKS(do_bind(s->fd[0], &addr));
}

static void check_pair(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err)
		return;
	expect_talk(_metadata, s->fd[0], s->fd[1]);
	expect_talk(_metadata, s->fd[1], s->fd[0]);
}

/* A failed bind() leaves no name behind, neither with the socket nor in the table. */
static void check_bind(struct scene *s, struct __test_metadata *_metadata)
{
	struct addr own;

	EXPECT_WORKS(addr_own(s->fd[0], &own));
	if (s->err) {
		EXPECT_EQ(EXP_PORT_ANY, own.exp.sexp_port);
		EXPECT_WORKS(do_bind(s->fd[0], &s->addr));
	} else {
		EXPECT_NE(EXP_PORT_ANY, own.exp.sexp_port);
	}
}

static void check_listen(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err)
		EXPECT_WORKS(listen(s->fd[0], 10));
	s->fd[1] = sock_connected(AF_EXPERIMENTAL, s->type, &s->addr);
	EXPECT_WORKS(s->fd[1]);
	s->fd[2] = accept(s->fd[0], NULL, NULL);
	EXPECT_WORKS(s->fd[2]);
	expect_talk(_metadata, s->fd[1], s->fd[2]);
}

/* Nothing of a failed connect() is in the backlog, and it can be tried again. */
static void check_connect(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err) {
		EXPECT_EQ(0, flow_events(s->fd[0]) & POLLIN);
		EXPECT_WORKS(do_connect(s->fd[1], &s->addr));
	}
	s->fd[2] = accept(s->fd[0], NULL, NULL);
	EXPECT_WORKS(s->fd[2]);
	expect_talk(_metadata, s->fd[1], s->fd[2]);
	expect_talk(_metadata, s->fd[2], s->fd[1]);
}

static void check_waits(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err != EINPROGRESS)
		EXPECT_FAILS(EINPROGRESS, do_connect(s->fd[1], &s->addr));
	s->fd[3] = accept(s->fd[0], NULL, NULL);
	EXPECT_WORKS(s->fd[3]);
	EXPECT_EQ(POLLOUT, flow_wait(s->fd[1], POLLOUT, 5000));
	EXPECT_EQ(0, sock_option(s->fd[1], SO_ERROR));
	close(s->fd[3]);
	s->fd[3] = accept(s->fd[0], NULL, NULL);
	EXPECT_WORKS(s->fd[3]);
	expect_talk(_metadata, s->fd[1], s->fd[3]);
}

/*
 * accept() that failed leaves the connection where it was, with all it holds. Only
 * when the peer's address cannot be copied it is too late: the core closes the new
 * socket, in every family.
 */
static void check_accept(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err == EFAULT) {
		EXPECT_FAILS(ECONNRESET, recv(s->fd[1], s->buf, 1, 0));
		return;
	}
	if (s->err) {
		ASSERT_EQ(POLLIN, flow_events(s->fd[0]) & POLLIN);
		s->fd[2] = accept(s->fd[0], NULL, NULL);
		ASSERT_WORKS(s->fd[2]);
	}
	EXPECT_EQ(100, flow_read(s->fd[2], 100, 100, 0));
	expect_talk(_metadata, s->fd[1], s->fd[2]);
	expect_talk(_metadata, s->fd[2], s->fd[1]);
}

static void check_connect_message(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err)
		EXPECT_WORKS(do_connect(s->fd[1], &s->addr));
	expect_talk(_metadata, s->fd[1], s->fd[0]);
}

/* Where a call fails, a second one succeeds. */
static void check_again(struct scene *s, struct __test_metadata *_metadata,
			long (*call)(struct scene *s))
{
	if (s->err)
		EXPECT_WORKS(call(s));
}

static void check_disconnect(struct scene *s, struct __test_metadata *_metadata)
{
	check_again(s, _metadata, call_disconnect);
	EXPECT_FAILS(ENOTCONN, addr_peer(s->fd[0], &s->addr));
}

static void check_shutdown(struct scene *s, struct __test_metadata *_metadata)
{
	check_again(s, _metadata, call_shutdown);
	EXPECT_FAILS(EPIPE, send(s->fd[0], "x", 1, MSG_NOSIGNAL));
}

static void check_close(struct scene *s, struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, s->err);
	if (type_connects(s->type))
		EXPECT_EQ(0, recv(s->fd[1], s->buf, 1, 0));
}

FIXTURE(path) {
	struct scene scene;
};

FIXTURE_VARIANT(path) {
	struct path path;
};

FIXTURE_VARIANT_ADD(path, socket_stream) {
	.path = { SOCK_STREAM, set_nothing, call_socket, check_socket },
};

FIXTURE_VARIANT_ADD(path, socket_seqpacket) {
	.path = { SOCK_SEQPACKET, set_nothing, call_socket, check_socket },
};

FIXTURE_VARIANT_ADD(path, socket_dgram) {
	.path = { SOCK_DGRAM, set_nothing, call_socket, check_socket },
};

FIXTURE_VARIANT_ADD(path, socket_rdm) {
	.path = { SOCK_RDM, set_nothing, call_socket, check_socket },
};

FIXTURE_VARIANT_ADD(path, socket_raw) {
	.path = { SOCK_RAW, set_nothing, call_socket, check_nothing },
};

FIXTURE_VARIANT_ADD(path, socketpair_stream) {
	.path = { SOCK_STREAM, set_nothing, call_socketpair, check_pair },
};

FIXTURE_VARIANT_ADD(path, socketpair_seqpacket) {
	.path = { SOCK_SEQPACKET, set_nothing, call_socketpair, check_pair },
};

FIXTURE_VARIANT_ADD(path, socketpair_dgram) {
	.path = { SOCK_DGRAM, set_nothing, call_socketpair, check_pair },
};

FIXTURE_VARIANT_ADD(path, socketpair_rdm) {
	.path = { SOCK_RDM, set_nothing, call_socketpair, check_pair },
};

FIXTURE_VARIANT_ADD(path, bind_stream) {
	.path = { SOCK_STREAM, set_socket, call_bind, check_bind },
};

FIXTURE_VARIANT_ADD(path, bind_dgram) {
	.path = { SOCK_DGRAM, set_socket, call_bind, check_bind },
};

FIXTURE_VARIANT_ADD(path, listen) {
	.path = { SOCK_STREAM, set_bound, call_listen, check_listen },
};

FIXTURE_VARIANT_ADD(path, connect_stream) {
	.path = { SOCK_STREAM, set_listener, call_connect_to, check_connect },
};

FIXTURE_VARIANT_ADD(path, connect_seqpacket) {
	.path = { SOCK_SEQPACKET, set_listener, call_connect_to, check_connect },
};

FIXTURE_VARIANT_ADD(path, connect_waits) {
	.path = { SOCK_STREAM, set_full, call_connect_to, check_waits, EINPROGRESS },
};

FIXTURE_VARIANT_ADD(path, connect_dgram) {
	.path = { SOCK_DGRAM, set_two, call_connect_to, check_connect_message },
};

FIXTURE_VARIANT_ADD(path, connect_rdm) {
	.path = { SOCK_RDM, set_two, call_connect_to, check_connect_message },
};

FIXTURE_VARIANT_ADD(path, disconnect) {
	.path = { SOCK_STREAM, set_pair, call_disconnect, check_disconnect },
};

FIXTURE_VARIANT_ADD(path, accept_stream) {
	.path = { SOCK_STREAM, set_connected, call_accept_from, check_accept },
};

FIXTURE_VARIANT_ADD(path, accept_seqpacket) {
	.path = { SOCK_SEQPACKET, set_connected, call_accept_from, check_accept },
};

FIXTURE_VARIANT_ADD(path, shutdown_stream) {
	.path = { SOCK_STREAM, set_pair, call_shutdown, check_shutdown },
};

FIXTURE_VARIANT_ADD(path, shutdown_dgram) {
	.path = { SOCK_DGRAM, set_pair, call_shutdown, check_shutdown },
};

FIXTURE_VARIANT_ADD(path, close_stream) {
	.path = { SOCK_STREAM, set_pair, call_close, check_close },
};

FIXTURE_VARIANT_ADD(path, close_listener) {
	.path = { SOCK_STREAM, set_connected, call_close, check_nothing },
};

FIXTURE_VARIANT_ADD(path, close_dgram) {
	.path = { SOCK_DGRAM, set_pair, call_close, check_close },
};

FIXTURE_VARIANT_ADD(path, getsockname) {
	.path = { SOCK_STREAM, set_pair, call_getsockname, check_pair },
};

FIXTURE_VARIANT_ADD(path, getpeername) {
	.path = { SOCK_STREAM, set_pair, call_getpeername, check_pair },
};

FIXTURE_VARIANT_ADD(path, setsockopt) {
	.path = { SOCK_STREAM, set_pair, call_setsockopt, check_pair },
};

FIXTURE_VARIANT_ADD(path, getsockopt) {
	.path = { SOCK_STREAM, set_pair, call_getsockopt, check_pair },
};

FIXTURE_VARIANT_ADD(path, ioctl) { .path = { SOCK_STREAM, set_pair, call_ioctl, check_pair }, };
FIXTURE_VARIANT_ADD(path, epoll) { .path = { SOCK_STREAM, set_pair, call_epoll, check_pair }, };

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
