// SPDX-License-Identifier: GPL-2.0
/*
 * One process writes, then reads on the other end what is there, until all has
 * arrived: no switch and no wakeup. A message pair is a burst of one.
 */
#include <errno.h>
#include <poll.h>

#include "cell.h"
#include "payload.h"

/**
 * struct progress - of one burst
 * @all: bytes to go
 * @sent, @got: so far
 */
struct progress {
	size_t all;
	size_t sent;
	size_t got;
};

/* Writes what finds room. */
static void write_some(const struct link *l, struct payload *p, struct progress *b)
{
	struct pollfd room = { .fd = l->out[0], .events = POLLOUT };

	while (b->sent < b->all) {
		size_t at = b->sent % p->size;
		const unsigned char *m = payload_message(p, b->sent / p->size);
		ssize_t n = link_write(l, 0, m + at, p->size - at);

		if (n > 0) {
			b->sent += n;
			continue;
		}
		if (errno != EAGAIN && errno != ENOBUFS)
			refused("write");
		if (b->sent > b->got)
			return;
		poll(&room, 1, -1);
	}
}

/* Reads what has been written. Messages one by one. */
static void read_all(const struct link *l, struct payload *p, struct progress *b)
{
	while (b->got < b->sent) {
		size_t len = is_stream(l->t) ? b->all - b->got : p->size;
		ssize_t n = link_read(l, 1, p->target + b->got, len);

		if (n < 0 && errno == EAGAIN)
			wrong("lost after %zu of %zu bytes", b->got, b->all);
		if (n <= 0)
			refused("read");
		b->got += n;
	}
}

void transfer(const struct cell *c)
{
	unsigned int samples = sample_count(c->size * c->count);
	unsigned int i;
	struct payload p;
	struct samples s = { .n = samples };
	struct link l;

	payload_make(&p, c->size, c->count);
	link_open(&l, c->t, c->extra, c->size * c->count);
	wait_mode(l.out[0], false);
	for (i = 0; i < WARM_UP + samples; i++) {
		struct progress b = { .all = c->size * c->count };
		__u64 writing = 0, begin, middle, end = 0;

		payload_next(&p);
		next_sample();
		if (marking)
			mark_begin();
		begin = now();
		middle = begin;
		while (b.got < b.all) {
			if (b.got)
				middle = now();
			write_some(&l, &p, &b);
			end = now();
			writing += end - middle;
			read_all(&l, &p, &b);
		}
		end = now();
		if (marking)
			mark_end();
		payload_check(&p);
		link_check(&l, c->count);
		if (i >= WARM_UP) {
			s.total[i - WARM_UP] = end - begin;
			s.write[i - WARM_UP] = writing;
		}
	}
	tell(c, &s, c->count);
}
