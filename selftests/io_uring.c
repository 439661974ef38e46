// SPDX-License-Identifier: GPL-2.0
/* The calls of a socket through io_uring(7), which sleeps for them by polling. */
#include <linux/sockios.h>
#include <liburing.h>
#include <poll.h>

#include "harness.h"

#define BUFFERS	8
#define SIZE	64

FIXTURE(ring) {
	struct io_uring ring;
	struct addr addr;
	int fd[2];
};

FIXTURE_VARIANT(ring) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(ring, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(ring, exp_seqpacket) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(ring, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(ring)
{
	loopback_up();
	ASSERT_EQ(0, io_uring_queue_init(32, &self->ring, 0));
	ASSERT_EQ(0, sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(ring)
{
	close(self->fd[0]);
	close(self->fd[1]);
	io_uring_queue_exit(&self->ring);
}

static struct io_uring_sqe *sqe_of(struct io_uring *ring, unsigned long mark)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_sqe_set_data64(sqe, mark);
	return sqe;
}

/* The result of the next completion, which must be the one with this mark. */
static int result_of(struct io_uring *ring, unsigned long mark, unsigned int *flags)
{
	struct __kernel_timespec limit = { .tv_sec = 10 };
	struct io_uring_cqe *cqe;
	int res;

	if (io_uring_wait_cqe_timeout(ring, &cqe, &limit) || cqe->user_data != mark)
		return -1000;
	res = cqe->res;
	if (flags)
		*flags = cqe->flags;
	io_uring_cqe_seen(ring, cqe);
	return res;
}

static bool is_idle(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	usleep(20000);
	return io_uring_peek_cqe(ring, &cqe) == -EAGAIN;
}

TEST_F(ring, send_and_recv)
{
	struct io_uring_sqe *sqe;
	char buf[SIZE] = "";

	/* The receive waits for what comes later. */
	io_uring_prep_recv(sqe_of(&self->ring, 1), self->fd[1], buf, sizeof(buf), 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_TRUE(is_idle(&self->ring));
	sqe = sqe_of(&self->ring, 2);
	io_uring_prep_send(sqe, self->fd[0], "hello", 5, MSG_NOSIGNAL);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(5, result_of(&self->ring, 1, NULL));
	EXPECT_STREQ("hello", buf);
}

TEST_F(ring, sendmsg_and_recvmsg)
{
	char one[3], two[3];
	struct iovec out[] = { { "abc", 3 }, { "def", 3 } };
	struct iovec in[] = { { one, 3 }, { two, 3 } };
	struct msghdr send_hdr = { .msg_iov = out, .msg_iovlen = 2 };
	struct msghdr recv_hdr = { .msg_iov = in, .msg_iovlen = 2 };

	io_uring_prep_sendmsg(sqe_of(&self->ring, 1), self->fd[0], &send_hdr, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(6, result_of(&self->ring, 1, NULL));
	io_uring_prep_recvmsg(sqe_of(&self->ring, 2), self->fd[1], &recv_hdr, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(6, result_of(&self->ring, 2, NULL));
	EXPECT_EQ(0, memcmp(one, "abc", 3));
	EXPECT_EQ(0, memcmp(two, "def", 3));
	if (variant->type == SOCK_SEQPACKET)
		EXPECT_EQ(MSG_EOR, recv_hdr.msg_flags);
}

TEST_F(ring, multishot_recv)
{
	struct io_uring_buf_ring *bufs;
	struct io_uring_sqe *sqe;
	char pool[BUFFERS][SIZE];
	unsigned int flags;
	int i, err;

	bufs = io_uring_setup_buf_ring(&self->ring, BUFFERS, 0, 0, &err);
	ASSERT_TRUE(bufs);
	for (i = 0; i < BUFFERS; i++)
		io_uring_buf_ring_add(bufs, pool[i], SIZE, i, BUFFERS - 1, i);
	io_uring_buf_ring_advance(bufs, BUFFERS);

	sqe = sqe_of(&self->ring, 1);
	io_uring_prep_recv_multishot(sqe, self->fd[1], NULL, 0, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_BUFFER_SELECT);
	sqe->buf_group = 0;
	ASSERT_EQ(1, io_uring_submit(&self->ring));

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
		ASSERT_EQ(3, result_of(&self->ring, 1, &flags));
		EXPECT_TRUE(flags & IORING_CQE_F_MORE);
		EXPECT_EQ(0, memcmp(pool[flags >> IORING_CQE_BUFFER_SHIFT], "abc", 3));
		EXPECT_FALSE(flags & IORING_CQE_F_SOCK_NONEMPTY);
	}
	/* The end of the stream ends it. */
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(0, result_of(&self->ring, 1, &flags));
	EXPECT_FALSE(flags & IORING_CQE_F_MORE);
	io_uring_free_buf_ring(&self->ring, bufs, BUFFERS, 0);
}

TEST_F(ring, recv_tells_that_more_is_there)
{
	unsigned int flags;
	char buf[SIZE];

	ASSERT_EQ(10, send(self->fd[0], "0123456789", 10, 0));
	ASSERT_EQ(2, send(self->fd[0], "ab", 2, 0));
	io_uring_prep_recv(sqe_of(&self->ring, 1), self->fd[1], buf, 4, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(4, result_of(&self->ring, 1, &flags));
	EXPECT_TRUE(flags & IORING_CQE_F_SOCK_NONEMPTY);
	io_uring_prep_recv(sqe_of(&self->ring, 2), self->fd[1], buf, sizeof(buf), 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(variant->type == SOCK_SEQPACKET ? 2 : 8, result_of(&self->ring, 2, &flags));
	EXPECT_FALSE(flags & IORING_CQE_F_SOCK_NONEMPTY);
}

TEST_F(ring, bytes_in_the_queues)
{
	int op;

	ASSERT_EQ(7, send(self->fd[0], "1234567", 7, 0));
	io_uring_prep_cmd_sock(sqe_of(&self->ring, 1), SOCKET_URING_OP_SIOCINQ, self->fd[1],
			       0, 0, NULL, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(7, result_of(&self->ring, 1, NULL));

	/* TCP has delivered it already. */
	op = variant->family == AF_INET ? 0 : 7;
	io_uring_prep_cmd_sock(sqe_of(&self->ring, 2), SOCKET_URING_OP_SIOCOUTQ, self->fd[0],
			       0, 0, NULL, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(op, result_of(&self->ring, 2, NULL));
}

TEST_F(ring, shutdown)
{
	char c;

	io_uring_prep_shutdown(sqe_of(&self->ring, 1), self->fd[0], SHUT_WR);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(0, result_of(&self->ring, 1, NULL));
	EXPECT_EQ(0, recv(self->fd[1], &c, 1, MSG_DONTWAIT));
}

TEST_F(ring, bind_listen_accept_connect)
{
	struct addr addr = addr_any(variant->family);
	int listener, client[3], fd[3], i;
	unsigned int flags;
	char c;

	listener = socket(variant->family, variant->type, 0);
	io_uring_prep_bind(sqe_of(&self->ring, 1), listener, &addr.sa, addr.len);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_EQ(0, result_of(&self->ring, 1, NULL));
	io_uring_prep_listen(sqe_of(&self->ring, 2), listener, 8);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_EQ(0, result_of(&self->ring, 2, NULL));
	ASSERT_EQ(1, sock_option(listener, SO_ACCEPTCONN));
	ASSERT_EQ(0, addr_own(listener, &addr));

	/* One request accepts them all. */
	io_uring_prep_multishot_accept(sqe_of(&self->ring, 3), listener, NULL, NULL, 0);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	ASSERT_TRUE(is_idle(&self->ring));
	for (i = 0; i < 3; i++) {
		client[i] = sock_connected(variant->family, variant->type, &addr);
		ASSERT_WORKS(client[i]);
		fd[i] = result_of(&self->ring, 3, &flags);
		ASSERT_LE(0, fd[i]);
		EXPECT_TRUE(flags & IORING_CQE_F_MORE);
		ASSERT_EQ(1, send(client[i], "x", 1, 0));
		EXPECT_EQ(1, recv(fd[i], &c, 1, 0));
		close(client[i]);
		close(fd[i]);
	}
	close(listener);
}

TEST_F(ring, accept_tells_that_more_wait)
{
	int listener, client[2], fd, i;
	unsigned int flags;
	struct addr addr;

	listener = sock_listening(variant->family, variant->type, 8, &addr);
	for (i = 0; i < 2; i++)
		client[i] = sock_connected(variant->family, variant->type, &addr);
	for (i = 0; i < 2; i++) {
		io_uring_prep_accept(sqe_of(&self->ring, 1), listener, NULL, NULL, 0);
		ASSERT_EQ(1, io_uring_submit(&self->ring));
		fd = result_of(&self->ring, 1, &flags);
		ASSERT_LE(0, fd);
		EXPECT_EQ(i ? 0 : IORING_CQE_F_SOCK_NONEMPTY, flags & IORING_CQE_F_SOCK_NONEMPTY);
		close(fd);
	}
	close(client[0]);
	close(client[1]);
	close(listener);
}

/* With a full backlog the request waits, without spinning, and completes by itself. */
TEST(connect_waits_for_the_backlog)
{
	struct io_uring ring;
	struct addr addr;
	int listener, first, fd;

	ASSERT_EQ(0, io_uring_queue_init(8, &ring, 0));
	listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 0, &addr);
	ASSERT_WORKS(listener);
	first = sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &addr);
	ASSERT_WORKS(first);

	fd = socket(AF_EXPERIMENTAL, SOCK_STREAM, 0);
	io_uring_prep_connect(sqe_of(&ring, 1), fd, &addr.sa, addr.len);
	ASSERT_EQ(1, io_uring_submit(&ring));
	ASSERT_TRUE(is_idle(&ring));
	close(accept(listener, NULL, NULL));
	EXPECT_EQ(0, result_of(&ring, 1, NULL));
	EXPECT_EQ(1, send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	close(first);
	close(listener);
	io_uring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
