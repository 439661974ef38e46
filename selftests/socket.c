// SPDX-License-Identifier: GPL-2.0
/* socket(): types, flags, protocols, limits, and what is no call of sockets. */
#include <assert.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/resource.h>

#include "harness.h"

static_assert(sizeof(struct sockaddr_exp) == 16, "as large as struct sockaddr");
static_assert(sizeof(struct sockaddr_exp) == sizeof(struct sockaddr), "struct sockaddr");
static_assert(offsetof(struct sockaddr_exp, sexp_family) == 0, "sexp_family");
static_assert(offsetof(struct sockaddr_exp, sexp_reserved) == 2, "sexp_reserved");
static_assert(offsetof(struct sockaddr_exp, sexp_port) == 4, "sexp_port");
static_assert(offsetof(struct sockaddr_exp, sexp_node) == 8, "sexp_node");
static_assert(offsetof(struct sockaddr_exp, sexp_flags) == 12, "sexp_flags");
static_assert(offsetof(struct sockaddr_exp, sexp_zero) == 13, "sexp_zero");
static_assert(AF_EXPERIMENTAL == 18 && PF_EXPERIMENTAL == 18, "family");
static_assert(SOL_EXPERIMENTAL > 287, "above the levels that Linux uses");

FIXTURE(create) {
	int fd;
};

FIXTURE_VARIANT(create) {
	int family;
	int type;
	int protocol;		/* what SO_PROTOCOL says of protocol 0 */
	int refused;		/* a protocol that the type does not have */
};

FIXTURE_VARIANT_ADD(create, exp_stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .refused = 1,
};

FIXTURE_VARIANT_ADD(create, exp_dgram) {
	.family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, .refused = 17,
};

FIXTURE_VARIANT_ADD(create, exp_packet) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .refused = 1,
};

FIXTURE_VARIANT_ADD(create, exp_rdm) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM, .refused = 17,
};

FIXTURE_VARIANT_ADD(create, exp_raw) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RAW, .refused = SOCK_STREAM,
};

FIXTURE_VARIANT_ADD(create, unix_stream) {
	.family = AF_UNIX, .type = SOCK_STREAM, .refused = 2,
};

FIXTURE_VARIANT_ADD(create, unix_packet) {
	.family = AF_UNIX, .type = SOCK_SEQPACKET, .refused = 2,
};

FIXTURE_VARIANT_ADD(create, unix_dgram) {
	.family = AF_UNIX, .type = SOCK_DGRAM, .refused = 17,
};

FIXTURE_VARIANT_ADD(create, tcp) {
	.family = AF_INET, .type = SOCK_STREAM, .protocol = IPPROTO_TCP, .refused = IPPROTO_UDP,
};

FIXTURE_VARIANT_ADD(create, udp) {
	.family = AF_INET, .type = SOCK_DGRAM, .protocol = IPPROTO_UDP, .refused = IPPROTO_TCP,
};

FIXTURE_SETUP(create)
{
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(create)
{
	close(self->fd);
}

TEST_F(create, says_what_it_is)
{
	EXPECT_EQ(variant->family, sock_option(self->fd, SO_DOMAIN));
	EXPECT_EQ(variant->type, sock_option(self->fd, SO_TYPE));
	EXPECT_EQ(variant->protocol, sock_option(self->fd, SO_PROTOCOL));
	EXPECT_EQ(0, sock_option(self->fd, SO_ERROR));
	EXPECT_EQ(0, sock_option(self->fd, SO_ACCEPTCONN));
}

TEST_F(create, what_it_is_cannot_be_set)
{
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, SO_DOMAIN, AF_UNIX));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, SO_TYPE, SOCK_RAW));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, SO_PROTOCOL, 1));
	EXPECT_EQ(variant->type, sock_option(self->fd, SO_TYPE));
}

