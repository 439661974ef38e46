// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that are passed: each arrives with its message and is the one that was
 * sent, and whatever happens to the receiver, none is held when all is over.
 */
#include <poll.h>

#include "fds.h"
#include "stress.h"

#define PIPES	20

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };

/* Writes into each pipe that comes what the message says. */
static void take(int fd)
{
	int flags, got, pipe[4], i, token;
	ssize_t n;

	for (;;) {
		flags = 0;
		n = fds_recv(fd, &token, sizeof(token), pipe, 4, &got, &flags);
		beat();
		if (n < 0 && is_short(errno))
			continue;
		if (n <= 0)
			break;
		if (got > 1 || n != sizeof(token))
			fail("%zd bytes with %d descriptors", n, got);
		for (i = 0; i < got; i++) {
			if (write(pipe[i], &token, sizeof(token)) != sizeof(token))
				fail("the pipe that came: %s", strerrorname_np(errno));
			close(pipe[i]);
			add(DESCRIPTORS, 1);
		}
	}
	_exit(0);
}

void run_rights(void)
{
	int type = types[pick(ARRAY_SIZE(types))];
	int fd[2], ends[2], from[PIPES], i, n, token;
	bool killed = chance(50);
	ssize_t got;
	pid_t pid;

	if (!link_make(type, fd))
		return;
	if (type == SOCK_STREAM)
		sock_set(fd[1], SO_RCVLOWAT, sizeof(token));
	pid = spawn();
	if (!pid) {
		close(fd[0]);
		take(fd[1]);
	}
	close(fd[1]);
	for (n = 0; n < PIPES; n++) {
		if (pipe(ends))
			break;
		if (fds_send(fd[0], &n, sizeof(n), &ends[1], 1) != sizeof(n)) {
			if (errno != EPIPE && errno != ECONNRESET && errno != ECONNREFUSED &&
			    !is_short(errno))
				fail("sendmsg: %s", strerrorname_np(errno));
			close(ends[0]);
			close(ends[1]);
			break;
		}
		close(ends[1]);
		from[n] = ends[0];
		beat();
		if (killed && chance(10)) {
			kill(pid, SIGKILL);
			killed = false;
		}
	}
	if (type_connects(type))
		shutdown(fd[0], SHUT_WR);
	else if (!killed)
		nap(2000);
	/* Message sockets have no end, so their receiver is killed. */
	if (killed || !type_connects(type))
		kill(pid, SIGKILL);
	add(KILLED, reap(pid));
	close(fd[0]);
	for (i = 0; i < n; i++) {
		token = i;
		got = read(from[i], &token, sizeof(token));
		if (got > 0 && token != i)
			fail("the descriptor of message %d came with message %d", i, token);
		if (flow_wait(from[i], POLLIN, 10000) != POLLHUP)
			fail("a descriptor that was passed is still held");
		close(from[i]);
		beat();
	}
}
