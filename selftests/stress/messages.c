// SPDX-License-Identifier: GPL-2.0
/*
 * SOCK_DGRAM and SOCK_RDM: many senders, one receiver. Each message is whole, in the
 * order of its sender; a datagram that is missing was counted, and of the reliable ones
 * none is missing.
 */
#include <linux/sock_diag.h>

#include "stress.h"

#define SENDERS	4
#define ROOM	65536

enum ending { WHOLE, KILL_SENDER, KILL_RECEIVER, ENDINGS };

struct crowd {
	__u64 key;
	struct addr to;
	atomic_ulong sent, received, drops, unsure;
	atomic_bool done;
};

static void send_all(struct crowd *c, int type, unsigned int sender, enum ending ending)
{
	int fd = socket(AF_EXPERIMENTAL, type, 0);
	unsigned int most = pick(1000) + 1, i = 0;
	char *buf = malloc(ROOM);
	size_t len;
	ssize_t n;

	if (fd < 0)
		_exit(is_short(errno) ? 0 : 1);
	if (chance(50) && do_connect(fd, &c->to) && errno != ECONNREFUSED && !is_short(errno))
		fail("connect: %s", strerrorname_np(errno));
	for (len = 0; i < most; ) {
		len = len ? len : sizeof(struct head) + pick(chance(90) ? 1000 : ROOM / 2);
		message_make(buf, len, c->key, sender, i);
		n = sendto(fd, buf, len, chance(30) ? MSG_DONTWAIT : 0, &c->to.sa, c->to.len);
		beat();
		if (n == (ssize_t)len) {
			c->sent++;
			i++;
			len = 0;
		} else if (n >= 0) {
			fail("%zd of a message of %zu bytes sent", n, len);
		} else if (errno == EMSGSIZE && len / 2 >= sizeof(struct head)) {
			len /= 2;
		} else if (errno == ECONNREFUSED && ending == KILL_RECEIVER) {
			break;
		} else if (errno == EAGAIN) {
			flow_wait(fd, POLLOUT, 1000000);
		} else if (is_short(errno)) {
			c->unsure++;
			nap(1000);
		} else {
			fail("sendto: %s", strerrorname_np(errno));
		}
	}
	close(fd);
	_exit(0);
}

static void receive_all(struct crowd *c, int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);
	long next[SENDERS] = { 0 };
	char *buf = malloc(ROOM);
	struct head h;
	bool done;
	ssize_t n;

	for (;;) {
		done = c->done;
		n = recv(fd, buf, ROOM, MSG_DONTWAIT);
		beat();
		if (n < 0 && errno == EAGAIN) {
			if (done)
				break;
			flow_wait(fd, POLLIN, 100);
			continue;
		}
		if (n < 0 && is_short(errno))
			continue;
		if (n < 0)
			fail("recv: %s", strerrorname_np(errno));
		h = message_check(buf, n, c->key);
		if (h.sender >= SENDERS || h.number < next[h.sender])
			fail("message %u of sender %u after number %ld", h.number, h.sender,
			     next[h.sender] - 1);
		next[h.sender] = h.number + 1L;
		c->received++;
		if (chance(2))
			nap(2000);
		if (chance(1))
			sock_set(fd, SO_RCVBUF, 4096 << pick(6));
	}
	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	c->drops = info[SK_MEMINFO_DROPS];
	close(fd);
	_exit(0);
}

static void round_of(int type)
{
	static struct crowd *c;
	enum ending ending = chance(60) ? WHOLE : pick(ENDINGS);
	unsigned int i, senders = pick(SENDERS) + 1;
	unsigned long found;
	pid_t sender[SENDERS], receiver;
	int fd;

	c = c ? c : share(sizeof(*c));
	memset(c, 0, sizeof(*c));
	c->key = random_key();
	fd = sock_bound(AF_EXPERIMENTAL, type, &c->to);
	if (fd < 0) {
		if (!is_short(errno))
			fail("bind: %s", strerrorname_np(errno));
		nap(1000);
		return;
	}
	add(SOCKETS, senders + 1);
	receiver = spawn();
	if (!receiver)
		receive_all(c, fd);
	close(fd);
	for (i = 0; i < senders; i++) {
		sender[i] = spawn();
		if (!sender[i])
			send_all(c, type, i, ending);
	}
	if (ending != WHOLE)
		nap(100000);
	if (ending == KILL_SENDER) {
		/* Its last message may have gone before it could be counted. */
		kill(sender[0], SIGKILL);
		c->unsure++;
	}
	if (ending == KILL_RECEIVER)
		kill_child(receiver);
	for (i = 0; i < senders; i++)
		add(KILLED, reap(sender[i]));
	c->done = true;
	add(MESSAGES, c->received);
	if (ending == KILL_RECEIVER)
		return;
	if (reap(receiver))
		fail("the receiver was killed by somebody else");
	found = c->received + c->drops;
	if (found < c->sent || found > c->sent + c->unsure)
		fail("%lu sent (%lu more unsure), %lu received, %lu dropped", c->sent, c->unsure,
		     c->received, c->drops);
	if (type == SOCK_RDM && c->drops)
		fail("%lu reliable messages dropped", c->drops);
	add(DROPPED, c->drops);
}

void run_datagram(void)
{
	round_of(SOCK_DGRAM);
}

void run_reliable(void)
{
	round_of(SOCK_RDM);
}
