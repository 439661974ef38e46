// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "errqueue.h"
#include "family.h"
#include "flow.h"

int errqueue_take(int family, int fd, struct queued *q)
{
	bool exp = family == AF_EXPERIMENTAL;
	struct control c = { 0 };
	const void *data;
	size_t len;

	memset(q, 0, sizeof(*q));
	q->len = control_recv(fd, q->data, sizeof(q->data), MSG_ERRQUEUE, &c);
	if (q->len < 0)
		return -1;
	q->flags = c.flags;
	data = control_find(&c, exp ? SOL_EXPERIMENTAL : SOL_IP, exp ? EXP_RECVERR : IP_RECVERR,
			    &len);
	if (!data || len < sizeof(q->error)) {
		errno = EBADMSG;
		return -1;
	}
	memcpy(&q->error, data, sizeof(q->error));
	data = control_find(&c, SOL_SOCKET, SO_TIMESTAMPING_NEW, &len);
	if (data) {
		struct scm_timestamping64 tss;

		memcpy(&tss, data, sizeof(tss));
		q->stamp = tss.ts[0].tv_sec * 1000000000LL + tss.ts[0].tv_nsec;
	}
	return 0;
}

int errqueue_await(int family, int fd, struct queued *q)
{
	flow_wait(fd, 0, 5000);
	return errqueue_take(family, fd, q);
}
