// SPDX-License-Identifier: GPL-2.0
/* What an accepted socket has from its listener. */
#include "harness.h"

#define OPTION_RCVMARK		75
#define OPTION_PASSRIGHTS	83
#define OPTION_INQ		84

FIXTURE(child) {
	int listener;
	int client;
	struct addr addr;
};

FIXTURE_VARIANT(child) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(child, exp) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(child, exp_packet) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(child, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(child)
{
	self->listener = sock_listening(variant->family, variant->type, 5, &self->addr);
	ASSERT_WORKS(self->listener);
	self->client = -1;
}

FIXTURE_TEARDOWN(child)
{
	close(self->client);
	close(self->listener);
}

TEST_F(child, options)
{
	static const struct {
		int option;
		int value;
		int reads;
	} options[] = {
		{ SO_DEBUG, 1, 1 }, { SO_REUSEADDR, 1, 1 }, { SO_DONTROUTE, 1, 1 },
		{ SO_BROADCAST, 1, 1 }, { SO_KEEPALIVE, 1, 1 }, { SO_OOBINLINE, 1, 1 },
		{ SO_RCVBUF, 30000, 60000 }, { SO_SNDBUF, 40000, 80000 }, { SO_MARK, 77, 77 },
		{ SO_TIMESTAMP, 1, 1 }, { SO_SELECT_ERR_QUEUE, 1, 1 }, { SO_BUSY_POLL, 50, 50 },
		{ OPTION_RCVMARK, 1, 1 }, { SO_RCVLOWAT, 5, 5 }, { SO_LOCK_FILTER, 1, 1 },
		{ SO_ZEROCOPY, 1, 1 },
	};
	struct timeval tv;
	struct linger linger = { .l_onoff = 1, .l_linger = 3 };
	socklen_t len;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		ASSERT_WORKS(sock_set(self->listener, options[i].option, options[i].value));
	ASSERT_WORKS(sock_timeout(self->listener, SO_RCVTIMEO, 2000));
	ASSERT_WORKS(sock_timeout(self->listener, SO_SNDTIMEO, 3000));
	ASSERT_EQ(0, setsockopt(self->listener, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	self->client = sock_connected(variant->family, variant->type, &self->addr);
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		TH_LOG("option %d", options[i].option);
		EXPECT_EQ(options[i].reads, sock_option(fd, options[i].option));
	}
	len = sizeof(tv);
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	EXPECT_EQ(2, tv.tv_sec);
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	EXPECT_EQ(3, tv.tv_sec);
	linger.l_onoff = 0;
	len = sizeof(linger);
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(3, linger.l_linger);
	linger.l_onoff = 0;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

TEST_F(child, is_what_its_listener_is)
{
	__u64 cookie[3];
	socklen_t len = sizeof(cookie[0]);
	int fd;

	EXPECT_EQ(1, sock_option(self->listener, SO_ACCEPTCONN));
	self->client = sock_connected(variant->family, variant->type, &self->addr);
	ASSERT_EQ(0, getsockopt(self->listener, SOL_SOCKET, SO_COOKIE, &cookie[0], &len));
	ASSERT_EQ(0, getsockopt(self->client, SOL_SOCKET, SO_COOKIE, &cookie[1], &len));
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie[2], &len));
	EXPECT_NE(cookie[0], cookie[2]);
	EXPECT_NE(cookie[1], cookie[2]);
	EXPECT_EQ(variant->family, sock_option(fd, SO_DOMAIN));
	EXPECT_EQ(variant->type, sock_option(fd, SO_TYPE));
	EXPECT_EQ(variant->family == AF_INET ? IPPROTO_TCP : 0, sock_option(fd, SO_PROTOCOL));
	EXPECT_EQ(0, sock_option(fd, SO_ACCEPTCONN));
	EXPECT_EQ(0, sock_option(fd, SO_ERROR));
	close(fd);
}

/* The name of the peer, as an option. */
TEST_F(child, peer_name)
{
	struct addr want, got = { .len = sizeof(struct sockaddr_exp) };
	int fd;

	self->client = sock_connected(variant->family, variant->type, &self->addr);
	fd = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(fd);
	ASSERT_EQ(0, addr_peer(fd, &want));
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &got.storage, &got.len));
	EXPECT_TRUE(addr_same(&want, &got));
	/* No room may be left over. */
	got.len = sizeof(got.storage);
	EXPECT_FAILS(EINVAL, getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &got.storage, &got.len));
	close(fd);
}

static int own_option(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	if (getsockopt(fd, SOL_EXPERIMENTAL, option, &value, &len))
		return -1;
	return value;
}

/* What the family keeps in a way of its own. */
TEST(own_options)
{
	int listener, client, fd, on;
	struct addr a;

	listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 5, &a);
	ASSERT_WORKS(listener);
	for (on = 1; on >= 0; on--) {
		ASSERT_WORKS(sock_set(listener, SO_PASSCRED, on));
		ASSERT_WORKS(sock_set(listener, SO_PASSSEC, on));
		ASSERT_WORKS(sock_set(listener, OPTION_PASSRIGHTS, on));
		ASSERT_WORKS(sock_set(listener, OPTION_INQ, on));
		client = sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &a);
		fd = accept(listener, NULL, NULL);
		ASSERT_WORKS(fd);
		EXPECT_EQ(on, own_option(fd, EXP_PASSCRED));
		EXPECT_EQ(on, own_option(fd, EXP_PASSSEC));
		EXPECT_EQ(on, own_option(fd, EXP_PASSRIGHTS));
		EXPECT_EQ(on, own_option(fd, EXP_INQ));
		/* It can be set there as well as on any other. */
		EXPECT_WORKS(sock_set(fd, OPTION_INQ, !on));
		EXPECT_EQ(!on, own_option(fd, EXP_INQ));
		close(fd);
		close(client);
	}
	close(listener);
}

TEST_HARNESS_MAIN
