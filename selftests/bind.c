// SPDX-License-Identifier: GPL-2.0
/* bind(): names, conflicts, privileged ports, and names chosen by the family. */
#include <linux/capability.h>
#include <sys/syscall.h>

#include "harness.h"

#define PORT	20001U

FIXTURE(names) {
	int fd;
};

FIXTURE_VARIANT(names) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(names, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(names, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(names, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(names, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(names, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(names, unix_packet) { .family = AF_UNIX, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(names, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(names, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(names, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(names)
{
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(names)
{
	close(self->fd);
}

TEST_F(names, name_is_kept)
{
	struct addr want = addr_free(variant->family, variant->type);
	struct addr got;

	ASSERT_WORKS(do_bind(self->fd, &want));
	ASSERT_EQ(0, addr_own(self->fd, &got));
	EXPECT_TRUE(addr_same(&want, &got));
}

TEST_F(names, any_picks_a_free_name)
{
	struct addr any = addr_any(variant->family);
	struct addr first, second;
	int fd;

	ASSERT_WORKS(do_bind(self->fd, &any));
	fd = sock_bound(variant->family, variant->type, &second);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, addr_own(self->fd, &first));
	EXPECT_FALSE(addr_same(&any, &first));
	EXPECT_FALSE(addr_same(&first, &second));
	close(fd);
}

TEST_F(names, held_name)
{
	struct addr a;
	int holder = sock_bound(variant->family, variant->type, &a);

	ASSERT_WORKS(holder);
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd, &a));
	/* A refused bind() leaves no trace: it can be tried again. */
	close(holder);
	EXPECT_WORKS(do_bind(self->fd, &a));
}

TEST_F(names, second_bind)
{
	struct addr first = addr_free(variant->family, variant->type);
	struct addr second = addr_free(variant->family, variant->type);
	struct addr got;
	int fd;

	ASSERT_WORKS(do_bind(self->fd, &first));
	EXPECT_FAILS(EINVAL, do_bind(self->fd, &second));
	EXPECT_FAILS(EINVAL, do_bind(self->fd, &first));
	ASSERT_EQ(0, addr_own(self->fd, &got));
	EXPECT_TRUE(addr_same(&first, &got));
	/* The refused name was not taken. */
	fd = socket(variant->family, variant->type, 0);
	EXPECT_WORKS(do_bind(fd, &second));
	close(fd);
}

TEST_F(names, types_have_names_of_their_own)
{
	int other = variant->type == SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM;
	struct addr a;
	int fd;

	ASSERT_EQ(0, close(self->fd));
	self->fd = sock_bound(variant->family, variant->type, &a);
	ASSERT_WORKS(self->fd);
	fd = socket(variant->family, other, 0);
	EXPECT_WORKS(do_bind(fd, &a));
	close(fd);
}

TEST_F(names, close_frees_the_name)
{
	struct addr a;
	int i;

	ASSERT_EQ(0, close(self->fd));
	self->fd = sock_bound(variant->family, variant->type, &a);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, close(self->fd));
		self->fd = socket(variant->family, variant->type, 0);
		ASSERT_WORKS(do_bind(self->fd, &a));
	}
}

TEST_F(names, last_descriptor_holds_the_name)
{
	struct addr a;
	int copy, fd;

	ASSERT_EQ(0, close(self->fd));
	self->fd = sock_bound(variant->family, variant->type, &a);
	copy = dup(self->fd);
	ASSERT_WORKS(copy);
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	fd = socket(variant->family, variant->type, 0);
	EXPECT_FAILS(EADDRINUSE, do_bind(fd, &a));
	ASSERT_EQ(0, close(copy));
	EXPECT_WORKS(do_bind(fd, &a));
	close(fd);
}

TEST_F(names, a_connected_socket_takes_no_name)
{
	struct addr a = addr_free(variant->family, variant->type);
	int pair[2];

	ASSERT_WORKS(sock_pair(variant->family, variant->type, pair));
	/* Every socket of such a pair has a name but AF_UNIX's connecting one. */
	if (variant->family == AF_UNIX && type_connects(variant->type))
		EXPECT_WORKS(do_bind(pair[0], &a));
	else
		EXPECT_FAILS(EINVAL, do_bind(pair[0], &a));
	close(pair[0]);
	close(pair[1]);
}

FIXTURE(ports) {
	int fd;
};

FIXTURE_VARIANT(ports) {
	int type;
};

FIXTURE_VARIANT_ADD(ports, exp_stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(ports, exp_dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(ports, exp_packet) { .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(ports, exp_rdm) { .type = SOCK_RDM, };

FIXTURE_SETUP(ports)
{
	self->fd = socket(AF_EXPERIMENTAL, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(ports)
{
	close(self->fd);
}

TEST_F(ports, zero_picks_an_unprivileged_port)
{
	struct addr a = addr_exp(0, 0);
	struct addr got;

	ASSERT_WORKS(do_bind(self->fd, &a));
	ASSERT_EQ(0, addr_own(self->fd, &got));
	EXPECT_EQ(sizeof(got.exp), got.len);
	EXPECT_EQ(AF_EXPERIMENTAL, got.exp.sexp_family);
	EXPECT_LT(EXP_PORT_RESERVED, got.exp.sexp_port);
	EXPECT_NE(EXP_PORT_ANY, got.exp.sexp_port);
}

TEST_F(ports, this_node_by_each_of_its_names)
{
	unsigned int node[] = { 0, EXP_NODE_ANY, EXP_NODE_LOCAL };
	struct addr a, got;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(node); i++) {
		fd = socket(AF_EXPERIMENTAL, variant->type, 0);
		a = addr_exp(PORT, node[i]);
		EXPECT_WORKS(do_bind(fd, &a));
		ASSERT_EQ(0, addr_own(fd, &got));
		EXPECT_EQ(PORT, got.exp.sexp_port);
		/* One port, whichever name of the node it was bound with. */
		a = addr_exp(PORT, EXP_NODE_LOCAL);
		EXPECT_FAILS(EADDRINUSE, do_bind(self->fd, &a));
		close(fd);
	}
}

TEST_F(ports, other_node)
{
	unsigned int node[] = { 2, 7, 0x7fffffff, EXP_NODE_ALL };
	struct addr a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(node); i++) {
		a = addr_exp(PORT, node[i]);
		EXPECT_FAILS(EADDRNOTAVAIL, do_bind(self->fd, &a));
	}
}

TEST_F(ports, ends_of_the_range)
{
	struct addr last = addr_exp(EXP_PORT_ANY - 1, EXP_NODE_LOCAL);
	struct addr first = addr_exp(EXP_PORT_RESERVED + 1, EXP_NODE_LOCAL);
	struct addr got;
	int fd = socket(AF_EXPERIMENTAL, variant->type, 0);

	ASSERT_WORKS(do_bind(self->fd, &last));
	ASSERT_EQ(0, addr_own(self->fd, &got));
	EXPECT_TRUE(addr_same(&last, &got));
	ASSERT_WORKS(do_bind(fd, &first));
	ASSERT_EQ(0, addr_own(fd, &got));
	EXPECT_TRUE(addr_same(&first, &got));
	close(fd);
}

TEST_F(ports, longer_address)
{
	struct addr a = addr_exp(PORT, EXP_NODE_LOCAL);
	struct addr got;

	/* What follows the 16 bytes is the caller's own. */
	memset((char *)&a.storage + sizeof(a.exp), 0xa5, sizeof(a.storage) - sizeof(a.exp));
	a.len = sizeof(a.storage);
	ASSERT_WORKS(do_bind(self->fd, &a));
	ASSERT_EQ(0, addr_own(self->fd, &got));
	EXPECT_EQ(sizeof(got.exp), got.len);
	EXPECT_EQ(PORT, got.exp.sexp_port);
}

static int drop_capability(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[cap / 32].effective &= ~(1U << cap % 32);
	return syscall(SYS_capset, &head, data);
}

TEST_F(ports, privileged_ports)
{
	unsigned int port[] = { 1, 80, EXP_PORT_RESERVED };
	struct addr a;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(port); i++) {
		fd = socket(AF_EXPERIMENTAL, variant->type, 0);
		a = addr_exp(port[i], EXP_NODE_LOCAL);
		EXPECT_WORKS(do_bind(fd, &a));
		close(fd);
	}
	ASSERT_EQ(0, drop_capability(CAP_NET_BIND_SERVICE));
	for (i = 0; i < ARRAY_SIZE(port); i++) {
		a = addr_exp(port[i], EXP_NODE_LOCAL);
		EXPECT_FAILS(EACCES, do_bind(self->fd, &a));
	}
	a = addr_exp(EXP_PORT_RESERVED + 1, EXP_NODE_LOCAL);
	EXPECT_WORKS(do_bind(self->fd, &a));
}

TEST_F(ports, plain_sockaddr_is_enough)
{
	struct sockaddr sa;
	struct addr a = addr_exp(PORT, EXP_NODE_LOCAL);
	struct addr got;

	memcpy(&sa, &a.exp, sizeof(sa));
	ASSERT_WORKS(bind(self->fd, &sa, sizeof(sa)));
	ASSERT_EQ(0, addr_own(self->fd, &got));
	EXPECT_EQ(0, memcmp(&sa, &got.exp, sizeof(sa)));
}

TEST_HARNESS_MAIN
