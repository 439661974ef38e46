// SPDX-License-Identifier: GPL-2.0
/* Thousands of sockets at once, idle but for the few that come and go. */
#include "stress.h"

#define MOST	4000

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };

static int fds[MOST];

static int one(void)
{
	int type = types[pick(ARRAY_SIZE(types))];
	struct addr a;
	int fd;

	if (type_connects(type) && chance(50))
		fd = sock_listening(AF_EXPERIMENTAL, type, pick(10), &a);
	else
		fd = sock_bound(AF_EXPERIMENTAL, type, &a);
	if (fd < 0 && !is_short(errno))
		fail("a socket of type %d: %s", type, strerrorname_np(errno));
	if (fd >= 0)
		add(SOCKETS, 1);
	return fd;
}

/* All of them while this worker lives; a round exchanges some. */
void run_crowd(void)
{
	static bool filled;
	unsigned int i, n = filled ? 20 : MOST;

	while (n-- && running()) {
		i = filled ? pick(MOST) : n;
		if (filled && fds[i] >= 0)
			close(fds[i]);
		fds[i] = one();
		beat();
	}
	filled = true;
	nap(20000);
}
