// SPDX-License-Identifier: GPL-2.0
/*
 * Sends its standard input to an echo server on AF_EXPERIMENTAL, and writes
 * what comes back to its standard output.
 *
 *	exp_echo_client PORT		over a connection (SOCK_STREAM)
 *	exp_echo_client -d PORT		message by message (SOCK_DGRAM)
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/experimental.h>

#define CHUNK	32768

static void die(const char *what)
{
	fprintf(stderr, "exp_echo_client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_all(const char *buf, size_t len)
{
	ssize_t n;

	for (; len; buf += n, len -= n) {
		n = write(1, buf, len);
		if (n < 0)
			die("standard output");
	}
}

/*
 * Both directions at once: a client that sends everything before it reads
 * would fill the way back, and wait for ever for a server that waits for it.
 */
static void talk_stream(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	static char out[CHUNK], in[CHUNK];
	size_t pending = 0, done = 0;
	ssize_t n;

	for (;;) {
		if (done == pending && p.events & POLLOUT) {
			n = read(0, out, sizeof(out));
			if (n < 0)
				die("standard input");
			done = 0;
			pending = n;
			/* No more: tell the server, and read on until it is done. */
			if (!n) {
				shutdown(fd, SHUT_WR);
				p.events = POLLIN;
			}
		}
		if (poll(&p, 1, -1) < 0)
			die("poll");
		if (p.revents & POLLOUT && done < pending) {
			n = send(fd, out + done, pending - done, MSG_DONTWAIT | MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN)
				die("send");
			done += n < 0 ? 0 : n;
		}
		if (p.revents & (POLLIN | POLLERR | POLLHUP)) {
			n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
			if (!n)
				return;
			if (n < 0 && errno != EAGAIN)
				die("recv");
			write_all(in, n < 0 ? 0 : n);
		}
	}
}

/*
 * A message that finds its receiver full is dropped, so the client keeps count:
 * each one has a number, and is sent again until its echo has come.
 */
struct packet {
	unsigned int number;
	char data[CHUNK];
};

#define HEADER	sizeof(unsigned int)

static void talk_messages(int fd)
{
	struct timeval patience = { .tv_usec = 200000 };
	static struct packet out, in;
	ssize_t len, n;
	int tries;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		die("SO_RCVTIMEO");
	while ((len = read(0, out.data, sizeof(out.data))) > 0) {
		out.number++;
		tries = 0;
		do {
			if (++tries > 50) {
				errno = ETIMEDOUT;
				die("no echo");
			}
			if (send(fd, &out, HEADER + len, 0) < 0)
				die("send");
			/* An echo of an earlier number is a late one: take the next. */
			do
				n = recv(fd, &in, sizeof(in), 0);
			while (n >= 0 && in.number != out.number);
			if (n < 0 && errno != EAGAIN)
				die("recv");
		} while (n < 0);
		write_all(in.data, n - HEADER);
	}
	if (len < 0)
		die("standard input");
}

int main(int argc, char **argv)
{
	int type = argc == 3 && !strcmp(argv[1], "-d") ? SOCK_DGRAM : SOCK_STREAM;
	struct sockaddr_exp addr = {
		.sexp_family = AF_EXPERIMENTAL,
		.sexp_node = EXP_NODE_LOCAL,
	};
	int fd;

	if (argc != (type == SOCK_DGRAM ? 3 : 2)) {
		fprintf(stderr, "usage: exp_echo_client [-d] PORT <file >copy\n");
		return 2;
	}
	addr.sexp_port = strtoul(argv[argc - 1], NULL, 10);

	fd = socket(AF_EXPERIMENTAL, type, 0);
	if (fd < 0)
		die("socket (is the module loaded?)");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	if (type == SOCK_DGRAM)
		talk_messages(fd);
	else
		talk_stream(fd);
	close(fd);
	return 0;
}
