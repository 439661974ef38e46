// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "cell.h"
#include "payload.h"

void payload_make(struct payload *p, size_t size, unsigned int messages)
{
	unsigned int x = 1;
	size_t i;

	p->size = size;
	p->messages = messages;
	p->turn = 0;
	p->source[0] = shared(size);
	p->source[1] = shared(size);
	p->target = shared(size * messages);
	for (i = 0; i < size; i++) {
		x = x * 1103515245 + 12345;
		p->source[0][i] = x >> 16;
		p->source[1][i] = ~(x >> 16);
	}
}

void payload_next(struct payload *p)
{
	p->turn ^= 1;
}

void payload_check(struct payload *p)
{
	unsigned int i;

	for (i = 0; i < p->messages; i++) {
		const unsigned char *sent = payload_message(p, i);

		if (memcmp(sent, p->target + i * p->size, p->size))
			wrong("message %u is not what was sent", i);
	}
}
