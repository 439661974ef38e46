// SPDX-License-Identifier: GPL-2.0
/* SO_LINGER: whether close() waits, for what, and for how long. */
#include <fcntl.h>

#include "harness.h"

static int set_linger(int fd, int seconds)
{
	struct linger linger = { .l_onoff = 1, .l_linger = seconds };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static long call_close(struct call *c)
{
	return close(c->fd);
}

FIXTURE(stream) {
	int fd[2];
};

FIXTURE_VARIANT(stream) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(stream, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stream, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stream, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(stream)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* To wait for the peer itself: TCP knows of the peer's kernel only. */
FIXTURE(queued) {
	int fd[2];
};

FIXTURE_VARIANT(queued) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(queued, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(queued, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };

FIXTURE_SETUP(queued)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(queued)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(stream, can_be_read_back)
{
	struct linger linger = { .l_onoff = -1, .l_linger = -1 };
	socklen_t len = sizeof(linger);

	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_SOCKET, SO_LINGER, &linger, &len));
	EXPECT_EQ(0, linger.l_onoff);
	ASSERT_EQ(0, set_linger(self->fd[0], 7));
	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_SOCKET, SO_LINGER, &linger, &len));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(7, linger.l_linger);
	EXPECT_FAILS(EINVAL, setsockopt(self->fd[0], SOL_SOCKET, SO_LINGER, &linger, 4));
}

TEST_F(stream, off)
{
	long start = now_ms();

	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_GT(2000, now_ms() - start);
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
}

TEST_F(stream, nothing_to_wait_for)
{
	long start = now_ms();

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_GT(2000, now_ms() - start);
}

