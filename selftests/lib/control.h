/* SPDX-License-Identifier: GPL-2.0 */
/* Control messages, to be sent and as they were received: cmsg(3). */
#ifndef SELFTESTS_LIB_CONTROL_H
#define SELFTESTS_LIB_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/**
 * struct control - control messages, one after the other
 * @len: how many bytes they take
 * @room: bytes of @buf that control_recv() offers; 0 for all
 * @flags: msg_flags of what was received
 */
struct control {
	size_t len;
	size_t room;
	int flags;
	union {
		char buf[8192];
		struct cmsghdr align;
	};
};

void control_add(struct control *c, int level, int type, const void *data, size_t len);
void control_add_int(struct control *c, int type, int value);
/* sendmsg(); @c may be NULL. */
ssize_t control_send(int fd, const void *buf, size_t len, int flags, const struct control *c);
/* recvmsg(), from no matter whom. */
ssize_t control_recv(int fd, void *buf, size_t len, int flags, struct control *c);
/* The data of the first message of this type, and its length; NULL if there is none. */
const void *control_find(const struct control *c, int level, int type, size_t *len);
/* Likewise, for one of SOL_SOCKET that is an int; -1 if there is none. */
int control_int(const struct control *c, int type);
/* How many messages there are. */
int control_count(const struct control *c);

#endif
