// SPDX-License-Identifier: GPL-2.0
/*
 * What module.sh cannot do by itself:
 *
 *   socket FAMILY TYPE	create a socket and close it; says "ok" or the errno
 *   hold FAMILY TYPE	leave a process behind that has one, and say its number
 *   hold-pair FAMILY TYPE	likewise, with an accepted connection or two peers
 *   talk FAMILY	send a line over a connection and over a message socket
 *   delete MODULE	delete_module(2) without waiting; says "ok" or the errno
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/experimental.h>

static int say(long ret)
{
	puts(ret < 0 ? strerrorname_np(errno) : "ok");
	return ret < 0;
}

/* Any family with addresses like ours. */
static int bind_any(int fd, int family, struct sockaddr_exp *a)
{
	socklen_t len = sizeof(*a);

	memset(a, 0, sizeof(*a));
	a->sexp_family = family;
	a->sexp_node = EXP_NODE_LOCAL;
	if (bind(fd, (struct sockaddr *)a, sizeof(*a)))
		return -1;
	return getsockname(fd, (struct sockaddr *)a, &len);
}

static int pair(int family, int type, int fd[2])
{
	int listener = socket(family, type, 0);
	struct sockaddr_exp a;

	fd[0] = socket(family, type, 0);
	if (listener < 0 || fd[0] < 0 || bind_any(listener, family, &a))
		return -1;
	if (type == SOCK_STREAM && listen(listener, 1))
		return -1;
	if (connect(fd[0], (struct sockaddr *)&a, sizeof(a)))
		return -1;
	if (type != SOCK_STREAM) {
		fd[1] = listener;
		return 0;
	}
	fd[1] = accept(listener, NULL, NULL);
	close(listener);
	return fd[1] < 0 ? -1 : 0;
}

static int hold(int fd)
{
	pid_t pid;

	if (fd < 0)
		return say(-1);
	pid = fork();
	if (!pid) {
		close(0);
		close(1);
		close(2);
		alarm(60);
		pause();
		_exit(0);
	}
	printf("%d\n", pid);
	return pid < 0;
}

static int talk(int family)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	char buf[16];
	size_t i;
	int fd[2];

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (pair(family, types[i], fd) || send(fd[0], "hello", 5, 0) != 5)
			return say(-1);
		if (recv(fd[1], buf, sizeof(buf), 0) != 5 || memcmp(buf, "hello", 5)) {
			puts("not what was sent");
			return 1;
		}
		close(fd[0]);
		close(fd[1]);
	}
	return say(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int family = argc > 2 ? atoi(argv[2]) : 0;
	int type = argc > 3 ? atoi(argv[3]) : 0;
	int fd[2];

	if (!strcmp(what, "socket") && argc == 4)
		return say(socket(family, type, 0));
	if (!strcmp(what, "hold") && argc == 4)
		return hold(socket(family, type, 0));
	if (!strcmp(what, "hold-pair") && argc == 4)
		return hold(pair(family, type, fd) ? -1 : close(fd[0]));
	if (!strcmp(what, "talk") && argc == 3)
		return talk(family);
	if (!strcmp(what, "delete") && argc == 3)
		return say(syscall(SYS_delete_module, argv[2], O_NONBLOCK));
	fprintf(stderr, "module_helper: socket, hold, hold-pair, talk or delete?\n");
	return 2;
}
