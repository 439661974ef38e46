// SPDX-License-Identifier: GPL-2.0
/*
 * Time by the clock, with a process on each of two processors. The families take
 * turns in slices, and each slice is compared with AF_UNIX's of the same round, so
 * what else the machine does hits all alike.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cell.h"

#define ROUNDS	21
#define PAIRS	8

/**
 * struct contender - a transport with a process at its other end
 * @seconds: of each slice
 */
struct contender {
	struct link link;
	double seconds[ROUNDS];
};

static unsigned char data[65536];

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		wrong("no processor %d", cpu);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1.0e9;
}

static void take(const struct link *l, int end, unsigned char *m, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(l->in[end], m + got, size - got);

		if (n < 0 && errno == EAGAIN && end == 1)
			continue;
		if (n <= 0)
			wrong("read: %zd, errno %d", n, errno);
		got += n;
	}
	if (memcmp(m, data, size))
		wrong("what came is not what was sent");
}

static void give(const struct link *l, int end, size_t size)
{
	size_t sent = 0;

	while (sent < size) {
		ssize_t n = write(l->out[end], data + sent, size - sent);

		if (n <= 0)
			refused("write");
		sent += n;
	}
}

/* Takes @messages, then answers with the first byte of them, and so on. */
static void other_end(const struct link *l, size_t size, unsigned int messages)
{
	static unsigned char m[sizeof(data)];
	unsigned int i;

	pin(1);
	for (;;) {
		for (i = 0; i < messages; i++)
			take(l, 1, m, size);
		give(l, 1, 1);
	}
}

static double slice(const struct link *l, size_t size, unsigned int messages, unsigned int turns)
{
	double begin = seconds();
	unsigned char m[1];
	unsigned int i;

	while (turns--) {
		for (i = 0; i < messages; i++)
			give(l, 0, size);
		take(l, 0, m, 1);
	}
	return seconds() - begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static bool same_kind(const struct transport *a, const struct transport *b)
{
	bool messages = !connects(a) && !connects(b);

	return messages || !strcmp(a->kind, b->kind);
}

/* Slices of @turns times @messages, and an answer after each. */
static void contest(const struct cell *c, unsigned int messages, unsigned int turns)
{
	struct contender contenders[PAIRS];
	struct cell cell = *c;
	unsigned int n = 0, round, i, unix_at = 0;

	pin(0);
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + i / 256;
	for (i = 0; i < transport_count; i++) {
		const struct transport *t = &transports[i];

		if (!same_kind(t, c->t) || (t->lossy && messages > 1))
			continue;
		link_open(&contenders[n].link, t, EXTRA_NONE, c->size * messages);
		if (!fork())
			other_end(&contenders[n].link, c->size, messages);
		if (t->domain == AF_UNIX)
			unix_at = n;
		n++;
	}
	for (i = 0; i < n; i++)
		slice(&contenders[i].link, c->size, messages, turns);
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < n; i++)
			contenders[i].seconds[round] =
				slice(&contenders[i].link, c->size, messages, turns);
	for (i = n; i-- > 0;) {
		double ratio[ROUNDS];
		/* AF_UNIX itself is compared with its own next round: the noise. */
		for (round = 0; round < ROUNDS; round++) {
			unsigned int other = i == unix_at ? (round + 1) % ROUNDS : round;

			ratio[round] = contenders[i].seconds[round] /
				       contenders[unix_at].seconds[other];
		}
		qsort(ratio, ROUNDS, sizeof(ratio[0]), compare);
		cell.t = contenders[i].link.t;
		tell_figure(&cell, "time to AF_UNIX", ratio[ROUNDS / 2], ratio[ROUNDS / 4],
			    ratio[ROUNDS * 3 / 4]);
	}
}

static void wall_round_trip(const struct cell *c)
{
	contest(c, 1, 200);
}

static void wall_one_way(const struct cell *c)
{
	contest(c, c->size > 4096 ? 64 : 512, 4);
}

void wall_clock(void)
{
	static const size_t sizes[] = { 1, 64, 4096, 65536 };
	unsigned int i, k;

	for (i = 0; i < transport_count; i++) {
		struct cell c = { .t = &transports[i], .reader = READER_BLOCKED };

		if (transports[i].domain != AF_UNIX)
			continue;
		c.size = 1;
		c.count = 1;
		c.pattern = "wall round trip";
		run(&c, wall_round_trip);
		c.pattern = "wall one way";
		for (k = 1; k < ARRAY_SIZE(sizes); k++) {
			c.size = sizes[k];
			run(&c, wall_one_way);
		}
	}
}
