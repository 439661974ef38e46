/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is compared: the socket types of AF_EXPERIMENTAL and of its rivals, and how
 * two ends that talk to each other are made of them.
 */
#ifndef SELFTESTS_BENCH_TRANSPORT_H
#define SELFTESTS_BENCH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../lib/family.h"

/* The family of a transport that is no socket. */
#define PIPE	(-1)

/**
 * struct transport - something that carries bytes or messages
 * @family: as people call it
 * @kind: of its socket type
 * @domain: AF_*, or PIPE
 * @type: SOCK_*
 * @protocol: for socket()
 * @lossy: whether a message that finds no room is dropped, and nobody told
 */
struct transport {
	const char *family;
	const char *kind;
	int domain;
	int type;
	int protocol;
	bool lossy;
};

extern const struct transport transports[];
extern const size_t transport_count;

/* What goes with each message. */
enum extra { EXTRA_NONE, EXTRA_PASSCRED, EXTRA_DESCRIPTOR, EXTRAS };
extern const char *const extra_names[EXTRAS];

/**
 * struct link - two ends; what goes into @out[i] comes out of @in[1 - i]
 * @extra: what goes with each message
 * @passed: the descriptor that is passed with EXTRA_DESCRIPTOR
 */
struct link {
	const struct transport *t;
	enum extra extra;
	int in[2];
	int out[2];
	int passed;
};

bool is_stream(const struct transport *t);
/* Whether it is sockets of this type that listen and accept. */
bool connects(const struct transport *t);

/*
 * All below return 0, a descriptor or a count, or end the cell as refused: a call
 * that does not do what is to be measured leaves no number behind.
 */
int make_socket(const struct transport *t);
/* A socket with an address that the kernel picked. */
int make_bound(const struct transport *t, struct addr *a);
int make_listener(const struct transport *t, int backlog, struct addr *a);
void connect_to(int fd, const struct addr *to);
/* socket(), connect() and accept(): the client in @fd[0], the server in @fd[1]. */
void make_connection(const struct transport *t, int listener, const struct addr *a, int fd[2]);

/*
 * Two ends that talk to each other. Message sockets get buffers for @outstanding
 * bytes if these are more than the default is sure to hold; streams and connections
 * of a type that waits keep the default.
 */
void link_open(struct link *l, const struct transport *t, enum extra along, size_t outstanding);
/* Whether calls on this descriptor wait. */
void wait_mode(int fd, bool waits);

/*
 * write() and read(), or sendmsg() and recvmsg() if something goes with the data:
 * the byte count, or -1 and errno. What came along is looked at and closed by
 * link_check(), which is not part of what is measured.
 */
ssize_t link_write(const struct link *l, int end, const void *buf, size_t len);
/* The same, but does not wait; a pipe's end has to be in that mode. */
ssize_t link_write_now(const struct link *l, int end, const void *buf, size_t len);
ssize_t link_read(const struct link *l, int end, void *buf, size_t len);
void link_check(const struct link *l, unsigned int messages);

#endif
