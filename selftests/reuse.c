// SPDX-License-Identifier: GPL-2.0
/* SO_REUSEADDR: who may bind to a port that another one has, and who gets what. */
#include "bpf.h"
#include "harness.h"

FIXTURE(reuse) {
	struct addr addr;
	int fd[3];
};

FIXTURE_VARIANT(reuse) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(reuse, stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(reuse, seqpacket) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(reuse, dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(reuse, rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(reuse, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(reuse, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(reuse)
{
	int i;

	self->addr = addr_free(variant->family, variant->type);
	for (i = 0; i < 3; i++) {
		self->fd[i] = socket(variant->family, variant->type, 0);
		ASSERT_WORKS(self->fd[i]);
	}
}

FIXTURE_TEARDOWN(reuse)
{
	int i;

	for (i = 0; i < 3; i++)
		close(self->fd[i]);
}

/* What every bound message socket is: ready for what comes. */
static bool is_messages(int type)
{
	return !type_connects(type);
}

TEST_F(reuse, takes_both)
{
	ASSERT_WORKS(do_bind(self->fd[0], &self->addr));
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd[1], &self->addr));
	/* Only the second. */
	ASSERT_WORKS(sock_set(self->fd[1], SO_REUSEADDR, 1));
	EXPECT_EQ(1, sock_option(self->fd[1], SO_REUSEADDR));
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd[1], &self->addr));
	/* Both, whenever the first one got it. */
	ASSERT_WORKS(sock_set(self->fd[0], SO_REUSEADDR, 1));
	EXPECT_WORKS(do_bind(self->fd[1], &self->addr));
	/* Each has it to give. */
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd[2], &self->addr));
	ASSERT_WORKS(sock_set(self->fd[2], SO_REUSEADDR, 1));
	ASSERT_WORKS(sock_set(self->fd[0], SO_REUSEADDR, 0));
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd[2], &self->addr));
	ASSERT_WORKS(sock_set(self->fd[0], SO_REUSEADDR, 1));
	EXPECT_WORKS(do_bind(self->fd[2], &self->addr));
}

TEST_F(reuse, port_is_free_when_all_have_gone)
{
	int i, fd;

	for (i = 0; i < 3; i++) {
		ASSERT_WORKS(sock_set(self->fd[i], SO_REUSEADDR, 1));
		ASSERT_WORKS(do_bind(self->fd[i], &self->addr));
	}
	fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(fd);
	/* From the middle, the end, and the last. */
	EXPECT_FAILS(EADDRINUSE, do_bind(fd, &self->addr));
	close(self->fd[1]);
	EXPECT_FAILS(EADDRINUSE, do_bind(fd, &self->addr));
	close(self->fd[0]);
	EXPECT_FAILS(EADDRINUSE, do_bind(fd, &self->addr));
	close(self->fd[2]);
	EXPECT_WORKS(do_bind(fd, &self->addr));
	close(fd);
	for (i = 0; i < 3; i++)
		self->fd[i] = -1;
}

TEST_F(reuse, any_port_is_a_free_one)
{
	struct addr any = addr_any(variant->family), got;

	ASSERT_WORKS(sock_set(self->fd[0], SO_REUSEADDR, 1));
	ASSERT_WORKS(sock_set(self->fd[1], SO_REUSEADDR, 1));
	ASSERT_WORKS(do_bind(self->fd[0], &any));
	ASSERT_WORKS(do_bind(self->fd[1], &any));
	ASSERT_WORKS(addr_own(self->fd[0], &any));
	ASSERT_WORKS(addr_own(self->fd[1], &got));
	EXPECT_FALSE(addr_same(&any, &got));
}

TEST_F(reuse, not_of_a_listener)
{
	if (is_messages(variant->type))
		SKIP(return, "nobody listens");
	ASSERT_WORKS(sock_set(self->fd[0], SO_REUSEADDR, 1));
	ASSERT_WORKS(sock_set(self->fd[1], SO_REUSEADDR, 1));
	ASSERT_WORKS(do_bind(self->fd[0], &self->addr));
	ASSERT_WORKS(listen(self->fd[0], 1));
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd[1], &self->addr));
	/* One that takes no more connections is none. */
	ASSERT_WORKS(shutdown(self->fd[0], SHUT_RD));
	EXPECT_WORKS(do_bind(self->fd[1], &self->addr));
	ASSERT_WORKS(listen(self->fd[1], 1));
	EXPECT_FAILS(EADDRINUSE, listen(self->fd[0], 1));
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_WORKS(listen(self->fd[0], 1));
}

