// SPDX-License-Identifier: GPL-2.0
/* Settings of a network namespace: /proc/sys/net/core/experimental_*. */
#include <fcntl.h>
#include <sched.h>

#include "harness.h"
#include "setting.h"

#define PORTS	"core/experimental_port_range"
#define MEMORY	"core/experimental_mem_max"
#define FDS	"core/experimental_fds_max"

static const char *const names[] = { PORTS, MEMORY, FDS };

/* A network namespace of the test's own. */
FIXTURE(own) {
	int home;
};

FIXTURE_SETUP(own)
{
	self->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_WORKS(self->home);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
}

FIXTURE_TEARDOWN(own)
{
	close(self->home);
}

/* What is refused leaves things as they were. */
TEST_F(own, ranges_are_checked)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ PORTS, "1023 70000" },
		{ PORTS, "1024 4294967295" },
		{ PORTS, "70000 69999" },
		{ PORTS, "70000 -1" },
		{ PORTS, "-1 70000" },
		{ PORTS, "65536 x" },
		{ PORTS, "x" },
		{ PORTS, "18446744073709551617 18446744073709551618" },
		{ MEMORY, "-1" },
		{ MEMORY, "9223372036854775808" },
		{ MEMORY, "much" },
		{ FDS, "-1" },
		{ FDS, "2147483648" },
		{ FDS, " " },
	};
	static const struct {
		const char *name, *value, *reads;
	} good[] = {
		{ PORTS, "1024 4294967294", "1024\t4294967294" },
		{ PORTS, "70000 70000", "70000\t70000" },
		/* The second number stays. */
		{ PORTS, "2000", "2000\t70000" },
		{ MEMORY, "9223372036854775807", "9223372036854775807" },
		{ MEMORY, "0", "0" },
		{ FDS, "2147483647", "2147483647" },
		{ FDS, " 10\n", "10" },
	};
	char before[64], after[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		TH_LOG("\"%s\" to %s", bad[i].value, bad[i].name);
		ASSERT_WORKS(setting_read(bad[i].name, before, sizeof(before)));
		EXPECT_FAILS(EINVAL, setting_write(bad[i].name, bad[i].value));
		ASSERT_WORKS(setting_read(bad[i].name, after, sizeof(after)));
		EXPECT_STREQ(before, after);
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		TH_LOG("\"%s\" to %s", good[i].value, good[i].name);
		EXPECT_WORKS(setting_write(good[i].name, good[i].value));
		ASSERT_WORKS(setting_read(good[i].name, after, sizeof(after)));
		EXPECT_STREQ(good[i].reads, after);
	}
}

/* Each namespace has its own, which a new one does not take from its maker. */
TEST_F(own, of_one_namespace)
{
	static const char *const values[] = { "2000\t3000", "1000000", "77" };
	char home[3][64], value[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		ASSERT_WORKS(setting_read(names[i], home[i], sizeof(home[i])));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		ASSERT_WORKS(setting_write(names[i], values[i]));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_WORKS(setting_read(names[i], value, sizeof(value)));
		EXPECT_STREQ(values[i], value);
	}

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_WORKS(setting_read(names[i], value, sizeof(value)));
		EXPECT_STREQ(home[i], value);
	}
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_WORKS(setting_read(names[i], value, sizeof(value)));
		EXPECT_STREQ(home[i], value);
	}
}

/* Who still has the file open when the namespace goes is told. */
TEST_F(own, goes_with_the_namespace)
{
	long end = now_ms() + 20000;
	char value[64];
	ssize_t n;
	int fd;

	fd = open("/proc/sys/net/" PORTS, O_RDWR);
	ASSERT_WORKS(fd);
	ASSERT_LT(0, pread(fd, value, sizeof(value), 0));
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	do {
		n = pread(fd, value, sizeof(value), 0);
		usleep(10000);
	} while (n > 0 && now_ms() < end);
	EXPECT_EQ(-1, n);
	EXPECT_EQ(ENOENT, errno);
	EXPECT_FAILS(ENOENT, pwrite(fd, "2000 3000", 9, 0));
	close(fd);
}

