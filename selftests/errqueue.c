// SPDX-License-Identifier: GPL-2.0
/* The error queue, and what MSG_ZEROCOPY leaves there. */
#include <sys/epoll.h>
#include <sys/resource.h>

#include <linux/net_tstamp.h>

#include "errqueue.h"
#include "harness.h"

FIXTURE(queue) {
	int fd[2];
};

FIXTURE_VARIANT(queue) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(queue, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(queue, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(queue, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(queue, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(queue, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(queue, tcp) { AF_INET, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(queue, udp) { AF_INET, SOCK_DGRAM, };

FIXTURE_SETUP(queue)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(queue)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* One entry, for a byte that the other end has to read. */
static int queue_one(int fd)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
	struct control c = { 0 };

	if (sock_set(fd, SO_TIMESTAMPING_NEW, flags))
		return -1;
	control_add_int(&c, SO_TIMESTAMPING_NEW, SOF_TIMESTAMPING_TX_SOFTWARE);
	return control_send(fd, "x", 1, 0, &c) == 1 ? 0 : -1;
}

TEST_F(queue, empty)
{
	struct queued q;
	char byte;

	/* It never waits, and is not what others have sent. */
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[1], &q));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[1], &q));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(queue, event)
{
	struct queued q;

	ASSERT_EQ(0, queue_one(self->fd[0]));
	EXPECT_EQ(POLLOUT | POLLERR, flow_settle(self->fd[0], POLLOUT | POLLERR));
	/* It is no error that a call would report. */
	EXPECT_EQ(0, sock_option(self->fd[0], SO_ERROR));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(POLLOUT | POLLERR, flow_events(self->fd[0]));
	ASSERT_WORKS(sock_set(self->fd[0], SO_SELECT_ERR_QUEUE, 1));
	EXPECT_EQ(1, sock_option(self->fd[0], SO_SELECT_ERR_QUEUE));
	/* TCP takes no heed of it. */
	if (variant->family == AF_EXPERIMENTAL || variant->type == SOCK_DGRAM)
		EXPECT_EQ(POLLOUT | POLLERR | POLLPRI, flow_events(self->fd[0]));
	ASSERT_EQ(0, errqueue_take(variant->family, self->fd[0], &q));
	EXPECT_EQ(POLLOUT, flow_events(self->fd[0]));
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[0], &q));
}

TEST_F(queue, select)
{
	fd_set urgent;
	struct timeval none = { 0 };
	int i;

	if (variant->family == AF_INET && variant->type == SOCK_STREAM)
		SKIP(return, "TCP takes no heed of SO_SELECT_ERR_QUEUE");
	ASSERT_EQ(0, queue_one(self->fd[0]));
	ASSERT_EQ(POLLERR, flow_wait(self->fd[0], 0, 5000));
	for (i = 0; i < 2; i++) {
		ASSERT_WORKS(sock_set(self->fd[0], SO_SELECT_ERR_QUEUE, i));
		FD_ZERO(&urgent);
		FD_SET(self->fd[0], &urgent);
		EXPECT_EQ(i, select(self->fd[0] + 1, NULL, NULL, &urgent, &none));
	}
}

TEST_F(queue, wakes_a_poll)
{
	struct call c = { .fn = call_poll, .fd = self->fd[0] };

	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, queue_one(self->fd[0]));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLERR, c.ret);
}

TEST_F(queue, edge)
{
	struct epoll_event event = { .events = EPOLLET };
	int epoll = epoll_create1(0);
	struct queued q;
	int i;

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd[0], &event));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, queue_one(self->fd[0]));
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, 5000));
		EXPECT_EQ(EPOLLERR, event.events);
		ASSERT_EQ(0, errqueue_take(variant->family, self->fd[0], &q));
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	}
	close(epoll);
}

TEST_F(queue, outlives_the_peer)
{
	struct queued q;
	char byte;

	ASSERT_EQ(0, queue_one(self->fd[0]));
	ASSERT_EQ(POLLERR, flow_wait(self->fd[0], 0, 5000));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_EQ(POLLERR, flow_events(self->fd[0]) & POLLERR);
	EXPECT_EQ(0, errqueue_take(variant->family, self->fd[0], &q));
	EXPECT_EQ(SO_EE_ORIGIN_TIMESTAMPING, q.error.ee_origin);
}

/* Closed unread, it leaves nothing. */
TEST_F(queue, unread)
{
	int count = sock_count(), i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, queue_one(self->fd[0]));
	close(self->fd[0]);
	close(self->fd[1]);
	self->fd[0] = -1;
	self->fd[1] = -1;
	EXPECT_TRUE(sock_count_is(count - 2));
}

