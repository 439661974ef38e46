// SPDX-License-Identifier: GPL-2.0
/* SO_BUSY_POLL: a receive that finds nothing spins before it sleeps. */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>

#include "harness.h"
#include "setting.h"

#define CPU1	"/sys/devices/system/cpu/cpu1/online"

/* Milliseconds that this thread has run. */
static long run_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

FIXTURE(busy) {
	struct setting read;
	struct setting poll;
	int fd[2];
};

FIXTURE_VARIANT(busy) {
	int family;
	int type;
	bool spins;	/* without a device */
};

FIXTURE_VARIANT_ADD(busy, stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .spins = true,
};

FIXTURE_VARIANT_ADD(busy, seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .spins = true,
};

FIXTURE_VARIANT_ADD(busy, dgram) {
	.family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, .spins = true,
};

FIXTURE_VARIANT_ADD(busy, rdm) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM, .spins = true,
};

FIXTURE_VARIANT_ADD(busy, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(busy, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(busy)
{
	memset(&self->read, 0, sizeof(self->read));
	memset(&self->poll, 0, sizeof(self->poll));
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(busy)
{
	setting_restore(&self->read);
	setting_restore(&self->poll);
	file_write(CPU1, "1");
	close(self->fd[0]);
	close(self->fd[1]);
}

static long call_read(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) < 0 ? -errno : 0;
}

static long call_read_at_once(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static long call_poll_in(int fd)
{
	return flow_wait(fd, POLLIN, 200);
}

static long call_select(int fd)
{
	struct timeval time = { .tv_usec = 200000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &time);
}

static long call_epoll(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int poll = epoll_create1(0);
	long ret = -1;

	if (!epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event))
		ret = epoll_wait(poll, &event, 1, 200);
	close(poll);
	return ret;
}

/* Of a call that waits: how long it ran, and took. */
struct spell {
	long ret;
	long run;
	long took;
};

static struct spell measure(long (*call)(int fd), int fd)
{
	struct spell s;
	long start = now_ms(), run = run_ms();

	s.ret = call(fd);
	s.run = run_ms() - run;
	s.took = now_ms() - start;
	return s;
}

/*
 * Of several calls, the one that ran the longest: other tasks, who are always
 * somewhere, end the others early. Those that take more than @most, if there is
 * a limit, do not count: the machine below may be busy, too.
 */
static struct spell longest_within(long (*call)(int fd), int fd, long enough, long most)
{
	struct spell best = { .run = -1 }, s;
	int i;

	for (i = 0; i < 20 && best.run < enough; i++) {
		s = measure(call, fd);
		if (s.run > best.run && (!most || s.took <= most))
			best = s;
	}
	printf("# ran %ld ms of %ld\n", best.run, best.took);
	return best;
}

static struct spell longest(long (*call)(int fd), int fd, long enough)
{
	return longest_within(call, fd, enough, 0);
}

/* And the one that ran the shortest, for what does not spin. */
static struct spell shortest(long (*call)(int fd), int fd, long enough)
{
	struct spell best = { .run = 1000000 }, s;
	int i;

	for (i = 0; i < 5 && best.run > enough; i++) {
		s = measure(call, fd);
		if (s.run < best.run)
			best = s;
	}
	printf("# ran %ld ms of %ld\n", best.run, best.took);
	return best;
}

#define LONG	100	/* That is spinning, */
#define SHORT	20	/* and that is not. */

TEST_F(busy, spins_before_it_sleeps)
{
	struct spell s;

	ASSERT_EQ(0, sock_timeout(self->fd[0], SO_RCVTIMEO, 300));
	s = shortest(call_read, self->fd[0], SHORT);
	EXPECT_EQ(-EAGAIN, s.ret);
	EXPECT_GE(SHORT, s.run);

	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 200000));
	EXPECT_EQ(200000, sock_option(self->fd[0], SO_BUSY_POLL));
	/* Then it sleeps, but all in all not longer than it would have. */
	s = longest_within(call_read, self->fd[0], variant->spins ? LONG : 0, 440);
	EXPECT_EQ(-EAGAIN, s.ret);
	if (variant->spins)
		EXPECT_LE(LONG, s.run);

	/* A non-blocking one does neither. */
	s = shortest(call_read_at_once, self->fd[0], SHORT);
	EXPECT_EQ(-EAGAIN, s.ret);
	EXPECT_GE(SHORT, s.run);

	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 0));
	s = shortest(call_read, self->fd[0], SHORT);
	EXPECT_GE(SHORT, s.run);
}

