// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <poll.h>

#include "carry.h"

enum ending {
	WHOLE, WHOLE_CLOSED, KILL_WRITER, KILL_READER, RESET, READER_SHUTS, READER_CLOSES, ENDINGS
};

static void on_signal(int sig)
{
	(void)sig;
}

/* A signal that interrupts, now and then. */
static void be_interrupted(void)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = chance(30) ? SA_RESTART : 0 };

	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGIO, &act, NULL);
}

static void listen_to_signals(int fd)
{
	if (!chance(15))
		return;
	fcntl(fd, F_SETOWN, getpid());
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

static bool ended(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN;
}

static void write_flow(const struct carrier *c, int fd, struct flow *f, enum ending how,
		       const char *cgroup)
{
	char *buf = malloc(CHUNK);
	unsigned long stop = f->total;
	ssize_t n;

	be_interrupted();
	listen_to_signals(fd);
	if (cgroup)
		cgroup_join(cgroup);
	if (how == RESET)
		stop = pick(f->total + 1);
	while (f->sent < stop) {
		if (cgroup && chance(30))
			cgroup_eat();
		n = c->send(fd, f, buf);
		beat();
		if (n >= 0)
			continue;
		if (errno == EAGAIN)
			flow_wait(fd, POLLOUT, 1000000);
		else if (ended(errno) && how != WHOLE && how != WHOLE_CLOSED)
			_exit(0);
		else if (!is_short(errno))
			fail("send, after %lu of %lu, ending %d: %s", f->sent, f->total, how,
			     strerrorname_np(errno));
		else if (errno != EINTR)
			nap(2000);
	}
	if (how == RESET && do_disconnect(fd))
		fail("connect to AF_UNSPEC: %s", strerrorname_np(errno));
	if (how == WHOLE) {
		if (shutdown(fd, SHUT_WR))
			fail("shutdown: %s", strerrorname_np(errno));
		/* The other end closes when it has read all. */
		while (recv(fd, buf, 1, 0) != 0)
			if (!is_short(errno))
				fail("the reader's end: %s", strerrorname_np(errno));
	}
	close(fd);
	_exit(0);
}

static void read_flow(const struct carrier *c, int fd, struct flow *f, enum ending how)
{
	unsigned long leave = pick(f->total + 1);
	char *buf = malloc(CHUNK);
	bool shut = false;
	ssize_t n;

	be_interrupted();
	listen_to_signals(fd);
	for (;;) {
		if (f->received >= leave && how == READER_CLOSES)
			_exit(close(fd));
		if (f->received >= leave && how == READER_SHUTS && !shut) {
			shutdown(fd, SHUT_RD);
			shut = true;
		}
		n = c->receive(fd, f, buf);
		beat();
		if (n > 0)
			continue;
		if (n == 0)
			break;
		if (errno == EAGAIN)
			flow_wait(fd, POLLIN, 1000000);
		else if (errno == ECONNRESET && (how == RESET || how == KILL_WRITER))
			continue;
		else if (!is_short(errno))
			fail("receive, after %lu of %lu, ending %d: %s", f->received, f->total,
			     how, strerrorname_np(errno));
		else if (errno != EINTR)
			nap(2000);
	}
	f->over = true;
	close(fd);
	_exit(0);
}

static void judge(const struct flow *f, enum ending how)
{
	unsigned long sent = f->sent, received = f->received;

	switch (how) {
	case WHOLE:
	case WHOLE_CLOSED:
		if (sent != f->total || received != f->total)
			fail("of %lu, %lu were sent and %lu received", f->total, sent, received);
		break;
	case RESET:
	case KILL_WRITER:
		/* What a call took before the end is there to be read. */
		if (received < sent || !f->over)
			fail("%lu were sent before the end (%d), and %lu received", sent, how,
			     received);
		break;
	default:
		break;
	}
}

void carry(const struct carrier *carrier, const char *cgroup)
{
	enum ending ending = cgroup ? KILL_WRITER : pick(ENDINGS);
	static struct flow *f;
	bool killed, pestered = chance(30);
	pid_t writer, reader;
	int fd[2], i;

	if (!link_make(carrier->type, fd))
		return;
	f = f ? f : share(sizeof(*f));
	memset(f, 0, sizeof(*f));
	f->key = random_key();
	f->total = pick(carrier->most) + 1;
	writer = spawn();
	if (!writer) {
		close(fd[1]);
		write_flow(carrier, fd[0], f, ending, cgroup);
	}
	reader = spawn();
	if (!reader) {
		close(fd[0]);
		read_flow(carrier, fd[1], f, ending);
	}
	close(fd[0]);
	close(fd[1]);
	for (i = pestered ? pick(50) : 0; i; i--) {
		nap(3000);
		/* Neither was waited for, so the numbers are still theirs. */
		kill(i & 1 ? writer : reader, SIGUSR1);
		add(SIGNALS, 1);
	}
	if (ending == KILL_WRITER || ending == KILL_READER)
		nap(100000);
	if (ending == KILL_WRITER && !cgroup)
		kill(writer, SIGKILL);
	if (ending == KILL_READER)
		kill(reader, SIGKILL);
	killed = reap(writer);
	if (killed && ending != KILL_WRITER)
		fail("the writer was killed by somebody else");
	add(cgroup ? OOM_KILLED : KILLED, killed);
	killed = reap(reader);
	if (killed && ending != KILL_READER)
		fail("the reader was killed by somebody else");
	add(KILLED, killed);
	judge(f, ending);
	add(carrier->type == SOCK_STREAM ? BYTES : MESSAGES, f->received);
}
