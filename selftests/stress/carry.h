/* SPDX-License-Identifier: GPL-2.0 */
/* A connection with a process at each end, that ends in one of many ways. */
#ifndef SELFTESTS_STRESS_CARRY_H
#define SELFTESTS_STRESS_CARRY_H

#include "stress.h"

/* Room for a single call. */
#define CHUNK	65536
/* Messages of a flow, which are ticked off one by one. */
#define TICKS	4096

/**
 * struct flow - one direction, in memory that both processes see
 * @total: bytes or messages that are to go
 * @sent: that calls have taken
 * @received: that were read, in order
 */
struct flow {
	__u64 key;
	unsigned long total;
	atomic_ulong sent;
	atomic_ulong received;
	atomic_bool over;
};

/**
 * struct carrier - how a socket type carries
 * @send: sends some of @f; 0 or more, or -1 and errno
 * @receive: receives and checks some; 0 at the end
 */
struct carrier {
	int type;
	unsigned long most;
	ssize_t (*send)(int fd, struct flow *f, char *buf);
	ssize_t (*receive)(int fd, struct flow *f, char *buf);
};

/* One round. @cgroup, if not NULL, is joined by the writer, which eats until it is killed. */
void carry(const struct carrier *carrier, const char *cgroup);

extern const struct carrier stream_carrier, record_carrier;

#endif
