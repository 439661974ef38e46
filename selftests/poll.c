// SPDX-License-Identifier: GPL-2.0
/*
 * The events of a socket in each of its states: a table, run over every
 * family. A state is built by one function; where a family says something else
 * than ours, its column has it.
 */
#include "harness.h"

#define IN	POLLIN
#define OUT	POLLOUT
#define RDHUP	POLLRDHUP
#define HUP	POLLHUP
#define ERR	POLLERR

#define FAMILIES	3

static const int stream_family[FAMILIES] = { AF_EXPERIMENTAL, AF_UNIX, AF_INET };

/* A state: @fd is looked at, the others keep it in that state. */
struct scene {
	int family;
	int type;
	struct addr addr;
	int fd;
	int peer;
	int listener;
};

static int stage_fresh(struct scene *s)
{
	s->fd = socket(s->family, s->type, 0);
	return s->fd;
}

static int stage_bound(struct scene *s)
{
	s->fd = sock_bound(s->family, s->type, &s->addr);
	return s->fd;
}

static int stage_listening(struct scene *s)
{
	s->fd = sock_listening(s->family, s->type, 5, &s->addr);
	return s->fd;
}

static int stage_listener_pending(struct scene *s)
{
	if (stage_listening(s) < 0)
		return -1;
	s->peer = sock_connected(s->family, s->type, &s->addr);
	return s->peer;
}

static int stage_listener_emptied(struct scene *s)
{
	if (stage_listener_pending(s) < 0)
		return -1;
	s->listener = accept(s->fd, NULL, NULL);
	return s->listener;
}

static int stage_listener_shut(struct scene *s)
{
	return stage_listening(s) < 0 ? -1 : shutdown(s->fd, SHUT_RD);
}

static int stage_listener_shut_both(struct scene *s)
{
	return stage_listening(s) < 0 ? -1 : shutdown(s->fd, SHUT_RDWR);
}

static int stage_refused(struct scene *s)
{
	s->addr = addr_free(s->family, s->type);
	if (stage_fresh(s) < 0)
		return -1;
	return do_connect(s->fd, &s->addr) ? 0 : -1;
}

static int stage_before_accept(struct scene *s)
{
	s->listener = sock_listening(s->family, s->type, 5, &s->addr);
	s->fd = sock_connected(s->family, s->type, &s->addr);
	return s->fd;
}

static int stage_connected(struct scene *s)
{
	int fd[2];

	if (sock_pair(s->family, s->type, fd))
		return -1;
	s->fd = fd[0];
	s->peer = fd[1];
	return 0;
}

static int stage_data(struct scene *s)
{
	return stage_connected(s) ? -1 : flow_write(s->peer, 10, 10, 0);
}

static int stage_data_read(struct scene *s)
{
	return stage_data(s) < 0 ? -1 : flow_read(s->fd, 10, 10, 0);
}

static int stage_full(struct scene *s)
{
	return stage_connected(s) ? -1 : flow_fill(s->fd, 0) <= 0 ? -1 : 0;
}

static int stage_full_peer(struct scene *s)
{
	return stage_connected(s) ? -1 : flow_fill(s->peer, 0) <= 0 ? -1 : 0;
}

static int stage_peer_shut_wr(struct scene *s)
{
	return stage_connected(s) ? -1 : shutdown(s->peer, SHUT_WR);
}

static int stage_peer_shut_wr_data(struct scene *s)
{
	return stage_data(s) < 0 ? -1 : shutdown(s->peer, SHUT_WR);
}

static int stage_peer_shut_rd(struct scene *s)
{
	return stage_connected(s) ? -1 : shutdown(s->peer, SHUT_RD);
}

static int stage_shut_wr(struct scene *s)
{
	return stage_connected(s) ? -1 : shutdown(s->fd, SHUT_WR);
}

static int stage_shut_rd(struct scene *s)
{
	return stage_connected(s) ? -1 : shutdown(s->fd, SHUT_RD);
}

static int stage_shut_both(struct scene *s)
{
	return stage_connected(s) ? -1 : shutdown(s->fd, SHUT_RDWR);
}

static int stage_both_shut_wr(struct scene *s)
{
	return stage_shut_wr(s) ? -1 : shutdown(s->peer, SHUT_WR);
}

static int stage_peer_closed(struct scene *s)
{
	int ret = stage_connected(s) ? -1 : close(s->peer);

	s->peer = -1;
	return ret;
}

static int stage_reset(struct scene *s)
{
	int ret;

	if (stage_connected(s) || flow_write(s->fd, 10, 10, 0) != 10 ||
	    flow_wait(s->peer, POLLIN, 5000) != POLLIN)
		return -1;
	ret = close(s->peer);
	s->peer = -1;
	return ret;
}

static int stage_reset_told(struct scene *s)
{
	if (stage_reset(s) || !(flow_wait(s->fd, POLLIN, 5000) & POLLERR))
		return -1;
	return sock_option(s->fd, SO_ERROR) == ECONNRESET ? 0 : -1;
}

static int stage_listener_gone(struct scene *s)
{
	int ret;

	if (stage_before_accept(s) < 0)
		return -1;
	ret = close(s->listener);
	s->listener = -1;
	return ret;
}

struct state {
	const char *name;
	int (*stage)(struct scene *s);
	int events[FAMILIES];	/* of ours, AF_UNIX, TCP */
};

#define SAME(events)	{ [0 ... FAMILIES - 1] = (events) }

