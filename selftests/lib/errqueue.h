/* SPDX-License-Identifier: GPL-2.0 */
/* What the error queue of a socket holds. */
#ifndef SELFTESTS_LIB_ERRQUEUE_H
#define SELFTESTS_LIB_ERRQUEUE_H

#include <linux/errqueue.h>

#include "control.h"

/**
 * struct queued - one entry
 * @len: bytes that came with it, in @data
 * @flags: msg_flags
 * @error: what it says
 * @stamp: its stamp, in nanoseconds; 0 if it has none
 */
struct queued {
	ssize_t len;
	char data[256];
	int flags;
	struct sock_extended_err error;
	long long stamp;
};

/* Takes the first entry: 0, or -1 and errno; EBADMSG if it says nothing. */
int errqueue_take(int family, int fd, struct queued *q);
/* Waits for one, as the device of a network may be late, and takes it. */
int errqueue_await(int family, int fd, struct queued *q);

#endif
