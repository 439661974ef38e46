// SPDX-License-Identifier: GPL-2.0
/*
 * SO_REUSEPORT: groups of sockets with one port, and who of a group gets a message
 * or a connection.
 */
#include <poll.h>
#include <sched.h>

#include "bpf.h"
#include "harness.h"

#define MEMBERS	4
#define FLOWS	256

FIXTURE(group) {
	struct addr addr;
	int fd[MEMBERS];
};

FIXTURE_VARIANT(group) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(group, stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(group, seqpacket) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(group, dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(group, rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(group, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(group, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

/* A new member, which listens if its type does; -1 and errno. */
static int join(int family, int type, const struct addr *addr)
{
	int fd = socket(family, type, 0);

	if (fd < 0)
		return -1;
	if (sock_set(fd, SO_REUSEPORT, 1) || do_bind(fd, addr) ||
	    (type_connects(type) && listen(fd, FLOWS))) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/*
 * Sends a message of one byte, or connects, from a port of its own. The socket, or -1
 * and errno.
 */
static int flow(int family, int type, const struct addr *to, char byte)
{
	struct addr own;
	int fd;

	if (type_connects(type))
		return sock_connected(family, type, to);
	fd = sock_bound(family, type, &own);
	if (fd >= 0 && sendto(fd, &byte, 1, 0, &to->sa, to->len) != 1) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* Takes one message or connection; false if there is none. */
static bool take(int fd, int type)
{
	char byte;
	int conn;

	/* What comes over a device may take a moment, and is waited for elsewhere. */
	if (!flow_wait(fd, POLLIN, 0))
		return false;
	if (!type_connects(type))
		return recv(fd, &byte, 1, MSG_DONTWAIT) == 1;
	conn = accept(fd, NULL, NULL);
	if (conn < 0)
		return false;
	close(conn);
	return true;
}

/* The member that @fd, of @n, has something for; -1 if none has, -2 if several. */
static int who(const int *fd, int n, int type)
{
	int found = -1, i;

	for (i = 0; i < n; i++)
		if (fd[i] >= 0 && take(fd[i], type))
			found = found == -1 ? i : -2;
	return found;
}

FIXTURE_SETUP(group)
{
	int i;

	self->addr = addr_free(variant->family, variant->type);
	for (i = 0; i < MEMBERS; i++) {
		self->fd[i] = join(variant->family, variant->type, &self->addr);
		ASSERT_WORKS(self->fd[i]);
	}
}

FIXTURE_TEARDOWN(group)
{
	int i;

	for (i = 0; i < MEMBERS; i++)
		close(self->fd[i]);
}

TEST_F(group, spreads)
{
	int count[MEMBERS] = { 0 }, fd[FLOWS], all = 0, i;

	for (i = 0; i < FLOWS; i++) {
		fd[i] = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd[i]);
	}
	for (i = 0; i < MEMBERS; i++) {
		while (take(self->fd[i], variant->type))
			count[i]++;
		/* A quarter each, more or less. */
		EXPECT_LT(FLOWS / MEMBERS / 3, count[i]);
		EXPECT_GT(FLOWS / MEMBERS * 3, count[i]);
		all += count[i];
	}
	EXPECT_EQ(FLOWS, all);
	for (i = 0; i < FLOWS; i++)
		close(fd[i]);
}

TEST_F(group, keeps_a_flow_together)
{
	struct addr own;
	int sender, first, i;

	if (type_connects(variant->type))
		SKIP(return, "a connection is one");
	sender = sock_bound(variant->family, variant->type, &own);
	ASSERT_WORKS(sender);
	for (i = 0; i < 16; i++) {
		int found;

		ASSERT_EQ(1, sendto(sender, "x", 1, 0, &self->addr.sa, self->addr.len));
		found = who(self->fd, MEMBERS, variant->type);
		if (!i)
			first = found;
		EXPECT_LE(0, found);
		EXPECT_EQ(first, found);
	}
	close(sender);
}

TEST_F(group, is_left_in_any_order)
{
	static const int order[MEMBERS] = { 2, 0, 3, 1 };
	int fd, i, n;

	for (n = 0; n < MEMBERS - 1; n++) {
		close(self->fd[order[n]]);
		self->fd[order[n]] = -1;
		/* Those who are left get all. */
		for (i = 0; i < 32; i++) {
			fd = flow(variant->family, variant->type, &self->addr, 'x');
			ASSERT_WORKS(fd);
			EXPECT_LE(0, who(self->fd, MEMBERS, variant->type));
			close(fd);
		}
		fd = socket(variant->family, variant->type, 0);
		EXPECT_FAILS(EADDRINUSE, do_bind(fd, &self->addr));
		close(fd);
	}
	close(self->fd[order[n]]);
	self->fd[order[n]] = -1;
	/* Connections of TCP linger on. */
	if (variant->family == AF_INET && variant->type == SOCK_STREAM)
		return;
	fd = socket(variant->family, variant->type, 0);
	EXPECT_WORKS(do_bind(fd, &self->addr));
	close(fd);
}

TEST_F(group, is_for_those_with_the_option)
{
	int fd = socket(variant->family, variant->type, 0);

	EXPECT_EQ(1, sock_option(self->fd[0], SO_REUSEPORT));
	EXPECT_EQ(0, sock_option(fd, SO_REUSEPORT));
	EXPECT_FAILS(EADDRINUSE, do_bind(fd, &self->addr));
	ASSERT_WORKS(sock_set(fd, SO_REUSEADDR, 1));
	EXPECT_FAILS(EADDRINUSE, do_bind(fd, &self->addr));
	close(fd);
}

TEST_F(group, is_for_one_user)
{
	pid_t pid = fork_child();
	int fd;

	if (!pid) {
		if (setresuid(65534, 65534, 65534))
			_exit(3);
		fd = join(variant->family, variant->type, &self->addr);
		if (fd >= 0)
			_exit(1);
		_exit(errno == EADDRINUSE ? 0 : 2);
	}
	EXPECT_EQ(0, child_status(pid));
	fd = join(variant->family, variant->type, &self->addr);
	EXPECT_WORKS(fd);
	close(fd);
}

TEST_F(group, full_buffer_is_one_members)
{
	int fd, i;

	if (variant->type != SOCK_RDM)
		SKIP(return, "nobody waits for one of the group");
	/* One member is full; without a message, the program would name another. */
	ASSERT_WORKS(cbpf_return_byte(self->fd[0], SO_ATTACH_REUSEPORT_CBPF, 0, '0'));
	fd = sock_bound(variant->family, variant->type, &(struct addr) { 0 });
	ASSERT_WORKS(fd);
	ASSERT_WORKS(do_connect(fd, &self->addr));
	ASSERT_WORKS(sock_set(self->fd[1], SO_RCVBUF, 4096));
	for (i = 0; i < 1000; i++)
		if (send(fd, "1", 1, MSG_DONTWAIT) < 0)
			break;
	ASSERT_GT(1000, i);
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, flow_wait(fd, POLLOUT, 0));
	EXPECT_FALSE(take(self->fd[0], variant->type));

	struct call send = {
		.fn = call_send, .fd = fd, .buf = "1", .len = 1,
	};

	call_start(&send);
	ASSERT_TRUE(call_sleeps(&send));
	while (take(self->fd[1], variant->type))
		;
	ASSERT_TRUE(call_returns(&send));
	EXPECT_EQ(1, send.ret);
	EXPECT_EQ(POLLOUT, flow_wait(fd, POLLOUT, 1000));
	close(fd);
}

TEST_F(group, program_names_the_member)
{
	int i, fd, want;

	/* Those who connect have no message to show. */
	if (type_connects(variant->type)) {
		for (i = 0; i < MEMBERS; i++) {
			ASSERT_WORKS(cbpf_return(self->fd[0], SO_ATTACH_REUSEPORT_CBPF, i));
			fd = flow(variant->family, variant->type, &self->addr, 0);
			ASSERT_WORKS(fd);
			EXPECT_EQ(i, who(self->fd, MEMBERS, variant->type));
			close(fd);
		}
		return;
	}
	/* A program of a group sees the message alone, also of UDP. */
	ASSERT_WORKS(cbpf_return_byte(self->fd[2], SO_ATTACH_REUSEPORT_CBPF, 0, '0'));
	for (i = 0; i < 64; i++) {
		want = i * 7 % MEMBERS;
		fd = flow(variant->family, variant->type, &self->addr, '0' + want);
		ASSERT_WORKS(fd);
		EXPECT_EQ(want, who(self->fd, MEMBERS, variant->type));
		close(fd);
	}
}

TEST_F(group, extended_program_names_the_member)
{
	int i, fd, prog;

	for (i = 0; i < MEMBERS; i++) {
		prog = type_connects(variant->type) ?
			ebpf_return(BPF_PROG_TYPE_SOCKET_FILTER, i) :
			ebpf_return_byte(0, '0');
		ASSERT_WORKS(prog);
		ASSERT_WORKS(sock_set(self->fd[1], SO_ATTACH_REUSEPORT_EBPF, prog));
		close(prog);
		fd = flow(variant->family, variant->type, &self->addr, '0' + i);
		ASSERT_WORKS(fd);
		EXPECT_EQ(i, who(self->fd, MEMBERS, variant->type));
		close(fd);
	}
}

TEST_F(group, last_takes_the_place_of_one_that_goes)
{
	int i, fd;

	/* Of 0 1 2 3 without 1: 0 3 2. */
	close(self->fd[1]);
	self->fd[1] = -1;
	for (i = 0; i < 3; i++) {
		static const int member[] = { 0, 3, 2 };

		ASSERT_WORKS(cbpf_return(self->fd[0], SO_ATTACH_REUSEPORT_CBPF, i));
		fd = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd);
		EXPECT_EQ(member[i], who(self->fd, MEMBERS, variant->type));
		close(fd);
	}
}

TEST_F(group, number_of_nobody_falls_back)
{
	int fd, i, seen = 0, found;

	ASSERT_WORKS(cbpf_return(self->fd[0], SO_ATTACH_REUSEPORT_CBPF, MEMBERS));
	for (i = 0; i < 64; i++) {
		fd = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd);
		found = who(self->fd, MEMBERS, variant->type);
		ASSERT_LE(0, found);
		seen |= 1 << found;
		close(fd);
	}
	/* To the hash. */
	EXPECT_EQ((1 << MEMBERS) - 1, seen);
}

TEST_F(group, new_members_have_its_program)
{
	int fd, late = socket(variant->family, variant->type, 0);

	ASSERT_WORKS(cbpf_return(self->fd[3], SO_ATTACH_REUSEPORT_CBPF, MEMBERS));
	ASSERT_WORKS(late);
	ASSERT_WORKS(sock_set(late, SO_REUSEPORT, 1));
	/* One that brings another along is not taken. */
	ASSERT_WORKS(cbpf_return(late, SO_ATTACH_REUSEPORT_CBPF, 0));
	EXPECT_FAILS(EADDRINUSE, do_bind(late, &self->addr));
	close(late);
	late = join(variant->family, variant->type, &self->addr);
	ASSERT_WORKS(late);
	fd = flow(variant->family, variant->type, &self->addr, 'x');
	ASSERT_WORKS(fd);
	EXPECT_EQ(-1, who(self->fd, MEMBERS, variant->type));
	EXPECT_TRUE(take(late, variant->type));
	close(fd);
	/* Whoever attached it may go. */
	close(self->fd[3]);
	self->fd[3] = late;
	ASSERT_WORKS(sock_set(late, SO_DETACH_REUSEPORT_BPF, 0));
	EXPECT_FAILS(ENOENT, sock_set(late, SO_DETACH_REUSEPORT_BPF, 0));
}

TEST_F(group, program_of_one_that_is_bound_later)
{
	struct addr addr = addr_free(variant->family, variant->type);
	int fd[2], client, i;

	for (i = 0; i < 2; i++) {
		fd[i] = socket(variant->family, variant->type, 0);
		ASSERT_WORKS(sock_set(fd[i], SO_REUSEPORT, 1));
		if (!i)
			ASSERT_WORKS(cbpf_return(fd[i], SO_ATTACH_REUSEPORT_CBPF, 1));
		ASSERT_WORKS(do_bind(fd[i], &addr));
		if (type_connects(variant->type))
			ASSERT_WORKS(listen(fd[i], 8));
	}
	for (i = 0; i < 8; i++) {
		client = flow(variant->family, variant->type, &addr, 'x');
		ASSERT_WORKS(client);
		EXPECT_EQ(1, who(fd, 2, variant->type));
		close(client);
	}
	close(fd[0]);
	close(fd[1]);
}

TEST_F(group, needs_the_option_for_a_program)
{
	struct addr addr;
	int fd, prog;

	fd = socket(variant->family, variant->type, 0);
	EXPECT_FAILS(EINVAL, cbpf_return(fd, SO_ATTACH_REUSEPORT_CBPF, 0));
	EXPECT_FAILS(EINVAL, sock_set(fd, SO_DETACH_REUSEPORT_BPF, 0));
	prog = ebpf_return(BPF_PROG_TYPE_SOCKET_FILTER, 0);
	ASSERT_WORKS(prog);
	EXPECT_FAILS(EINVAL, sock_set(fd, SO_ATTACH_REUSEPORT_EBPF, prog));
	EXPECT_FAILS(EBADF, sock_set(fd, SO_ATTACH_REUSEPORT_EBPF, -1));
	close(fd);
	/* Set when it is bound, it comes too late. */
	if (variant->family == AF_INET && variant->type == SOCK_STREAM)
		SKIP(return, "TCP has a group in listen(), and no port before");
	fd = sock_bound(variant->family, variant->type, &addr);
	ASSERT_WORKS(fd);
	ASSERT_WORKS(sock_set(fd, SO_REUSEPORT, 1));
	EXPECT_FAILS(EINVAL, cbpf_return(fd, SO_ATTACH_REUSEPORT_CBPF, 0));
	EXPECT_FAILS(EINVAL, sock_set(fd, SO_ATTACH_REUSEPORT_EBPF, prog));
	close(prog);
	close(fd);
}

/* With one on each CPU, what comes from a CPU goes to its member. */
TEST_F(group, incoming_cpu)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), cpu, round, fd, i;
	cpu_set_t set;

	if (cpus < 2)
		SKIP(return, "needs two CPUs");
	EXPECT_EQ(-1, sock_option(self->fd[0], SO_INCOMING_CPU));
	for (i = 0; i < MEMBERS; i++)
		ASSERT_WORKS(sock_set(self->fd[i], SO_INCOMING_CPU, i % 2));
	for (round = 0; round < 32; round++) {
		cpu = round % 2;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
		fd = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd);
		i = who(self->fd, MEMBERS, variant->type);
		EXPECT_LE(0, i);
		EXPECT_EQ(cpu, i % 2);
		close(fd);
	}
	/* What steers is not changed by what comes, from wherever that is. */
	for (i = 0; i < MEMBERS; i++)
		ASSERT_WORKS(sock_set(self->fd[i], SO_INCOMING_CPU, !cpu));
	for (round = 0; round < 16; round++) {
		fd = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd);
		EXPECT_LE(0, who(self->fd, MEMBERS, variant->type));
		close(fd);
	}
	for (i = 0; i < MEMBERS; i++)
		EXPECT_EQ(!cpu, sock_option(self->fd[i], SO_INCOMING_CPU));
	/* Without it, the hash has the say again. */
	for (i = 0; i < MEMBERS; i++)
		ASSERT_WORKS(sock_set(self->fd[i], SO_INCOMING_CPU, -1));
	for (round = 0, cpu = 0; round < 64; round++) {
		fd = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd);
		cpu |= 1 << who(self->fd, MEMBERS, variant->type);
		close(fd);
	}
	EXPECT_EQ((1 << MEMBERS) - 1, cpu);
}

