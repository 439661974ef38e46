// SPDX-License-Identifier: GPL-2.0
/*
 * SO_BINDTODEVICE and SO_BINDTOIFINDEX: local traffic is that of the loopback
 * device. SO_DONTROUTE and MSG_DONTROUTE: this node is reached without a route.
 */
#include "harness.h"

/* A device that is not the loopback device; it need not be there. */
#define ANOTHER	77

static int bind_to(int fd, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, strlen(name));
}

FIXTURE(pair) {
	int fd[2];
	struct addr addr;
};

FIXTURE_VARIANT(pair) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(pair, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pair, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(pair, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(pair, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(pair, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(pair, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(pair)
{
	signal(SIGPIPE, SIG_IGN);
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(pair)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(pair, value)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	EXPECT_EQ(0, len);
	EXPECT_FAILS(ENODEV, bind_to(self->fd[0], "nosuchdevice"));
	ASSERT_EQ(0, bind_to(self->fd[0], "lo"));
	len = sizeof(name);
	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	EXPECT_EQ(3, len);
	EXPECT_STREQ("lo", name);
	len = 2;
	EXPECT_FAILS(EINVAL, getsockopt(self->fd[0], SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	EXPECT_EQ(1, sock_option(self->fd[0], SO_BINDTOIFINDEX));
	ASSERT_EQ(0, bind_to(self->fd[0], ""));
	EXPECT_EQ(0, sock_option(self->fd[0], SO_BINDTOIFINDEX));
	EXPECT_FAILS(EINVAL, sock_set(self->fd[0], SO_BINDTOIFINDEX, -1));
}

TEST_F(pair, bound_again_needs_privilege)
{
	pid_t pid = fork_child();

	if (!pid) {
		if (setresuid(1000, 1000, 1000) || bind_to(self->fd[0], "lo"))
			_exit(1);
		if (!bind_to(self->fd[0], "") || errno != EPERM)
			_exit(2);
		if (!sock_set(self->fd[0], SO_BINDTOIFINDEX, 0) || errno != EPERM)
			_exit(3);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_F(pair, loopback)
{
	char byte;

	ASSERT_EQ(0, bind_to(self->fd[0], "lo"));
	ASSERT_EQ(0, bind_to(self->fd[1], "lo"));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

/* The receiver sees none of it. */
TEST_F(pair, receiver_elsewhere)
{
	char byte;

	ASSERT_EQ(0, sock_set(self->fd[1], SO_BINDTOIFINDEX, ANOTHER));
	send(self->fd[0], "x", 1, MSG_DONTWAIT);
	EXPECT_EQ(0, flow_wait(self->fd[1], POLLIN, 50) & POLLIN);
	if (variant->family == AF_INET)
		return;
	if (type_connects(variant->type)) {
		/* It waits until the device is the right one again. */
		struct call c = { .fn = call_send, .fd = self->fd[0], .buf = "y", .len = 1 };

		EXPECT_FAILS(EAGAIN, send(self->fd[0], "x", 1, MSG_DONTWAIT));
		EXPECT_EQ(0, flow_events(self->fd[0]) & POLLOUT);
		call_start(&c);
		ASSERT_TRUE(call_sleeps(&c));
		ASSERT_EQ(0, sock_set(self->fd[1], SO_BINDTOIFINDEX, 1));
		ASSERT_TRUE(call_returns(&c));
		EXPECT_EQ(1, c.ret);
		EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
		EXPECT_EQ('y', byte);
	} else {
		/* As if nobody were there. */
		EXPECT_FAILS(ECONNREFUSED, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(0, bind_to(self->fd[1], ""));
		EXPECT_EQ(1, send(self->fd[0], "x", 1, 0));
		EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	}
}

TEST_F(pair, sender_elsewhere)
{
	char byte;

	/* A route of TCP's stays in use; how UDP fails depends on what is there. */
	if (variant->family == AF_INET)
		SKIP(return, "the control would need a real device");
	ASSERT_EQ(0, sock_set(self->fd[0], SO_BINDTOIFINDEX, ANOTHER));
	EXPECT_FAILS(ENETUNREACH, send(self->fd[0], "x", 1, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
	ASSERT_EQ(0, bind_to(self->fd[0], ""));
	EXPECT_EQ(1, send(self->fd[0], "x", 1, 0));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

/* One who would wait for room waits for nobody who has gone elsewhere. */
TEST_F(pair, receiver_goes_while_full)
{
	char buf[1000] = "";
	struct call c = { .fn = call_send, .fd = self->fd[0], .buf = buf, .len = sizeof(buf) };

	if (variant->type != SOCK_RDM)
		SKIP(return, "only SOCK_RDM waits for a receiver that can go");
	ASSERT_EQ(0, sock_set(self->fd[1], SO_RCVBUF, 3000));
	while (send(self->fd[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, sock_set(self->fd[1], SO_BINDTOIFINDEX, ANOTHER));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(ECONNREFUSED, c.err);
}

TEST_F(pair, not_routed)
{
	char byte;

	ASSERT_EQ(0, sock_set(self->fd[0], SO_DONTROUTE, 1));
	EXPECT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	ASSERT_EQ(0, sock_set(self->fd[0], SO_DONTROUTE, 0));
	EXPECT_EQ(1, send(self->fd[0], "x", 1, MSG_DONTROUTE));
	ASSERT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

/* The loss of a peer is known at once, with probes or without. */
TEST_F(pair, kept_alive)
{
	if (!type_connects(variant->type))
		SKIP(return, "there is no connection to keep alive");
	ASSERT_EQ(0, sock_set(self->fd[0], SO_KEEPALIVE, 1));
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_NE(0, flow_wait(self->fd[0], POLLIN, 5000));
}

FIXTURE(connector) {
	int listener;
	int fd;
	struct addr addr;
};

FIXTURE_VARIANT(connector) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(connector, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(connector, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(connector, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(connector)
{
	self->listener = sock_listening(variant->family, variant->type, 5, &self->addr);
	ASSERT_WORKS(self->listener);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(connector)
{
	close(self->fd);
	close(self->listener);
}

TEST_F(connector, itself_elsewhere)
{
	ASSERT_EQ(0, sock_set(self->fd, SO_BINDTOIFINDEX, ANOTHER));
	/* TCP says that the device is not there. */
	EXPECT_FAILS(variant->family == AF_INET ? ENODEV : ENETUNREACH,
		     do_connect(self->fd, &self->addr));
	ASSERT_EQ(0, bind_to(self->fd, "lo"));
	EXPECT_WORKS(do_connect(self->fd, &self->addr));
}

TEST_F(connector, listener_elsewhere)
{
	int fd;

	ASSERT_EQ(0, sock_set(self->listener, SO_BINDTOIFINDEX, ANOTHER));
	EXPECT_FAILS(ECONNREFUSED, do_connect(self->fd, &self->addr));
	ASSERT_EQ(0, bind_to(self->listener, "lo"));
	EXPECT_WORKS(do_connect(self->fd, &self->addr));
	/* The accepted one has it from there. */
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	EXPECT_EQ(1, sock_option(fd, SO_BINDTOIFINDEX));
	close(fd);
}

TEST(raw_sees_none_of_it)
{
	int raw = socket(AF_EXPERIMENTAL, SOCK_RAW, 0);
	char buf[100];
	int fd[2];

	ASSERT_WORKS(raw);
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, SOCK_DGRAM, fd));
	ASSERT_EQ(0, sock_set(raw, SO_BINDTOIFINDEX, ANOTHER));
	ASSERT_EQ(1, send(fd[0], "x", 1, 0));
	EXPECT_FAILS(EAGAIN, recv(raw, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_FAILS(ENETUNREACH, send(raw, buf, sizeof(buf), 0));
	ASSERT_EQ(0, bind_to(raw, "lo"));
	ASSERT_EQ(1, send(fd[0], "x", 1, 0));
	EXPECT_WORKS(recv(raw, buf, sizeof(buf), MSG_DONTWAIT));
	close(fd[0]);
	close(fd[1]);
	close(raw);
}

/* Another node is out of reach, with a route or without. */
TEST(another_node)
{
	struct addr a = addr_exp(5000, 2);
	int fd = socket(AF_EXPERIMENTAL, SOCK_DGRAM, 0);

	EXPECT_FAILS(ENETUNREACH, sendto(fd, "x", 1, 0, &a.sa, a.len));
	EXPECT_FAILS(ENETUNREACH, sendto(fd, "x", 1, MSG_DONTROUTE, &a.sa, a.len));
	ASSERT_EQ(0, sock_set(fd, SO_DONTROUTE, 1));
	EXPECT_FAILS(ENETUNREACH, sendto(fd, "x", 1, 0, &a.sa, a.len));
	close(fd);
}

TEST_HARNESS_MAIN
