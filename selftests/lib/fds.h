/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptors that a message carries, and whether they are still there. */
#ifndef SELFTESTS_LIB_FDS_H
#define SELFTESTS_LIB_FDS_H

#include "control.h"

/* Sends @n descriptors with a message. */
ssize_t fds_send(int fd, const void *buf, size_t len, const int *fds, int n);
/*
 * Receives at most @most descriptors, and says how many in @n. @flags is the
 * call's; msg_flags are left in @flags.
 */
ssize_t fds_recv(int fd, void *buf, size_t len, int *fds, int most, int *n, int *flags);

/* A pipe whose writing end is on its way with a message; returns the one that reads. */
int fds_hold(int fd, const char *text);
/* Whether somebody, or a message, has the writing end of a pipe; */
bool fds_is_held(int pipe);
/* or nobody has it any more, in the end. */
bool fds_is_let_go(int pipe);
/* How many descriptors this process has. */
int fds_count(void);

#endif
