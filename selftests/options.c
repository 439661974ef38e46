// SPDX-License-Identifier: GPL-2.0
/* Socket options: what is set can be read. */
#include <sys/time.h>

#include "harness.h"

#ifndef SO_INQ
#define SO_INQ		84
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif

#ifndef SO_RCVMARK
#define SO_RCVMARK	75
#endif
#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY	82
#endif

static int own_option(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	if (getsockopt(fd, SOL_EXPERIMENTAL, option, &value, &len))
		return -1;
	return len == sizeof(value) ? value : -1;
}

FIXTURE(option) {
	int fd;
};

FIXTURE_VARIANT(option) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(option, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(option, exp_seqpacket) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(option, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(option, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(option, exp_raw) { .family = AF_EXPERIMENTAL, .type = SOCK_RAW, };
FIXTURE_VARIANT_ADD(option, unix_stream) { .family = AF_UNIX, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(option, unix_dgram) { .family = AF_UNIX, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(option, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(option, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(option)
{
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(option)
{
	close(self->fd);
}

/* One that only some families have, and how it is read. */
static const struct {
	const char *name;
	int option;
	/* In SOL_EXPERIMENTAL, 0 if the core lets it be read. */
	int own;
	int at_first;
	bool unix_has, unix_dgram_has, inet_has;
} switches[] = {
	{ "SO_REUSEPORT", SO_REUSEPORT, 0, 0, false, false, true },
	{ "SO_ZEROCOPY", SO_ZEROCOPY, 0, 0, false, false, true },
	{ "SO_PASSCRED", SO_PASSCRED, EXP_PASSCRED, 0, true, true, false },
	{ "SO_PASSSEC", SO_PASSSEC, EXP_PASSSEC, 0, true, true, false },
	{ "SO_PASSRIGHTS", SO_PASSRIGHTS, EXP_PASSRIGHTS, 1, true, true, false },
};

TEST_F(option, switches_are_set_and_read)
{
	bool exp = variant->family == AF_EXPERIMENTAL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		int option = switches[i].option, own = switches[i].own;
		bool has = exp || (variant->family == AF_INET ? switches[i].inet_has :
				   variant->type == SOCK_DGRAM ? switches[i].unix_dgram_has :
				   switches[i].unix_has);
		int (*get)(int, int) = exp && own ? own_option : sock_option;
		int on;

		TH_LOG("%s", switches[i].name);
		if (!exp && own && !has) {
			EXPECT_FAILS(EOPNOTSUPP, sock_set(self->fd, option, 1));
			EXPECT_FAILS(EOPNOTSUPP, sock_option(self->fd, option));
			continue;
		}
		if (!has) {
			EXPECT_FAILS(EOPNOTSUPP, sock_set(self->fd, option, 1));
			continue;
		}
		/* The core lets nobody else read these. */
		if (exp && own)
			EXPECT_FAILS(EOPNOTSUPP, sock_option(self->fd, option));
		if (exp && own)
			option = own;
		EXPECT_EQ(switches[i].at_first, get(self->fd, option));
		for (on = 1; on >= 0; on--) {
			EXPECT_WORKS(sock_set(self->fd, switches[i].option, on));
			EXPECT_EQ(on, get(self->fd, option));
		}
	}
}

/* What the core lets anybody set, with values that are not there at first. */
TEST_F(option, plain_ones_are_set_and_read)
{
	static const struct {
		int option;
		int value;
	} plain[] = {
		{ SO_DEBUG, 1 }, { SO_REUSEADDR, 1 }, { SO_DONTROUTE, 1 }, { SO_BROADCAST, 1 },
		{ SO_KEEPALIVE, 1 }, { SO_OOBINLINE, 1 }, { SO_PRIORITY, 5 }, { SO_PRIORITY, 100 },
		{ SO_TIMESTAMP, 1 }, { SO_TIMESTAMPNS, 1 }, { SO_MARK, 77 }, { SO_RXQ_OVFL, 1 },
		{ SO_SELECT_ERR_QUEUE, 1 }, { SO_BUSY_POLL, 50 }, { SO_INCOMING_CPU, 0 },
		{ SO_RCVMARK, 1 }, { SO_RCVPRIORITY, 1 }, { SO_BINDTOIFINDEX, 1 },
		{ SO_RCVLOWAT, 100 }, { SO_LOCK_FILTER, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		TH_LOG("option %d", plain[i].option);
		EXPECT_NE(plain[i].value, sock_option(self->fd, plain[i].option));
		EXPECT_WORKS(sock_set(self->fd, plain[i].option, plain[i].value));
		EXPECT_EQ(plain[i].value, sock_option(self->fd, plain[i].option));
	}
	/* Taken, and ignored. */
	EXPECT_WORKS(sock_set(self->fd, SO_BSDCOMPAT, 1));
	EXPECT_EQ(0, sock_option(self->fd, SO_BSDCOMPAT));
}

TEST_F(option, timeouts_are_set_and_read)
{
	static const int options[] = { SO_RCVTIMEO, SO_SNDTIMEO };
	struct timeval tv = { .tv_sec = 9, .tv_usec = 9 };
	socklen_t len = sizeof(tv);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		/* For ever, at first. */
		ASSERT_EQ(0, getsockopt(self->fd, SOL_SOCKET, options[i], &tv, &len));
		EXPECT_EQ(0, tv.tv_sec);
		EXPECT_EQ(0, tv.tv_usec);
		EXPECT_WORKS(sock_timeout(self->fd, options[i], 1500));
		ASSERT_EQ(0, getsockopt(self->fd, SOL_SOCKET, options[i], &tv, &len));
		EXPECT_EQ(1, tv.tv_sec);
		EXPECT_EQ(500000, tv.tv_usec);
		tv.tv_usec = 1000000;
		EXPECT_FAILS(EDOM, setsockopt(self->fd, SOL_SOCKET, options[i], &tv, sizeof(tv)));
		EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, options[i], &tv, 4));
	}
}

TEST_F(option, cookie)
{
	int other = socket(variant->family, variant->type, 0);
	__u64 one = 0, two = 0, three = 0;
	socklen_t len = sizeof(one);

	ASSERT_EQ(0, getsockopt(self->fd, SOL_SOCKET, SO_COOKIE, &one, &len));
	ASSERT_EQ(0, getsockopt(self->fd, SOL_SOCKET, SO_COOKIE, &two, &len));
	ASSERT_EQ(0, getsockopt(other, SOL_SOCKET, SO_COOKIE, &three, &len));
	EXPECT_NE(0, one);
	EXPECT_EQ(one, two);
	EXPECT_NE(one, three);
	ASSERT_EQ(0, getsockopt(self->fd, SOL_SOCKET, SO_NETNS_COOKIE, &one, &len));
	ASSERT_EQ(0, getsockopt(other, SOL_SOCKET, SO_NETNS_COOKIE, &two, &len));
	EXPECT_EQ(one, two);
	len = 4;
	EXPECT_FAILS(EINVAL, getsockopt(self->fd, SOL_SOCKET, SO_COOKIE, &one, &len));
	EXPECT_FAILS(EINVAL, getsockopt(self->fd, SOL_SOCKET, SO_NETNS_COOKIE, &one, &len));
	close(other);
}

/* Those that only AF_EXPERIMENTAL keeps in its own way. */
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

TEST_F(own, a_switch_does_not_move_another)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(switches); i++)
		ASSERT_WORKS(sock_set(self->fd, switches[i].option, 0));
	for (i = 0; i < ARRAY_SIZE(switches); i++) {
		ASSERT_WORKS(sock_set(self->fd, switches[i].option, 1));
		for (j = 0; j < ARRAY_SIZE(switches); j++) {
			int own = switches[j].own;
			int now = own ? own_option(self->fd, own) :
					sock_option(self->fd, switches[j].option);

			EXPECT_EQ(i == j, now);
		}
		ASSERT_WORKS(sock_set(self->fd, switches[i].option, 0));
	}
}

TEST_F(own, values_of_a_switch)
{
	EXPECT_WORKS(sock_set(self->fd, SO_PASSCRED, 7));
	EXPECT_EQ(1, own_option(self->fd, EXP_PASSCRED));
	EXPECT_FAILS(EINVAL, sock_set(self->fd, SO_ZEROCOPY, 2));
	EXPECT_FAILS(EINVAL, sock_set(self->fd, SO_INQ, 2));
	EXPECT_FAILS(EINVAL, sock_set(self->fd, SO_INQ, -1));
	EXPECT_EQ(0, own_option(self->fd, EXP_INQ));
	EXPECT_WORKS(sock_set(self->fd, SO_INQ, 1));
	EXPECT_EQ(1, own_option(self->fd, EXP_INQ));
	EXPECT_FAILS(EINVAL, setsockopt(self->fd, SOL_SOCKET, SO_PASSCRED, "", 1));
	EXPECT_FAILS(EFAULT, setsockopt(self->fd, SOL_SOCKET, SO_PASSCRED, mem_unmapped(4), 4));
	EXPECT_EQ(1, own_option(self->fd, EXP_PASSCRED));
}

TEST_F(own, level)
{
	unsigned char bytes[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
	void *bad = mem_unmapped(4096);
	socklen_t len = 8;
	int on = 1;

	/* Only to be asked, and only by what is there. */
	EXPECT_FAILS(ENOPROTOOPT, setsockopt(self->fd, SOL_EXPERIMENTAL, EXP_INQ, &on, 4));
	EXPECT_FAILS(ENOPROTOOPT, own_option(self->fd, 0));
	EXPECT_FAILS(ENOPROTOOPT, own_option(self->fd, 100));
	/* As many bytes as there is room for. */
	ASSERT_EQ(0, getsockopt(self->fd, SOL_EXPERIMENTAL, EXP_PASSRIGHTS, bytes, &len));
	EXPECT_EQ(4, len);
	EXPECT_EQ(9, bytes[4]);
	len = 1;
	bytes[0] = 9;
	bytes[1] = 9;
	ASSERT_EQ(0, getsockopt(self->fd, SOL_EXPERIMENTAL, EXP_PASSRIGHTS, bytes, &len));
	EXPECT_EQ(1, len);
	EXPECT_EQ(1, bytes[0]);
	EXPECT_EQ(9, bytes[1]);
	len = 4;
	EXPECT_FAILS(EFAULT, getsockopt(self->fd, SOL_EXPERIMENTAL, EXP_INQ, bad, &len));
	EXPECT_FAILS(EFAULT, getsockopt(self->fd, SOL_EXPERIMENTAL, EXP_INQ, bytes, bad));
	len = -1;
	EXPECT_FAILS(EINVAL, getsockopt(self->fd, SOL_EXPERIMENTAL, EXP_INQ, bytes, &len));
}

TEST_HARNESS_MAIN
