/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses and sockets of any family under test, so that one test body runs
 * over AF_EXPERIMENTAL and over the families it is compared with.
 */
#ifndef SELFTESTS_LIB_FAMILY_H
#define SELFTESTS_LIB_FAMILY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/experimental.h>

struct addr {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
		struct sockaddr_exp exp;
		struct sockaddr_un un;
		struct sockaddr_in in;
	};
};

/* An address for bind() to choose the port, or the abstract name, itself. */
struct addr addr_any(int family);
/* An address in a form that bind() accepts, with a name that nobody holds. */
struct addr addr_free(int family, int type);
struct addr addr_exp(unsigned int port, unsigned int node);
/* Whether it is sockets of this type that listen and accept. */
bool type_connects(int type);
/* getsockname() and getpeername(): 0, or -1 and errno. */
int addr_own(int fd, struct addr *a);
int addr_peer(int fd, struct addr *a);
bool addr_same(const struct addr *a, const struct addr *b);

int do_bind(int fd, const struct addr *a);
int do_connect(int fd, const struct addr *a);
/* connect() to AF_UNSPEC. */
int do_disconnect(int fd);

/* Sockets: descriptor, or -1 and errno. The address comes from getsockname(). */
int sock_bound(int family, int type, struct addr *a);
int sock_listening(int family, int type, int backlog, struct addr *a);
int sock_connected(int family, int type, const struct addr *to);
/*
 * Two sockets that talk to each other: connect() and accept() for connection
 * types, both bound and connected to the other for message types, socketpair()
 * for SOCK_RAW.
 */
int sock_pair(int family, int type, int fd[2]);

int sock_option(int fd, int option);
int sock_set(int fd, int option, int value);
/* SO_RCVTIMEO or SO_SNDTIMEO in milliseconds. */
int sock_timeout(int fd, int option, int ms);
int sock_nonblock(int fd);

/* What TCP and UDP need in a new network namespace. */
void loopback_up(void);

/* Sockets of all families in this thread's network namespace. */
int sock_count(void);
/* Whether that count comes back to @count: freeing waits for RCU. */
bool sock_count_is(int count);

#endif