TEST_F(reuse, one_of_them_listens)
{
	int client, i;

	if (is_messages(variant->type))
		SKIP(return, "nobody listens");
	for (i = 0; i < 3; i++) {
		ASSERT_WORKS(sock_set(self->fd[i], SO_REUSEADDR, 1));
		ASSERT_WORKS(do_bind(self->fd[i], &self->addr));
	}
	client = socket(variant->family, variant->type, 0);
	EXPECT_FAILS(ECONNREFUSED, do_connect(client, &self->addr));
	close(client);
	/* Neither the first nor the last. */
	ASSERT_WORKS(listen(self->fd[1], 4));
	EXPECT_FAILS(EADDRINUSE, listen(self->fd[0], 4));
	EXPECT_FAILS(EADDRINUSE, listen(self->fd[2], 4));
	client = sock_connected(variant->family, variant->type, &self->addr);
	EXPECT_WORKS(client);
	EXPECT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 1000));
	close(client);
	/* The port passes on with the listening. */
	close(self->fd[1]);
	self->fd[1] = -1;
	ASSERT_WORKS(listen(self->fd[2], 4));
	client = sock_connected(variant->family, variant->type, &self->addr);
	EXPECT_WORKS(client);
	EXPECT_EQ(POLLIN, flow_wait(self->fd[2], POLLIN, 1000));
	close(client);
}

/* As servers are started again: connections of the old one are left. */
TEST_F(reuse, rebinds_beside_a_connection)
{
	int client, conn;

	if (is_messages(variant->type))
		SKIP(return, "nobody listens");
	ASSERT_WORKS(sock_set(self->fd[0], SO_REUSEADDR, 1));
	ASSERT_WORKS(do_bind(self->fd[0], &self->addr));
	ASSERT_WORKS(listen(self->fd[0], 1));
	client = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(client);
	conn = accept(self->fd[0], NULL, NULL);
	ASSERT_WORKS(conn);
	EXPECT_EQ(1, sock_option(conn, SO_REUSEADDR));
	close(self->fd[0]);
	self->fd[0] = -1;
	ASSERT_WORKS(sock_set(self->fd[1], SO_REUSEADDR, 1));
	EXPECT_WORKS(do_bind(self->fd[1], &self->addr));
	EXPECT_WORKS(listen(self->fd[1], 1));
	close(client);
	close(conn);
}

