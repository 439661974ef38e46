// SPDX-License-Identifier: GPL-2.0
/*
 * A process writes while another one sleeps in read(), or in epoll_wait(), on the
 * same processor. Measured is from before the first write until the reader has all:
 * calls of both, wakeup and switches.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cell.h"
#include "payload.h"

/**
 * struct news - from the reader
 * @bursts: that it has read
 * @at: when it had the last one
 */
struct news {
	atomic_uint bursts;
	__u64 at;
};

int epoll_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		wrong("epoll_ctl: %d", errno);
	return epoll;
}

void epoll_until_ready(int epoll)
{
	struct epoll_event event;

	if (epoll_wait(epoll, &event, 1, -1) != 1)
		wrong("epoll_wait: %d", errno);
}

static void reader(const struct cell *c, const struct link *l, struct payload *p, struct news *news)
{
	int epoll = c->reader == READER_EPOLL ? epoll_of(l->in[1]) : -1;
	size_t all = c->size * c->count;

	for (;;) {
		size_t got = 0;

		while (got < all) {
			ssize_t n;

			if (epoll >= 0)
				epoll_until_ready(epoll);
			n = link_read(l, 1, p->target + got,
				      is_stream(l->t) ? all - got : c->size);
			if (n < 0 && errno == EAGAIN && !got)
				continue;
			if (n <= 0)
				wrong("read: %zd after %zu of %zu bytes, errno %d", n, got, all,
				      errno);
			got += n;
		}
		news->at = now();
		if (marking)
			mark_end();
		link_check(l, c->count);
		atomic_fetch_add(&news->bursts, 1);
	}
}

static void write_message(const struct link *l, const unsigned char *m, size_t size)
{
	size_t sent = 0;

	while (sent < size) {
		ssize_t n = link_write(l, 0, m + sent, size - sent);

		if (n <= 0)
			refused("write");
		sent += n;
	}
}

void handoff(const struct cell *c)
{
	unsigned int samples = sample_count(c->size * c->count);
	struct news *news = shared(sizeof(*news));
	struct samples s = { .n = samples };
	struct payload p;
	struct link l;
	unsigned int i, m;

	payload_make(&p, c->size, c->count);
	link_open(&l, c->t, c->extra, c->size * c->count);
	if (!fork())
		reader(c, &l, &p, news);
	for (i = 0; i < WARM_UP + samples; i++) {
		__u64 begin;

		payload_next(&p);
		next_sample();
		/* The reader goes to sleep. */
		sched_yield();
		sched_yield();
		if (marking)
			mark_begin();
		begin = now();
		for (m = 0; m < c->count; m++)
			write_message(&l, payload_message(&p, m), c->size);
		while (atomic_load(&news->bursts) != i + 1)
			sched_yield();
		payload_check(&p);
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = news->at - begin;
	}
	tell(c, &s, c->count);
}
