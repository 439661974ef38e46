// SPDX-License-Identifier: GPL-2.0
/*
 * SOCK_RAW in a namespace of its own: a tap sees every message that is delivered there,
 * once and whole, or counts that it missed it.
 */
#include <linux/sock_diag.h>
#include <sched.h>

#include "stress.h"

#define ROOM	8192

static const int types[] = { SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };

static struct book {
	__u64 key;
	atomic_ulong delivered;
	atomic_bool done;
} *book;

static void talk(unsigned int sender)
{
	int type = types[sender];
	unsigned int i, n = pick(500) + 1, sent = 0;
	char *buf = malloc(ROOM);
	int fd[2];

	if (!link_make(type, fd))
		_exit(0);
	for (i = 0; i < n; i++) {
		size_t len = sizeof(struct head) + pick(1000);

		message_make(buf, len, book->key, sender, i);
		if (send(fd[0], buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len)
			sent++;
		else if (!is_short(errno) && errno != EMSGSIZE)
			fail("send: %s", strerrorname_np(errno));
		/* Delivered is what can be read: a datagram may be dropped. */
		if (recv(fd[1], buf, ROOM, MSG_DONTWAIT) > 0)
			book->delivered++;
		beat();
	}
	while (recv(fd[1], buf, ROOM, MSG_DONTWAIT) > 0)
		book->delivered++;
	add(MESSAGES, sent);
	_exit(0);
}

static void watch(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);
	long next[ARRAY_SIZE(types)] = { 0 };
	unsigned long seen = 0;
	char *buf = malloc(ROOM);
	struct exp_raw_header h;
	struct head m;
	ssize_t n;

	for (;;) {
		bool done = book->done;

		n = recv(fd, buf, ROOM, MSG_DONTWAIT);
		beat();
		if (n < 0 && errno == EAGAIN && done)
			break;
		if (n < 0 && errno == EAGAIN)
			flow_wait(fd, POLLIN, 100);
		if (n < 0 && is_short(errno))
			continue;
		if (n < (ssize_t)sizeof(h))
			fail("a raw message of %zd bytes: %s", n, strerrorname_np(errno));
		memcpy(&h, buf, sizeof(h));
		m = message_check(buf + sizeof(h), n - sizeof(h), book->key);
		if (h.exr_version != EXP_RAW_VERSION || h.exr_length != m.len ||
		    m.sender >= ARRAY_SIZE(types) || h.exr_type != types[m.sender])
			fail("the header of a raw message is wrong");
		if (m.number < next[m.sender])
			fail("raw message %u after %ld", m.number, next[m.sender] - 1);
		next[m.sender] = m.number + 1L;
		seen++;
	}
	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	if (seen + info[SK_MEMINFO_DROPS] != book->delivered)
		fail("%lu messages delivered, %lu seen by the tap and %u missed", book->delivered,
		     seen, info[SK_MEMINFO_DROPS]);
	add(DROPPED, info[SK_MEMINFO_DROPS]);
	_exit(0);
}

static void live(void)
{
	pid_t talkers[ARRAY_SIZE(types)], watcher;
	size_t i;
	int fd;

	if (unshare(CLONE_NEWNET))
		_exit(0);
	book->key = random_key();
	fd = socket(AF_EXPERIMENTAL, SOCK_RAW, 0);
	if (fd < 0)
		_exit(is_short(errno) ? 0 : 1);
	watcher = spawn();
	if (!watcher)
		watch(fd);
	close(fd);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		talkers[i] = spawn();
		if (!talkers[i])
			talk(i);
	}
	for (i = 0; i < ARRAY_SIZE(types); i++)
		reap(talkers[i]);
	book->done = true;
	reap(watcher);
	_exit(0);
}

void run_tap(void)
{
	pid_t pid;

	book = book ? book : share(sizeof(*book));
	memset(book, 0, sizeof(*book));
	pid = spawn();
	if (!pid)
		live();
	add(NAMESPACES, 1);
	reap(pid);
}
