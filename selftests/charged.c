// SPDX-License-Identifier: GPL-2.0
/*
 * What sockets hold while nobody reads it is charged to the memory cgroup of those
 * who made it: what one user can take is what its cgroup allows.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "bpf.h"
#include "control.h"
#include "harness.h"

#define CGROUPS	"/sys/fs/cgroup/"
#define GROUP	CGROUPS "charged"

static bool put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return done;
}

static long charged(void)
{
	char buf[32] = "";
	int fd = open(GROUP "/memory.current", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) <= 0)
		return -1;
	close(fd);
	return atol(buf);
}

/*
 * Each takes something once more and returns the least that it must weigh, or -1.
 * Descriptors stay open until the process ends.
 */

static long hold_queue(int type)
{
	int fd[2];
	long there, back;

	if (socketpair(AF_EXPERIMENTAL, type, 0, fd))
		return -1;
	there = flow_fill(fd[0], 0);
	back = flow_fill(fd[1], 0);
	return there > 0 && back > 0 ? there + back : -1;
}

static long hold_stream(void)
{
	return hold_queue(SOCK_STREAM);
}

static long hold_seqpacket(void)
{
	return hold_queue(SOCK_SEQPACKET);
}

static long hold_rdm(void)
{
	return hold_queue(SOCK_RDM);
}

/* A datagram that finds the receiver full is lost, and weighs nothing. */
static long hold_dropping(int type)
{
	static char buf[4000];
	int fd[2], i, queued = 0;

	if (socketpair(AF_EXPERIMENTAL, type, 0, fd))
		return -1;
	for (i = 0; i < 100; i++)
		if (send(fd[0], buf, sizeof(buf), MSG_DONTWAIT) < 0)
			return -1;
	if (ioctl(fd[1], FIONREAD, &queued) || queued <= 0)
		return -1;
	/* So much has room in the smallest buffer that is the default anywhere. */
	return 10 * sizeof(buf);
}

static long hold_dgram(void)
{
	return hold_dropping(SOCK_DGRAM);
}

static long hold_raw(void)
{
	return hold_dropping(SOCK_RAW);
}

/* Who wrote each byte, and when: far more than the bytes. */
static long hold_notes(void)
{
	struct ucred cred = { .pid = getpid(), .uid = getuid(), .gid = getgid() };
	int fd[2], i;
	char byte = 0;

	if (socketpair(AF_EXPERIMENTAL, SOCK_STREAM, 0, fd) ||
	    sock_set(fd[1], SO_PASSCRED, 1) || sock_set(fd[1], SO_TIMESTAMPNS, 1))
		return -1;
	for (i = 0; i < 200; i++) {
		struct control c = { };

		control_add(&c, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred));
		if (control_send(fd[0], &byte, 1, MSG_DONTWAIT, &c) != 1)
			return -1;
	}
	return 200 * 64;
}

/* Descriptors on their way: the list of them, and the file that nobody else has. */
static long hold_descriptors(void)
{
	static int way[2];
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct control c = { };

	if (fd < 0 || (!way[1] && (socketpair(AF_EXPERIMENTAL, SOCK_STREAM, 0, way) ||
				   sock_set(way[0], SO_SNDBUF, 200000) ||
				   sock_set(way[1], SO_RCVBUF, 200000))))
		return -1;
	control_add(&c, SOL_SOCKET, SCM_RIGHTS, &fd, sizeof(fd));
	if (control_send(way[0], "d", 1, MSG_DONTWAIT, &c) != 1)
		return -1;
	close(fd);
	return 2048;
}

/* Nobody accepts them. */
static long hold_connection(void)
{
	static struct addr a;
	static int listener;

	if (!listener) {
		listener = sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 100000, &a);
		if (listener < 0)
			return -1;
	}
	if (sock_connected(AF_EXPERIMENTAL, SOCK_STREAM, &a) < 0)
		return -1;
	return 1024;
}