static const struct state stream_states[] = {
	{ "fresh", stage_fresh, SAME(OUT | HUP) },
	{ "bound", stage_bound, SAME(OUT | HUP) },
	{ "listening", stage_listening, SAME(0) },
	{ "listening, connection waits", stage_listener_pending, SAME(IN) },
	{ "listening, connection taken", stage_listener_emptied, SAME(0) },
	/* TCP's socket is then as good as new. */
	{ "listener SHUT_RD", stage_listener_shut, { IN | RDHUP, IN | RDHUP, OUT | HUP } },
	{ "listener SHUT_RDWR", stage_listener_shut_both,
		{ IN | RDHUP | HUP, IN | RDHUP | HUP, OUT | HUP } },
	{ "refused", stage_refused, SAME(OUT | HUP) },
	{ "connected, not yet accepted", stage_before_accept, SAME(OUT) },
	{ "connected", stage_connected, SAME(OUT) },
	{ "data", stage_data, SAME(IN | OUT) },
	{ "data read", stage_data_read, SAME(OUT) },
	{ "full", stage_full, SAME(0) },
	{ "peer is full", stage_full_peer, SAME(IN | OUT) },
	{ "peer SHUT_WR", stage_peer_shut_wr, SAME(IN | RDHUP | OUT) },
	{ "peer SHUT_WR behind data", stage_peer_shut_wr_data, SAME(IN | RDHUP | OUT) },
	{ "peer SHUT_RD", stage_peer_shut_rd, SAME(OUT) },
	{ "SHUT_WR", stage_shut_wr, SAME(OUT) },
	{ "SHUT_RD", stage_shut_rd, SAME(IN | RDHUP | OUT) },
	{ "SHUT_RDWR", stage_shut_both, SAME(IN | RDHUP | HUP | OUT) },
	{ "both SHUT_WR", stage_both_shut_wr, SAME(IN | RDHUP | HUP | OUT) },
	/* TCP waits for the close of this end. */
	{ "peer closed", stage_peer_closed,
		{ IN | RDHUP | HUP | OUT, IN | RDHUP | HUP | OUT, IN | RDHUP | OUT } },
	{ "reset", stage_reset, SAME(IN | RDHUP | HUP | OUT | ERR) },
	{ "reset, error taken", stage_reset_told, SAME(IN | RDHUP | HUP | OUT) },
	{ "listener closed before accept", stage_listener_gone,
		SAME(IN | RDHUP | HUP | OUT | ERR) },
};

static const struct state message_states[] = {
	{ "fresh", stage_fresh, SAME(OUT) },
	{ "bound", stage_bound, SAME(OUT) },
	{ "connected", stage_connected, SAME(OUT) },
	{ "message", stage_data, SAME(IN | OUT) },
	{ "message read", stage_data_read, SAME(OUT) },
	{ "SHUT_RD", stage_shut_rd, SAME(IN | RDHUP | OUT) },
	{ "SHUT_WR", stage_shut_wr, SAME(OUT) },
	{ "SHUT_RDWR", stage_shut_both, SAME(IN | RDHUP | HUP | OUT) },
	{ "peer SHUT_WR", stage_peer_shut_wr, SAME(OUT) },
	{ "peer closed", stage_peer_closed, SAME(OUT) },
};

/* Whether the state has these events, once it has come to rest. */
static bool check(const struct state *state, int column, int family, int type)
{
	struct scene s = {
		.family = family, .type = type, .fd = -1, .peer = -1, .listener = -1,
	};
	int want = state->events[column];
	int seen = -1;

	if (state->stage(&s) >= 0)
		seen = flow_settle(s.fd, want);
	if (seen != want)
		printf("# %s: events %#x and not %#x%s\n", state->name, seen, want,
		       seen < 0 ? " (the state was not reached)" : "");
	close(s.fd);
	close(s.peer);
	close(s.listener);
	return seen == want;
}

FIXTURE(events) {
	int column;
};

FIXTURE_VARIANT(events) {
	int family;
};

FIXTURE_VARIANT_ADD(events, exp) { .family = AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(events, unix) { .family = AF_UNIX, };
FIXTURE_VARIANT_ADD(events, inet) { .family = AF_INET, };

FIXTURE_SETUP(events)
{
	while (stream_family[self->column] != variant->family)
		self->column++;
}

FIXTURE_TEARDOWN(events)
{
}

TEST_F(events, stream)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stream_states); i++)
		EXPECT_TRUE(check(&stream_states[i], self->column, variant->family, SOCK_STREAM));
	fflush(stdout);
}

TEST_F(events, dgram)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(message_states); i++)
		EXPECT_TRUE(check(&message_states[i], self->column, variant->family, SOCK_DGRAM));
	fflush(stdout);
}

TEST_F(events, seqpacket)
{
	size_t i;

	if (variant->family == AF_INET)
		return;
	for (i = 0; i < ARRAY_SIZE(stream_states); i++)
		EXPECT_TRUE(check(&stream_states[i], self->column, variant->family,
				  SOCK_SEQPACKET));
	fflush(stdout);
}

TEST_F(events, rdm)
{
	size_t i;

	if (variant->family != AF_EXPERIMENTAL)
		return;
	for (i = 0; i < ARRAY_SIZE(message_states); i++)
		EXPECT_TRUE(check(&message_states[i], self->column, variant->family, SOCK_RDM));
	fflush(stdout);
}

TEST_HARNESS_MAIN
