// SPDX-License-Identifier: GPL-2.0
/* Socket options that are refused, and how. */
#include <linux/net_tstamp.h>

#include "harness.h"

/* Not in every C library's headers. */
#define OPTION_RESERVE_MEM	73
#define OPTION_TXREHASH		74
#define OPTION_PASSPIDFD	76
#define OPTION_DEVMEM_LINEAR	78
#define OPTION_DEVMEM_DMABUF	79
#define OPTION_DEVMEM_DONTNEED	80
#define OPTION_PASSRIGHTS	83
#define OPTION_INQ		84

FIXTURE(own) {
	int fd;
};

FIXTURE_VARIANT(own) {
	int type;
};

FIXTURE_VARIANT_ADD(own, stream) { .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(own, seqpacket) { .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(own, dgram) { .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(own, rdm) { .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(own, raw) { .type = SOCK_RAW, };

FIXTURE_SETUP(own)
{
	self->fd = socket(AF_EXPERIMENTAL, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(own)
{
	close(self->fd);
}

/* What concerns a device, or what leads to one: never taken without effect. */
TEST_F(own, without_effect)
{
	static const int options[] = {
		SO_NO_CHECK, SO_WIFI_STATUS, SO_NOFCS, SO_MAX_PACING_RATE, SO_CNX_ADVICE,
		SO_PREFER_BUSY_POLL, SO_BUSY_POLL_BUDGET, OPTION_RESERVE_MEM, OPTION_TXREHASH,
		OPTION_PASSPIDFD,
	};
	struct sock_txtime txtime = { .clockid = CLOCK_MONOTONIC };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		TH_LOG("option %d", options[i]);
		EXPECT_FAILS(EOPNOTSUPP, sock_set(self->fd, options[i], 1));
	}
	EXPECT_FAILS(EOPNOTSUPP, setsockopt(self->fd, SOL_SOCKET, SO_TXTIME, &txtime,
					    sizeof(txtime)));
	EXPECT_FAILS(EBADF, sock_set(self->fd, OPTION_DEVMEM_DONTNEED, 1));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, OPTION_DEVMEM_LINEAR, 1));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, OPTION_DEVMEM_DMABUF, 1));
	/* Nothing has changed. */
	EXPECT_EQ(0, sock_option(self->fd, SO_NO_CHECK));
	EXPECT_EQ(0, sock_option(self->fd, SO_WIFI_STATUS));
	EXPECT_EQ(0, sock_option(self->fd, SO_NOFCS));
	EXPECT_EQ(0, sock_option(self->fd, SO_PREFER_BUSY_POLL));
	EXPECT_EQ(0, sock_option(self->fd, OPTION_RESERVE_MEM));
	/* No limit: ~0 as an unsigned number. */
	errno = 0;
	EXPECT_EQ(-1, sock_option(self->fd, SO_MAX_PACING_RATE));
	EXPECT_EQ(0, errno);
}

/* What the core lets nobody set, or nobody of this family read. */
TEST_F(own, by_the_core)
{
	static const int not_set[] = {
		SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_ACCEPTCONN, SO_SNDLOWAT, SO_PEERNAME,
		SO_PEERSEC, SO_PEERCRED, SO_PEERGROUPS, SO_MEMINFO, SO_COOKIE, SO_NETNS_COOKIE,
		SO_INCOMING_NAPI_ID, SO_BPF_EXTENSIONS, SO_SECURITY_AUTHENTICATION,
		SO_SECURITY_ENCRYPTION_TRANSPORT, SO_SECURITY_ENCRYPTION_NETWORK, 9999, -1,
	};
	static const struct {
		int option;
		int err;
	} not_read[] = {
		{ SO_PASSCRED, EOPNOTSUPP }, { SO_PASSSEC, EOPNOTSUPP },
		{ OPTION_PASSPIDFD, EOPNOTSUPP }, { OPTION_PASSRIGHTS, EOPNOTSUPP },
		{ OPTION_TXREHASH, EOPNOTSUPP }, { OPTION_INQ, ENOPROTOOPT },
		{ SO_BUSY_POLL_BUDGET, ENOPROTOOPT }, { SO_PEERSEC, ENOPROTOOPT },
		{ SO_SNDBUFFORCE, ENOPROTOOPT }, { SO_RCVBUFFORCE, ENOPROTOOPT },
		{ SO_ATTACH_BPF, ENOPROTOOPT }, { SO_SECURITY_AUTHENTICATION, ENOPROTOOPT },
		{ OPTION_DEVMEM_LINEAR, ENOPROTOOPT }, { OPTION_DEVMEM_DMABUF, ENOPROTOOPT },
		{ OPTION_DEVMEM_DONTNEED, ENOPROTOOPT }, { 9999, ENOPROTOOPT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(not_set); i++) {
		TH_LOG("set %d", not_set[i]);
		EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, not_set[i], 1));
	}
	for (i = 0; i < ARRAY_SIZE(not_read); i++) {
		TH_LOG("get %d", not_read[i].option);
		EXPECT_FAILS(not_read[i].err, sock_option(self->fd, not_read[i].option));
	}
	EXPECT_LT(0, sock_option(self->fd, SO_BPF_EXTENSIONS));
	EXPECT_EQ(0, sock_option(self->fd, SO_INCOMING_NAPI_ID));
}

