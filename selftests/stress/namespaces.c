// SPDX-License-Identifier: GPL-2.0
/* Namespaces that go while sockets, connections and settings of theirs are in use. */
#include <sched.h>

#include "setting.h"
#include "stress.h"

static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM, SOCK_RAW };

static void live(void)
{
	int i, n = pick(10) + 1;
	int fd[2];

	if (unshare(CLONE_NEWNET))
		_exit(0);
	setting_set("core/experimental_mem_max", 100000 << pick(4));
	for (i = 0; i < n; i++) {
		int type = types[pick(ARRAY_SIZE(types))];
		char text[] = "left unread";

		if (!link_make(type, fd))
			continue;
		if (send(fd[0], text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    !is_short(errno))
			fail("send in a new namespace: %s", strerrorname_np(errno));
		if (chance(50))
			close(fd[pick(2)]);
	}
	/* The sockets go with the process, at once or a little later. */
	if (chance(50))
		nap(20000);
	if (chance(50))
		unshare(CLONE_NEWNET);
	_exit(0);
}

void run_namespaces(void)
{
	pid_t pid[4];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = spawn();
		if (!pid[i])
			live();
		add(NAMESPACES, 1);
	}
	if (chance(30))
		kill(pid[0], SIGKILL);
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		add(KILLED, reap(pid[i]));
	nap(30000);
}
