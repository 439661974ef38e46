// SPDX-License-Identifier: GPL-2.0
/* A pair that is connected in one way or another, with options of all kinds. */
#include "stress.h"

static void options(int fd, int type)
{
	static const int flags[] = { SO_PASSCRED, SO_TIMESTAMPNS, SO_RCVMARK, SO_KEEPALIVE, 84 };

	if (chance(50))
		sock_set(fd, SO_RCVBUF, 2048 << pick(8));
	if (chance(50))
		sock_set(fd, SO_SNDBUF, 4096 << pick(7));
	if (chance(20))
		sock_set(fd, flags[pick(ARRAY_SIZE(flags))], 1);
	if (chance(20))
		sock_set(fd, SO_BUSY_POLL, pick(50));
	if (type == SOCK_STREAM && chance(20))
		sock_set(fd, SO_RCVLOWAT, pick(5000));
	/* Urgent bytes stay where they are in the stream. */
	sock_set(fd, SO_OOBINLINE, 1);
}

bool link_make(int type, int fd[2])
{
	int ret;

	if (type_connects(type) && chance(50))
		ret = socketpair(AF_EXPERIMENTAL, type, 0, fd);
	else
		ret = sock_pair(AF_EXPERIMENTAL, type, fd);
	if (ret) {
		if (!is_short(errno))
			fail("a pair of type %d: %s", type, strerrorname_np(errno));
		nap(1000);
		return false;
	}
	options(fd[0], type);
	options(fd[1], type);
	add(SOCKETS, 2);
	beat();
	return true;
}
