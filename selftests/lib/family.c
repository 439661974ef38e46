// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "family.h"
#include "flow.h"

/* TCP and UDP, the controls, need the loopback device of the namespace up. */
__attribute__((constructor)) void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return;
	if (!ioctl(fd, SIOCGIFFLAGS, &ifr) && !(ifr.ifr_flags & IFF_UP)) {
		ifr.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &ifr);
	}
	close(fd);
}

bool type_connects(int type)
{
	return type == SOCK_STREAM || type == SOCK_SEQPACKET;
}

struct addr addr_exp(unsigned int port, unsigned int node)
{
	struct addr a = { .len = sizeof(a.exp) };

	a.exp.sexp_family = AF_EXPERIMENTAL;
	a.exp.sexp_port = port;
	a.exp.sexp_node = node;
	return a;
}

struct addr addr_any(int family)
{
	struct addr a = { .len = sizeof(sa_family_t) };

	if (family == AF_EXPERIMENTAL)
		return addr_exp(EXP_PORT_ANY, EXP_NODE_LOCAL);
	a.sa.sa_family = family;
	if (family == AF_INET) {
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.len = sizeof(a.in);
	}
	return a;
}

struct addr addr_free(int family, int type)
{
	struct addr a = addr_any(family);
	int fd = sock_bound(family, type, &a);

	close(fd);
	return a;
}

int addr_own(int fd, struct addr *a)
{
	memset(a, 0, sizeof(*a));
	a->len = sizeof(a->storage);
	return getsockname(fd, &a->sa, &a->len);
}

int addr_peer(int fd, struct addr *a)
{
	memset(a, 0, sizeof(*a));
	a->len = sizeof(a->storage);
	return getpeername(fd, &a->sa, &a->len);
}

bool addr_same(const struct addr *a, const struct addr *b)
{
	return a->len == b->len && !memcmp(&a->storage, &b->storage, a->len);
}

int do_bind(int fd, const struct addr *a)
{
	return bind(fd, &a->sa, a->len);
}

int do_connect(int fd, const struct addr *a)
{
	return connect(fd, &a->sa, a->len);
}

int do_disconnect(int fd)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };

	return connect(fd, &sa, sizeof(sa));
}

/* Close without losing the reason. */
static int give_up(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

int sock_bound(int family, int type, struct addr *a)
{
	struct addr any = addr_any(family);
	int fd = socket(family, type, 0);

	if (fd < 0)
		return -1;
	if (do_bind(fd, &any) || addr_own(fd, a))
		return give_up(fd);
	return fd;
}

int sock_listening(int family, int type, int backlog, struct addr *a)
{
	int fd = sock_bound(family, type, a);

	if (fd >= 0 && listen(fd, backlog))
		return give_up(fd);
	return fd;
}

int sock_connected(int family, int type, const struct addr *to)
{
	int fd = socket(family, type, 0);

	if (fd >= 0 && do_connect(fd, to))
		return give_up(fd);
	return fd;
}

static int message_pair(int family, int type, int fd[2])
{
	struct addr a[2];

	fd[0] = sock_bound(family, type, &a[0]);
	if (fd[0] < 0)
		return -1;
	fd[1] = sock_bound(family, type, &a[1]);
	if (fd[1] < 0)
		return give_up(fd[0]);
	if (do_connect(fd[0], &a[1]) || do_connect(fd[1], &a[0])) {
		give_up(fd[0]);
		return give_up(fd[1]);
	}
	return 0;
}

int sock_pair(int family, int type, int fd[2])
{
	struct addr a;
	int listener;
	int on = 1;

	/* The names of raw sockets say what they see. */
	if (type == SOCK_RAW)
		return socketpair(family, type, 0, fd);
	if (!type_connects(type))
		return message_pair(family, type, fd);
	listener = sock_listening(family, type, 1, &a);
	if (listener < 0)
		return -1;
	fd[0] = sock_connected(family, type, &a);
	if (fd[0] < 0)
		return give_up(listener);
	fd[1] = accept(listener, NULL, NULL);
	if (fd[1] < 0) {
		give_up(fd[0]);
		return give_up(listener);
	}
	close(listener);
	/* Small writes are not to wait for each other. */
	if (family == AF_INET) {
		setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
	return 0;
}

int sock_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, option, &value, &len))
		return -1;
	return value;
}

int sock_set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

int sock_timeout(int fd, int option, int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	return setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv));
}

int sock_nonblock(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int sock_count(void)
{
	FILE *f = fopen("/proc/thread-self/net/sockstat", "r");
	int count = -1;

	if (!f)
		return -1;
	if (fscanf(f, "sockets: used %d", &count) != 1)
		count = -1;
	fclose(f);
	return count;
}

bool sock_count_is(int count)
{
	int tries = patience(500);

	while (tries--) {
		if (sock_count() == count)
			return true;
		usleep(10000);
	}
	return false;
}
