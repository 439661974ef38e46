/* SPDX-License-Identifier: GPL-2.0 */
/* What the calls of a program are given, and what they leave behind. */
#ifndef SELFTESTS_FUZZ_CALLS_H
#define SELFTESTS_FUZZ_CALLS_H

#include <sys/socket.h>

#include "program.h"

/* The largest transfer. */
#define BUFFER_SIZE	(256 * 1024)

/* An address, and how long it is said to be; @slot may have it. */
socklen_t pick_address(__u8 choice, __u8 slot, struct sockaddr_storage *address);
int pick_value(__u8 choice);
size_t pick_length(__u8 choice);
/* A buffer; some choices end in memory that is not there. */
void *pick_buffer(__u8 choice, size_t len);
int pick_send_flags(__u8 choice);
int pick_receive_flags(__u8 choice);
/* Control messages, two at most; returns how long they are. */
size_t pick_control(__u8 choice, __u8 slot, void *buf);
#define CONTROL_SIZE	4096

/* Closes what calls share. */
void calls_finish(void);

#endif