TEST_F(group, connected_member_gets_what_is_its)
{
	struct addr own;
	int sender, fd, i;

	if (type_connects(variant->type))
		SKIP(return, "a listener is connected to nobody");
	sender = sock_bound(variant->family, variant->type, &own);
	ASSERT_WORKS(sender);
	ASSERT_WORKS(do_connect(self->fd[2], &own));
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(1, sendto(sender, "x", 1, 0, &self->addr.sa, self->addr.len));
		EXPECT_EQ(2, who(self->fd, MEMBERS, variant->type));
	}
	/* And nothing else. */
	for (i = 0; i < 64; i++) {
		fd = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd);
		EXPECT_NE(2, who(self->fd, MEMBERS, variant->type));
		close(fd);
	}
	close(sender);
}

/* Bound is not listening, and one that listens no more gets nothing. */
TEST_F(group, only_those_that_listen)
{
	int fd, bound, i;

	if (!type_connects(variant->type))
		SKIP(return, "nobody listens");
	bound = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(sock_set(bound, SO_REUSEPORT, 1));
	ASSERT_WORKS(do_bind(bound, &self->addr));
	ASSERT_WORKS(shutdown(self->fd[3], SHUT_RD));
	ASSERT_WORKS(shutdown(self->fd[1], SHUT_RD));
	for (i = 0; i < 32; i++) {
		fd = flow(variant->family, variant->type, &self->addr, 'x');
		ASSERT_WORKS(fd);
		EXPECT_EQ(0, who(self->fd, MEMBERS, variant->type) % 2);
		close(fd);
	}
	/* It comes back, as the last. */
	ASSERT_WORKS(listen(self->fd[1], 8));
	ASSERT_WORKS(cbpf_return(self->fd[0], SO_ATTACH_REUSEPORT_CBPF, 2));
	fd = flow(variant->family, variant->type, &self->addr, 'x');
	ASSERT_WORKS(fd);
	EXPECT_EQ(1, who(self->fd, MEMBERS, variant->type));
	close(fd);
	close(bound);
}