/* The user who owns the namespace sets them, and nobody else but root. */
TEST_F(own, set_by_the_owner)
{
	static const char *const values[] = { "2000 3000", "1000000", "77" };
	/* A setting of the core, for comparison. */
	static const char *const known = "core/somaxconn";
	long most_memory, most_fds;
	size_t i;
	pid_t pid;
	int fd;

	pid = fork_child();
	if (!pid) {
		int seen = 0;

		if (setresuid(1000, 1000, 1000))
			_exit(100);
		for (i = 0; i < ARRAY_SIZE(names); i++)
			seen += !setting_write(names[i], values[i]) || errno != EACCES;
		seen += !setting_set(known, 77) || errno != EACCES;
		_exit(seen);
	}
	EXPECT_EQ(0, child_status(pid));

	ASSERT_EQ(0, setresuid(1000, 1000, 1000));
	ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWNET));
	/* So that it may write its own map. */
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	ASSERT_WORKS(fd);
	ASSERT_WORKS(write(fd, "0 1000 1", 8));
	close(fd);
	most_memory = setting_number(MEMORY);
	most_fds = setting_number(FDS);
	EXPECT_WORKS(setting_set(known, 77));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT_WORKS(setting_write(names[i], values[i]));
	EXPECT_WORKS(setting_write(PORTS, "1024 4294967294"));

	/* A limit that anybody could lift for himself would be none. */
	EXPECT_WORKS(setting_set(MEMORY, most_memory));
	EXPECT_WORKS(setting_set(FDS, most_fds));
	EXPECT_FAILS(EPERM, setting_set(MEMORY, most_memory + 1));
	EXPECT_FAILS(EPERM, setting_set(FDS, most_fds + 1));
	EXPECT_EQ(most_memory, setting_number(MEMORY));
	EXPECT_EQ(most_fds, setting_number(FDS));
}

/* Ports that are given out, of which there are but four. TCP takes them two by two. */
FIXTURE(range) {
	int fd[5];
};

FIXTURE_VARIANT(range) {
	int family;
	int type;
	const char *name;
};

FIXTURE_VARIANT_ADD(range, exp_stream) {
	.family = AF_EXPERIMENTAL, .type = SOCK_STREAM, .name = PORTS,
};

FIXTURE_VARIANT_ADD(range, exp_seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, .name = PORTS,
};

FIXTURE_VARIANT_ADD(range, exp_dgram) {
	.family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, .name = PORTS,
};

FIXTURE_VARIANT_ADD(range, exp_rdm) {
	.family = AF_EXPERIMENTAL, .type = SOCK_RDM, .name = PORTS,
};

FIXTURE_VARIANT_ADD(range, tcp) {
	.family = AF_INET, .type = SOCK_STREAM, .name = "ipv4/ip_local_port_range",
};

FIXTURE_VARIANT_ADD(range, udp) {
	.family = AF_INET, .type = SOCK_DGRAM, .name = "ipv4/ip_local_port_range",
};

static unsigned int port_of(int fd)
{
	struct addr a;

	if (addr_own(fd, &a))
		return 0;
	return a.sa.sa_family == AF_INET ? ntohs(a.in.sin_port) : a.exp.sexp_port;
}

#define FIRST	50001
#define LAST	50004

FIXTURE_SETUP(range)
{
	struct addr a;
	int i;

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	loopback_up();
	/* The search goes on where the last one ended: here, far above. */
	i = sock_bound(variant->family, variant->type, &a);
	ASSERT_WORKS(i);
	close(i);
	ASSERT_WORKS(setting_write(variant->name, "50001 50004"));
	for (i = 0; i < 4; i++) {
		self->fd[i] = sock_bound(variant->family, variant->type, &a);
		ASSERT_WORKS(self->fd[i]);
		EXPECT_LE(FIRST, port_of(self->fd[i]));
		EXPECT_GE(LAST, port_of(self->fd[i]));
	}
	self->fd[4] = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd[4]);
}

FIXTURE_TEARDOWN(range)
{
	int i;

	for (i = 0; i < 5; i++)
		close(self->fd[i]);
}