FIXTURE(any) {
	int fd;
};

FIXTURE_VARIANT(any) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(any, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(any, exp_seqpacket) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(any, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(any, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(any, exp_raw) { .family = AF_EXPERIMENTAL, .type = SOCK_RAW, };
FIXTURE_VARIANT_ADD(any, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(any, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(any, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(any)
{
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(any)
{
	close(self->fd);
}

TEST_F(any, unknown_level)
{
	/* AF_UNIX has no level but the common one. */
	int want = variant->family == AF_UNIX ? EOPNOTSUPP : ENOPROTOOPT;
	socklen_t len = 4;
	int value = 1;

	EXPECT_FAILS(want, setsockopt(self->fd, 299, 1, &value, sizeof(value)));
	/* TCP and UDP say something else when asked. */
	if (variant->family == AF_INET)
		want = EOPNOTSUPP;
	EXPECT_FAILS(want, getsockopt(self->fd, 299, 1, &value, &len));
}

TEST_F(any, bad_values)
{
	void *bad = mem_unmapped(4096);
	int longer[2] = { 1, 0 };
	socklen_t len = 4;
	int value = 0;

	EXPECT_FAILS(EFAULT, setsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, bad, 4));
	EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, &value, 3));
	EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, &value, 0));
	EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, &value, -1));
	/* Longer is no harm. */
	EXPECT_WORKS(setsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, longer, sizeof(longer)));
	EXPECT_FAILS(EFAULT, getsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, bad, &len));
	EXPECT_FAILS(EFAULT, getsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, &value, bad));
	len = -1;
	EXPECT_FAILS(EINVAL, getsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, &value, &len));
	/* As many bytes as there is room for. */
	value = 0x55555555;
	len = 1;
	EXPECT_WORKS(getsockopt(self->fd, SOL_SOCKET, SO_BROADCAST, &value, &len));
	EXPECT_EQ(1, len);
	EXPECT_EQ(0x55555501, value);
}

TEST_F(any, unknown_option)
{
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, 9999, 1));
	EXPECT_FAILS(ENOPROTOOPT, sock_option(self->fd, 9999));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, SO_SNDLOWAT, 1));
	EXPECT_FAILS(ENOPROTOOPT, sock_set(self->fd, SO_ACCEPTCONN, 1));
}

TEST_F(any, peer_name_without_peer)
{
	struct sockaddr_storage name;
	socklen_t len = 16;

	EXPECT_FAILS(ENOTCONN, getsockopt(self->fd, SOL_SOCKET, SO_PEERNAME, &name, &len));
}

/* Without privilege. */
TEST_F(any, privileged)
{
	pid_t pid = fork_child();

	if (!pid) {
		if (setresuid(1000, 1000, 1000))
			_exit(1);
		if (!sock_set(self->fd, SO_DEBUG, 1) || errno != EACCES)
			_exit(2);
		if (!sock_set(self->fd, SO_MARK, 1) || errno != EPERM)
			_exit(3);
		if (!sock_set(self->fd, SO_PRIORITY, 7) || errno != EPERM)
			_exit(4);
		if (sock_set(self->fd, SO_PRIORITY, 6))
			_exit(5);
		if (sock_set(self->fd, SO_DEBUG, 0))
			_exit(6);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(pid));
}

TEST_HARNESS_MAIN
