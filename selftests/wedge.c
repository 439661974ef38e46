// SPDX-License-Identifier: GPL-2.0
/*
 * A peer that does its worst holds up nobody else: the calls of the victim return,
 * those that block can be killed, and close() and exit() come to an end.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "bpf.h"
#include "harness.h"

/* A page that is never there: whoever touches it waits until it is killed. */
static void *mem_endless(int *handler)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	size_t page = sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*handler = syscall(SYS_userfaultfd, O_NONBLOCK | O_CLOEXEC);
	range.range.start = (unsigned long)p;
	range.range.len = page;
	if (*handler < 0 || ioctl(*handler, UFFDIO_API, &api) ||
	    ioctl(*handler, UFFDIO_REGISTER, &range))
		return NULL;
	return p;
}

/* What the attacker does with its end, and with the pipe that says when it is at it. */

static void never_reads(int fd, int ready)
{
	write(ready, "!", 1);
	pause();
	close(fd);
}

static void stops(int fd, int ready)
{
	write(ready, "!", 1);
	raise(SIGSTOP);
	close(fd);
}

static void refuses(int fd, int ready)
{
	if (cbpf_return(fd, SO_ATTACH_FILTER, 0))
		return;
	write(ready, "!", 1);
	pause();
}

struct hanging {
	int handler, ready;
};

static void *announce(void *arg)
{
	struct hanging *h = arg;

	if (flow_wait(h->handler, POLLIN, 10000) & POLLIN)
		write(h->ready, "!", 1);
	return NULL;
}

static void *hang(struct hanging *h, int ready)
{
	pthread_t thread;
	void *p = mem_endless(&h->handler);

	h->ready = ready;
	return p && !pthread_create(&thread, NULL, announce, h) ? p : NULL;
}

static void hangs_in_send(int fd, int ready)
{
	struct hanging h;
	void *p = hang(&h, ready);

	if (p)
		send(fd, p, 100, MSG_NOSIGNAL);
}

/* The victim has sent it something. */
static void hangs_in_recv(int fd, int ready)
{
	struct hanging h;
	void *p = hang(&h, ready);

	if (p)
		recv(fd, p, 100, 0);
}

FIXTURE(victim) {
	int fd;
	pid_t attacker;
};

FIXTURE_VARIANT(victim) {
	int type;
	void (*attack)(int fd, int ready);
};

FIXTURE_VARIANT_ADD(victim, stream_never_reads) { SOCK_STREAM, never_reads, };
FIXTURE_VARIANT_ADD(victim, stream_stops) { SOCK_STREAM, stops, };
FIXTURE_VARIANT_ADD(victim, stream_refuses) { SOCK_STREAM, refuses, };
FIXTURE_VARIANT_ADD(victim, stream_hangs_in_send) { SOCK_STREAM, hangs_in_send, };
FIXTURE_VARIANT_ADD(victim, stream_hangs_in_recv) { SOCK_STREAM, hangs_in_recv, };

FIXTURE_VARIANT_ADD(victim, seqpacket_never_reads) { SOCK_SEQPACKET, never_reads, };
FIXTURE_VARIANT_ADD(victim, seqpacket_stops) { SOCK_SEQPACKET, stops, };
FIXTURE_VARIANT_ADD(victim, seqpacket_refuses) { SOCK_SEQPACKET, refuses, };
FIXTURE_VARIANT_ADD(victim, seqpacket_hangs_in_send) { SOCK_SEQPACKET, hangs_in_send, };
FIXTURE_VARIANT_ADD(victim, seqpacket_hangs_in_recv) { SOCK_SEQPACKET, hangs_in_recv, };

FIXTURE_VARIANT_ADD(victim, dgram_never_reads) { SOCK_DGRAM, never_reads, };
FIXTURE_VARIANT_ADD(victim, dgram_stops) { SOCK_DGRAM, stops, };
FIXTURE_VARIANT_ADD(victim, dgram_refuses) { SOCK_DGRAM, refuses, };
FIXTURE_VARIANT_ADD(victim, dgram_hangs_in_send) { SOCK_DGRAM, hangs_in_send, };
FIXTURE_VARIANT_ADD(victim, dgram_hangs_in_recv) { SOCK_DGRAM, hangs_in_recv, };

FIXTURE_VARIANT_ADD(victim, rdm_never_reads) { SOCK_RDM, never_reads, };
FIXTURE_VARIANT_ADD(victim, rdm_stops) { SOCK_RDM, stops, };
FIXTURE_VARIANT_ADD(victim, rdm_refuses) { SOCK_RDM, refuses, };
FIXTURE_VARIANT_ADD(victim, rdm_hangs_in_send) { SOCK_RDM, hangs_in_send, };
FIXTURE_VARIANT_ADD(victim, rdm_hangs_in_recv) { SOCK_RDM, hangs_in_recv, };