TEST_F(queue, short_control_buffer)
{
	struct control c = { .room = CMSG_LEN(4) };
	char byte;

	ASSERT_EQ(0, queue_one(self->fd[0]));
	ASSERT_EQ(POLLERR, flow_wait(self->fd[0], 0, 5000));
	EXPECT_EQ(0, control_recv(self->fd[0], &byte, 1, MSG_ERRQUEUE, &c));
	EXPECT_EQ(MSG_CTRUNC | MSG_ERRQUEUE, c.flags);
	EXPECT_EQ(c.room, c.len);
}

/* SO_RCVBUF bounds it; what finds no room is lost, and the message is not. */
TEST_F(queue, bounded)
{
	int i, sent = 2000, queued = 0;
	struct queued q;
	char byte;

	ASSERT_WORKS(sock_set(self->fd[0], SO_RCVBUF, 20000));
	for (i = 0; i < sent; i++) {
		ASSERT_EQ(0, queue_one(self->fd[0]));
		ASSERT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	}
	while (!errqueue_take(variant->family, self->fd[0], &q))
		queued++;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_LT(0, queued);
	EXPECT_GT(sent / 2, queued);
}

static ssize_t send_zerocopy(int fd, const void *buf, size_t len)
{
	return send(fd, buf, len, MSG_ZEROCOPY | MSG_NOSIGNAL);
}

/* That it was copied, about these calls. */
#define EXPECT_NOTICE(lo, hi, q) do {						\
	const struct sock_extended_err *error_ = &(q)->error;			\
										\
	EXPECT_EQ(0, error_->ee_errno);						\
	EXPECT_EQ(SO_EE_ORIGIN_ZEROCOPY, error_->ee_origin);			\
	EXPECT_EQ(SO_EE_CODE_ZEROCOPY_COPIED, error_->ee_code);			\
	EXPECT_EQ(lo, error_->ee_info);						\
	EXPECT_EQ(hi, error_->ee_data);						\
} while (0)

TEST_F(queue, zerocopy)
{
	struct queued q;
	char buf[8], text[8] = "ab";
	int i;

	/* Without SO_ZEROCOPY the flag says nothing. */
	ASSERT_EQ(2, send_zerocopy(self->fd[0], text, 2));
	ASSERT_EQ(2, recv(self->fd[1], buf, 2, MSG_WAITALL));
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[0], &q));

	ASSERT_WORKS(sock_set(self->fd[0], SO_ZEROCOPY, 1));
	for (i = 0; i < 3; i++) {
		text[0] = 'a' + i;
		ASSERT_EQ(2, send_zerocopy(self->fd[0], text, 2));
		/* Others have no number. */
		ASSERT_EQ(2, send(self->fd[0], "zz", 2, 0));
		ASSERT_EQ(2, recv(self->fd[1], buf, 2, MSG_WAITALL));
		EXPECT_EQ('a' + i, buf[0]);
		ASSERT_EQ(2, recv(self->fd[1], buf, 2, MSG_WAITALL));
		EXPECT_EQ('z', buf[0]);
	}
	/* Notices are gathered. */
	ASSERT_EQ(POLLERR, flow_wait(self->fd[0], 0, 5000));
	ASSERT_EQ(0, errqueue_take(variant->family, self->fd[0], &q));
	EXPECT_EQ(0, q.len);
	EXPECT_NOTICE(0, 2, &q);
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[0], &q));
	ASSERT_EQ(2, send_zerocopy(self->fd[0], text, 2));
	ASSERT_EQ(2, recv(self->fd[1], buf, 2, MSG_WAITALL));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_NOTICE(3, 3, &q);
}

TEST_F(queue, zerocopy_of_a_failure)
{
	struct queued q;
	char buf[2];

	ASSERT_WORKS(sock_set(self->fd[0], SO_ZEROCOPY, 1));
	EXPECT_FAILS(EFAULT, send_zerocopy(self->fd[0], mem_unmapped(1), 1));
	if (variant->type != SOCK_STREAM) {
		static char much[300000];

		EXPECT_FAILS(EMSGSIZE, send_zerocopy(self->fd[0], much, sizeof(much)));
	}
	EXPECT_FAILS(EAGAIN, errqueue_take(variant->family, self->fd[0], &q));
	ASSERT_EQ(2, send_zerocopy(self->fd[0], "ab", 2));
	ASSERT_EQ(2, recv(self->fd[1], buf, 2, MSG_WAITALL));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_NOTICE(0, 0, &q);
}

