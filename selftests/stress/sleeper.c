// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "sleeper.h"

static long sleep_recv(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0);
}

static long sleep_waitall(int fd)
{
	char buf[100];

	return recv(fd, buf, sizeof(buf), MSG_WAITALL);
}

static long sleep_recvmmsg(int fd)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } } };

	m[1] = m[0];
	return recvmmsg(fd, m, 2, 0, NULL);
}

static long sleep_splice(int fd)
{
	long n = -1;
	int ends[2];

	if (pipe(ends))
		return 0;
	n = splice(fd, NULL, ends[1], NULL, 100, 0);
	close(ends[0]);
	close(ends[1]);
	return n;
}

/* One that fills the buffers first. */
static long sleep_send(int fd)
{
	static const char buf[2000];

	while (send(fd, buf, sizeof(buf), MSG_NOSIGNAL) > 0)
		;
	return -1;
}

static long sleep_accept(int fd)
{
	return accept(fd, NULL, NULL);
}

static long sleep_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, -1);
}

static long sleep_epoll(int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(0);
	long n;

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
	n = epoll_wait(epoll, &e, 1, -1);
	close(epoll);
	return n;
}

static long sleep_connect(int fd)
{
	struct addr to;

	/* The fourth one, at the latest, finds the backlog full. */
	if (addr_own(fd, &to))
		return -1;
	while (sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &to) >= 0)
		;
	return -1;
}

static const struct sleep_kind {
	const char *name;
	long (*fn)(int fd);
	int type;
	/* On a listener: what ends it is done to that. */
	bool listens;
} kinds[] = {
	{ "recv", sleep_recv, SOCK_STREAM, false },
	{ "recv of a record", sleep_recv, SOCK_SEQPACKET, false },
	{ "recv with MSG_WAITALL", sleep_waitall, SOCK_STREAM, false },
	{ "recvmmsg", sleep_recvmmsg, SOCK_SEQPACKET, false },
	{ "splice", sleep_splice, SOCK_STREAM, false },
	{ "send", sleep_send, SOCK_STREAM, false },
	{ "send of a record", sleep_send, SOCK_SEQPACKET, false },
	{ "send of a reliable message", sleep_send, SOCK_RDM, false },
	{ "poll", sleep_poll, SOCK_STREAM, false },
	{ "epoll_wait", sleep_epoll, SOCK_SEQPACKET, false },
	{ "accept", sleep_accept, SOCK_STREAM, true },
	{ "accept of records", sleep_accept, SOCK_SEQPACKET, true },
	{ "poll of a listener", sleep_poll, SOCK_STREAM, true },
	{ "connect", sleep_connect, SOCK_STREAM, true },
};

bool sleeper_make(struct sleeper *s)
{
	struct addr a;
	int fd[2];

	s->kind = &kinds[pick(ARRAY_SIZE(kinds))];
	if (!s->kind->listens) {
		if (!link_make(s->kind->type, fd))
			return false;
		s->fd = fd[0];
		s->other = fd[1];
		return true;
	}
	s->other = -1;
	s->fd = sock_listening(AF_EXPERIMENTAL, s->kind->type, 2, &a);
	if (s->fd < 0 && !is_short(errno))
		fail("listen: %s", strerrorname_np(errno));
	return s->fd >= 0;
}

void sleeper_sleep(const struct sleeper *s)
{
	while (s->kind->fn(s->fd) < 0 && is_short(errno))
		beat();
	beat();
}

const char *sleeper_name(const struct sleeper *s)
{
	return s->kind->name;
}
