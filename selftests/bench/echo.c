// SPDX-License-Identifier: GPL-2.0
/*
 * A client and a server process on one processor: requests, and replies of the same
 * size; one at a time, or several under way.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"
#include "payload.h"

static void read_message(const struct link *l, int end, int epoll, unsigned char *m, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n;

		if (epoll >= 0)
			epoll_until_ready(epoll);
		n = link_read(l, end, m + got, size - got);
		if (n < 0 && errno == EAGAIN && end == 1)
			continue;
		if (n <= 0)
			wrong("read: %zd after %zu of %zu bytes, errno %d", n, got, size, errno);
		got += n;
	}
}

static void write_message(const struct link *l, int end, const unsigned char *m, size_t size)
{
	size_t sent = 0;

	while (sent < size) {
		ssize_t n = link_write(l, end, m + sent, size - sent);

		if (n <= 0)
			refused("write");
		sent += n;
	}
}

static void server(const struct cell *c, const struct link *l)
{
	int epoll = c->reader == READER_EPOLL ? epoll_of(l->in[1]) : -1;
	unsigned char *m = shared(c->size);

	for (;;) {
		read_message(l, 1, epoll, m, c->size);
		link_check(l, 1);
		write_message(l, 1, m, c->size);
	}
}

void round_trip(const struct cell *c)
{
	unsigned int samples = sample_count(c->size);
	struct samples s = { .n = samples };
	struct payload p;
	struct link l;
	unsigned int i;
	int epoll;

	payload_make(&p, c->size, 1);
	link_open(&l, c->t, c->extra, c->size);
	if (!fork())
		server(c, &l);
	epoll = c->reader == READER_EPOLL ? epoll_of(l.in[0]) : -1;
	for (i = 0; i < WARM_UP + samples; i++) {
		__u64 begin, end;

		payload_next(&p);
		next_sample();
		if (marking)
			mark_begin();
		begin = now();
		write_message(&l, 0, payload_message(&p, 0), c->size);
		read_message(&l, 0, epoll, p.target, c->size);
		end = now();
		if (marking)
			mark_end();
		payload_check(&p);
		link_check(&l, 1);
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = end - begin;
	}
	tell(c, &s, 1);
}

/**
 * struct window - what is under way
 * @depth: messages, at most
 * @sent, @got: bytes so far, of @all
 */
struct window {
	size_t depth;
	size_t all;
	size_t sent;
	size_t got;
};

/* Writes as far as the window and the family have room; false if the latter has not. */
static bool fill(const struct link *l, struct payload *p, struct window *w)
{
	while (w->sent < w->all) {
		size_t at = w->sent % p->size;
		const unsigned char *m;
		ssize_t n;

		if (!at && w->sent / p->size - w->got / p->size >= w->depth)
			return true;
		m = payload_message(p, w->sent / p->size % w->depth);
		n = link_write_now(l, 0, m + at, p->size - at);
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return false;
		if (n <= 0)
			refused("write");
		w->sent += n;
	}
	return true;
}

/* Reads what is there of one reply; they land where the check finds them. */
static void take(const struct link *l, struct payload *p, struct window *w)
{
	size_t at = w->got % p->size;
	size_t slot = w->got / p->size % w->depth;
	ssize_t n = link_read(l, 0, p->target + slot * p->size + at, p->size - at);

	if (n <= 0)
		wrong("read: %zd after %zu of %zu bytes, errno %d", n, w->got, w->all, errno);
	w->got += n;
}

/* While a request is only half out, the server may not reply: false if it has not. */
static bool either(const struct link *l)
{
	struct pollfd fds[2] = {
		{ .fd = l->in[0], .events = POLLIN },
		{ .fd = l->out[0], .events = POLLOUT },
	};

	poll(fds, 2, -1);
	return fds[0].revents & POLLIN;
}

void pipelined(const struct cell *c)
{
	unsigned int samples = sample_count(c->size * c->count);
	unsigned int replies = (c->size > 65536 ? 2 : 4) * c->count;
	struct samples s = { .n = samples };
	struct payload p;
	struct link l;
	unsigned int i;
	int epoll;

	payload_make(&p, c->size, c->count);
	link_open(&l, c->t, c->extra, c->size * c->count);
	if (!fork())
		server(c, &l);
	if (c->t->domain == PIPE)
		wait_mode(l.out[0], false);
	epoll = c->reader == READER_EPOLL ? epoll_of(l.in[0]) : -1;
	for (i = 0; i < WARM_UP + samples; i++) {
		struct window w = { .depth = c->count, .all = replies * c->size };
		__u64 begin, end;

		memset(p.target, 0, c->size * c->count);
		payload_next(&p);
		next_sample();
		begin = now();
		while (w.got < w.all) {
			if (!fill(&l, &p, &w) && !either(&l))
				continue;
			if (epoll >= 0)
				epoll_until_ready(epoll);
			take(&l, &p, &w);
		}
		end = now();
		payload_check(&p);
		link_check(&l, replies);
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = end - begin;
	}
	tell(c, &s, replies);
}