/* Nor are those of a full listener ever done. */
static long hold_waiting(void)
{
	static struct addr a;
	static int listener;
	int fd;

	if (!listener) {
		listener = sock_listening(AF_EXPERIMENTAL, SOCK_SEQPACKET, 0, &a);
		if (listener < 0 ||
		    sock_connected(AF_EXPERIMENTAL, SOCK_SEQPACKET, &a) < 0)
			return -1;
	}
	fd = socket(AF_EXPERIMENTAL, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	if (fd < 0 || !do_connect(fd, &a) || errno != EINPROGRESS)
		return -1;
	return 1024;
}

static long hold_socket(void)
{
	return socket(AF_EXPERIMENTAL, SOCK_DGRAM, 0) < 0 ? -1 : 1024;
}

/* Ports far apart, so that each takes a part of the table of its own. */
static long hold_port(void)
{
	static unsigned int port = 0x1000000;
	int fd = socket(AF_EXPERIMENTAL, SOCK_DGRAM, 0);
	struct addr a = addr_exp(port, EXP_NODE_ANY);

	port += 0x10000;
	return fd < 0 || do_bind(fd, &a) ? -1 : 1024;
}

static long hold_listener(void)
{
	struct addr a;

	return sock_listening(AF_EXPERIMENTAL, SOCK_STREAM, 1, &a) < 0 ? -1 : 1024;
}

/* Senders that a full receiver is to wake. */
static long hold_congestion(void)
{
	static struct addr a;
	static int full;
	int fd;

	if (!full) {
		full = sock_bound(AF_EXPERIMENTAL, SOCK_RDM, &a);
		fd = full < 0 ? -1 : sock_connected(AF_EXPERIMENTAL, SOCK_RDM, &a);
		if (fd < 0 || sock_set(full, SO_RCVBUF, 1) || flow_fill(fd, 0) < 0)
			return -1;
	}
	fd = sock_connected(AF_EXPERIMENTAL, SOCK_RDM, &a);
	if (fd < 0 || send(fd, "", 1, MSG_DONTWAIT) != -1 || errno != EAGAIN)
		return -1;
	return 1024;
}

static long hold_filter(void)
{
	static struct sock_filter insns[2000];
	int fd = socket(AF_EXPERIMENTAL, SOCK_DGRAM, 0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(insns); i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, PASS);
	if (fd < 0 || cbpf_attach(fd, SO_ATTACH_FILTER, insns, ARRAY_SIZE(insns)))
		return -1;
	return sizeof(insns);
}

FIXTURE(charged) {
	char unused;
};

FIXTURE_VARIANT(charged) {
	long (*hold)(void);
	int times;
};

FIXTURE_VARIANT_ADD(charged, stream) { hold_stream, 20, };
FIXTURE_VARIANT_ADD(charged, seqpacket) { hold_seqpacket, 20, };
FIXTURE_VARIANT_ADD(charged, rdm) { hold_rdm, 40, };
FIXTURE_VARIANT_ADD(charged, dgram) { hold_dgram, 100, };
FIXTURE_VARIANT_ADD(charged, raw) { hold_raw, 100, };
FIXTURE_VARIANT_ADD(charged, notes) { hold_notes, 300, };
FIXTURE_VARIANT_ADD(charged, descriptors) { hold_descriptors, 2000, };
FIXTURE_VARIANT_ADD(charged, connection) { hold_connection, 4000, };
FIXTURE_VARIANT_ADD(charged, waiting) { hold_waiting, 4000, };
FIXTURE_VARIANT_ADD(charged, socket) { hold_socket, 4000, };
FIXTURE_VARIANT_ADD(charged, port) { hold_port, 4000, };
FIXTURE_VARIANT_ADD(charged, listener) { hold_listener, 4000, };
FIXTURE_VARIANT_ADD(charged, congestion) { hold_congestion, 4000, };
FIXTURE_VARIANT_ADD(charged, filter) { hold_filter, 200, };

FIXTURE_SETUP(charged)
{
	struct rlimit limit = { 10000, 10000 };

	put(CGROUPS "cgroup.subtree_control", "+memory");
	ASSERT_TRUE(!mkdir(GROUP, 0755) || errno == EEXIST);
	ASSERT_LE(0, charged());
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
}

FIXTURE_TEARDOWN(charged)
{
	long end = now_ms() + patience(10000);

	/* Until the child is gone from it for good. */
	while (rmdir(GROUP) && errno == EBUSY && now_ms() < end)
		usleep(10000);
}

TEST_F_TIMEOUT(charged, held, 120)
{
	long before, after, least = 0, one;
	int times = scaled(variant->times);
	int status, i;
	pid_t pid;

	pid = fork_child();
	ASSERT_WORKS(pid);
	if (!pid) {
		if (!put(GROUP "/cgroup.procs", "0"))
			_exit(1);
		/* What is made once is there. */
		if (variant->hold() < 0)
			_exit(2);
		before = charged();
		for (i = 0; i < times; i++) {
			one = variant->hold();
			if (one < 0) {
				TH_LOG("at %d: %s", i, errname(errno));
				_exit(3);
			}
			least += one;
		}
		after = charged();
		TH_LOG("%ld KiB were charged, at least %ld were held", (after - before) / 1024,
		       least / 1024);
		/* A CPU charges some pages ahead. */
		_exit(after - before + (1 << 19) < least || least < (1 << 15) ? 4 : 0);
	}
	status = child_status(pid);
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
