// SPDX-License-Identifier: GPL-2.0
/* How much less memory is free once many sockets are there: bytes of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"

#define ROUNDS_MAX	3
#define CHUNK	16384
#define THROUGH	1048576

static unsigned char data[CHUNK], back[CHUNK];

/* Free pages, also those that processors keep for themselves. */
static long free_memory(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long pages = 0, n;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " nr_free_pages %ld", &n) == 1 ||
		    sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	if (!f || !pages)
		wrong("no free pages in /proc/zoneinfo");
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

/* A pipe is written to at its second descriptor, and a socket at either one. */
static void carry(const struct transport *t, const int fd[2])
{
	int out = t->domain == PIPE ? fd[1] : fd[0];
	int in = t->domain == PIPE ? fd[0] : fd[1];
	size_t sent = 0;

	while (sent < THROUGH) {
		size_t got = 0;
		ssize_t n;

		if (write(out, data, CHUNK) != CHUNK)
			refused("write");
		while (got < CHUNK) {
			n = read(in, back + got, CHUNK - got);
			if (n <= 0)
				refused("read");
			got += n;
		}
		if (memcmp(data, back, CHUNK))
			wrong("what came is not what was sent over %s", t->family);
		sent += CHUNK;
	}
}

static void make_one(const struct cell *c, int listener, const struct addr *to, int fd[2])
{
	struct addr a;

	fd[1] = -1;
	if (!strcmp(c->pattern, MEMORY_IDLE)) {
		fd[0] = make_socket(c->t);
	} else if (!strcmp(c->pattern, MEMORY_BOUND)) {
		fd[0] = make_bound(c->t, &a);
	} else if (c->t->domain == PIPE) {
		if (pipe(fd))
			refused("pipe");
	} else if (connects(c->t)) {
		make_connection(c->t, listener, to, fd);
	} else {
		struct addr other;

		fd[0] = make_bound(c->t, &a);
		fd[1] = make_bound(c->t, &other);
		connect_to(fd[0], &other);
		connect_to(fd[1], &a);
	}
}

static void make_many(const struct cell *c, int listener, const struct addr *to, int (*fd)[2],
		      unsigned int count)
{
	bool used = !strcmp(c->pattern, MEMORY_USED);
	unsigned int i;

	for (i = 0; i < count; i++) {
		make_one(c, listener, to, fd[i]);
		if (used)
			carry(c->t, fd[i]);
	}
}

static void close_many(int (*fd)[2], unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		close(fd[i][0]);
		if (fd[i][1] >= 0)
			close(fd[i][1]);
	}
}

void memory(const struct cell *c)
{
	bool used = !strcmp(c->pattern, MEMORY_USED);
	unsigned int rounds = used ? 1 : ROUNDS_MAX;
	unsigned int early = c->count / 8;
	bool connection = used || !strcmp(c->pattern, MEMORY_PAIR);
	int (*first)[2] = calloc(early, sizeof(*first));
	int (*fd)[2] = calloc(c->count, sizeof(*fd));
	double value[ROUNDS_MAX], low, high;
	int listener = -1;
	struct addr a;
	unsigned int i;

	memset(fd, 1, c->count * sizeof(*fd));
	for (i = 0; i < CHUNK; i++)
		data[i] = i * 31 + i / 256;
	if (connection && connects(c->t) && c->t->domain != PIPE)
		listener = make_listener(c->t, 16, &a);
	/* The table of descriptors grows once, before. */
	dup2(STDOUT_FILENO, (c->count + early) * 2 + 64);
	/* These fill the gaps that former sockets left in the slabs. */
	make_many(c, listener, &a, first, early);
	for (i = 0; i < rounds; i++) {
		long before;

		sleep(2);
		before = free_memory();
		make_many(c, listener, &a, fd, c->count);
		sleep(2);
		value[i] = (double)(before - free_memory()) / c->count;
		close_many(fd, c->count);
	}
	/* What the first round left in caches, the others find: the largest counts. */
	low = value[0];
	high = value[0];
	for (i = 1; i < rounds; i++) {
		low = value[i] < low ? value[i] : low;
		high = value[i] > high ? value[i] : high;
	}
	tell_figure(c, "bytes", high, low, high);
}