/* Who of several gets a message. */
TEST_F(reuse, last_one_gets_messages)
{
	struct addr own;
	int sender, i;
	char byte;

	if (!is_messages(variant->type))
		SKIP(return, "nobody gets messages");
	sender = sock_bound(variant->family, variant->type, &own);
	ASSERT_WORKS(sender);
	for (i = 0; i < 3; i++) {
		ASSERT_WORKS(sock_set(self->fd[i], SO_REUSEADDR, 1));
		ASSERT_WORKS(do_bind(self->fd[i], &self->addr));
		ASSERT_EQ(1, sendto(sender, "x", 1, 0, &self->addr.sa, self->addr.len));
		EXPECT_EQ(1, recv(self->fd[i], &byte, 1, MSG_DONTWAIT));
	}
	close(self->fd[2]);
	self->fd[2] = -1;
	ASSERT_EQ(1, sendto(sender, "x", 1, 0, &self->addr.sa, self->addr.len));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	/* But first who is connected to the sender. */
	ASSERT_WORKS(do_connect(self->fd[0], &own));
	ASSERT_EQ(1, sendto(sender, "x", 1, 0, &self->addr.sa, self->addr.len));
	EXPECT_EQ(1, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	/* And not who is connected to another. */
	ASSERT_WORKS(do_connect(self->fd[1], &self->addr));
	close(sender);
	sender = sock_bound(variant->family, variant->type, &own);
	ASSERT_WORKS(sender);
	EXPECT_EQ(variant->family == AF_INET ? 1 : -1,
		  sendto(sender, "x", 1, 0, &self->addr.sa, self->addr.len));
	EXPECT_FAILS(EAGAIN, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	close(sender);
}

/* A message to all nodes is for all who have the port. */
TEST(message_to_all_nodes)
{
	struct addr addr = addr_free(AF_EXPERIMENTAL, SOCK_DGRAM), to = addr;
	int fd[3], sender, i;
	char buf[8];

	to.exp.sexp_node = EXP_NODE_ALL;
	for (i = 0; i < 3; i++) {
		fd[i] = socket(AF_EXPERIMENTAL, SOCK_DGRAM, 0);
		ASSERT_WORKS(sock_set(fd[i], SO_REUSEADDR, 1));
		ASSERT_WORKS(do_bind(fd[i], &addr));
	}
	sender = socket(AF_EXPERIMENTAL, SOCK_DGRAM, 0);
	EXPECT_FAILS(EACCES, sendto(sender, "all", 3, 0, &to.sa, to.len));
	ASSERT_WORKS(sock_set(sender, SO_BROADCAST, 1));
	/* Each with a filter of its own. */
	ASSERT_WORKS(cbpf_return(fd[1], SO_ATTACH_FILTER, 2));
	EXPECT_EQ(3, sendto(sender, "all", 3, 0, &to.sa, to.len));
	for (i = 0; i < 3; i++) {
		memset(buf, 0, sizeof(buf));
		EXPECT_EQ(i == 1 ? 2 : 3, recv(fd[i], buf, sizeof(buf), MSG_DONTWAIT));
		EXPECT_STREQ(i == 1 ? "al" : "all", buf);
		EXPECT_FAILS(EAGAIN, recv(fd[i], buf, sizeof(buf), MSG_DONTWAIT));
	}
	/* Not for one who is connected to another. */
	ASSERT_WORKS(do_connect(fd[2], &addr));
	EXPECT_EQ(3, sendto(sender, "all", 3, 0, &to.sa, to.len));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(3 - i, recv(fd[i], buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_FAILS(EAGAIN, recv(fd[2], buf, sizeof(buf), MSG_DONTWAIT));
	for (i = 0; i < 3; i++)
		close(fd[i]);
	close(sender);
}

/* Senders that share a port wait each for itself. */
TEST(waits_beside_others)
{
	struct addr addr, to;
	struct call sends[2];
	char buf[1000] = "";
	int fd[2], receiver, i;

	receiver = sock_bound(AF_EXPERIMENTAL, SOCK_RDM, &to);
	ASSERT_WORKS(receiver);
	ASSERT_WORKS(sock_set(receiver, SO_RCVBUF, 4096));
	addr = addr_free(AF_EXPERIMENTAL, SOCK_RDM);
	for (i = 0; i < 2; i++) {
		fd[i] = socket(AF_EXPERIMENTAL, SOCK_RDM, 0);
		ASSERT_WORKS(sock_set(fd[i], SO_REUSEADDR, 1));
		ASSERT_WORKS(do_bind(fd[i], &addr));
		ASSERT_WORKS(do_connect(fd[i], &to));
	}
	/* By the one that a look-up finds: the other is woken as a waiter only. */
	while (send(fd[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	/* Both wait for POLLOUT too, and one gives up. */
	EXPECT_EQ(0, flow_wait(fd[0], POLLOUT, 0));
	EXPECT_EQ(0, flow_wait(fd[1], POLLOUT, 0));
	for (i = 0; i < 2; i++) {
		sends[i] = (struct call) {
			.fn = call_send, .fd = fd[i], .buf = buf, .len = sizeof(buf),
		};
		call_start(&sends[i]);
		ASSERT_TRUE(call_sleeps(&sends[i]));
	}
	while (recv(receiver, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	for (i = 0; i < 2; i++) {
		ASSERT_TRUE(call_returns(&sends[i]));
		EXPECT_EQ(sizeof(buf), sends[i].ret);
		close(fd[i]);
	}
	close(receiver);
}

TEST_HARNESS_MAIN
