// SPDX-License-Identifier: GPL-2.0
/* Many threads on one socket: nothing lost, nothing twice, nobody left asleep. */
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include "harness.h"

#define THREADS	4

/* What the threads of a test share; each one takes a number. */
struct crew {
	void (*work)(struct crew *crew, int number);
	struct addr addr;
	int fd[2];
	int family;
	int type;
	int rounds;
	atomic_int next;	/* number of the next thread */
	atomic_int errors;
	atomic_bool stop;
	atomic_uint total[THREADS];
	atomic_uchar *seen;
	pthread_t thread[2 * THREADS];
};

static void *crew_member(void *arg)
{
	struct crew *crew = arg;

	crew->work(crew, crew->next++);
	return NULL;
}

static void crew_start(struct crew *crew, int count)
{
	int i;

	for (i = 0; i < count; i++)
		pthread_create(&crew->thread[i], NULL, crew_member, crew);
}

static void crew_join(struct crew *crew, int count)
{
	int i;

	for (i = 0; i < count; i++)
		pthread_join(crew->thread[i], NULL);
}

FIXTURE(stream) {
	struct crew crew;
};

FIXTURE_VARIANT(stream) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(stream, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stream, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stream, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stream, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stream, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(stream)
{
	signal(SIGPIPE, SIG_IGN);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->crew.fd));
	self->crew.family = variant->family;
	self->crew.type = variant->type;
}

FIXTURE_TEARDOWN(stream)
{
	close(self->crew.fd[0]);
	close(self->crew.fd[1]);
}

/* A byte to and fro: a wakeup that gets lost stops it for ever. */
static void ping_pong(struct crew *crew, int number)
{
	char byte = 0;
	int i;

	for (i = 0; i < crew->rounds; i++) {
		if (number == 0 && send(crew->fd[0], &byte, 1, 0) != 1)
			crew->errors++;
		if (recv(crew->fd[number], &byte, 1, 0) != 1)
			crew->errors++;
		if (number == 1 && send(crew->fd[1], &byte, 1, 0) != 1)
			crew->errors++;
	}
}

/* An emulator can take long to wake a processor: few rounds, and much time. */
TEST_F_TIMEOUT(stream, ping_pong, 60)
{
	self->crew.work = ping_pong;
	self->crew.rounds = scaled(500);
	crew_start(&self->crew, 2);
	crew_join(&self->crew, 2);
	EXPECT_EQ(0, self->crew.errors);
}

/* Fills and drains: writer and reader fall asleep on each other in turn. */
static void fill_and_drain(struct crew *crew, int number)
{
	size_t len = (size_t)crew->rounds * 100000;
	/* A record is read as a whole. */
	bool records = crew->type == SOCK_SEQPACKET;

	if (number == 0 && flow_write(crew->fd[0], len, 60000, 0) != (ssize_t)len)
		crew->errors++;
	if (number == 1 && flow_read(crew->fd[1], len, records ? 60000 : 500000, 0) != (ssize_t)len)
		crew->errors++;
	if (number == 2 && flow_write(crew->fd[1], len, 500, 7) != (ssize_t)len)
		crew->errors++;
	if (number == 3 && flow_read(crew->fd[0], len, records ? 500 : 300, 7) != (ssize_t)len)
		crew->errors++;
}

TEST_F(stream, both_directions_at_once)
{
	self->crew.work = fill_and_drain;
	self->crew.rounds = scaled(30);
	crew_start(&self->crew, 4);
	crew_join(&self->crew, 4);
	EXPECT_EQ(0, self->crew.errors);
}