TEST_F(queued, waits_for_the_reader)
{
	struct call c = { .fn = call_close, .fd = self->fd[0] };
	char byte;

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	/* Whether the descriptor blocks is another matter. */
	ASSERT_EQ(0, sock_nonblock(self->fd[0]));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	self->fd[0] = -1;
	call_start(&c);
	ASSERT_TRUE(call_sleeps_killable(&c));
	if (variant->type == SOCK_STREAM) {
		EXPECT_EQ(60, flow_read(self->fd[1], 60, 60, 0));
		EXPECT_TRUE(call_sleeps_killable(&c));
		EXPECT_EQ(40, flow_read(self->fd[1], 40, 40, 60));
	} else {
		EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(queued, at_most_the_time)
{
	long start, took;
	char byte;

	ASSERT_EQ(0, set_linger(self->fd[0], 1));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	start = now_ms();
	EXPECT_EQ(0, close(self->fd[0]));
	took = now_ms() - start;
	self->fd[0] = -1;
	EXPECT_LE(950, took);
	EXPECT_GT(8000, took);
	/* The rest stays readable, and the end follows. */
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(queued, peer_sees_the_end_meanwhile)
{
	struct call c = { .fn = call_close, .fd = self->fd[0] };

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	self->fd[0] = -1;
	call_start(&c);
	ASSERT_TRUE(call_sleeps_killable(&c));
	EXPECT_EQ(POLLRDHUP, flow_events(self->fd[1]) & POLLRDHUP);
	EXPECT_FAILS(EPIPE, send(self->fd[1], "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	ASSERT_TRUE(call_returns(&c));
}

TEST_F(queued, ends_with_the_peer)
{
	struct call c = { .fn = call_close, .fd = self->fd[0] };

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	self->fd[0] = -1;
	call_start(&c);
	ASSERT_TRUE(call_sleeps_killable(&c));
	close(self->fd[1]);
	self->fd[1] = -1;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
}

static void heard(int sig)
{
	(void)sig;
}

/* Only a fatal signal ends it. */
TEST_F(queued, other_signals)
{
	struct call c = { .fn = call_close, .fd = self->fd[0] };
	struct sigaction sa = { .sa_handler = heard };

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	self->fd[0] = -1;
	call_start(&c);
	ASSERT_TRUE(call_sleeps_killable(&c));
	call_signal(&c, SIGUSR1);
	usleep(50000);
	EXPECT_TRUE(call_sleeps_killable(&c));
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
}

/* State of the only thread of a process. */
static char state_of(pid_t pid)
{
	char path[64], buf[512] = "", *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (!fgets(buf, sizeof(buf), f))
		buf[0] = '\0';
	fclose(f);
	end = strrchr(buf, ')');
	return end ? end[2] : 0;
}

static bool await_state(pid_t pid, char state)
{
	int i;

	for (i = 0; i < 5000; i++) {
		if (state_of(pid) == state)
			return true;
		usleep(1000);
	}
	return false;
}

TEST_F(queued, killed)
{
	int go[2];
	long start;
	pid_t pid;
	char byte;

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, pipe(go));
	pid = fork_child();
	if (!pid) {
		close(go[1]);
		/* Until it has the last descriptor. */
		_exit(read(go[0], &byte, 1) || close(self->fd[0]));
	}
	close(self->fd[0]);
	self->fd[0] = -1;
	close(go[1]);
	close(go[0]);
	ASSERT_TRUE(await_state(pid, 'D'));
	start = now_ms();
	kill(pid, SIGKILL);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_GT(5000, now_ms() - start);
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
}

/* A child has the last descriptor, and exits without a close(). */
TEST_F(stream, not_in_exit)
{
	long start = now_ms();
	int go[2];
	pid_t pid;
	char byte;

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(0, pipe(go));
	pid = fork_child();
	if (!pid) {
		close(go[1]);
		_exit(read(go[0], &byte, 1));
	}
	close(self->fd[0]);
	self->fd[0] = -1;
	close(go[1]);
	EXPECT_EQ(0, child_status(pid));
	close(go[0]);
	EXPECT_GT(5000, now_ms() - start);
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, no_time_resets_the_peer)
{
	char byte;

	ASSERT_EQ(0, set_linger(self->fd[0], 0));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	ASSERT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	/* First what was sent. */
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
	EXPECT_FAILS(ECONNRESET, recv(self->fd[1], &byte, 1, 0));
	EXPECT_EQ(0, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(stream, shutdown_does_not_wait)
{
	long start = now_ms();

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(100, flow_write(self->fd[0], 100, 100, 0));
	EXPECT_EQ(0, shutdown(self->fd[0], SHUT_RDWR));
	EXPECT_GT(2000, now_ms() - start);
	EXPECT_EQ(100, flow_read(self->fd[1], 100, 100, 0));
}

/* An accepted socket has it from its listener. */
TEST_F(stream, is_inherited)
{
	int listener, fd;
	struct addr a;
	char byte;

	listener = sock_listening(variant->family, variant->type, 1, &a);
	ASSERT_EQ(0, set_linger(listener, 0));
	close(self->fd[1]);
	self->fd[1] = sock_connected(variant->family, variant->type, &a);
	fd = accept(listener, NULL, NULL);
	ASSERT_WORKS(fd);
	close(fd);
	EXPECT_FAILS(ECONNRESET, recv(self->fd[1], &byte, 1, 0));
	close(listener);
}

/* Nobody has accepted it yet. */
TEST_F(queued, waits_for_the_acceptor)
{
	struct call c = { .fn = call_close };
	int listener, fd;
	struct addr a;

	listener = sock_listening(variant->family, variant->type, 1, &a);
	c.fd = sock_connected(variant->family, variant->type, &a);
	ASSERT_EQ(0, set_linger(c.fd, 100));
	ASSERT_EQ(100, flow_write(c.fd, 100, 100, 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps_killable(&c));
	fd = accept(listener, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_TRUE(call_sleeps_killable(&c));
	EXPECT_EQ(100, flow_read(fd, 100, 100, 0));
	ASSERT_TRUE(call_returns(&c));

	/* Nobody ever will. */
	c.fd = sock_connected(variant->family, variant->type, &a);
	ASSERT_EQ(0, set_linger(c.fd, 100));
	ASSERT_EQ(100, flow_write(c.fd, 100, 100, 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps_killable(&c));
	close(listener);
	ASSERT_TRUE(call_returns(&c));
	close(fd);
}

FIXTURE(message) {
	int fd[2];
};

FIXTURE_VARIANT(message) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(message, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(message, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(message)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(message)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Only what is reliable is waited for. */
TEST_F(message, close)
{
	struct call c = { .fn = call_close, .fd = self->fd[0] };
	char buf[10];

	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	self->fd[0] = -1;
	call_start(&c);
	if (variant->type == SOCK_RDM) {
		ASSERT_TRUE(call_sleeps_killable(&c));
		EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
	}
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(0, c.ret);
}

TEST_F(message, sent_to_itself)
{
	long start = now_ms();
	struct addr a;

	ASSERT_EQ(0, addr_own(self->fd[0], &a));
	ASSERT_EQ(0, do_disconnect(self->fd[0]));
	ASSERT_EQ(0, do_connect(self->fd[0], &a));
	ASSERT_EQ(0, set_linger(self->fd[0], 100));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(0, close(self->fd[0]));
	self->fd[0] = -1;
	EXPECT_GT(5000, now_ms() - start);
}

TEST_HARNESS_MAIN
