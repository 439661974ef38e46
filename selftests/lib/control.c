// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "control.h"

static struct msghdr header(const struct control *c, size_t len, struct iovec *iov)
{
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 1 };

	if (len) {
		m.msg_control = (void *)c->buf;
		m.msg_controllen = len;
	}
	return m;
}

void control_add(struct control *c, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *one = (struct cmsghdr *)(c->buf + c->len);

	one->cmsg_level = level;
	one->cmsg_type = type;
	one->cmsg_len = CMSG_LEN(len);
	if (len)
		memcpy(CMSG_DATA(one), data, len);
	c->len += CMSG_SPACE(len);
}

void control_add_int(struct control *c, int type, int value)
{
	control_add(c, SOL_SOCKET, type, &value, sizeof(value));
}

ssize_t control_send(int fd, const void *buf, size_t len, int flags, const struct control *c)
{
	struct iovec iov = { (void *)buf, len };
	struct msghdr m = header(c, c ? c->len : 0, &iov);

	return sendmsg(fd, &m, flags);
}

ssize_t control_recv(int fd, void *buf, size_t len, int flags, struct control *c)
{
	struct iovec iov = { buf, len };
	struct msghdr m = header(c, c->room ? c->room : sizeof(c->buf), &iov);
	ssize_t ret = recvmsg(fd, &m, flags);

	c->len = ret < 0 ? 0 : m.msg_controllen;
	c->flags = ret < 0 ? 0 : m.msg_flags;
	return ret;
}

static const struct cmsghdr *next(const struct control *c, const struct cmsghdr *one)
{
	struct msghdr m = { .msg_control = (void *)c->buf, .msg_controllen = c->len };

	return one ? CMSG_NXTHDR(&m, (struct cmsghdr *)one) : CMSG_FIRSTHDR(&m);
}

const void *control_find(const struct control *c, int level, int type, size_t *len)
{
	const struct cmsghdr *one;

	for (one = next(c, NULL); one; one = next(c, one)) {
		if (one->cmsg_level != level || one->cmsg_type != type)
			continue;
		if (len)
			*len = one->cmsg_len - CMSG_LEN(0);
		return CMSG_DATA(one);
	}
	return NULL;
}

int control_int(const struct control *c, int type)
{
	size_t len;
	int value;
	const void *data = control_find(c, SOL_SOCKET, type, &len);

	if (!data || len != sizeof(value))
		return -1;
	memcpy(&value, data, sizeof(value));
	return value;
}

int control_count(const struct control *c)
{
	const struct cmsghdr *one;
	int count = 0;

	for (one = next(c, NULL); one; one = next(c, one))
		count++;
	return count;
}