/* Which CPU had something for a socket, if that is not one of a group. */
FIXTURE(cpu) {
	int fd[2];
};

FIXTURE_VARIANT(cpu) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(cpu, stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(cpu, seqpacket) { .family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(cpu, dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(cpu, rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(cpu, tcp) { .family = AF_INET, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(cpu, udp) { .family = AF_INET, .type = SOCK_DGRAM, };

FIXTURE_SETUP(cpu)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(cpu)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(cpu, is_reported)
{
	cpu_set_t set;
	int i, cpu;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	if (!type_connects(variant->type))
		EXPECT_EQ(-1, sock_option(self->fd[1], SO_INCOMING_CPU));
	for (i = 0; i < 4; i++) {
		cpu = (i + 1) % 2;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
		ASSERT_EQ(1, send(self->fd[0], "x", 1, 0));
		EXPECT_EQ(POLLIN, flow_wait(self->fd[1], POLLIN, 1000));
		EXPECT_EQ(cpu, sock_option(self->fd[1], SO_INCOMING_CPU));
	}
}

/* The port of one that was bound without the option stays its own. */
TEST(set_after_bind)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct addr addr;
		int fd = sock_bound(AF_EXPERIMENTAL, types[i], &addr);

		ASSERT_WORKS(fd);
		ASSERT_WORKS(sock_set(fd, SO_REUSEPORT, 1));
		EXPECT_FAILS(EADDRINUSE, join(AF_EXPERIMENTAL, types[i], &addr));
		close(fd);
	}
}

/* Members that come and go while others are chosen. */
static void *come_and_go(void *arg)
{
	const struct addr *addr = arg;
	int i, fd;

	for (i = 0; i < scaled(300); i++) {
		fd = join(AF_EXPERIMENTAL, SOCK_DGRAM, addr);
		if (fd < 0)
			return "a member could not join";
		close(fd);
	}
	return NULL;
}

TEST(members_come_and_go)
{
	struct addr addr = addr_free(AF_EXPERIMENTAL, SOCK_DGRAM);
	int fd = join(AF_EXPERIMENTAL, SOCK_DGRAM, &addr), i, sender;
	pthread_t thread[2];
	int count = sock_count();
	void *ret;

	ASSERT_WORKS(fd);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, come_and_go, &addr));
	for (i = 0; i < scaled(1000); i++) {
		sender = flow(AF_EXPERIMENTAL, SOCK_DGRAM, &addr, 'x');
		/* One that goes refuses, as one alone would. */
		if (sender < 0) {
			ASSERT_EQ(ECONNREFUSED, errno);
			continue;
		}
		close(sender);
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], &ret));
		EXPECT_EQ(NULL, ret);
	}
	EXPECT_TRUE(sock_count_is(count));
	while (take(fd, SOCK_DGRAM))
		;
	sender = flow(AF_EXPERIMENTAL, SOCK_DGRAM, &addr, 'x');
	EXPECT_WORKS(sender);
	EXPECT_TRUE(take(fd, SOCK_DGRAM));
	close(sender);
	close(fd);
}

/* Programs that name more than a number of the group. */
TEST(selecting_program)
{
	struct addr addr;
	int fd, prog;

	fd = socket(AF_EXPERIMENTAL, SOCK_DGRAM, 0);
	ASSERT_WORKS(sock_set(fd, SO_REUSEPORT, 1));
	addr = addr_any(AF_EXPERIMENTAL);
	ASSERT_WORKS(do_bind(fd, &addr));
	prog = ebpf_return(BPF_PROG_TYPE_SK_REUSEPORT, SK_PASS);
	ASSERT_WORKS(prog);
	/* The core has them for TCP and UDP only: ENOTSUPP of the kernel's own. */
	EXPECT_FAILS(524, sock_set(fd, SO_ATTACH_REUSEPORT_EBPF, prog));
	close(prog);
	close(fd);
}

TEST_HARNESS_MAIN
