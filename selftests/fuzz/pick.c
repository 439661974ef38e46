// SPDX-License-Identifier: GPL-2.0
/* The tables from which calls get what they are given. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/experimental.h>
#include <linux/net_tstamp.h>

#include "calls.h"

#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID	81
#endif

socklen_t pick_address(__u8 choice, __u8 slot, struct sockaddr_storage *address)
{
	static const __u32 ports[] = { 2000, 2001, 2002, 70000, EXP_PORT_ANY, 5, 0, 0 };
	static const __u32 nodes[] = {
		EXP_NODE_LOCAL, EXP_NODE_LOCAL, EXP_NODE_LOCAL, EXP_NODE_LOCAL,
		EXP_NODE_ANY, 0, EXP_NODE_ALL, 7
	};
	struct sockaddr_exp *a = (struct sockaddr_exp *)address;
	socklen_t len = sizeof(*a);

	memset(address, 0, sizeof(*address));
	a->sexp_family = AF_EXPERIMENTAL;
	a->sexp_port = ports[choice % 8];
	a->sexp_node = nodes[choice / 8 % 8];
	if (choice % 8 == 7) {
		int err = errno;
		struct sockaddr_exp own;

		if (!getsockname(slot_get(slot), (struct sockaddr *)&own, &len))
			a->sexp_port = own.sexp_port;
		len = sizeof(*a);
		errno = err;
	}
	if (choice / 64 < 3)
		return len;
	switch (slot % 8) {
	case 0:
		a->sexp_family = AF_UNSPEC;
		return sizeof(a->sexp_family);
	case 1:
		a->sexp_family = AF_UNSPEC;
		return len;
	case 2:
		return sizeof(*address);
	case 3:
		return len - 1;
	case 4:
		a->sexp_reserved = 1;
		return len;
	case 5:
		a->sexp_flags = 1;
		return len;
	case 6:
		a->sexp_family = AF_INET;
		return len;
	default:
		return 0;
	}
}

int pick_value(__u8 choice)
{
	static const int values[] = {
		0, 1, -1, 2, 3, 7, 100, 255, 1000, 4096, 5000, 65536, 1000000, 0x7fffffff,
		-0x7fffffff - 1, 0x10
	};

	/* Either of the table, or a pattern of bits. */
	if (choice < 128)
		return values[choice % COUNT(values)];
	return (choice & 127) << 8 | (choice & 127);
}

size_t pick_length(__u8 choice)
{
	static const size_t lengths[] = {
		0, 1, 2, 3, 8, 40, 64, 100, 255, 1000, 2000, 4092, 4095, 4096, 4097, 5000,
		8192, 12000, 16384, 32768, 40000, 65536, 100000, BUFFER_SIZE
	};

	if (choice < 192)
		return lengths[choice % COUNT(lengths)];
	return (choice & 63) * 33;
}

/* The last page of it is not there. */
static char *ground;
static pthread_once_t laid = PTHREAD_ONCE_INIT;

static void lay_ground(void)
{
	const size_t page = 4096;

	ground = mmap(NULL, BUFFER_SIZE + page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(ground + BUFFER_SIZE, page, PROT_NONE);
}

void *pick_buffer(__u8 choice, size_t len)
{
	pthread_once(&laid, lay_ground);
	if (len > BUFFER_SIZE)
		len = BUFFER_SIZE;
	switch (choice % 16) {
	case 13:
		return NULL;
	case 14:
		return ground + BUFFER_SIZE - len / 2;
	case 15:
		return ground + BUFFER_SIZE - (len ? len - 1 : 0);
	default:
		return ground + BUFFER_SIZE - len;
	}
}

static int pick_flags(__u8 choice, const int flags[7])
{
	int picked = choice & 1 ? 0 : MSG_DONTWAIT;
	unsigned int i;

	for (i = 0; i < 7; i++)
		if (choice >> (i + 1) & 1)
			picked |= flags[i];
	return picked;
}

int pick_send_flags(__u8 choice)
{
	static const int flags[7] = {
		MSG_NOSIGNAL, MSG_MORE, MSG_OOB, MSG_EOR, MSG_ZEROCOPY, MSG_CONFIRM,
		MSG_DONTROUTE | MSG_FASTOPEN
	};

	return pick_flags(choice, flags);
}

int pick_receive_flags(__u8 choice)
{
	static const int flags[7] = {
		MSG_PEEK, MSG_WAITALL, MSG_OOB, MSG_TRUNC, MSG_ERRQUEUE, MSG_CMSG_CLOEXEC,
		MSG_DONTROUTE
	};

	return pick_flags(choice, flags);
}

struct filler {
	char *buf;
	size_t len;
};

static void add(struct filler *f, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *header = (struct cmsghdr *)(f->buf + f->len);

	header->cmsg_level = level;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(header), data, len);
	f->len += CMSG_SPACE(len);
}

static void add_rights(struct filler *f, __u8 slot, unsigned int count)
{
	int fds[256];
	unsigned int i;

	for (i = 0; i < count; i++)
		fds[i] = slot_get(slot + i);
	add(f, SOL_SOCKET, SCM_RIGHTS, fds, count * sizeof(fds[0]));
}

static void add_credentials(struct filler *f, pid_t pid)
{
	struct ucred ucred = { .pid = pid, .uid = geteuid(), .gid = getegid() };

	add(f, SOL_SOCKET, SCM_CREDENTIALS, &ucred, sizeof(ucred));
}

static void add_one(struct filler *f, unsigned int kind, __u8 slot)
{
	struct cmsghdr *header = (struct cmsghdr *)(f->buf + f->len);
	int value = pick_value(slot);
	int standard_input = 0;
	__u64 time = 1;

	switch (kind) {
	case 0:
		break;
	case 1:
		add(f, SOL_SOCKET, SCM_RIGHTS, &standard_input, sizeof(standard_input));
		break;
	case 2:
		add_rights(f, slot, 1);
		break;
	case 3:
		add_rights(f, slot, 253);
		break;
	case 4:
		add_rights(f, slot, 254);
		break;
	case 5:
		add_credentials(f, getpid());
		break;
	case 6:
		add_credentials(f, slot & 1 ? 1 : 0x3fffffff);
		break;
	case 7:
		add(f, SOL_SOCKET, SO_MARK, &value, sizeof(value));
		break;
	case 8:
		add(f, SOL_SOCKET, SO_PRIORITY, &value, sizeof(value));
		break;
	case 9:
		value = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | (slot & 1);
		add(f, SOL_SOCKET, SO_TIMESTAMPING, &value, sizeof(value));
		break;
	case 10:
		add(f, SOL_SOCKET, SCM_TS_OPT_ID, &value, sizeof(value));
		break;
	case 11:
		add(f, SOL_SOCKET, SCM_TXTIME, &time, sizeof(time));
		break;
	case 12:
		add(f, SOL_SOCKET, slot, &value, sizeof(value));
		break;
	case 13:
		add(f, slot, SCM_RIGHTS, &value, sizeof(value));
		break;
	case 14:
		add(f, SOL_SOCKET, SCM_RIGHTS, &value, sizeof(value));
		header->cmsg_len = slot % 32;
		break;
	case 15:
		add(f, SOL_SOCKET, SCM_RIGHTS, &value, sizeof(value));
		header->cmsg_len = CMSG_LEN(4) + slot;
		break;
	}
}

size_t pick_control(__u8 choice, __u8 slot, void *buf)
{
	struct filler f = { .buf = buf };

	memset(buf, 0, CONTROL_SIZE);
	add_one(&f, choice % 16, slot);
	add_one(&f, choice / 16, slot);
	return f.len;
}
