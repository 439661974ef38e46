// SPDX-License-Identifier: GPL-2.0
/* When: SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING, SIOCGSTAMP. */
#include <time.h>

#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "errqueue.h"
#include "harness.h"

#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID	81
#endif

#define SECOND	1000000000LL

/* In nanoseconds, as all times here. */
static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

FIXTURE(stamp) {
	int fd[2];
	/* Keeps the devices taking stamps, which TCP does not do itself. */
	int keeper;
};

FIXTURE_VARIANT(stamp) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(stamp, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stamp, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(stamp, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(stamp, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(stamp, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(stamp, tcp) { AF_INET, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(stamp, udp) { AF_INET, SOCK_DGRAM, };

FIXTURE_SETUP(stamp)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	self->keeper = -1;
	if (variant->family == AF_INET && variant->type == SOCK_STREAM) {
		struct control c = { 0 };
		char byte;

		self->keeper = socket(AF_INET, SOCK_DGRAM, 0);
		ASSERT_WORKS(sock_set(self->keeper, SO_TIMESTAMP, 1));
		ASSERT_WORKS(sock_set(self->fd[1], SO_TIMESTAMP, 1));
		/* They begin some time after they were asked to. */
		while (!c.len) {
			ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
			ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		}
		ASSERT_WORKS(sock_set(self->fd[1], SO_TIMESTAMP, 0));
	}
}

FIXTURE_TEARDOWN(stamp)
{
	close(self->keeper);
	close(self->fd[0]);
	close(self->fd[1]);
}

/* The layouts that a time comes in: two numbers of so many bytes. */
static const struct {
	int option;
	size_t size;
	long long unit;
} layouts[] = {
	{ SO_TIMESTAMP_OLD, sizeof(long), 1000 },
	{ SO_TIMESTAMP_NEW, 8, 1000 },
	{ SO_TIMESTAMPNS_OLD, sizeof(long), 1 },
	{ SO_TIMESTAMPNS_NEW, 8, 1 },
};

static long long found(const struct control *c, int type, size_t size, long long unit)
{
	long long sec = 0, fraction = 0;
	size_t len;
	const char *data = control_find(c, SOL_SOCKET, type, &len);

	if (!data || len != 2 * size)
		return -1;
	memcpy(&sec, data, size);
	memcpy(&fraction, data + size, size);
	return sec * SECOND + fraction * unit;
}

/* Of a message that was sent at @from at the earliest, and at @to at the latest. */
#define EXPECT_TIME(from, to, unit, when) do {			\
	long long unit_ = (unit), when_ = (when) / unit_;	\
								\
	EXPECT_LE((from) / unit_, when_);			\
	EXPECT_GE((to) / unit_, when_);				\
} while (0)

TEST_F(stamp, layouts)
{
	struct control c = { 0 };
	long long from, to;
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		int option = layouts[i].option;

		ASSERT_WORKS(sock_set(self->fd[1], option, 1));
		EXPECT_EQ(1, sock_option(self->fd[1], option));
		from = now();
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		to = now();
		ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
		/* The receiver takes its time. */
		while (now() - to < 2000000)
			;
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(1, control_count(&c));
		/* A device starts to take stamps some time after it was asked to. */
		EXPECT_TIME(from, variant->family == AF_INET ? now() : to, layouts[i].unit,
			    found(&c, option, layouts[i].size, layouts[i].unit));
		ASSERT_WORKS(sock_set(self->fd[1], option, 0));
	}
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(0, control_count(&c));
}

TEST_F(stamp, one_excludes_the_other)
{
	struct control c = { 0 };
	char byte;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		ASSERT_WORKS(sock_set(self->fd[1], layouts[i].option, 1));
		/* The core takes the second for on with the last. */
		for (j = 0; j < ARRAY_SIZE(layouts); j++)
			EXPECT_EQ(i == j || (j == 1 && i == 3),
				  sock_option(self->fd[1], layouts[j].option));
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_EQ(1, control_count(&c));
		EXPECT_NE(NULL, control_find(&c, SOL_SOCKET, layouts[i].option, NULL));
	}
}

TEST_F(stamp, of_a_message_that_was_peeked_at)
{
	struct control c = { 0 };
	long long first;
	char byte;

	ASSERT_WORKS(sock_set(self->fd[1], SO_TIMESTAMPNS_NEW, 1));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, MSG_PEEK, &c));
	first = found(&c, SO_TIMESTAMPNS_NEW, 8, 1);
	EXPECT_LT(0, first);
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(first, found(&c, SO_TIMESTAMPNS_NEW, 8, 1));
}

/* None was taken, so it is that of the read. */
TEST_F(stamp, asked_too_late)
{
	struct control c = { 0 };
	char byte;
	long long from;

	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	ASSERT_WORKS(sock_set(self->fd[1], SO_TIMESTAMPNS_NEW, 1));
	from = now();
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	/* A device may have taken one for another socket. */
	if (variant->family == AF_EXPERIMENTAL)
		EXPECT_TIME(from, now(), 1, found(&c, SO_TIMESTAMPNS_NEW, 8, 1));
}

