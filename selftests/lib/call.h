/* SPDX-License-Identifier: GPL-2.0 */
/* A system call in a thread of its own: does it sleep, does it return? */
#ifndef SELFTESTS_LIB_CALL_H
#define SELFTESTS_LIB_CALL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "family.h"

/**
 * struct call - a call that may block
 * @fn: makes the call from the members below
 * @ret: what it returned, once call_returns() is true
 * @err: errno of it, 0 if it did not fail
 */
struct call {
	long (*fn)(struct call *c);
	int fd;
	void *buf;
	size_t len;
	int flags;
	struct addr addr;
	long ret;
	int err;
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
};

long call_recv(struct call *c);
long call_send(struct call *c);
/* accept(), which takes the peer's address into @addr. */
long call_accept(struct call *c);
long call_connect(struct call *c);
/* poll() of one descriptor for the events in @flags; returns revents. */
long call_poll(struct call *c);

void call_start(struct call *c);
/* Waits until the call sleeps in the kernel; false if it returned instead. */
bool call_sleeps(struct call *c);
/* Likewise, in a sleep that only a fatal signal ends. */
bool call_sleeps_killable(struct call *c);
/* Waits until the call has returned; false if it still sleeps after 10 s. */
bool call_returns(struct call *c);
/* Sends a signal to the calling thread. */
void call_signal(struct call *c, int sig);

/* Milliseconds of the monotonic clock. */
long now_ms(void);

#endif