/* The time-out is the end of it. */
TEST_F(busy, no_longer_than_the_timeout)
{
	struct spell s;

	if (!variant->spins)
		return;
	ASSERT_EQ(0, sock_timeout(self->fd[0], SO_RCVTIMEO, 150));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 5000000));
	s = longest_within(call_read, self->fd[0], LONG, 400);
	EXPECT_EQ(-EAGAIN, s.ret);
	EXPECT_LE(LONG, s.run);
}

TEST_F(busy, busy_read_is_the_default)
{
	struct addr a;
	int listener, child, fd;

	EXPECT_EQ(0, sock_option(self->fd[0], SO_BUSY_POLL));
	ASSERT_WORKS(setting_change(&self->read, "core/busy_read", 150000));
	/* A socket that is there keeps what it has. */
	EXPECT_EQ(0, sock_option(self->fd[0], SO_BUSY_POLL));
	fd = socket(variant->family, variant->type, 0);
	EXPECT_EQ(150000, sock_option(fd, SO_BUSY_POLL));
	close(fd);
	close(self->fd[0]);
	close(self->fd[1]);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	ASSERT_EQ(0, sock_timeout(self->fd[0], SO_RCVTIMEO, 200));
	if (variant->spins)
		EXPECT_LE(LONG, longest(call_read, self->fd[0], LONG).run);

	/* What accept() returns has what its listener had. AF_UNIX makes a new socket. */
	if (!type_connects(variant->type) || variant->family == AF_UNIX)
		return;
	listener = sock_listening(variant->family, variant->type, 5, &a);
	ASSERT_EQ(0, sock_set(listener, SO_BUSY_POLL, 77));
	fd = sock_connected(variant->family, variant->type, &a);
	child = accept(listener, NULL, NULL);
	EXPECT_EQ(77, sock_option(child, SO_BUSY_POLL));
	close(child);
	close(fd);
	close(listener);
}

/* What comes meanwhile is there without a sleep. */
static long waits;

static long call_recv_counting(struct call *c)
{
	struct rusage before, after;
	long ret;

	getrusage(RUSAGE_THREAD, &before);
	ret = call_recv(c);
	getrusage(RUSAGE_THREAD, &after);
	waits = after.ru_nvcsw - before.ru_nvcsw;
	return ret;
}

TEST_F(busy, needs_no_sleep)
{
	char buf[4];
	struct call c = {
		.fn = call_recv_counting, .fd = self->fd[0], .buf = buf, .len = sizeof(buf),
	};
	int i;

	if (!variant->spins)
		return;
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 2000000));
	for (i = 0; i < 50; i++) {
		call_start(&c);
		while (!c.tid)
			sched_yield();
		usleep(5000);
		ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
		ASSERT_TRUE(call_returns(&c));
		ASSERT_EQ(1, c.ret);
		if (!waits)
			break;
	}
	TH_LOG("attempt %d", i);
	EXPECT_EQ(0, waits);

	/* And with it, there is always one. */
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 0));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_LT(0, waits);
}

static void handler(int sig)
{
	(void)sig;
}

/* Milliseconds that the calling thread had run when it returned. */
static atomic_long ran;

static long call_recv_timed(struct call *c)
{
	long ret = call_recv(c);
	int err = errno;

	ran = run_ms();
	errno = err;
	return ret;
}

static int pin(pthread_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return pthread_setaffinity_np(thread, sizeof(set), &set);
}

