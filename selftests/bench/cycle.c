// SPDX-License-Identifier: GPL-2.0
/* The life of a connection that carries nothing. */
#include <unistd.h>

#include "cell.h"

void connect_cycle(const struct cell *c)
{
	unsigned int samples = sample_count(1);
	struct samples s = { .n = samples };
	struct addr a;
	unsigned int i;
	int listener = make_listener(c->t, 16, &a);
	int on = 1;

	if (c->extra == EXTRA_PASSCRED &&
	    setsockopt(listener, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		refused("SO_PASSCRED");
	for (i = 0; i < WARM_UP + samples; i++) {
		__u64 begin, end;
		int fd[2];

		next_sample();
		if (marking)
			mark_begin();
		begin = now();
		make_connection(c->t, listener, &a, fd);
		close(fd[0]);
		close(fd[1]);
		end = now();
		if (marking)
			mark_end();
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = end - begin;
		/* What is freed later is so before the next one. */
		usleep(20000);
	}
	tell(c, &s, 1);
}

/* socketpair() and two times close(). */
void socket_pair(const struct cell *c)
{
	unsigned int samples = sample_count(1);
	struct samples s = { .n = samples };
	unsigned int i;

	for (i = 0; i < WARM_UP + samples; i++) {
		__u64 begin, end;
		int fd[2];

		next_sample();
		if (marking)
			mark_begin();
		begin = now();
		if (c->t->domain == PIPE ? pipe(fd) :
		    socketpair(c->t->domain, c->t->type, c->t->protocol, fd))
			refused("socketpair");
		close(fd[0]);
		close(fd[1]);
		end = now();
		if (marking)
			mark_end();
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = end - begin;
		usleep(20000);
	}
	tell(c, &s, 1);
}
