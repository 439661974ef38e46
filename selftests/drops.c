// SPDX-License-Identifier: GPL-2.0
/* How many messages a receiver has lost: SO_RXQ_OVFL, SO_MEMINFO. */
#include <linux/sock_diag.h>

#include "control.h"
#include "harness.h"

FIXTURE(drops) {
	int fd[2];
};

FIXTURE_VARIANT(drops) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(drops, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(drops, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(drops, udp) { AF_INET, SOCK_DGRAM, };

FIXTURE_SETUP(drops)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
	ASSERT_WORKS(sock_set(self->fd[1], SO_RCVBUF, 8192));
}

FIXTURE_TEARDOWN(drops)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static unsigned int counted(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}

TEST_F(drops, counted)
{
	int sent = 1000, got = 0, lost;
	struct control c = { 0 };
	char byte;
	int i;

	ASSERT_WORKS(sock_set(self->fd[1], SO_RXQ_OVFL, 1));
	EXPECT_EQ(1, sock_option(self->fd[1], SO_RXQ_OVFL));
	for (i = 0; i < sent; i++)
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	while (control_recv(self->fd[1], &byte, 1, MSG_DONTWAIT, &c) == 1) {
		/* All of them came before any was lost. */
		EXPECT_EQ(0, control_count(&c));
		got++;
	}
	lost = sent - got;
	EXPECT_LT(0, got);
	EXPECT_LT(0, lost);
	EXPECT_EQ(lost, (int)counted(self->fd[1]));
	EXPECT_EQ(0, (int)counted(self->fd[0]));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, MSG_PEEK, &c));
	EXPECT_EQ(lost, control_int(&c, SO_RXQ_OVFL));
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(lost, control_int(&c, SO_RXQ_OVFL));
	ASSERT_WORKS(sock_set(self->fd[1], SO_RXQ_OVFL, 0));
	ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(0, control_count(&c));
}

TEST_HARNESS_MAIN