TEST_F(stamp, software)
{
	int option[] = { SO_TIMESTAMPING_OLD, SO_TIMESTAMPING_NEW };
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	size_t size[] = { sizeof(long), 8 }, len, i;
	struct control c = { 0 };
	const char *data;
	long long from, to;
	char byte;

	for (i = 0; i < 2; i++) {
		ASSERT_WORKS(sock_set(self->fd[1], option[i], flags));
		EXPECT_EQ(flags, sock_option(self->fd[1], option[i]));
		from = now();
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		to = now();
		ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
		while (now() - to < 2000000)
			;
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		data = control_find(&c, SOL_SOCKET, option[i], &len);
		if (variant->family == AF_INET && !data)
			continue;
		ASSERT_NE(NULL, data);
		ASSERT_EQ(6 * size[i], len);
		c.len = 0;
		control_add(&c, SOL_SOCKET, 0, data, 2 * size[i]);
		EXPECT_TIME(from, to, 1, found(&c, 0, size[i], 1));
	}
}

/* A read of several writes has the time of the last. */
TEST_F(stamp, last_write_counts)
{
	struct control c = { 0 };
	long long between;
	char buf[2];

	if (variant->type != SOCK_STREAM)
		SKIP(return, "one message a read");
	ASSERT_WORKS(sock_set(self->fd[1], SO_TIMESTAMPNS_NEW, 1));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	between = now();
	while (now() - between < 2000000)
		;
	between = now();
	ASSERT_EQ(1, send(self->fd[0], "y", 1, 0));
	ASSERT_EQ(2, control_recv(self->fd[1], buf, 2, MSG_WAITALL, &c));
	EXPECT_LE(between, found(&c, SO_TIMESTAMPNS_NEW, 8, 1));
}

static const struct {
	unsigned long request;
	size_t size;
	long long unit;
} requests[] = {
	{ SIOCGSTAMP_OLD, sizeof(long), 1000 },
	{ SIOCGSTAMP_NEW, 8, 1000 },
	{ SIOCGSTAMPNS_OLD, sizeof(long), 1 },
	{ SIOCGSTAMPNS_NEW, 8, 1 },
};

TEST_F(stamp, of_the_last_message)
{
	char data[16], byte;
	size_t i;

	if (variant->family == AF_INET && variant->type == SOCK_STREAM)
		SKIP(return, "TCP remembers none");
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		EXPECT_FAILS(ENOENT, ioctl(self->fd[1], requests[i].request, data));
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		struct control c = { 0 };
		long long from = now(), to;

		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		to = now();
		while (now() - to < 2000000)
			;
		ASSERT_EQ(1, recv(self->fd[1], &byte, 1, 0));
		ASSERT_WORKS(ioctl(self->fd[1], requests[i].request, data));
		control_add(&c, SOL_SOCKET, 0, data, 2 * requests[i].size);
		EXPECT_TIME(from, variant->family == AF_INET ? now() : to, requests[i].unit,
			    found(&c, 0, requests[i].size, requests[i].unit));
	}
}

#define SENT	(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE)

static int want_sent(int fd, int flags)
{
	return sock_set(fd, SO_TIMESTAMPING_NEW, SENT | flags);
}

/* As many bytes as the message has, again and again. */
static int send_and_take(const int *fd, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);
	char buf[64];

	if (send(fd[0], text, len, 0) != len)
		return -1;
	return recv(fd[1], buf, len, MSG_WAITALL) == len ? 0 : -1;
}

TEST_F(stamp, sent)
{
	struct queued q;
	long long from = 0, to = 0;
	int i, bytes = 0;

	ASSERT_WORKS(want_sent(self->fd[0], SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID |
			       (variant->family == AF_INET && variant->type == SOCK_STREAM ?
				SOF_TIMESTAMPING_OPT_ID_TCP : 0)));
	for (i = 0; i < 3; i++) {
		from = now();
		ASSERT_EQ(0, send_and_take(self->fd, "four"));
		to = now();
		bytes += 4;
		ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
		EXPECT_EQ(0, q.len);
		EXPECT_EQ(MSG_ERRQUEUE, q.flags & MSG_ERRQUEUE);
		EXPECT_EQ(ENOMSG, q.error.ee_errno);
		EXPECT_EQ(SO_EE_ORIGIN_TIMESTAMPING, q.error.ee_origin);
		EXPECT_EQ(SCM_TSTAMP_SND, q.error.ee_info);
		/* The number of a message, or of the last byte of a stream. */
		EXPECT_EQ(variant->type == SOCK_STREAM ? bytes - 1 : i, q.error.ee_data);
		EXPECT_TIME(from, to, 1, q.stamp);
	}
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[0], &q));
}

TEST_F(stamp, sent_in_steps)
{
	struct queued q;
	long long first;

	ASSERT_WORKS(want_sent(self->fd[0], SOF_TIMESTAMPING_OPT_TSONLY |
			       SOF_TIMESTAMPING_TX_SCHED));
	ASSERT_EQ(0, send_and_take(self->fd, "x"));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_EQ(SCM_TSTAMP_SCHED, q.error.ee_info);
	first = q.stamp;
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_EQ(SCM_TSTAMP_SND, q.error.ee_info);
	EXPECT_LE(first, q.stamp);
}

