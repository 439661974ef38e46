// SPDX-License-Identifier: GPL-2.0
/* Datagrams from many senders to one receiver, and from one sender to many receivers. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"

#define MANY_MAX	64

/**
 * struct star - one socket in the middle, many around it
 * @middle: bound to @address
 * @around: bound to @addresses
 */
struct star {
	unsigned int count;
	int middle;
	struct addr address;
	int around[MANY_MAX];
	struct addr addresses[MANY_MAX];
};

static void make_star(struct star *s, const struct cell *c)
{
	unsigned int i;
	int on = 1;

	s->count = c->count;
	s->middle = make_bound(c->t, &s->address);
	for (i = 0; i < s->count; i++)
		s->around[i] = make_bound(c->t, &s->addresses[i]);
	if (c->extra != EXTRA_PASSCRED)
		return;
	for (i = 0; i < s->count; i++)
		if (setsockopt(s->around[i], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
			refused("SO_PASSCRED");
	if (setsockopt(s->middle, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		refused("SO_PASSCRED");
}

static void take(int fd, unsigned char *seen, size_t size, unsigned int turn)
{
	unsigned char m[4096];
	ssize_t n = recv(fd, m, sizeof(m), MSG_DONTWAIT);

	if (n != (ssize_t)size)
		wrong("recv: %zd, errno %d", n, errno);
	if (m[0] >= MANY_MAX || m[size - 1] != (unsigned char)turn)
		wrong("a message is not what was sent");
	seen[m[0]]++;
}

static void check(unsigned char *seen, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (seen[i] != 1)
			wrong("message %u came %u times", i, seen[i]);
	memset(seen, 0, MANY_MAX);
}

/* Each sender sends one, connected; then the receiver reads all. */
void many_to_one(const struct cell *c)
{
	unsigned char m[4096] = { 0 }, seen[MANY_MAX] = { 0 };
	unsigned int samples = sample_count(c->size);
	struct samples s = { .n = samples };
	struct star star;
	unsigned int i, k, got;

	make_star(&star, c);
	for (k = 0; k < star.count; k++)
		connect_to(star.around[k], &star.address);
	for (i = 0; i < WARM_UP + samples; i++) {
		__u64 begin;

		m[c->size - 1] = i;
		next_sample();
		begin = now();
		got = 0;
		for (k = 0; k < star.count; k++) {
			m[0] = k;
			while (send(star.around[k], m, c->size, MSG_DONTWAIT) < 0) {
				if (errno != EAGAIN || got == k)
					refused("send");
				take(star.middle, seen, c->size, i);
				got++;
			}
		}
		for (; got < star.count; got++)
			take(star.middle, seen, c->size, i);
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = now() - begin;
		check(seen, star.count);
	}
	tell(c, &s, star.count);
}

/* One sender names each receiver; then each reads its own. */
void one_to_many(const struct cell *c)
{
	unsigned char m[4096] = { 0 }, seen[MANY_MAX] = { 0 };
	unsigned int samples = sample_count(c->size);
	struct samples s = { .n = samples };
	struct star star;
	unsigned int i, k;

	make_star(&star, c);
	for (i = 0; i < WARM_UP + samples; i++) {
		__u64 begin;

		m[c->size - 1] = i;
		next_sample();
		begin = now();
		for (k = 0; k < star.count; k++) {
			m[0] = k;
			if (sendto(star.middle, m, c->size, MSG_DONTWAIT, &star.addresses[k].sa,
				   star.addresses[k].len) < 0)
				refused("sendto");
		}
		for (k = 0; k < star.count; k++)
			take(star.around[k], seen, c->size, i);
		if (i >= WARM_UP)
			s.total[i - WARM_UP] = now() - begin;
		check(seen, star.count);
	}
	tell(c, &s, star.count);
}