/* At once, which shows in how much longer it runs. */
TEST_F(busy, stops_for_a_signal)
{
	struct sigaction sa = { .sa_handler = handler };
	char buf[4];
	struct call c = {
		.fn = call_recv_timed, .fd = self->fd[0], .buf = buf, .len = sizeof(buf),
	};
	struct timespec ts;
	clockid_t clock;
	long sum = 0;
	int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &sa, NULL));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 60000000));
	ASSERT_EQ(0, pin(pthread_self(), 0));
	for (i = 0; i < 25; i++) {
		call_start(&c);
		ASSERT_EQ(0, pin(c.thread, 1));
		ASSERT_EQ(0, pthread_getcpuclockid(c.thread, &clock));
		while (!c.tid)
			sched_yield();
		usleep(5000);
		ASSERT_EQ(0, clock_gettime(clock, &ts));
		call_signal(&c, SIGUSR1);
		ASSERT_TRUE(call_returns(&c));
		EXPECT_EQ(EINTR, c.err);
		sum += ran - (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
	}
	/* Without, another task ends it: now and then at once, but not each time. */
	TH_LOG("%ld ms in all", sum);
	EXPECT_GE(250, sum);
}

static atomic_bool stop;

static void *compete(void *unused)
{
	while (!stop)
		;
	return unused;
}

/* Which can use the CPU, where this one can not. */
TEST_F(busy, stops_for_another_task)
{
	char buf[4];
	struct call c = {
		.fn = call_recv, .fd = self->fd[0], .buf = buf, .len = sizeof(buf),
	};
	pthread_t competitor;

	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 60000000));
	stop = false;
	ASSERT_EQ(0, pthread_create(&competitor, NULL, compete, NULL));
	ASSERT_EQ(0, pin(competitor, 1));
	ASSERT_EQ(0, pin(pthread_self(), 0));
	call_start(&c);
	ASSERT_EQ(0, pin(c.thread, 1));
	EXPECT_TRUE(call_sleeps(&c));
	stop = true;
	pthread_join(competitor, NULL);
	ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);
}

TEST_F(busy, is_no_use_on_a_single_cpu)
{
	struct spell s;

	ASSERT_EQ(0, sock_timeout(self->fd[0], SO_RCVTIMEO, 150));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 5000000));
	if (variant->spins)
		EXPECT_LE(LONG, longest(call_read, self->fd[0], LONG).run);
	ASSERT_EQ(0, file_write(CPU1, "0"));
	s = shortest(call_read, self->fd[0], SHORT);
	EXPECT_EQ(-EAGAIN, s.ret);
	EXPECT_GE(SHORT, s.run);
	/* Nor would any attempt have been longer. */
	s = longest(call_read, self->fd[0], LONG);
	EXPECT_GT(LONG / 2, s.run);
	ASSERT_EQ(0, file_write(CPU1, "1"));
}

/* poll() and select() spin for the sake of such sockets, if they may. */
TEST_F(busy, poll_and_select)
{
	static long (*const calls[])(int fd) = { call_poll_in, call_select };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		TH_LOG("%s", i ? "select" : "poll");
		ASSERT_WORKS(setting_change(&self->poll, "core/busy_poll", 0));
		ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 1000));
		EXPECT_GE(SHORT, shortest(calls[i], self->fd[0], SHORT).run);
		ASSERT_WORKS(setting_change(&self->poll, "core/busy_poll", 150000));
		EXPECT_LE(LONG, longest(calls[i], self->fd[0], LONG).run);
		ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 0));
		EXPECT_GE(SHORT, shortest(calls[i], self->fd[0], SHORT).run);
	}
	/* epoll asks devices, and there is none. */
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BUSY_POLL, 1000));
	EXPECT_GE(SHORT, shortest(call_epoll, self->fd[0], SHORT).run);
}

TEST_F(busy, values)
{
	EXPECT_FAILS(EINVAL, sock_set(self->fd[0], SO_BUSY_POLL, -1));
	EXPECT_EQ(0, sock_option(self->fd[0], SO_BUSY_POLL));
	EXPECT_WORKS(sock_set(self->fd[0], SO_BUSY_POLL, INT_MAX));
	EXPECT_EQ(INT_MAX, sock_option(self->fd[0], SO_BUSY_POLL));
}

TEST_HARNESS_MAIN
