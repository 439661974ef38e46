/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is sent: two buffers that differ in every byte take turns, and each message
 * begins with its number, so a byte that is left over from before, lost, or out of
 * order is found.
 */
#ifndef SELFTESTS_BENCH_PAYLOAD_H
#define SELFTESTS_BENCH_PAYLOAD_H

#include <stddef.h>

/**
 * struct payload - of a cell
 * @size: of a message
 * @turn: which of @source is sent
 * @target: where messages are read to, room for @messages of them
 */
struct payload {
	size_t size;
	unsigned int messages;
	unsigned char *source[2];
	unsigned char *target;
	unsigned int turn;
};

/* All of it can be seen by child processes too. */
void payload_make(struct payload *p, size_t size, unsigned int messages);
/* The other buffer's turn. */
void payload_next(struct payload *p);

/* Message @i, for the writer. */
static inline unsigned char *payload_message(struct payload *p, unsigned int i)
{
	unsigned char *m = p->source[p->turn];

	m[0] = 4 * i + p->turn;
	return m;
}

/* Whether all messages are in @target as they were sent, else the cell ends. */
void payload_check(struct payload *p);

#endif
