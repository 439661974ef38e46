// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of connections: many connect, many accept from one listener, which comes and
 * goes. Each connection is handed out once, to one of them.
 */
#include <fcntl.h>
#include <poll.h>

#include "stress.h"

#define CLIENTS	4
#define SERVERS	3
#define TOKENS	65536

struct storm {
	struct addr to;
	atomic_uint next;
	atomic_uchar seen[TOKENS];
	atomic_bool over;
};

/* Blocking, or started and waited for. */
static int come(const struct storm *s, int fd)
{
	int err;

	if (chance(50))
		return do_connect(fd, &s->to);
	sock_nonblock(fd);
	if (!do_connect(fd, &s->to))
		return 0;
	if (errno != EINPROGRESS)
		return -1;
	while (!flow_wait(fd, POLLOUT, 1000) && !s->over)
		beat();
	err = sock_option(fd, SO_ERROR);
	if (s->over && !err)
		err = ECONNREFUSED;
	errno = err;
	return err ? -1 : 0;
}

static void client(struct storm *s, int type)
{
	__u32 token, echo;
	ssize_t n;
	int fd;

	while (!s->over && (token = s->next++) < TOKENS) {
		fd = socket(AF_EXPERIMENTAL, type, 0);
		beat();
		if (fd < 0) {
			if (!is_short(errno))
				fail("socket: %s", strerrorname_np(errno));
			nap(1000);
			continue;
		}
		if (come(s, fd)) {
			if (errno != ECONNREFUSED && errno != ECONNRESET && !is_short(errno))
				fail("connect: %s", strerrorname_np(errno));
			add(REFUSED, errno == ECONNREFUSED);
			close(fd);
			nap(500);
			continue;
		}
		n = send(fd, &token, sizeof(token), MSG_NOSIGNAL);
		if (n < 0 && errno != EPIPE && errno != ECONNRESET && errno != ENOTCONN &&
		    !is_short(errno))
			fail("send on a new connection: %s", strerrorname_np(errno));
		if (n == sizeof(token) && chance(70)) {
			fcntl(fd, F_SETFL, 0);
			n = recv(fd, &echo, sizeof(echo), 0);
			if (n > 0 && echo != token)
				fail("token %u came back as %u", token, echo);
		}
		close(fd);
	}
	_exit(0);
}

static void server(struct storm *s, int listener)
{
	__u32 token;
	ssize_t n;
	int fd;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		beat();
		if (fd < 0 && errno == EINVAL)
			break;
		if (fd < 0 && errno == EAGAIN) {
			flow_wait(listener, POLLIN, 1000000);
			continue;
		}
		if (fd < 0 && is_short(errno))
			continue;
		if (fd < 0)
			fail("accept: %s", strerrorname_np(errno));
		add(CONNECTIONS, 1);
		n = recv(fd, &token, sizeof(token), 0);
		if (n == sizeof(token)) {
			if (token >= TOKENS || s->seen[token]++)
				fail("token %u, the second time", token);
			n = send(fd, &token, sizeof(token), MSG_NOSIGNAL);
		}
		close(fd);
	}
	_exit(0);
}

void run_storm(void)
{
	int type = chance(70) ? SOCK_STREAM : SOCK_SEQPACKET;
	pid_t clients[CLIENTS], servers[SERVERS];
	static struct storm *s;
	int listener, i;

	s = s ? s : share(sizeof(*s));
	memset(s, 0, sizeof(*s));
	listener = sock_listening(AF_EXPERIMENTAL, type, pick(8), &s->to);
	if (listener < 0) {
		if (!is_short(errno))
			fail("listen: %s", strerrorname_np(errno));
		nap(1000);
		return;
	}
	if (chance(30))
		sock_nonblock(listener);
	for (i = 0; i < SERVERS; i++) {
		servers[i] = spawn();
		if (!servers[i])
			server(s, listener);
	}
	for (i = 0; i < CLIENTS; i++) {
		clients[i] = spawn();
		if (!clients[i]) {
			close(listener);
			client(s, type);
		}
	}
	nap(800000);
	/* Each way to end a listener ends those who wait for it. */
	if (chance(30))
		add(KILLED, kill(clients[0], SIGKILL) == 0);
	if (chance(30))
		add(KILLED, kill(servers[0], SIGKILL) == 0);
	s->over = true;
	shutdown(listener, SHUT_RD);
	for (i = 0; i < SERVERS; i++)
		reap(servers[i]);
	close(listener);
	for (i = 0; i < CLIENTS; i++)
		reap(clients[i]);
}
