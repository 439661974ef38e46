// SPDX-License-Identifier: GPL-2.0
/* Signals that arrive while a call sleeps: EINTR, restart, or what was done. */
#include "harness.h"

static atomic_int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static int catch(int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	handled = 0;
	return sigaction(SIGUSR1, &sa, NULL);
}

/* Signals a sleeping call and waits for its handler to have run. */
static bool disturb(struct call *c)
{
	int before = handled;
	int i;

	call_signal(c, SIGUSR1);
	for (i = 0; i < 5000 && handled == before; i++)
		usleep(1000);
	return handled > before;
}

/* A call, and what it takes to let it finish. */
struct scene {
	struct call call;
	struct addr addr;
	char buf[100];
	int fd[2];
	int listener;
	int type;	/* of the listener */
	ssize_t filled;
};

FIXTURE(asleep) {
	struct scene s;
};

FIXTURE_VARIANT(asleep) {
	int family;
	int type;
	int timeout;		/* which option bounds the sleep */
	long (*fn)(struct call *c);
};

FIXTURE_VARIANT_ADD(asleep, exp_recv) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, unix_recv) {
	.family = AF_UNIX, .type = SOCK_STREAM, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, tcp_recv) {
	.family = AF_INET, .type = SOCK_STREAM, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, exp_send) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .timeout = SO_SNDTIMEO, .fn = call_send,
};

FIXTURE_VARIANT_ADD(asleep, unix_send) {
	.family = AF_UNIX, .type = SOCK_STREAM, .timeout = SO_SNDTIMEO, .fn = call_send,
};

FIXTURE_VARIANT_ADD(asleep, tcp_send) {
	.family = AF_INET, .type = SOCK_STREAM, .timeout = SO_SNDTIMEO, .fn = call_send,
};

FIXTURE_VARIANT_ADD(asleep, exp_accept) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .timeout = SO_RCVTIMEO, .fn = call_accept,
};

FIXTURE_VARIANT_ADD(asleep, unix_accept) {
	.family = AF_UNIX, .type = SOCK_STREAM, .timeout = SO_RCVTIMEO, .fn = call_accept,
};

FIXTURE_VARIANT_ADD(asleep, tcp_accept) {
	.family = AF_INET, .type = SOCK_STREAM, .timeout = SO_RCVTIMEO, .fn = call_accept,
};

FIXTURE_VARIANT_ADD(asleep, exp_packet_recv) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, unix_packet_recv) {
	.family = AF_UNIX, .type = SOCK_SEQPACKET, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, exp_packet_send) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .timeout = SO_SNDTIMEO, .fn = call_send,
};

FIXTURE_VARIANT_ADD(asleep, unix_packet_send) {
	.family = AF_UNIX, .type = SOCK_SEQPACKET, .timeout = SO_SNDTIMEO, .fn = call_send,
};

FIXTURE_VARIANT_ADD(asleep, exp_packet_accept) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET,
	.timeout = SO_RCVTIMEO, .fn = call_accept,
};

FIXTURE_VARIANT_ADD(asleep, unix_packet_accept) {
	.family = AF_UNIX, .type = SOCK_SEQPACKET, .timeout = SO_RCVTIMEO, .fn = call_accept,
};

FIXTURE_VARIANT_ADD(asleep, exp_dgram) {
	.family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, exp_rdm_recv) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, exp_rdm_send) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM, .timeout = SO_SNDTIMEO, .fn = call_send,
};

FIXTURE_VARIANT_ADD(asleep, unix_dgram) {
	.family = AF_UNIX, .type = SOCK_DGRAM, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_VARIANT_ADD(asleep, udp) {
	.family = AF_INET, .type = SOCK_DGRAM, .timeout = SO_RCVTIMEO, .fn = call_recv,
};

FIXTURE_SETUP(asleep)
{
	struct scene *s = &self->s;

	s->type = type_connects(variant->type) ? variant->type : SOCK_STREAM;
	s->listener = sock_listening(variant->family, s->type, 5, &s->addr);
	ASSERT_WORKS(s->listener);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, s->fd));
	s->call.fn = variant->fn;
	s->call.fd = variant->fn == call_accept ? s->listener : s->fd[0];
	s->call.buf = s->buf;
	s->call.len = sizeof(s->buf);
	if (variant->fn == call_send) {
		s->filled = flow_fill(s->fd[0], 0);
		ASSERT_LT(0, s->filled);
	}
}