TEST_F(range, exhausted_for_bind)
{
	struct addr any = addr_any(variant->family);
	unsigned int free = port_of(self->fd[1]);

	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd[4], &any));
	/* A port that is named need not be in the range. */
	if (variant->family == AF_EXPERIMENTAL) {
		struct addr outside = addr_exp(70000, EXP_NODE_LOCAL);
		int fd = socket(variant->family, variant->type, 0);

		EXPECT_WORKS(do_bind(fd, &outside));
		close(fd);
	}
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_WORKS(do_bind(self->fd[4], &any));
	EXPECT_EQ(free, port_of(self->fd[4]));
}

TEST_F(range, exhausted_for_listen)
{
	if (!type_connects(variant->type)) {
		/* UDP looks at the type first, as we do. */
		EXPECT_FAILS(EOPNOTSUPP, listen(self->fd[4], 5));
		return;
	}
	EXPECT_FAILS(EADDRINUSE, listen(self->fd[4], 5));
	EXPECT_EQ(0, sock_option(self->fd[4], SO_ACCEPTCONN));
	/* It is not the worse for it. */
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_WORKS(listen(self->fd[4], 5));
	EXPECT_EQ(1, sock_option(self->fd[4], SO_ACCEPTCONN));
}

TEST_F(range, exhausted_for_connect)
{
	/* UDP says that one may try again. */
	int err = variant->family == AF_INET && variant->type == SOCK_DGRAM ? EAGAIN :
		  EADDRNOTAVAIL;
	struct addr to;

	if (type_connects(variant->type))
		ASSERT_WORKS(listen(self->fd[0], 5));
	ASSERT_EQ(0, addr_own(self->fd[0], &to));
	EXPECT_FAILS(err, do_connect(self->fd[4], &to));
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_WORKS(do_connect(self->fd[4], &to));
}