TEST_F(create, plain_socket_blocks_and_survives_exec)
{
	EXPECT_EQ(0, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(self->fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
}

TEST_F(create, flags_in_the_type)
{
	int fd = socket(variant->family, variant->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ASSERT_WORKS(fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(variant->type, sock_option(fd, SO_TYPE));
	close(fd);
}

TEST_F(create, unknown_flag)
{
	EXPECT_FAILS(EINVAL, socket(variant->family, variant->type | 0x40000000, 0));
	EXPECT_FAILS(EINVAL, socket(variant->family, variant->type | 0x10, 0));
}

TEST_F(create, unknown_protocol)
{
	EXPECT_FAILS(EPROTONOSUPPORT, socket(variant->family, variant->type, variant->refused));
	EXPECT_FAILS(EPROTONOSUPPORT, socket(variant->family, variant->type, 200));
	/* The Internet family has an errno of its own for numbers out of range. */
	EXPECT_FAILS(variant->family == AF_INET ? EINVAL : EPROTONOSUPPORT,
		     socket(variant->family, variant->type, 1 << 20));
	EXPECT_FAILS(variant->family == AF_INET ? EINVAL : EPROTONOSUPPORT,
		     socket(variant->family, variant->type, -1));
}

TEST_F(create, descriptor_limit)
{
	struct rlimit limit = { .rlim_cur = self->fd + 1, .rlim_max = self->fd + 1 };
	int before = sock_count();
	int i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < 100; i++)
		EXPECT_FAILS(EMFILE, socket(variant->family, variant->type, 0));
	/* A refused socket is freed: reading the count needs a descriptor. */
	close(self->fd);
	EXPECT_TRUE(sock_count_is(before - 1));
	self->fd = socket(variant->family, variant->type, 0);
	EXPECT_WORKS(self->fd);
}

/* The most files that there may be: -1 and errno. */
static int set_file_max(const char *value)
{
	int fd = open("/proc/sys/fs/file-max", O_WRONLY);
	int ret = write(fd, value, strlen(value)) < 0 ? -1 : 0;

	close(fd);
	return ret;
}

/* No more files, for those who may not administer the system: whatever makes one is refused. */
TEST_F(create, file_limit)
{
	int before, other = -1, refused = 0, raw, pair[2];
	struct addr a;
	int listener = -1, client = -1;
	bool connects = variant->type == SOCK_STREAM || variant->type == SOCK_SEQPACKET;
	char was[32] = { 0 };
	int fd = open("/proc/sys/fs/file-max", O_RDONLY);

	ASSERT_LT(0, read(fd, was, sizeof(was) - 1));
	close(fd);
	if (connects) {
		listener = sock_listening(variant->family, variant->type, 5, &a);
		client = sock_connected(variant->family, variant->type, &a);
		ASSERT_WORKS(client);
	}
	before = sock_count();
	ASSERT_EQ(0, set_file_max("0"));
	/* Raw sockets need a privilege, which then is not there either. */
	raw = variant->type == SOCK_RAW;
	ASSERT_EQ(0, seteuid(65534));
	errno = 0;
	if (!raw && socket(variant->family, variant->type, 0) < 0)
		refused += errno == ENFILE;
	if (!raw && variant->family != AF_INET &&
	    socketpair(variant->family, variant->type, 0, pair) < 0)
		refused += errno == ENFILE;
	if (connects && accept(listener, NULL, NULL) < 0)
		refused += errno == ENFILE;
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, set_file_max(was));
	EXPECT_EQ(!raw + (!raw && variant->family != AF_INET) + connects, refused);

	/* Nothing is left of them, and the connection is still there to be accepted. */
	EXPECT_TRUE(sock_count_is(before));
	if (connects) {
		other = accept(listener, NULL, NULL);
		ASSERT_WORKS(other);
		EXPECT_EQ(100, flow_write(client, 100, 100, 0));
		EXPECT_EQ(100, flow_read(other, 100, 100, 0));
	}
	close(other);
	close(client);
	close(listener);
}

TEST(unused_types)
{
	int type;

	EXPECT_FAILS(ESOCKTNOSUPPORT, socket(AF_EXPERIMENTAL, 0, 0));
	for (type = SOCK_DCCP; type < 11; type++)
		EXPECT_FAILS(ESOCKTNOSUPPORT, socket(AF_EXPERIMENTAL, type, 0));
	/* The core's own check, before it looks for the family. */
	EXPECT_FAILS(EINVAL, socket(AF_EXPERIMENTAL, 11, 0));
	EXPECT_FAILS(EINVAL, socket(AF_EXPERIMENTAL, 15, 0));
}

TEST_HARNESS_MAIN