FIXTURE_TEARDOWN(asleep)
{
	close(self->s.listener);
	close(self->s.fd[0]);
	close(self->s.fd[1]);
}

/* Brings what the call waits for. */
static long satisfy(struct scene *s)
{
	if (s->call.fn == call_accept)
		return sock_connected(s->addr.sa.sa_family, s->type, &s->addr);
	if (s->call.fn == call_recv)
		return send(s->fd[1], "hello", 5, 0);
	return flow_read(s->fd[1], s->filled, 10000, 0);
}

TEST_F(asleep, is_interrupted)
{
	struct call *c = &self->s.call;

	ASSERT_EQ(0, catch(0));
	call_start(c);
	ASSERT_TRUE(call_sleeps(c));
	ASSERT_TRUE(disturb(c));
	ASSERT_TRUE(call_returns(c));
	EXPECT_EQ(EINTR, c->err);
	EXPECT_EQ(1, handled);
	/* Nothing was lost by it. */
	ASSERT_LE(0, satisfy(&self->s));
	call_start(c);
	ASSERT_TRUE(call_returns(c));
	EXPECT_EQ(0, c->err);
}

TEST_F(asleep, restarts)
{
	struct call *c = &self->s.call;
	int i;

	ASSERT_EQ(0, catch(SA_RESTART));
	call_start(c);
	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(call_sleeps(c));
		ASSERT_TRUE(disturb(c));
	}
	ASSERT_TRUE(call_sleeps(c));
	ASSERT_LE(0, satisfy(&self->s));
	ASSERT_TRUE(call_returns(c));
	EXPECT_EQ(0, c->err);
	EXPECT_EQ(3, handled);
}

/* With a time-out there is no restart: it would begin anew. */
TEST_F(asleep, does_not_restart_with_a_timeout)
{
	struct call *c = &self->s.call;

	ASSERT_EQ(0, catch(SA_RESTART));
	ASSERT_EQ(0, sock_timeout(c->fd, variant->timeout, 20000));
	call_start(c);
	ASSERT_TRUE(call_sleeps(c));
	ASSERT_TRUE(disturb(c));
	ASSERT_TRUE(call_returns(c));
	EXPECT_EQ(EINTR, c->err);
}

/* A thread that is killed in the call dies. */
TEST_F(asleep, is_killed)
{
	int status;
	pid_t pid;

	pid = fork_child();
	if (!pid) {
		self->s.call.fn(&self->s.call);
		_exit(0);
	}
	usleep(20000);
	ASSERT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

FIXTURE(partial) {
	int fd[2];
};

FIXTURE_VARIANT(partial) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(partial, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(partial, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(partial, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(partial)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(partial)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* What went through wins over the signal, with SA_RESTART as well. */
TEST_F(partial, write)
{
	size_t len = 40000000;
	char *buf = malloc(len);
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = buf, .len = len };

	pattern_fill(buf, len, 0);
	ASSERT_EQ(0, catch(SA_RESTART));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	/* TCP sleeps for a moment now and then while data moves on. */
	if (variant->family == AF_INET)
		usleep(300000);
	ASSERT_TRUE(disturb(&c));
	ASSERT_TRUE(call_returns(&c));
	ASSERT_LT(0, c.ret);
	ASSERT_GT(len, c.ret);
	free(buf);
	EXPECT_EQ(c.ret, flow_read(self->fd[1], c.ret, 100000, 0));
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 20));
}

static long recv_all(struct call *c)
{
	return recv(c->fd, c->buf, c->len, MSG_WAITALL);
}

TEST_F(partial, read)
{
	char buf[100];
	struct call c = { .fn = recv_all, .fd = self->fd[1], .buf = buf, .len = sizeof(buf) };

	ASSERT_EQ(0, catch(SA_RESTART));
	ASSERT_EQ(40, flow_write(self->fd[0], 40, 40, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_TRUE(disturb(&c));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(40, c.ret);
	EXPECT_EQ(40, pattern_check(buf, 40, 0));
	EXPECT_EQ(10, flow_write(self->fd[0], 10, 10, 40));
	EXPECT_EQ(10, flow_read(self->fd[1], 10, 10, 40));
}

TEST_HARNESS_MAIN
