// SPDX-License-Identifier: GPL-2.0
/* SO_DEBUG: what happens to a socket, in the kernel's log, at the rate that is allowed. */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "harness.h"
#include "kmsg.h"
#include "setting.h"

static int drop_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective &= ~(1u << capability);
	return syscall(SYS_capset, &header, data);
}

/* The log from some moment on, with no limit to its rate. */
FIXTURE(log) {
	struct setting cost;
	struct setting burst;
	int mark;
	int type;
};

FIXTURE_VARIANT(log) {
	int type;
};

FIXTURE_VARIANT_ADD(log, stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(log, seqpacket) { .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(log, dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(log, rdm) { .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(log, raw) { .type = SOCK_RAW, };

FIXTURE_SETUP(log)
{
	memset(&self->cost, 0, sizeof(self->cost));
	memset(&self->burst, 0, sizeof(self->burst));
	ASSERT_WORKS(setting_change(&self->cost, "core/message_cost", 0));
	self->mark = kmsg_mark();
	ASSERT_WORKS(self->mark);
	self->type = variant->type;
}

FIXTURE_TEARDOWN(log)
{
	setting_restore(&self->cost);
	setting_restore(&self->burst);
	close(self->mark);
}

static int new_socket(int type)
{
	int fd = socket(AF_EXPERIMENTAL, type, 0);

	if (fd >= 0 && sock_set(fd, SO_DEBUG, 1))
		return -1;
	return fd;
}

static unsigned long inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* Lines that tell @what of the socket, since the last look. */
static int told(int mark, unsigned long ino, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "af_experimental: socket:[%lu] %s\n", ino, what);
	return kmsg_find(mark, text);
}

TEST_F(log, of_calls)
{
	struct addr a = addr_exp(70000, EXP_NODE_LOCAL);
	int fd = new_socket(self->type);
	unsigned long ino = inode(fd);
	struct addr far = addr_exp(70000, 7);

	ASSERT_WORKS(fd);
	EXPECT_EQ(1, sock_option(fd, SO_DEBUG));
	ASSERT_WORKS(do_bind(fd, &a));
	EXPECT_EQ(1, told(self->mark, ino, "bind: port 70000"));
	EXPECT_FAILS(self->type == SOCK_RAW ? EADDRNOTAVAIL : EINVAL,
		     do_bind(fd, self->type == SOCK_RAW ? &far : &a));
	EXPECT_EQ(1, told(self->mark, ino, self->type == SOCK_RAW ? "bind: EADDRNOTAVAIL" :
								    "bind: EINVAL"));
	EXPECT_FAILS(ENETUNREACH, do_connect(fd, &far));
	EXPECT_EQ(1, told(self->mark, ino, "connect: ENETUNREACH"));
	EXPECT_FAILS(ENOTCONN, shutdown(fd, SHUT_WR));
	EXPECT_EQ(1, told(self->mark, ino, "shutdown of writing: ENOTCONN"));
	close(fd);
	EXPECT_EQ(1, told(self->mark, ino, "close"));
}

TEST_F(log, of_a_connection)
{
	int listener, child, fd;
	unsigned long ino[3];
	char text[64], byte;
	struct addr a, b;

	if (!type_connects(self->type))
		return;
	listener = new_socket(self->type);
	ino[0] = inode(listener);
	ASSERT_WORKS(listen(listener, 0));
	ASSERT_EQ(0, addr_own(listener, &a));
	snprintf(text, sizeof(text), "listen: port %u", a.exp.sexp_port);
	EXPECT_EQ(1, told(self->mark, ino[0], text));

	fd = new_socket(self->type);
	ino[1] = inode(fd);
	ASSERT_WORKS(do_connect(fd, &a));
	snprintf(text, sizeof(text), "connect: port %u", a.exp.sexp_port);
	EXPECT_EQ(1, told(self->mark, ino[1], text));

	child = accept(listener, NULL, NULL);
	ASSERT_WORKS(child);
	ino[2] = inode(child);
	EXPECT_EQ(1, sock_option(child, SO_DEBUG));
	ASSERT_EQ(0, addr_own(fd, &b));
	snprintf(text, sizeof(text), "accepted: port %u", b.exp.sexp_port);
	EXPECT_EQ(1, told(self->mark, ino[2], text));

	/* Data are not told. */
	EXPECT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_EQ(1, recv(child, &byte, 1, 0));
	EXPECT_EQ(0, kmsg_find(self->mark, "socket:"));
	ASSERT_WORKS(shutdown(fd, SHUT_WR));
	EXPECT_EQ(1, told(self->mark, ino[2], "peer writes no more"));
	EXPECT_EQ(1, send(child, "x", 1, 0));
	close(fd);
	EXPECT_EQ(1, told(self->mark, ino[2], "error: ECONNRESET"));
	close(child);
	EXPECT_EQ(1, told(self->mark, ino[2], "close"));
	close(listener);
}

/* What happens when no call is being made. */
TEST_F(log, of_a_connection_that_waits)
{
	int listener, child, first, fd;
	char text[64];
	struct addr a;

	if (!type_connects(self->type))
		return;
	listener = sock_listening(AF_EXPERIMENTAL, self->type, 0, &a);
	first = sock_connected(AF_EXPERIMENTAL, self->type, &a);
	fd = new_socket(self->type);
	ASSERT_EQ(0, sock_nonblock(fd));
	EXPECT_FAILS(EINPROGRESS, do_connect(fd, &a));
	EXPECT_EQ(1, told(self->mark, inode(fd), "connect: EINPROGRESS"));
	child = accept(listener, NULL, NULL);
	snprintf(text, sizeof(text), "connected: port %u", a.exp.sexp_port);
	EXPECT_EQ(1, told(self->mark, inode(fd), text));
	close(listener);
	EXPECT_EQ(1, told(self->mark, inode(fd), "error: ECONNRESET"));
	close(fd);
	close(first);
	close(child);
}

/* Without the option, whatever a user does. */
TEST_F(log, of_nothing)
{
	struct addr a = addr_exp(70000, EXP_NODE_LOCAL);
	int fd, i;

	for (i = 0; i < 10; i++) {
		fd = socket(AF_EXPERIMENTAL, self->type, 0);
		do_bind(fd, &a);
		do_bind(fd, &a);
		do_connect(fd, &a);
		listen(fd, 1);
		send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		shutdown(fd, SHUT_RDWR);
		shutdown(fd, 7);
		close(fd);
	}
	fd = new_socket(self->type);
	ASSERT_EQ(0, sock_set(fd, SO_DEBUG, 0));
	do_bind(fd, &a);
	close(fd);
	EXPECT_EQ(0, kmsg_find(self->mark, ""));
}

/* As many lines as message_burst in each message_cost seconds, whoever they are about. */
TEST_F(log, at_a_rate)
{
	struct addr a = addr_exp(70000, EXP_NODE_LOCAL);
	int fd[2] = { new_socket(self->type), new_socket(self->type) };
	int i;

	/* The first line after there was no limit begins a new period. */
	do_bind(fd[0], &a);
	EXPECT_EQ(1, kmsg_find(self->mark, "socket:"));
	ASSERT_WORKS(setting_change(&self->burst, "core/message_burst", 3));
	ASSERT_WORKS(setting_set("core/message_cost", 1000));
	for (i = 0; i < 20; i++)
		do_bind(fd[i % 2], &a);
	EXPECT_EQ(3, kmsg_find(self->mark, "socket:"));
	ASSERT_WORKS(setting_set("core/message_cost", 0));
	for (i = 0; i < 20; i++)
		do_bind(fd[i % 2], &a);
	EXPECT_EQ(20, kmsg_find(self->mark, "socket:"));
	ASSERT_WORKS(setting_set("core/message_burst", 5));
	ASSERT_WORKS(setting_set("core/message_cost", 1000));
	for (i = 0; i < 20; i++)
		do_bind(fd[i % 2], &a);
	EXPECT_EQ(5, kmsg_find(self->mark, "socket:"));
	ASSERT_WORKS(setting_set("core/message_cost", 0));
	close(fd[0]);
	close(fd[1]);
}

FIXTURE(option) {
	int fd;
};

FIXTURE_VARIANT(option) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(option, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(option, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(option, unix) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(option, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(option)
{
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(option)
{
	close(self->fd);
}

TEST_F(option, needs_a_capability)
{
	int value = -1;

	EXPECT_EQ(0, sock_option(self->fd, SO_DEBUG));
	ASSERT_EQ(0, sock_set(self->fd, SO_DEBUG, 1));
	EXPECT_EQ(1, sock_option(self->fd, SO_DEBUG));
	ASSERT_EQ(0, drop_capability(CAP_NET_ADMIN));
	EXPECT_FAILS(EACCES, sock_set(self->fd, SO_DEBUG, 1));
	/* Anybody may turn it off. */
	EXPECT_WORKS(sock_set(self->fd, SO_DEBUG, 0));
	EXPECT_EQ(0, sock_option(self->fd, SO_DEBUG));
	EXPECT_FAILS(EACCES, sock_set(self->fd, SO_DEBUG, 1));
	EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, SO_DEBUG, &value, 1));
}

/* That of the initial user namespace: the log is everybody's. */
TEST_F(option, needs_it_in_the_initial_namespace)
{
	ASSERT_EQ(0, setresuid(1000, 1000, 1000));
	ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWNET));
	EXPECT_FAILS(EACCES, sock_set(self->fd, SO_DEBUG, 1));
	close(self->fd);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
	EXPECT_FAILS(EACCES, sock_set(self->fd, SO_DEBUG, 1));
}

TEST_HARNESS_MAIN
