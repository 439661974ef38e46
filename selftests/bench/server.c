// SPDX-License-Identifier: GPL-2.0
/*
 * An epoll server with idle connections, and a client on one more: a request of a
 * byte and its reply, all in one process.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "cell.h"

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		refused("epoll_ctl");
}

void epoll_server(const struct cell *c)
{
	unsigned int samples = sample_count(1);
	struct samples s = { .n = samples };
	struct epoll_event event;
	unsigned char byte, back;
	int epoll = epoll_create1(0);
	struct addr a;
	int listener = make_listener(c->t, 16, &a);
	unsigned int i;
	int fd[2];

	for (i = 0; i < c->count; i++) {
		make_connection(c->t, listener, &a, fd);
		watch(epoll, fd[1]);
	}
	for (i = 0; i < WARM_UP + samples; i++) {
		__u64 begin, end;

		byte = i;
		next_sample();
		begin = now();
		if (write(fd[0], &byte, 1) != 1)
			refused("write");
		if (epoll_wait(epoll, &event, 1, -1) != 1 || event.data.fd != fd[1])
			wrong("epoll_wait told of another one");
		if (read(fd[1], &back, 1) != 1 || write(fd[1], &back, 1) != 1)
			refused("read");
		back = ~byte;
		if (read(fd[0], &back, 1) != 1)
			refused("read");
		end = now();
		if (back != byte)
			wrong("the reply is not what was sent");
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = end - begin;
	}
	tell(c, &s, 1);
}
