// SPDX-License-Identifier: GPL-2.0
/* The second family: message sockets with numbers, and an echo for the lonely. */
#include <sched.h>

#include <linux/types.h>

#include "harness.h"

#define ECHO_FAMILY	19

struct sockaddr_echo {
	sa_family_t family;
	__u16 zero;
	__u32 id;
};

static struct addr echo_addr(unsigned int id)
{
	struct sockaddr_echo echo = { .family = ECHO_FAMILY, .id = id };
	struct addr a = { .len = sizeof(echo) };

	memcpy(&a.storage, &echo, sizeof(echo));
	return a;
}

static int echo_socket(unsigned int id)
{
	struct addr a = echo_addr(id);
	int fd = socket(ECHO_FAMILY, SOCK_DGRAM, 0);

	if (fd >= 0 && id && do_bind(fd, &a)) {
		close(fd);
		return -1;
	}
	return fd;
}

TEST(what_it_is)
{
	int fd = echo_socket(0);

	ASSERT_WORKS(fd);
	EXPECT_EQ(ECHO_FAMILY, sock_option(fd, SO_DOMAIN));
	EXPECT_EQ(SOCK_DGRAM, sock_option(fd, SO_TYPE));
	EXPECT_FAILS(ESOCKTNOSUPPORT, socket(ECHO_FAMILY, SOCK_STREAM, 0));
	EXPECT_FAILS(EPROTONOSUPPORT, socket(ECHO_FAMILY, SOCK_DGRAM, 5));
	EXPECT_FAILS(EOPNOTSUPP, listen(fd, 1));
	EXPECT_FAILS(EOPNOTSUPP, accept(fd, NULL, NULL));
	close(fd);
}

TEST(names)
{
	struct addr a = echo_addr(7), none = echo_addr(0), got;
	int fd = echo_socket(7);
	int other = echo_socket(0);

	ASSERT_WORKS(fd);
	ASSERT_EQ(0, addr_own(fd, &got));
	EXPECT_TRUE(addr_same(&a, &got));
	EXPECT_FAILS(EADDRINUSE, do_bind(other, &a));
	EXPECT_FAILS(EINVAL, do_bind(other, &none));
	close(fd);
	EXPECT_WORKS(do_bind(other, &a));
	close(other);
}

TEST(bad_names)
{
	struct addr a = echo_addr(7);
	int fd = echo_socket(0);

	for (a.len = 0; a.len < sizeof(struct sockaddr_echo); a.len++)
		EXPECT_FAILS(EINVAL, do_bind(fd, &a));
	a.sa.sa_family = AF_INET;
	EXPECT_FAILS(EAFNOSUPPORT, do_bind(fd, &a));
	EXPECT_FAILS(EAFNOSUPPORT, do_connect(fd, &a));
	a = echo_addr(7);
	((unsigned char *)&a.storage)[2] = 1;
	EXPECT_FAILS(EINVAL, do_bind(fd, &a));
	close(fd);
}

TEST(comes_back_without_an_address)
{
	int fd = echo_socket(0);
	char buf[16];

	ASSERT_EQ(5, send(fd, "hello", 5, 0));
	ASSERT_EQ(3, send(fd, "you", 3, 0));
	EXPECT_EQ(5, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	EXPECT_EQ(3, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "you", 3));
	EXPECT_FAILS(EAGAIN, recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	close(fd);
}

TEST(goes_to_the_address)
{
	struct addr a = echo_addr(7), nobody = echo_addr(8);
	int fd = echo_socket(7);
	int other = echo_socket(0);
	char buf[16];

	ASSERT_EQ(1, sendto(other, "a", 1, 0, &a.sa, a.len));
	EXPECT_EQ(1, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ('a', buf[0]);
	ASSERT_WORKS(do_connect(other, &a));
	ASSERT_EQ(2, send(other, "bc", 2, 0));
	EXPECT_EQ(2, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "bc", 2));
	EXPECT_FAILS(EAGAIN, recv(other, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_FAILS(ECONNREFUSED, sendto(other, "x", 1, 0, &nobody.sa, nobody.len));
	close(fd);
	EXPECT_FAILS(ECONNREFUSED, send(other, "x", 1, 0));
	close(other);
}

TEST(waits_and_is_woken)
{
	struct addr a = echo_addr(7);
	char buf[16];
	struct call c = { .fn = call_recv, .buf = buf, .len = sizeof(buf) };
	int other = echo_socket(0);

	c.fd = echo_socket(7);
	EXPECT_EQ(0, flow_events(c.fd) & POLLIN);
	EXPECT_EQ(POLLOUT, flow_events(c.fd) & POLLOUT);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, sendto(other, "a", 1, 0, &a.sa, a.len));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(1, c.ret);

	c.fn = call_poll;
	c.flags = POLLIN;
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(1, sendto(other, "a", 1, 0, &a.sa, a.len));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(POLLIN, c.ret);
	close(c.fd);
	close(other);
}

TEST(namespaces_are_apart)
{
	struct addr a = echo_addr(7);
	int fd = echo_socket(7);
	int other;
	char byte;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	other = echo_socket(0);
	EXPECT_FAILS(ECONNREFUSED, sendto(other, "x", 1, 0, &a.sa, a.len));
	EXPECT_WORKS(do_bind(other, &a));
	EXPECT_FAILS(EAGAIN, recv(fd, &byte, 1, MSG_DONTWAIT));
	close(fd);
	close(other);
}

TEST(leaves_nothing)
{
	int before = sock_count();
	int i, fd;

	for (i = 0; i < scaled(100); i++) {
		fd = echo_socket(7);
		ASSERT_WORKS(fd);
		ASSERT_EQ(5, send(fd, "hello", 5, 0));
		close(fd);
	}
	EXPECT_TRUE(sock_count_is(before));
}

TEST_HARNESS_MAIN