TEST_F(range, exhausted_for_send)
{
	int err = variant->family == AF_INET ? EAGAIN : EADDRNOTAVAIL;
	struct addr to;
	char byte;

	if (type_connects(variant->type))
		return;
	ASSERT_EQ(0, addr_own(self->fd[0], &to));
	EXPECT_FAILS(err, sendto(self->fd[4], "a", 1, 0, &to.sa, to.len));
	EXPECT_FAILS(EAGAIN, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	close(self->fd[1]);
	self->fd[1] = -1;
	EXPECT_EQ(1, sendto(self->fd[4], "b", 1, 0, &to.sa, to.len));
	EXPECT_EQ(1, recv(self->fd[0], &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ('b', byte);
}

/* Memory that all sockets of the namespace may hold together. */
FIXTURE(memory) {
	int home;
};

FIXTURE_VARIANT(memory) {
	int type;
	size_t len;	/* of a message, or a write */
};

FIXTURE_VARIANT_ADD(memory, stream) { .type = SOCK_STREAM, .len = 4096, };
FIXTURE_VARIANT_ADD(memory, stream_bytes) { .type = SOCK_STREAM, .len = 100, };
FIXTURE_VARIANT_ADD(memory, seqpacket) { .type = SOCK_SEQPACKET, .len = 1000, };
FIXTURE_VARIANT_ADD(memory, dgram) { .type = SOCK_DGRAM, .len = 4000, };
FIXTURE_VARIANT_ADD(memory, dgram_large) { .type = SOCK_DGRAM, .len = 60000, };
FIXTURE_VARIANT_ADD(memory, rdm) { .type = SOCK_RDM, .len = 4000, };
FIXTURE_VARIANT_ADD(memory, raw) { .type = SOCK_RAW, .len = 4000, };

FIXTURE_SETUP(memory)
{
	self->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_WORKS(self->home);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
}

FIXTURE_TEARDOWN(memory)
{
	close(self->home);
}

#define MOST	(4 << 20)
#define PAIRS	100

struct heap {
	int fd[PAIRS][2];
	int pairs;
	size_t bytes;
	int err;	/* that ended it */
};

/* Sends to one pair after the other, until that is refused. */
static void heap_up(struct heap *h, int type, size_t len)
{
	char *buf = calloc(1, len);
	ssize_t n;

	memset(h, 0, sizeof(*h));
	while (!h->err && h->pairs < PAIRS) {
		int *fd = h->fd[h->pairs];

		if (socketpair(AF_EXPERIMENTAL, type, 0, fd)) {
			h->err = errno;
			break;
		}
		h->pairs++;
		/* A full receiver loses messages of some types, and stops others. */
		for (size_t sent = 0; sent < 100000; sent += n) {
			n = send(fd[0], buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
			if (n <= 0) {
				if (errno != EAGAIN)
					h->err = errno;
				break;
			}
			h->bytes += n;
		}
	}
	free(buf);
}

/* Reads what is there, or leaves it, and closes all. */
static size_t take_down(struct heap *h, bool reads)
{
	size_t bytes = 0;
	char buf[65536];
	ssize_t n;

	while (h->pairs > 0) {
		int *fd = h->fd[--h->pairs];

		while (reads && (n = recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT)) > 0)
			bytes += n;
		close(fd[0]);
		close(fd[1]);
	}
	return bytes;
}

TEST_F(memory, is_bounded)
{
	struct heap h, other;

	ASSERT_WORKS(setting_set(MEMORY, MOST));
	heap_up(&h, variant->type, variant->len);
	EXPECT_EQ(ENOBUFS, h.err);
	TH_LOG("%zu bytes in %d pairs", h.bytes, h.pairs);
	EXPECT_GT(MOST, h.bytes);
	EXPECT_LT(MOST / 3, h.bytes);

	/* Another namespace is not concerned. */
	ASSERT_EQ(0, setns(self->home, CLONE_NEWNET));
	heap_up(&other, variant->type, variant->len);
	EXPECT_EQ(0, other.err);
	EXPECT_EQ(PAIRS, other.pairs);
	take_down(&other, true);

	/* What is there is not lost. */
	EXPECT_EQ(h.bytes, take_down(&h, true));
}

/* Sockets that were read empty leave room to others, though they stay. */
TEST_F(memory, is_left_to_others)
{
	struct heap h, other;
	char buf[65536];
	int i;

	ASSERT_WORKS(setting_set(MEMORY, MOST));
	heap_up(&h, variant->type, variant->len);
	ASSERT_EQ(ENOBUFS, h.err);
	for (i = 0; i < h.pairs; i++) {
		while (recv(h.fd[i][1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
	}
	heap_up(&other, variant->type, variant->len);
	TH_LOG("%zu bytes of %zu", other.bytes, h.bytes);
	/* A connection keeps a few pages at hand. */
	EXPECT_LT(h.bytes / 10, other.bytes);
	take_down(&other, true);
	take_down(&h, true);
}

/* However it goes, there is as much room afterwards. */
TEST_F(memory, is_given_back)
{
	struct heap first, h;
	long end;
	int i;

	ASSERT_WORKS(setting_set(MEMORY, MOST));
	heap_up(&first, variant->type, variant->len);
	ASSERT_EQ(ENOBUFS, first.err);
	take_down(&first, true);
	for (i = 0; i < scaled(10); i++) {
		/* Sockets are freed after a grace period. */
		end = now_ms() + 10000;
		for (;;) {
			heap_up(&h, variant->type, variant->len);
			if (h.bytes >= first.bytes - first.bytes / 20 || now_ms() > end)
				break;
			take_down(&h, true);
			usleep(10000);
		}
		EXPECT_LE(first.bytes - first.bytes / 20, h.bytes);
		take_down(&h, i % 2);
	}
}

/* Read by one who keeps up, any amount goes through. */
TEST_F(memory, bounds_no_flow)
{
	char *buf = calloc(1, variant->len);
	size_t done;
	int fd[2];

	ASSERT_WORKS(setting_set(MEMORY, 1 << 18));
	ASSERT_EQ(0, socketpair(AF_EXPERIMENTAL, variant->type, 0, fd));
	for (done = 0; done < MOST; done += variant->len) {
		ASSERT_EQ(variant->len, send(fd[0], buf, variant->len, 0));
		ASSERT_EQ(variant->len, recv(fd[1], buf, variant->len, 0));
	}
	close(fd[0]);
	close(fd[1]);
	free(buf);
}

/* A limit that was lowered below what is held lets nothing new in. */
TEST_F(memory, lowered)
{
	struct heap h;
	char byte;

	ASSERT_WORKS(setting_set(MEMORY, MOST));
	heap_up(&h, variant->type, variant->len);
	ASSERT_EQ(ENOBUFS, h.err);
	ASSERT_WORKS(setting_set(MEMORY, 0));
	EXPECT_EQ(h.bytes, take_down(&h, true));
	heap_up(&h, variant->type, variant->len);
	EXPECT_EQ(ENOBUFS, h.err);
	EXPECT_EQ(0, h.bytes);
	take_down(&h, false);
	ASSERT_WORKS(setting_set(MEMORY, MOST));
	heap_up(&h, variant->type, variant->len);
	EXPECT_LT(0, h.bytes);
	if (h.pairs > 0)
		EXPECT_EQ(1, recv(h.fd[0][1], &byte, 1, MSG_DONTWAIT));
	take_down(&h, true);
}

/* Connections that nobody accepts cost memory too, though their makers are gone. */
TEST_F(own, connections_are_bounded)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	struct addr a;
	long end;
	int i, n, fd, child, listener;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, unshare(CLONE_NEWNET));
		ASSERT_WORKS(setting_set(MEMORY, 100000));
		listener = sock_listening(AF_EXPERIMENTAL, types[i], 4096, &a);
		ASSERT_WORKS(listener);
		for (n = 0; n < 4000; n++) {
			fd = sock_connected(AF_EXPERIMENTAL, types[i], &a);
			if (fd < 0)
				break;
			close(fd);
		}
		TH_LOG("%d connections", n);
		EXPECT_LT(10, n);
		EXPECT_GT(1000, n);
		EXPECT_FAILS(ENOBUFS, sock_connected(AF_EXPERIMENTAL, types[i], &a));

		/* Those that are there can be had, and then there is room for others. */
		for (; n > 0; n--) {
			child = accept(listener, NULL, NULL);
			ASSERT_WORKS(child);
			close(child);
		}
		end = now_ms() + 10000;
		do {
			fd = sock_connected(AF_EXPERIMENTAL, types[i], &a);
		} while (fd < 0 && !usleep(1000) && now_ms() < end);
		EXPECT_WORKS(fd);
		close(fd);
		close(listener);
	}
}

/* Descriptors that were sent and not received. */
static ssize_t send_descriptors(int fd, int count)
{
	char control[CMSG_SPACE(10 * sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int i;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (i = 0; i < count; i++)
		((int *)CMSG_DATA(c))[i] = STDERR_FILENO;
	return sendmsg(fd, &m, MSG_DONTWAIT);
}

TEST_F(own, descriptors_are_bounded)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };
	int fd[2], other[2];
	size_t i;
	char byte;

	ASSERT_EQ(0, socketpair(AF_EXPERIMENTAL, SOCK_RDM, 0, other));
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		ASSERT_EQ(0, socketpair(AF_EXPERIMENTAL, types[i], 0, fd));
		ASSERT_WORKS(setting_set(FDS, 7));
		EXPECT_EQ(1, send_descriptors(fd[0], 3));
		/* It is all sockets together. */
		EXPECT_EQ(1, send_descriptors(other[0], 4));
		EXPECT_FAILS(ETOOMANYREFS, send_descriptors(fd[0], 1));
		EXPECT_EQ(1, send(fd[0], "x", 1, 0));
		EXPECT_EQ(1, recv(other[1], &byte, 1, 0));
		EXPECT_EQ(1, send_descriptors(fd[0], 4));
		EXPECT_FAILS(ETOOMANYREFS, send_descriptors(fd[0], 1));
		/* Those that nobody will receive are on their way no more. */
		close(fd[0]);
		close(fd[1]);
		EXPECT_EQ(1, send_descriptors(other[0], 7));
		EXPECT_EQ(1, recv(other[1], &byte, 1, 0));
		ASSERT_WORKS(setting_set(FDS, 0));
		EXPECT_FAILS(ETOOMANYREFS, send_descriptors(other[0], 1));
	}
	close(other[0]);
	close(other[1]);
}

TEST_HARNESS_MAIN