/* Without OPT_TSONLY, the bytes come back; a stream of this family has none. */
TEST_F(stamp, sent_comes_back)
{
	bool bare = variant->family == AF_EXPERIMENTAL && type_connects(variant->type);
	struct queued q;

	ASSERT_WORKS(want_sent(self->fd[0], 0));
	ASSERT_EQ(0, send_and_take(self->fd, "hello"));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	if (bare) {
		EXPECT_EQ(0, q.len);
	} else {
		ASSERT_LE(5, q.len);
		EXPECT_EQ(0, memcmp(q.data + q.len - 5, "hello", 5));
	}
}

/* One message alone, and with a number that it brings. */
TEST_F(stamp, sent_with_a_number)
{
	bool tcp = variant->family == AF_INET && variant->type == SOCK_STREAM;
	struct control c = { 0 };
	struct queued q;
	char byte;

	ASSERT_WORKS(sock_set(self->fd[0], SO_TIMESTAMPING_NEW,
			      SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY));
	control_add_int(&c, SO_TIMESTAMPING_NEW, SOF_TIMESTAMPING_TX_SOFTWARE);
	control_add_int(&c, SCM_TS_OPT_ID, 4711);
	EXPECT_FAILS(EINVAL, control_send(self->fd[0], "x", 1, 0, &c));
	if (tcp)
		SKIP(return, "TCP takes no such number");
	ASSERT_WORKS(sock_set(self->fd[0], SO_TIMESTAMPING_NEW, SOF_TIMESTAMPING_SOFTWARE |
			      SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(1, control_send(self->fd[0], "x", 1, 0, &c));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_EQ(4711, q.error.ee_data);
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[0], &q));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	c.len = 0;
	control_add_int(&c, SO_TIMESTAMPING_NEW, SOF_TIMESTAMPING_RX_SOFTWARE);
	EXPECT_FAILS(EINVAL, control_send(self->fd[0], "x", 1, 0, &c));
}

/* What was not sent has no number. */
TEST_F(stamp, failure_has_no_number)
{
	struct queued q;

	ASSERT_WORKS(want_sent(self->fd[0], SOF_TIMESTAMPING_OPT_TSONLY |
			       SOF_TIMESTAMPING_OPT_ID));
	EXPECT_FAILS(EFAULT, send(self->fd[0], mem_unmapped(1), 1, 0));
	ASSERT_EQ(0, send_and_take(self->fd, "x"));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_EQ(0, q.error.ee_data);
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[0], &q));
}

TEST(message_that_must_wait_has_no_number)
{
	static char buf[10000];
	struct queued q;
	int fd[2], i, sent = 0;

	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_RDM, fd));
	ASSERT_WORKS(sock_set(fd[0], SO_SNDBUF, 1 << 20));
	ASSERT_WORKS(want_sent(fd[0], SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID));
	for (i = 0; i < 1000; i++) {
		if (send(fd[0], buf, sizeof(buf), MSG_DONTWAIT) < 0)
			break;
		ASSERT_EQ(0, errqueue_take(AF_EXPERIMENTAL, fd[0], &q));
		EXPECT_EQ(sent, q.error.ee_data);
		sent++;
	}
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_FAILS(EAGAIN, send(fd[0], buf, sizeof(buf), MSG_DONTWAIT));
	for (i = 0; i < sent; i++)
		ASSERT_EQ((ssize_t)sizeof(buf), recv(fd[1], buf, sizeof(buf), 0));
	ASSERT_EQ(1, send(fd[0], buf, 1, 0));
	ASSERT_EQ(0, errqueue_take(AF_EXPERIMENTAL, fd[0], &q));
	EXPECT_EQ(sent, q.error.ee_data);
	close(fd[0]);
	close(fd[1]);
}

/* Bytes that cost room for what is known of them never leave a reader waiting. */
TEST(low_water_mark_above_what_fits)
{
	char *buf = calloc(1, 200000);
	struct pollfd p = { .events = POLLIN };
	ssize_t sent = 0, got;
	int fd[2];

	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_STREAM, fd));
	ASSERT_WORKS(sock_set(fd[1], SO_TIMESTAMP_NEW, 1));
	ASSERT_WORKS(sock_set(fd[1], SO_RCVLOWAT, 100000));
	ASSERT_WORKS(sock_timeout(fd[1], SO_RCVTIMEO, 5000));
	while (send(fd[0], "x", 1, MSG_DONTWAIT) == 1)
		sent++;
	EXPECT_EQ(EAGAIN, errno);
	p.fd = fd[1];
	EXPECT_EQ(1, poll(&p, 1, 0));
	got = recv(fd[1], buf, 200000, 0);
	EXPECT_EQ(sent, got);
	/* Less than a low-water mark that would fit is not enough. */
	EXPECT_EQ(1, send(fd[0], "x", 1, 0));
	EXPECT_EQ(0, poll(&p, 1, 0));
	close(fd[0]);
	close(fd[1]);
	free(buf);
}

TEST_HARNESS_MAIN
