// SPDX-License-Identifier: GPL-2.0
/* SIGKILL in every call that sleeps; whoever waits for the dead one is told. */
#include <sys/socket.h>

#include "sleeper.h"

void run_killed(void)
{
	struct sleeper s;
	char buf[4096];
	ssize_t n;
	pid_t pid;

	if (!sleeper_make(&s))
		return;
	pid = spawn();
	if (!pid) {
		if (s.other >= 0)
			close(s.other);
		sleeper_sleep(&s);
		_exit(0);
	}
	close(s.fd);
	nap(20000);
	kill_child(pid);
	if (s.other >= 0) {
		/* What it sent, then the end; message sockets have none. */
		do {
			n = recv(s.other, buf, sizeof(buf),
				 type_connects(sock_option(s.other, SO_TYPE)) ? 0 : MSG_DONTWAIT);
			beat();
		} while (n > 0 || (n < 0 && (errno == EINTR || errno == ECONNRESET)));
		close(s.other);
	}
}
