// SPDX-License-Identifier: GPL-2.0
/* Where it came from: what SO_INCOMING_CPU reports. */
#include <sched.h>

#include "harness.h"

FIXTURE(cpu) {
	int fd[2];
};

FIXTURE_VARIANT(cpu) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(cpu, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(cpu, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(cpu, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(cpu, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(cpu, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(cpu, tcp) { AF_INET, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(cpu, udp) { AF_INET, SOCK_DGRAM, };

FIXTURE_SETUP(cpu)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(cpu)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(cpu, of_the_last_message)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), i;
	cpu_set_t set;
	char byte;

	if (cpus < 2)
		SKIP(return, "takes two CPUs");
	for (i = 0; i < 2 * cpus; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % cpus, &set);
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		ASSERT_EQ(1, recv(self->fd[1], &byte, 1, 0));
		EXPECT_EQ(i % cpus, sock_option(self->fd[1], SO_INCOMING_CPU));
	}
}

TEST_HARNESS_MAIN