/* An edge-triggered reader that reads all there is, and sleeps until the next. */
static void edge_reader(struct crew *crew, int number)
{
	size_t len = (size_t)crew->rounds * 10;
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(0);
	size_t got = 0;
	char buf[4096];
	ssize_t n;

	if (number == 0) {
		close(epoll);
		if (flow_write(crew->fd[0], len, 10, 0) != (ssize_t)len)
			crew->errors++;
		return;
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, crew->fd[1], &e);
	while (got < len) {
		if (epoll_wait(epoll, &e, 1, 10000) != 1) {
			crew->errors++;
			break;
		}
		while ((n = recv(crew->fd[1], buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
			if (pattern_check(buf, n, got) != (size_t)n)
				crew->errors++;
			got += n;
		}
	}
	close(epoll);
}

TEST_F_TIMEOUT(stream, no_edge_is_lost, 60)
{
	self->crew.work = edge_reader;
	self->crew.rounds = scaled(5000);
	crew_start(&self->crew, 2);
	crew_join(&self->crew, 2);
	EXPECT_EQ(0, self->crew.errors);
}

/* Each writer's bytes carry its number, and count up. */
static void numbered_writer(struct crew *crew, int number)
{
	unsigned char buf[50];
	int sent = 0;
	int i, n;

	while (sent < crew->rounds) {
		for (i = 0; i < (int)sizeof(buf); i++)
			buf[i] = number << 6 | ((sent + i) & 63);
		n = crew->rounds - sent < 50 ? crew->rounds - sent : 50;
		n = send(crew->fd[0], buf, n, 0);
		if (n <= 0) {
			crew->errors++;
			return;
		}
		sent += n;
	}
}

TEST_F(stream, many_writers)
{
	unsigned int next[THREADS] = { 0 };
	unsigned char buf[5000];
	ssize_t n, i;
	int left;

	self->crew.work = numbered_writer;
	self->crew.rounds = scaled(100000);
	left = self->crew.rounds * THREADS;
	crew_start(&self->crew, THREADS);
	while (left) {
		n = recv(self->crew.fd[1], buf, sizeof(buf), 0);
		ASSERT_LT(0, n);
		for (i = 0; i < n; i++)
			ASSERT_EQ(next[buf[i] >> 6]++ & 63, buf[i] & 63);
		left -= n;
	}
	crew_join(&self->crew, THREADS);
	EXPECT_EQ(0, self->crew.errors);
	EXPECT_FAILS(EAGAIN, recv(self->crew.fd[1], buf, 1, MSG_DONTWAIT));
}

/* Readers share the stream: every four-byte number goes to one of them. */
static void record_reader(struct crew *crew, int number)
{
	unsigned int record;
	ssize_t n;

	while ((n = recv(crew->fd[1], &record, sizeof(record), MSG_WAITALL)) > 0) {
		crew->total[number]++;
		/* Two readers may each have got a part: then no number is whole. */
		if (n != sizeof(record) || record >= (unsigned int)crew->rounds)
			crew->errors++;
		else if (crew->seen[record]++)
			crew->errors++;
	}
	if (n < 0)
		crew->errors++;
}

TEST_F_TIMEOUT(stream, many_readers, 60)
{
	unsigned int i, sum = 0;

	self->crew.work = record_reader;
	self->crew.rounds = scaled(5000);
	self->crew.seen = calloc(self->crew.rounds, 1);
	crew_start(&self->crew, THREADS);
	for (i = 0; i < (unsigned int)self->crew.rounds; i++)
		ASSERT_EQ(4, send(self->crew.fd[0], &i, sizeof(i), 0));
	ASSERT_EQ(0, shutdown(self->crew.fd[0], SHUT_WR));
	crew_join(&self->crew, THREADS);
	for (i = 0; i < THREADS; i++)
		sum += self->crew.total[i];
	EXPECT_EQ(self->crew.rounds, sum);
	EXPECT_EQ(0, self->crew.errors);
	free(self->crew.seen);
}

static void drain_until_end(struct crew *crew, int number)
{
	char buf[1000];

	if (number & 1)
		while (send(crew->fd[0], buf, sizeof(buf), 0) > 0)
			;
	else
		while (recv(crew->fd[0], buf, sizeof(buf), 0) > 0)
			;
}

/* All who use a socket are released when it is shut down. */
TEST_F(stream, shutdown_releases_all)
{
	int i;

	for (i = 0; i < scaled(10); i++) {
		struct crew crew = { .work = drain_until_end };

		ASSERT_WORKS(sock_pair(variant->family, variant->type, crew.fd));
		crew_start(&crew, 2 * THREADS);
		usleep(i * 200);
		ASSERT_EQ(0, shutdown(crew.fd[0], SHUT_RDWR));
		crew_join(&crew, 2 * THREADS);
		close(crew.fd[0]);
		close(crew.fd[1]);
	}
}

/* Writes byte by byte until it cannot: how many went through. */
static void write_until_error(struct crew *crew, int number)
{
	(void)number;
	while (send(crew->fd[0], "x", 1, MSG_NOSIGNAL) == 1)
		crew->total[0]++;
	crew->errors = errno;
}

/* What was written was read, or the writer was told that it was not. */
TEST_F_TIMEOUT(stream, close_loses_nothing_in_silence, 60)
{
	int i, rounds = scaled(500), resets = 0;
	unsigned int got;
	char byte;

	/* TCP's writer can be told much later. */
	if (variant->family == AF_INET)
		return;
	for (i = 0; i < rounds; i++) {
		struct crew crew = { .work = write_until_error };

		ASSERT_WORKS(sock_pair(variant->family, variant->type, crew.fd));
		crew_start(&crew, 1);
		for (got = 0; got < (unsigned int)i % 7; got++)
			ASSERT_EQ(1, recv(crew.fd[1], &byte, 1, 0));
		while (recv(crew.fd[1], &byte, 1, MSG_DONTWAIT) == 1)
			if (++got > 1000)
				break;
		close(crew.fd[1]);
		crew_join(&crew, 1);
		if (crew.total[0] > got) {
			resets++;
			ASSERT_TRUE(crew.errors == ECONNRESET ||
				    sock_option(crew.fd[0], SO_ERROR) == ECONNRESET);
		}
		close(crew.fd[0]);
	}
	/* Else nothing was shown. */
	EXPECT_LT(0, resets);
}

FIXTURE(listener) {
	struct crew crew;
	int count;
};

FIXTURE_VARIANT(listener) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(listener, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(listener, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(listener, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(listener, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(listener, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(listener)
{
	self->count = sock_count();
	self->crew.fd[0] = sock_listening(variant->family, variant->type,
					  variant->family == AF_INET ? 100 : 5, &self->crew.addr);
	ASSERT_WORKS(self->crew.fd[0]);
	self->crew.fd[1] = -1;
	self->crew.family = variant->family;
	self->crew.type = variant->type;
}

FIXTURE_TEARDOWN(listener)
{
	close(self->crew.fd[0]);
	EXPECT_TRUE(sock_count_is(self->count));
}

static void acceptor(struct crew *crew, int number)
{
	unsigned int id;
	int fd;

	while ((fd = accept(crew->fd[0], NULL, NULL)) >= 0) {
		crew->total[number]++;
		if (recv(fd, &id, sizeof(id), MSG_WAITALL) != sizeof(id) ||
		    id >= (unsigned int)crew->rounds || crew->seen[id]++)
			crew->errors++;
		/* Answered, so that the client knows that it was taken. */
		send(fd, &id, sizeof(id), MSG_NOSIGNAL);
		close(fd);
	}
	if (errno != EINVAL)
		crew->errors++;
}

/* Each connection goes to one of the threads that wait for it. */
TEST_F(listener, each_connection_to_one_acceptor)
{
	unsigned int i, answer, sum = 0;
	int fd;

	self->crew.work = acceptor;
	self->crew.rounds = scaled(500);
	self->crew.seen = calloc(self->crew.rounds, 1);
	crew_start(&self->crew, THREADS);
	for (i = 0; i < (unsigned int)self->crew.rounds; i++) {
		fd = sock_connected(variant->family, variant->type, &self->crew.addr);
		ASSERT_WORKS(fd);
		ASSERT_EQ(4, send(fd, &i, sizeof(i), 0));
		ASSERT_EQ(4, recv(fd, &answer, sizeof(answer), MSG_WAITALL));
		ASSERT_EQ(i, answer);
		close(fd);
	}
	ASSERT_EQ(0, shutdown(self->crew.fd[0], SHUT_RD));
	crew_join(&self->crew, THREADS);
	for (i = 0; i < THREADS; i++)
		sum += self->crew.total[i];
	EXPECT_EQ(self->crew.rounds, sum);
	EXPECT_EQ(0, self->crew.errors);
	free(self->crew.seen);
}

/* How often the thread of a call went to sleep. */
static long sleeps(struct call *c)
{
	char path[64], line[128];
	long count = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", c->tid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1)
			break;
	if (f)
		fclose(f);
	return count;
}

/* One connection wakes one of those who wait; the others sleep on. */
TEST_F(listener, one_is_woken)
{
	struct call c[THREADS] = { 0 };
	long before[THREADS], moved = 0;
	int i, done = 0;

	for (i = 0; i < THREADS; i++) {
		c[i].fn = call_accept;
		c[i].fd = self->crew.fd[0];
		call_start(&c[i]);
		ASSERT_TRUE(call_sleeps(&c[i]));
		before[i] = sleeps(&c[i]);
		ASSERT_LT(0, before[i]);
	}
	self->crew.fd[1] = sock_connected(variant->family, variant->type, &self->crew.addr);
	ASSERT_WORKS(self->crew.fd[1]);
	usleep(100000);
	for (i = 0; i < THREADS; i++) {
		done += c[i].done;
		moved += !c[i].done && sleeps(&c[i]) != before[i];
		if (c[i].done)
			close((int)c[i].ret);
	}
	EXPECT_EQ(1, done);
	EXPECT_EQ(0, moved);
	close(self->crew.fd[1]);
	ASSERT_EQ(0, shutdown(self->crew.fd[0], SHUT_RD));
	for (i = 0; i < THREADS; i++)
		ASSERT_TRUE(call_returns(&c[i]));
}

static void connect_and_close(struct crew *crew, int number)
{
	int i, fd;

	if (number < 2) {
		while ((fd = accept(crew->fd[0], NULL, NULL)) >= 0) {
			if (number)
				send(fd, "hello", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
			close(fd);
		}
		return;
	}
	for (i = 0; i < crew->rounds; i++) {
		fd = socket(crew->family, crew->type | (i & 1 ? SOCK_NONBLOCK : 0), 0);
		if (fd < 0) {
			crew->errors++;
			continue;
		}
		do_connect(fd, &crew->addr);
		if (i & 2)
			send(fd, "hello", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (i & 4)
			do_disconnect(fd);
		close(fd);
	}
	crew->total[0]++;
}

/* Connections in a hurry, half of them given up while they wait. */
TEST_F(listener, connecting_and_closing)
{
	self->crew.work = connect_and_close;
	self->crew.rounds = scaled(300);
	crew_start(&self->crew, 2 + THREADS);
	while (self->crew.total[0] < THREADS)
		usleep(1000);
	ASSERT_EQ(0, shutdown(self->crew.fd[0], SHUT_RDWR));
	crew_join(&self->crew, 2 + THREADS);
	EXPECT_EQ(0, self->crew.errors);
}

FIXTURE(message) {
	struct crew crew;
};

FIXTURE_VARIANT(message) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(message, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(message, unix) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(message, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(message)
{
	self->crew.fd[0] = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->crew.fd[0]);
	self->crew.fd[1] = sock_bound(variant->family, variant->type, &self->crew.addr);
	ASSERT_WORKS(self->crew.fd[1]);
	self->crew.family = variant->family;
	self->crew.type = variant->type;
}

FIXTURE_TEARDOWN(message)
{
	close(self->crew.fd[0]);
	close(self->crew.fd[1]);
}

static void message_sender(struct crew *crew, int number)
{
	unsigned int record[2] = { number, 0 };

	for (; record[1] < (unsigned int)crew->rounds; record[1]++)
		if (sendto(crew->fd[0], record, sizeof(record), 0, &crew->addr.sa,
			   crew->addr.len) != sizeof(record))
			crew->errors++;
}

/* Messages of a sender may be dropped, and are neither doubled nor reordered. */
TEST_F(message, many_senders)
{
	unsigned int next[THREADS] = { 0 }, record[2];
	unsigned int received = 0;

	self->crew.work = message_sender;
	self->crew.rounds = scaled(3000);
	ASSERT_EQ(0, sock_timeout(self->crew.fd[1], SO_RCVTIMEO, 500));
	crew_start(&self->crew, THREADS);
	while (recv(self->crew.fd[1], record, sizeof(record), 0) == sizeof(record)) {
		ASSERT_GT(THREADS, record[0]);
		ASSERT_LE(next[record[0]], record[1]);
		next[record[0]] = record[1] + 1;
		received++;
	}
	crew_join(&self->crew, THREADS);
	EXPECT_EQ(0, self->crew.errors);
	EXPECT_LT(0, received);
	/* AF_UNIX and SOCK_RDM drop nothing: their senders wait. */
	if (variant->family == AF_UNIX || variant->type == SOCK_RDM)
		EXPECT_EQ(THREADS * self->crew.rounds, received);
}

static void message_reader(struct crew *crew, int number)
{
	unsigned int record;

	while (recv(crew->fd[1], &record, sizeof(record), 0) == sizeof(record)) {
		crew->total[number]++;
		if (record >= (unsigned int)crew->rounds || crew->seen[record]++)
			crew->errors++;
	}
}

TEST_F(message, many_receivers)
{
	unsigned int i, sum = 0;
	int sent;

	self->crew.work = message_reader;
	self->crew.rounds = scaled(5000);
	self->crew.seen = calloc(self->crew.rounds, 1);
	ASSERT_EQ(0, sock_timeout(self->crew.fd[1], SO_RCVTIMEO, 500));
	crew_start(&self->crew, THREADS);
	for (i = 0; i < (unsigned int)self->crew.rounds; i++) {
		sent = sendto(self->crew.fd[0], &i, sizeof(i), 0, &self->crew.addr.sa,
			      self->crew.addr.len);
		ASSERT_EQ(sizeof(i), sent);
	}
	crew_join(&self->crew, THREADS);
	for (i = 0; i < THREADS; i++)
		sum += self->crew.total[i];
	EXPECT_EQ(0, self->crew.errors);
	EXPECT_LT(0, sum);
	EXPECT_GE(self->crew.rounds, sum);
	if (variant->family == AF_UNIX || variant->type == SOCK_RDM)
		EXPECT_EQ(self->crew.rounds, sum);
	free(self->crew.seen);
}

/* What a thread of the next test has of its own. */
struct tools {
	struct addr any;
	int pipe[2];
	int epoll;
	int file;
};

/* Calls that neither connect nor carry anything. */
static void look(struct crew *crew, struct tools *tools, unsigned int which)
{
	static const int requests[] = { SIOCINQ, SIOCOUTQ, SIOCATMARK };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | (which & 16 ? EPOLLET : 0) };
	struct timespec now = { 0 };
	fd_set in, out;
	struct addr got;
	int n;

	switch (which % 8) {
	case 0:
		addr_own(crew->fd[0], &got);
		addr_peer(crew->fd[0], &got);
		break;
	case 1:
		flow_events(crew->fd[0]);
		break;
	case 2:
		epoll_ctl(tools->epoll, EPOLL_CTL_ADD, crew->fd[0], &e);
		epoll_wait(tools->epoll, &e, 1, 0);
		if (which & 32)
			epoll_ctl(tools->epoll, EPOLL_CTL_DEL, crew->fd[0], NULL);
		break;
	case 3:
		FD_ZERO(&in);
		FD_SET(crew->fd[0], &in);
		out = in;
		pselect(crew->fd[0] + 1, &in, &out, NULL, &now, NULL);
		break;
	case 4:
		ioctl(crew->fd[0], requests[which % ARRAY_SIZE(requests)], &n);
		break;
	case 5:
		sock_option(crew->fd[0], SO_ERROR);
		break;
	case 6:
		sock_set(crew->fd[0], which & 32 ? SO_RCVBUF : SO_SNDBUF, (int)which);
		break;
	default:
		close(dup(crew->fd[0]));
	}
}

/* Calls that send. */
static void give(struct crew *crew, struct tools *tools, unsigned int which)
{
	char buf[3000] = { 0 };
	struct iovec iov[2] = { { buf, which % 1000 }, { buf + 1000, which % 1500 } };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = iov, .msg_iovlen = 2 } } };
	off_t offset = 0;

	m[1] = m[0];
	switch (which % 8) {
	case 0:
		sendto(crew->fd[0], buf, 100, MSG_DONTWAIT | MSG_NOSIGNAL, &crew->addr.sa,
		       crew->addr.len);
		break;
	case 1:
		sendmmsg(crew->fd[0], m, 2, MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case 2:
		send(crew->fd[0], "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_OOB);
		break;
	case 3:
		sendfile(crew->fd[0], tools->file, &offset, which % 5000);
		break;
	case 4:
		if (write(tools->pipe[1], buf, 500) > 0)
			splice(tools->pipe[0], NULL, crew->fd[0], NULL, 500, SPLICE_F_NONBLOCK);
		break;
	case 5:
		send(crew->fd[0], buf, which % 3000, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE);
		break;
	default:
		send(crew->fd[0], buf, which % 3000, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/* Calls that receive. */
static void take(struct crew *crew, struct tools *tools, unsigned int which)
{
	char buf[3000];
	struct iovec iov[2] = { { buf, which % 1000 }, { buf + 1000, which % 1500 } };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = iov, .msg_iovlen = 2 } } };
	int fd = crew->fd[which >> 8 & 1];

	m[1] = m[0];
	switch (which % 8) {
	case 0:
		recvmmsg(fd, m, 2, MSG_DONTWAIT, NULL);
		break;
	case 1:
		recv(fd, buf, 1, MSG_DONTWAIT | MSG_OOB);
		break;
	case 2:
		recv(fd, buf, which % 3000, MSG_DONTWAIT | MSG_PEEK);
		break;
	case 3:
		if (splice(fd, NULL, tools->pipe[1], NULL, 500, SPLICE_F_NONBLOCK) > 0)
			read(tools->pipe[0], buf, sizeof(buf));
		break;
	case 4:
		recv(fd, buf, which % 3000, MSG_DONTWAIT | MSG_TRUNC);
		break;
	case 5:
		recv(fd, buf, which % 3000, MSG_DONTWAIT | MSG_WAITALL);
		break;
	default:
		recv(fd, buf, which % 3000, MSG_DONTWAIT);
	}
}

static void anything(struct crew *crew, int number)
{
	struct tools tools = { .any = addr_any(crew->family) };
	unsigned int seed = number, which;

	if (pipe2(tools.pipe, O_NONBLOCK))
		crew->errors++;
	tools.epoll = epoll_create1(0);
	tools.file = open("/proc/self/exe", O_RDONLY);
	while (!crew->stop) {
		seed = seed * 1103515245 + 12345;
		which = seed >> 12;
		switch (seed >> 8 & 15) {
		case 0:
			do_bind(crew->fd[0], &tools.any);
			break;
		case 1:
		case 2:
			do_connect(crew->fd[0], &crew->addr);
			break;
		case 3:
			do_disconnect(crew->fd[0]);
			break;
		case 4:
			shutdown(crew->fd[0], which & 1);
			break;
		case 5:
			close(accept4(crew->fd[1], NULL, NULL, SOCK_NONBLOCK));
			break;
		case 6:
			if (which % 16 == 0)
				listen(crew->fd[0], 2);
			close(accept4(crew->fd[0], NULL, NULL, SOCK_NONBLOCK));
			break;
		case 7:
		case 8:
			look(crew, &tools, which);
			break;
		case 9:
		case 10:
		case 11:
			take(crew, &tools, which);
			break;
		default:
			give(crew, &tools, which);
		}
	}
	close(tools.file);
	close(tools.epoll);
	close(tools.pipe[0]);
	close(tools.pipe[1]);
}

/* The second socket, which nobody has closed, serves the next one as it did the first. */
static int still_serves(struct crew *crew)
{
	char buf[3000];
	int client, fd;

	if (!type_connects(crew->type)) {
		while (recv(crew->fd[1], buf, sizeof(buf), 0) >= 0)
			;
		client = socket(crew->family, crew->type, 0);
		if (sendto(client, "next", 4, 0, &crew->addr.sa, crew->addr.len) != 4)
			return -1;
		close(client);
		if (flow_wait(crew->fd[1], POLLIN, 5000) != POLLIN)
			return -1;
		return recv(crew->fd[1], buf, sizeof(buf), 0) == 4 ? 0 : -1;
	}
	while ((fd = accept(crew->fd[1], NULL, NULL)) >= 0)
		close(fd);
	client = sock_connected(crew->family, crew->type, &crew->addr);
	if (client < 0 || flow_wait(crew->fd[1], POLLIN, 5000) != POLLIN)
		return -1;
	fd = accept(crew->fd[1], NULL, NULL);
	if (flow_write(client, 1000, 1000, 0) != 1000 || flow_read(fd, 1000, 1000, 0) != 1000)
		return -1;
	close(client);
	return close(fd);
}

/* Every call at once on one socket: no harm, whatever they return. */
static int all_at_once(int family, int type)
{
	struct crew crew = { .work = anything, .family = family, .type = type };
	int before = sock_count();

	signal(SIGPIPE, SIG_IGN);
	crew.fd[0] = socket(family, type | SOCK_NONBLOCK, 0);
	if (type_connects(type))
		crew.fd[1] = sock_listening(family, type | SOCK_NONBLOCK, 5, &crew.addr);
	else
		crew.fd[1] = sock_bound(family, type | SOCK_NONBLOCK, &crew.addr);
	if (crew.fd[0] < 0 || crew.fd[1] < 0)
		return -1;
	crew_start(&crew, THREADS);
	usleep(scaled(500) * 1000);
	crew.stop = true;
	crew_join(&crew, THREADS);
	close(crew.fd[0]);
	/* Raw sockets serve nobody in particular. */
	if (crew.errors || (type != SOCK_RAW && still_serves(&crew)))
		return -1;
	close(crew.fd[1]);
	return sock_count_is(before) ? 0 : -1;
}

TEST_F(stream, every_call_at_once)
{
	EXPECT_EQ(0, all_at_once(variant->family, variant->type));
}

TEST_F(message, every_call_at_once)
{
	EXPECT_EQ(0, all_at_once(variant->family, variant->type));
}

TEST(every_call_at_once_on_a_raw_socket)
{
	EXPECT_EQ(0, all_at_once(AF_EXPERIMENTAL, SOCK_RAW));
}

TEST_HARNESS_MAIN
