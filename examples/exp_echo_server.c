// SPDX-License-Identifier: GPL-2.0
/*
 * An echo server on AF_EXPERIMENTAL: sends back what it gets.
 *
 *	exp_echo_server PORT		over connections (SOCK_STREAM)
 *	exp_echo_server -d PORT		message by message (SOCK_DGRAM)
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/experimental.h>

static void die(const char *what)
{
	fprintf(stderr, "exp_echo_server: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Sends all of it: a stream may take less than it is offered. */
static int send_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	for (; len; buf += n, len -= n) {
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0)
			return -1;
	}
	return 0;
}

static void echo_stream(int fd)
{
	static char buf[65536];
	unsigned long total = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		if (send_all(fd, buf, n))
			die("send");
		total += n;
	}
	if (n < 0)
		die("recv");
	printf("server: the client is done, %lu bytes echoed\n", total);
	exit(0);
}

static void serve_streams(int fd)
{
	struct sockaddr_exp peer;
	socklen_t len;
	int child;

	if (listen(fd, 16))
		die("listen");
	/* Nobody waits for the children. */
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		len = sizeof(peer);
		child = accept(fd, (struct sockaddr *)&peer, &len);
		if (child < 0)
			die("accept");
		printf("server: a client connected, from port %u\n", peer.sexp_port);
		fflush(stdout);
		if (!fork())
			echo_stream(child);
		close(child);
	}
}

static void serve_messages(int fd)
{
	static char buf[65536];
	struct sockaddr_exp peer;
	socklen_t len;
	ssize_t n;

	for (;;) {
		len = sizeof(peer);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
		if (n < 0)
			die("recvfrom");
		/* The client may have gone; that is no reason to stop. */
		if (sendto(fd, buf, n, 0, (struct sockaddr *)&peer, len) < 0)
			fprintf(stderr, "exp_echo_server: port %u: %s\n", peer.sexp_port,
				strerror(errno));
	}
}

int main(int argc, char **argv)
{
	int type = argc == 3 && !strcmp(argv[1], "-d") ? SOCK_DGRAM : SOCK_STREAM;
	struct sockaddr_exp addr = {
		.sexp_family = AF_EXPERIMENTAL,
		.sexp_node = EXP_NODE_ANY,
	};
	int fd;

	if (argc != (type == SOCK_DGRAM ? 3 : 2)) {
		fprintf(stderr, "usage: exp_echo_server [-d] PORT\n");
		return 2;
	}
	addr.sexp_port = strtoul(argv[argc - 1], NULL, 10);

	fd = socket(AF_EXPERIMENTAL, type, 0);
	if (fd < 0)
		die("socket (is the module loaded?)");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind");
	printf("server: ready on %s port %u\n", type == SOCK_DGRAM ? "message" : "stream",
	       addr.sexp_port);
	fflush(stdout);
	if (type == SOCK_DGRAM)
		serve_messages(fd);
	else
		serve_streams(fd);
	return 0;
}
