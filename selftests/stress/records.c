// SPDX-License-Identifier: GPL-2.0
/* SOCK_SEQPACKET: whole messages, in order, once. */
#include "carry.h"

static ssize_t send_one(int fd, struct flow *f, char *buf)
{
	size_t len = sizeof(struct head) + pick(chance(80) ? 500 : 20000);
	ssize_t n;

	do {
		message_make(buf, len, f->key, 0, f->sent);
		n = send(fd, buf, len, MSG_NOSIGNAL | (chance(30) ? MSG_DONTWAIT : 0));
		/* The buffers may have become smaller. */
		len /= 2;
	} while (n < 0 && errno == EMSGSIZE && len >= sizeof(struct head));
	if (n > 0)
		f->sent++;
	return n;
}

static ssize_t receive_one(int fd, struct flow *f, char *buf)
{
	int peek = chance(10) ? MSG_PEEK : 0;
	struct head h;
	ssize_t n;

	if (chance(3))
		sock_set(fd, SO_RCVBUF, 2048 << pick(7));
	n = recv(fd, buf, CHUNK, peek | (chance(30) ? MSG_DONTWAIT : 0));
	if (n <= 0)
		return n;
	h = message_check(buf, n, f->key);
	if (h.number != f->received)
		fail("message %u where %lu was due", h.number, f->received);
	f->received += !peek;
	return n;
}

const struct carrier record_carrier = { SOCK_SEQPACKET, 2000, send_one, receive_one };

void run_records(void)
{
	carry(&record_carrier, NULL);
}
