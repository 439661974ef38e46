// SPDX-License-Identifier: GPL-2.0
/*
 * The events of a socket in each of its states: a table, run over every
 * family. A state is built by one function; where a family says something else
 * than ours, its column has it, and experimental(7) has to say so too.
 */
#include "harness.h"

#define IN	POLLIN
#define OUT	POLLOUT
#define RDHUP	POLLRDHUP
#define HUP	POLLHUP
#define ERR	POLLERR
#define PRI	POLLPRI

/* The family does not have such a state. */
#define ABSENT	(-1)

/* The page stands beside the program. */
#define MANUAL	"experimental.7"

#define FAMILIES	3

static const int families[FAMILIES] = { AF_EXPERIMENTAL, AF_UNIX, AF_INET };

/* A state: @fd is looked at, the others keep it in that state. */
struct scene {
	int family;
	int type;
	struct addr addr;
	int fd;
	int peer;
	int listener;
	int other;
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

static int stage_connecting(struct scene *s)
{
	s->listener = sock_listening(s->family, s->type, 0, &s->addr);
	s->peer = sock_connected(s->family, s->type, &s->addr);
	s->fd = socket(s->family, s->type | SOCK_NONBLOCK, 0);
	return do_connect(s->fd, &s->addr) && errno == EINPROGRESS ? 0 : -1;
}

static int stage_failed_later(struct scene *s)
{
	int ret = stage_connecting(s) ? -1 : close(s->listener);

	s->listener = -1;
	return ret;
}

static int stage_urgent(struct scene *s)
{
	return stage_connected(s) ? -1 : send(s->peer, "!", 1, MSG_OOB);
}

static int stage_urgent_in_line(struct scene *s)
{
	if (stage_connected(s) || sock_set(s->fd, SO_OOBINLINE, 1))
		return -1;
	return send(s->peer, "!", 1, MSG_OOB);
}

static int stage_urgent_behind_data(struct scene *s)
{
	return stage_data(s) < 0 ? -1 : send(s->peer, "!", 1, MSG_OOB);
}

static int stage_urgent_before_data(struct scene *s)
{
	return stage_urgent(s) < 0 ? -1 : flow_write(s->peer, 10, 10, 0);
}

static int take_urgent(int fd)
{
	char byte;

	if (!(flow_wait(fd, POLLPRI, 5000) & POLLPRI))
		return -1;
	return recv(fd, &byte, 1, MSG_OOB) == 1 ? 0 : -1;
}

static int stage_urgent_taken(struct scene *s)
{
	return stage_urgent(s) < 0 ? -1 : take_urgent(s->fd);
}

static int stage_urgent_taken_behind_data(struct scene *s)
{
	return stage_urgent_behind_data(s) < 0 ? -1 : take_urgent(s->fd);
}

static int stage_urgent_peer_closed(struct scene *s)
{
	int ret = stage_urgent(s) < 0 ? -1 : close(s->peer);

	s->peer = -1;
	return ret;
}

/*
 * More messages than the receiver has room for. Its buffer is small, so that a sender that keeps
 * them until they are read has room itself.
 */
static int stage_crowded(struct scene *s)
{
	static char message[1000];
	int i;

	if (stage_connected(s) || sock_set(s->peer, SO_RCVBUF, 10000))
		return -1;
	for (i = 0; i < 1000; i++)
		if (send(s->fd, message, sizeof(message), MSG_DONTWAIT) < 0)
			return errno == EAGAIN ? 0 : -1;
	return 0;
}

static int drain(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
		;
	return errno == EAGAIN ? 0 : -1;
}

static int stage_crowded_drained(struct scene *s)
{
	return stage_crowded(s) ? -1 : drain(s->peer);
}

static int stage_crowded_closed(struct scene *s)
{
	int ret = stage_crowded(s) ? -1 : close(s->peer);

	s->peer = -1;
	return ret;
}

static int stage_crowded_shut(struct scene *s)
{
	return stage_crowded(s) ? -1 : shutdown(s->peer, SHUT_RD);
}

/* The sender is not connected: it has been told EAGAIN for one destination. */
static int stage_unconnected_crowded(struct scene *s)
{
	static char message[1000];
	int i;

	s->peer = sock_bound(s->family, s->type, &s->addr);
	s->fd = socket(s->family, s->type, 0);
	if (s->fd < 0 || sock_set(s->peer, SO_RCVBUF, 10000))
		return -1;
	for (i = 0; i < 1000; i++)
		if (sendto(s->fd, message, sizeof(message), MSG_DONTWAIT, &s->addr.sa,
			   s->addr.len) < 0)
			return errno == EAGAIN ? 0 : -1;
	return 0;
}

static int stage_unconnected_drained(struct scene *s)
{
	return stage_unconnected_crowded(s) ? -1 : drain(s->peer);
}

static int stage_unconnected_other(struct scene *s)
{
	struct addr a;

	if (stage_unconnected_crowded(s))
		return -1;
	s->other = sock_bound(s->family, s->type, &a);
	return sendto(s->fd, "x", 1, MSG_DONTWAIT, &a.sa, a.len);
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
	{ "connecting", stage_connecting, { 0, ABSENT, 0 } },
	{ "connecting failed", stage_failed_later,
		{ OUT | HUP | ERR, ABSENT, IN | RDHUP | OUT | HUP | ERR } },
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

static const struct state urgent_states[] = {
	{ "urgent byte", stage_urgent, { PRI | OUT, PRI | IN | OUT, PRI | OUT } },
	{ "urgent byte, in line", stage_urgent_in_line, SAME(PRI | IN | OUT) },
	{ "urgent byte behind data", stage_urgent_behind_data, SAME(PRI | IN | OUT) },
	{ "urgent byte before data", stage_urgent_before_data, SAME(PRI | IN | OUT) },
	{ "urgent byte taken", stage_urgent_taken, { OUT, IN | OUT, OUT } },
	{ "urgent byte behind data taken", stage_urgent_taken_behind_data, SAME(IN | OUT) },
	{ "urgent byte, peer closed", stage_urgent_peer_closed,
		{ PRI | IN | RDHUP | HUP | OUT, PRI | IN | RDHUP | HUP | OUT,
		  PRI | IN | RDHUP | OUT } },
};

static const struct state datagram_states[] = {
	{ "datagrams, receiver full", stage_crowded, { OUT, 0, OUT } },
	{ "datagrams, receiver full, not connected", stage_unconnected_crowded, SAME(OUT) },
};

static const struct state reliable_states[] = {
	{ "reliable, receiver full", stage_crowded, { 0, 0, ABSENT } },
	{ "reliable, receiver full and read", stage_crowded_drained, { OUT, OUT, ABSENT } },
	{ "reliable, receiver full and closed", stage_crowded_closed, { OUT, OUT, ABSENT } },
	{ "reliable, receiver full and SHUT_RD", stage_crowded_shut, { OUT, 0, ABSENT } },
	{ "reliable, receiver full, not connected", stage_unconnected_crowded, { 0, OUT, ABSENT } },
	{ "reliable, receiver full, not connected, then read", stage_unconnected_drained,
		{ OUT, OUT, ABSENT } },
	{ "reliable, receiver full, not connected, then sent elsewhere", stage_unconnected_other,
		{ OUT, OUT, ABSENT } },
};

struct table {
	const struct state *states;
	size_t count;
};

static const struct table streams = { stream_states, ARRAY_SIZE(stream_states) };
static const struct table urgents = { urgent_states, ARRAY_SIZE(urgent_states) };
static const struct table messages = { message_states, ARRAY_SIZE(message_states) };
static const struct table datagrams = { datagram_states, ARRAY_SIZE(datagram_states) };
static const struct table reliables = { reliable_states, ARRAY_SIZE(reliable_states) };

/* Whether the state has these events, once it has come to rest. */
static bool check(const struct state *state, int column, int family, int type)
{
	struct scene s = {
		.family = family, .type = type,
		.fd = -1, .peer = -1, .listener = -1, .other = -1,
	};
	int want = state->events[column];
	int seen = -1;

	if (state->stage(&s) >= 0)
		seen = want == ABSENT ? flow_events(s.fd) : flow_settle(s.fd, want);
	if (seen != want)
		printf("# %s: events %#x and not %#x%s\n", state->name, seen, want,
		       seen < 0 ? " (the state was not reached)" : "");
	close(s.fd);
	close(s.peer);
	close(s.listener);
	close(s.other);
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
	while (families[self->column] != variant->family)
		self->column++;
}

FIXTURE_TEARDOWN(events)
{
}

/* All states of one table, in one column. */
static bool check_all(const struct table *table, int column, int type)
{
	bool right = true;
	size_t i;

	for (i = 0; i < table->count; i++)
		right &= check(&table->states[i], column, families[column], type);
	fflush(stdout);
	return right;
}

TEST_F(events, stream)
{
	EXPECT_TRUE(check_all(&streams, self->column, SOCK_STREAM));
}

TEST_F(events, urgent)
{
	EXPECT_TRUE(check_all(&urgents, self->column, SOCK_STREAM));
}

TEST_F(events, dgram)
{
	EXPECT_TRUE(check_all(&messages, self->column, SOCK_DGRAM));
	EXPECT_TRUE(check_all(&datagrams, self->column, SOCK_DGRAM));
}

TEST_F(events, seqpacket)
{
	if (variant->family != AF_INET)
		EXPECT_TRUE(check_all(&streams, self->column, SOCK_SEQPACKET));
}

/* What comes closest to it elsewhere is SOCK_DGRAM of AF_UNIX. */
TEST_F(events, rdm)
{
	int type = variant->family == AF_UNIX ? SOCK_DGRAM : SOCK_RDM;

	if (variant->family == AF_INET)
		return;
	EXPECT_TRUE(check_all(&messages, self->column, type));
	EXPECT_TRUE(check_all(&reliables, self->column, type));
}

/* As the page writes them. */
static void describe(int events, char *text, size_t size)
{
	static const struct {
		int event;
		const char *name;
	} names[] = {
		{ IN, "IN" }, { PRI, "PRI" }, { RDHUP, "RDHUP" }, { OUT, "OUT" }, { HUP, "HUP" },
		{ ERR, "ERR" },
	};
	size_t i, len = 0;

	if (events == 0 || events == ABSENT) {
		snprintf(text, size, events ? "no such state" : "none");
		return;
	}
	text[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (events & names[i].event)
			len += snprintf(text + len, size - len, "%s%s", len ? " " : "",
					names[i].name);
}

/* A line of the page's table of differences: "state:family:events". */
static bool is_documented(const char *manual, const char *line)
{
	const char *at = manual;

	while ((at = strstr(at, line))) {
		if (at[-1] == '\n' && at[strlen(line)] == '\n')
			return true;
		at++;
	}
	return false;
}

/* How many states differ, and how many of them the page does not have. */
struct differences {
	int all;
	int undocumented;
};

static void compare(const struct table *table, const char *manual, struct differences *d)
{
	const struct state *states = table->states;
	static const char * const names[FAMILIES] = { NULL, "AF_UNIX", "TCP" };
	char ours[64], theirs[64], line[160];
	int column;
	size_t i;

	for (i = 0; i < table->count; i++) {
		for (column = 1; column < FAMILIES; column++) {
			if (states[i].events[column] == states[i].events[0])
				continue;
			/* A type that a family does not have has no states. */
			if (column == 2 && table == &reliables)
				continue;
			describe(states[i].events[0], ours, sizeof(ours));
			describe(states[i].events[column], theirs, sizeof(theirs));
			snprintf(line, sizeof(line), "%s:%s:%s", states[i].name,
				 table == &datagrams && column == 2 ? "UDP" : names[column],
				 theirs);
			d->all++;
			if (is_documented(manual, line)) {
				printf("# %s and not %s, as the page says\n", line, ours);
				continue;
			}
			printf("# %s and not %s, of which the page says nothing\n", line, ours);
			d->undocumented++;
		}
	}
}

/* The rows of the table of differences, which begins behind a line that says so. */
static int rows_documented(const char *manual)
{
	const char *at = strstr(manual, "\nState:Family:Events\n");
	int rows = 0;

	if (!at)
		return -1;
	/* The rule below the heading. */
	at = strstr(at, "\n_\n");
	while (at && strncmp(at, "\n.TE", 4)) {
		at = strchr(at + 1, '\n');
		rows++;
	}
	return rows - 1;
}

/* Each difference that the tests above have seen is in the page, and no other one is. */
TEST(differences_are_documented)
{
	static char manual[100000];
	FILE *f = fopen(MANUAL, "r");
	struct differences d = { 0 };

	ASSERT_TRUE(f);
	ASSERT_LT(0, fread(manual, 1, sizeof(manual) - 1, f));
	fclose(f);
	compare(&streams, manual, &d);
	compare(&urgents, manual, &d);
	compare(&messages, manual, &d);
	compare(&datagrams, manual, &d);
	compare(&reliables, manual, &d);
	fflush(stdout);
	EXPECT_EQ(0, d.undocumented);
	EXPECT_EQ(d.all, rows_documented(manual));
}

TEST_HARNESS_MAIN