FIXTURE_SETUP(victim)
{
	int fd[2], ready[2];
	char byte;

	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, variant->type, fd));
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(5, send(fd[0], "bait", 5, 0));
	self->attacker = fork_child();
	ASSERT_WORKS(self->attacker);
	if (!self->attacker) {
		close(fd[0]);
		variant->attack(fd[1], ready[1]);
		_exit(1);
	}
	close(fd[1]);
	close(ready[1]);
	self->fd = fd[0];
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	close(ready[0]);
}

FIXTURE_TEARDOWN(victim)
{
	kill(self->attacker, SIGKILL);
	waitpid(self->attacker, NULL, 0);
	close(self->fd);
}

/* Sends until nothing more fits, or it is clear that nothing will stop it. */
static void fill(int fd)
{
	static char buf[4096];
	int i;

	for (i = 0; i < 500; i++)
		if (send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
}

TEST_F(victim, calls_return)
{
	long start = now_ms();
	struct addr a;
	char buf[64];
	int bytes;

	fill(self->fd);
	EXPECT_FAILS(EAGAIN, recv(self->fd, buf, sizeof(buf), MSG_DONTWAIT));
	flow_events(self->fd);
	EXPECT_EQ(0, ioctl(self->fd, SIOCINQ, &bytes));
	EXPECT_EQ(0, ioctl(self->fd, SIOCOUTQ, &bytes));
	EXPECT_EQ(0, sock_set(self->fd, SO_RCVBUF, 10000));
	EXPECT_EQ(0, sock_set(self->fd, SO_SNDBUF, 10000));
	EXPECT_EQ(0, addr_peer(self->fd, &a));
	EXPECT_EQ(0, addr_own(self->fd, &a));
	EXPECT_EQ(0, shutdown(self->fd, SHUT_RDWR));
	EXPECT_GT(patience(2000), now_ms() - start);
}

TEST_F(victim, blocked_calls_can_be_killed)
{
	int i, status;
	pid_t pid;
	long start;

	fill(self->fd);
	for (i = 0; i < 2; i++) {
		pid = fork_child();
		if (!pid) {
			static char buf[4096];

			if (!i)
				_exit(recv(self->fd, buf, sizeof(buf), 0) < 0);
			while (send(self->fd, buf, sizeof(buf), MSG_NOSIGNAL) > 0)
				;
			_exit(1);
		}
		usleep(50000);
		start = now_ms();
		/* Datagrams, and what a filter refuses, always find a way. */
		ASSERT_EQ(0, waitpid(pid, &status, WNOHANG));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_GT(patience(2000), now_ms() - start);
	}
}

TEST_F(victim, close_ends)
{
	long start;

	fill(self->fd);
	start = now_ms();
	EXPECT_EQ(0, close(self->fd));
	EXPECT_GT(patience(2000), now_ms() - start);
	self->fd = -1;
}

/* Though it was told to wait for the reader for a long time. */
TEST_F(victim, exit_ends)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 10000 };
	long start;
	pid_t pid;
	int go[2];
	char byte;

	ASSERT_EQ(0, setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	fill(self->fd);
	ASSERT_EQ(0, pipe(go));
	pid = fork_child();
	if (!pid) {
		close(go[1]);
		/* Until it has the last descriptor. */
		_exit(read(go[0], &byte, 1));
	}
	close(go[0]);
	close(self->fd);
	self->fd = -1;
	start = now_ms();
	close(go[1]);
	EXPECT_EQ(0, child_status(pid));
	EXPECT_GT(patience(2000), now_ms() - start);
}

/* A listener that thousands want something of is closed as fast as another one. */
TEST(thousands_who_connect)
{
	struct rlimit limit = { 10000, 10000 };
	int n = scaled(4000), i, listener, fd, refused = 0;
	int *clients = calloc(n, sizeof(int));
	struct addr a;
	long start;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 10, &a);
	ASSERT_WORKS(listener);
	for (i = 0; i < n; i++) {
		clients[i] = socket(AF_EXPERIMENTAL, SOCK_STREAM | SOCK_NONBLOCK, 0);
		ASSERT_WORKS(clients[i]);
		ASSERT_TRUE(!do_connect(clients[i], &a) || errno == EINPROGRESS);
	}
	fd = accept(listener, NULL, NULL);
	EXPECT_WORKS(fd);
	close(fd);
	start = now_ms();
	close(listener);
	EXPECT_GT(patience(2000), now_ms() - start);
	for (i = 0; i < n; i++) {
		refused += sock_option(clients[i], SO_ERROR) != 0;
		close(clients[i]);
	}
	/* Those that were in the queue, and those that waited for it; not the first. */
	EXPECT_LE(n - 1, refused);
	free(clients);
}

TEST_HARNESS_MAIN
