// SPDX-License-Identifier: GPL-2.0
/* Control messages as such: what is malformed, unknown, or too much. */
#include <fcntl.h>
#include <sched.h>

#include "control.h"
#include "harness.h"

#ifndef SCM_TXTIME
#define SCM_TXTIME		61
#endif
#ifndef SCM_DEVMEM_DMABUF
#define SCM_DEVMEM_DMABUF	79
#endif

FIXTURE(control) {
	int fd[2];
};

FIXTURE_VARIANT(control) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(control, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(control, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(control, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(control, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(control, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(control, unix_stream) { AF_UNIX, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(control, unix_dgram) { AF_UNIX, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(control, udp) { AF_INET, SOCK_DGRAM, };

FIXTURE_SETUP(control)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(control)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(control, unknown_or_without_effect)
{
	int types[] = { SCM_TXTIME, SCM_DEVMEM_DMABUF, SO_TIMESTAMP, SO_RXQ_OVFL, 3, 4, 0, 99999 };
	long long value = 0;
	char byte;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		/* UDP swallows this one. */
		if (variant->family == AF_INET && types[i] == SCM_DEVMEM_DMABUF)
			continue;
		for (len = 4; len <= 8; len += 4) {
			struct control c = { 0 };

			control_add(&c, SOL_SOCKET, types[i], &value, len);
			EXPECT_FAILS(EINVAL, control_send(self->fd[0], "x", 1, 0, &c));
		}
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

/* Those of other levels are for others. */
TEST_F(control, another_level)
{
	struct control c = { 0 };
	char byte;

	control_add(&c, SOL_SOCKET + 1000, SCM_RIGHTS, "1234", 4);
	EXPECT_EQ(1, control_send(self->fd[0], "x", 1, 0, &c));
	EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
}

TEST_F(control, malformed)
{
	size_t lens[] = { 0, 1, sizeof(struct cmsghdr) - 1, CMSG_LEN(4) + 1, 1 << 30, -1 };
	struct control c = { 0 };
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		c.len = 0;
		control_add_int(&c, SCM_RIGHTS, 0);
		c.align.cmsg_len = lens[i];
		c.len = CMSG_LEN(4);
		EXPECT_FAILS(EINVAL, control_send(self->fd[0], "x", 1, 0, &c));
	}
	/* What is too short for a header is none. */
	c.align.cmsg_len = CMSG_LEN(4);
	if (sizeof(long) == 8) {
		c.len = sizeof(struct cmsghdr) - 1;
		EXPECT_EQ(1, control_send(self->fd[0], "x", 1, 0, &c));
		EXPECT_EQ(1, recv(self->fd[1], &byte, 1, 0));
	}
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

TEST_F(control, from_nowhere)
{
	struct iovec iov = { "x", 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = mem_unmapped(100), .msg_controllen = 100,
	};
	char byte;

	EXPECT_FAILS(EFAULT, sendmsg(self->fd[0], &m, 0));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

static int write_number(const char *path, int value)
{
	int fd = open(path, O_WRONLY);
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", value);
	ssize_t done = write(fd, text, len);

	close(fd);
	return done == len ? 0 : -1;
}

TEST_F(control, bounded_by_optmem_max)
{
	pid_t pid = fork_child();

	if (!pid) {
		struct control c = { 0 };
		char zeroes[2000] = { 0 };
		int fd[2];

		if (unshare(CLONE_NEWNET))
			_exit(1);
		loopback_up();
		if (sock_pair(variant->family, variant->type, fd))
			_exit(2);
		/* Of a level that nobody looks at. */
		control_add(&c, SOL_SOCKET + 1000, 0, zeroes, sizeof(zeroes));
		if (control_send(fd[0], "x", 1, 0, &c) != 1)
			_exit(3);
		if (write_number("/proc/sys/net/core/optmem_max", 1000))
			_exit(4);
		/* The core has another error for 32-bit programs. */
		_exit(control_send(fd[0], "x", 1, 0, &c) != -1 ||
		      errno != (sizeof(long) == 4 ? ENOMEM : ENOBUFS));
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_HARNESS_MAIN
