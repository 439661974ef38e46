// SPDX-License-Identifier: GPL-2.0
/* Socket options: what can be set and read, and what is refused. */
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
#ifndef SO_RESERVE_MEM
#define SO_RESERVE_MEM	73
#endif
#ifndef SO_TXREHASH
#define SO_TXREHASH	74
#endif
#ifndef SO_DEVMEM_DONTNEED
#define SO_DEVMEM_DONTNEED	80
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

TEST_F(option, a_switch_does_not_move_another)
{
	size_t i, j;

	if (variant->family != AF_EXPERIMENTAL)
		SKIP(return, "the core's own are read in another way");
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

TEST_HARNESS_MAIN
