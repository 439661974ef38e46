/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes with a known pattern, and filling and draining a socket with them. */
#ifndef SELFTESTS_LIB_FLOW_H
#define SELFTESTS_LIB_FLOW_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

/* The events that the tests look at. */
#define EVENTS	(POLLIN | POLLPRI | POLLOUT | POLLRDHUP)

/* Bytes of a stream from @offset on: each position has a value of its own. */
void pattern_fill(void *buf, size_t len, unsigned long offset);
/* How many bytes from the start of @buf are right. */
size_t pattern_check(const void *buf, size_t len, unsigned long offset);

/* Sends the pattern from @offset on until nothing more fits: bytes, or -1. */
ssize_t flow_fill(int fd, unsigned long offset);
/* Reads @want bytes of the pattern, in blocking reads of at most @chunk. */
ssize_t flow_read(int fd, size_t want, size_t chunk, unsigned long offset);
/* Writes @want bytes of the pattern, in blocking writes of at most @chunk. */
ssize_t flow_write(int fd, size_t want, size_t chunk, unsigned long offset);

/* The events of @fd now. */
int flow_events(int fd);
/* Waits patiently, some 5 s, for exactly these events; returns those last seen. */
int flow_settle(int fd, int want);
/*
 * Waits for any of @events for at most @ms: revents, 0 after the time. A second
 * and more is no measure but patience, and as long as patience() says.
 */
int flow_wait(int fd, int events, int ms);

/* @n, multiplied by the environment's EXP_SCALE; at least 1. */
int scaled(int n);
/* A time after which nothing is expected any more, multiplied by EXP_PATIENCE. */
int patience(int time);

#endif