/* One notice a call, however much of it was sent. */
TEST_F(queue, zerocopy_in_part)
{
	static char much[4000000];
	struct queued q;
	ssize_t sent;

	if (variant->type != SOCK_STREAM)
		SKIP(return, "a message is sent whole");
	ASSERT_WORKS(sock_set(self->fd[0], SO_ZEROCOPY, 1));
	ASSERT_EQ(0, sock_nonblock(self->fd[0]));
	pattern_fill(much, sizeof(much), 0);
	sent = send_zerocopy(self->fd[0], much, sizeof(much));
	ASSERT_LT(0, sent);
	EXPECT_GT((ssize_t)sizeof(much), sent);
	EXPECT_FAILS(EAGAIN, send_zerocopy(self->fd[0], much, 1));
	EXPECT_EQ(sent, flow_read(self->fd[1], sent, 10000, 0));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_NOTICE(0, 0, &q);
}

/* The pages of those who may not pin any. */
TEST_F(queue, zerocopy_beyond_the_limit)
{
	static char much[100000];
	struct queued q;
	pid_t pid;

	if (variant->type != SOCK_STREAM)
		SKIP(return, "more than a message");
	ASSERT_WORKS(sock_set(self->fd[0], SO_ZEROCOPY, 1));
	pid = fork_child();
	if (!pid) {
		struct rlimit limit = { 8192, 8192 };

		if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresuid(65534, 65534, 65534))
			_exit(1);
		if (send_zerocopy(self->fd[0], much, sizeof(much)) != -1 || errno != ENOBUFS)
			_exit(2);
		_exit(send_zerocopy(self->fd[0], much, 1) != 1);
	}
	EXPECT_EQ(0, child_status(pid));
	ASSERT_EQ(1, recv(self->fd[1], much, 1, 0));
	ASSERT_EQ(0, errqueue_await(variant->family, self->fd[0], &q));
	EXPECT_NOTICE(0, 0, &q);
}

static long send_some(struct call *c)
{
	static char from[100];
	long count = 0;
	int i;

	for (i = 0; i < c->flags; i++) {
		/* Every other one fails. */
		count += send_zerocopy(c->fd, from, sizeof(from)) == sizeof(from);
		send_zerocopy(c->fd, c->buf, 1);
	}
	return count;
}

/* Numbers are neither left out nor given twice, whoever sends at once. */
TEST_F(queue, zerocopy_from_many_threads)
{
	int each = scaled(200), i;
	struct call c[4];
	unsigned int next = 0;
	struct queued q;
	char buf[100];

	if (variant->family == AF_INET)
		SKIP(return, "TCP and UDP send it out of order");
	ASSERT_WORKS(sock_set(self->fd[0], SO_ZEROCOPY, 1));
	for (i = 0; i < 4; i++) {
		c[i] = (struct call){
			.fn = send_some, .fd = self->fd[0], .flags = each, .buf = mem_unmapped(1),
		};
		call_start(&c[i]);
	}
	for (i = 0; i < 4 * each; i++)
		if (variant->type != SOCK_DGRAM && variant->type != SOCK_RAW)
			ASSERT_EQ(100, recv(self->fd[1], buf, 100, MSG_WAITALL));
	for (i = 0; i < 4; i++) {
		ASSERT_TRUE(call_returns(&c[i]));
		EXPECT_EQ(each, c[i].ret);
	}
	while (!errqueue_take(variant->family, self->fd[0], &q)) {
		EXPECT_EQ(next, q.error.ee_info);
		next = q.error.ee_data + 1;
	}
	EXPECT_EQ(4 * each, (int)next);
}

/* Though it takes of the same room as messages, those who wait for that are woken. */
TEST(holds_up_no_sender)
{
	int fd[2], i;
	struct call c = { .fn = call_send, .buf = "x", .len = 1 };
	char byte;

	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_RDM, fd));
	ASSERT_WORKS(sock_set(fd[0], SO_RCVBUF, 20000));
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, queue_one(fd[0]));
		ASSERT_EQ(1, recv(fd[1], &byte, 1, 0));
	}
	while (send(fd[1], "x", 1, MSG_DONTWAIT) == 1)
		;
	EXPECT_EQ(EAGAIN, errno);
	c.fd = fd[1];
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	while (recv(fd[0], &byte, 1, MSG_DONTWAIT) == 1)
		;
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);
	close(fd[0]);
	close(fd[1]);
}

TEST_HARNESS_MAIN
