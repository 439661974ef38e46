// SPDX-License-Identifier: GPL-2.0
/* Who sent it: SCM_CREDENTIALS, SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD. */
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "control.h"
#include "harness.h"

#ifndef SCM_SECURITY
#define SCM_SECURITY	3
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif

#define NOBODY		65534	/* also the overflow user and group */

FIXTURE(sender) {
	int fd[2];
};

FIXTURE_VARIANT(sender) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(sender, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(sender, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(sender, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(sender, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(sender, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(sender, unix_stream) { AF_UNIX, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(sender, unix_seqpacket) { AF_UNIX, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(sender, unix_dgram) { AF_UNIX, SOCK_DGRAM, };

FIXTURE_SETUP(sender)
{
	ASSERT_WORKS(sock_pair(variant->family, variant->type, self->fd));
}

FIXTURE_TEARDOWN(sender)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static const struct ucred nothing = { -2, -2, -2 };
static const struct ucred unknown = { 0, NOBODY, NOBODY };

static struct ucred self_ucred(void)
{
	return (struct ucred){ getpid(), getuid(), getgid() };
}

static struct ucred found(const struct control *c)
{
	struct ucred u = nothing;
	size_t len;
	const void *data = control_find(c, SOL_SOCKET, SCM_CREDENTIALS, &len);

	if (data && len == sizeof(u))
		memcpy(&u, data, sizeof(u));
	return u;
}

/* Reads at most @most bytes into @text; whose they are, as it was told. */
static struct ucred read_text(int fd, char *text, size_t most, int flags)
{
	struct control c = { 0 };
	ssize_t len = control_recv(fd, text, most, flags, &c);

	text[len < 0 ? 0 : len] = 0;
	return found(&c);
}

static ssize_t send_as(int fd, const char *text, struct ucred u)
{
	struct control c = { 0 };

	control_add(&c, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u));
	return control_send(fd, text, strlen(text), MSG_NOSIGNAL, &c);
}

#define EXPECT_IS(want, got) do {				\
	struct ucred want_ = (want), got_ = (got);		\
								\
	EXPECT_EQ(want_.pid, got_.pid);				\
	EXPECT_EQ(want_.uid, got_.uid);				\
	EXPECT_EQ(want_.gid, got_.gid);				\
} while (0)

TEST_F(sender, told_to_who_asks)
{
	char text[8];

	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	EXPECT_IS(nothing, read_text(self->fd[1], text, 1, 0));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	ASSERT_EQ(1, send(self->fd[0], "b", 1, 0));
	EXPECT_IS(self_ucred(), read_text(self->fd[1], text, 1, MSG_PEEK));
	EXPECT_IS(self_ucred(), read_text(self->fd[1], text, 1, 0));
	EXPECT_STREQ("b", text);
	/* Not to the other one. */
	ASSERT_EQ(1, send(self->fd[1], "c", 1, 0));
	EXPECT_IS(nothing, read_text(self->fd[0], text, 1, 0));
}

TEST_F(sender, is_a_process_of_its_own)
{
	char text[8];
	pid_t pid;

	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	pid = fork_child();
	if (!pid) {
		if (setresgid(1234, 1234, 1234) || setresuid(5678, 5678, 5678))
			_exit(1);
		_exit(send(self->fd[0], "a", 1, 0) != 1);
	}
	EXPECT_EQ(0, child_status(pid));
	/* Even after it has gone. */
	EXPECT_IS(((struct ucred){ pid, 5678, 1234 }), read_text(self->fd[1], text, 1, 0));
}

TEST_F(sender, says_so_itself)
{
	char text[8];

	/* Whoever asks by the time of the read is told. */
	ASSERT_EQ(1, send_as(self->fd[0], "a", self_ucred()));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	EXPECT_IS(self_ucred(), read_text(self->fd[1], text, 1, 0));

	/* With the privilege, it may name others. */
	ASSERT_EQ(1, send_as(self->fd[0], "b", (struct ucred){ 1, 77, 88 }));
	EXPECT_IS(((struct ucred){ 1, 77, 88 }), read_text(self->fd[1], text, 1, 0));
}

TEST_F(sender, may_not_lie)
{
	struct ucred u;
	struct control c = { 0 };
	pid_t pid = fork_child(), reaped;
	char byte;

	if (!pid) {
		u = (struct ucred){ getpid(), NOBODY, NOBODY };
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		if (send_as(self->fd[0], "a", (struct ucred){ 1, NOBODY, NOBODY }) != -1 ||
		    errno != EPERM)
			_exit(2);
		if (send_as(self->fd[0], "a", (struct ucred){ getpid(), 0, NOBODY }) != -1 ||
		    errno != EPERM)
			_exit(3);
		if (send_as(self->fd[0], "a", (struct ucred){ getpid(), NOBODY, 0 }) != -1 ||
		    errno != EPERM)
			_exit(4);
		_exit(0);
	}
	EXPECT_EQ(0, child_status(pid));
	reaped = pid;
	EXPECT_FAILS(ESRCH, send_as(self->fd[0], "a", (struct ucred){ reaped, 0, 0 }));
	EXPECT_FAILS(EINVAL, send_as(self->fd[0], "a", (struct ucred){ getpid(), -1, 0 }));
	u = self_ucred();
	control_add(&c, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u) - 1);
	EXPECT_FAILS(EINVAL, control_send(self->fd[0], "a", 1, 0, &c));
	EXPECT_FAILS(EAGAIN, recv(self->fd[1], &byte, 1, MSG_DONTWAIT));
}

/* Nobody had asked when these were sent. */
TEST_F(sender, asked_too_late)
{
	char text[8];

	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	EXPECT_IS(unknown, read_text(self->fd[1], text, 1, 0));
	ASSERT_EQ(1, send(self->fd[0], "b", 1, 0));
	EXPECT_IS(self_ucred(), read_text(self->fd[1], text, 1, 0));
}

TEST_F(sender, stale_ones_are_not_shown)
{
	char text[8];

	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 0));
	ASSERT_EQ(1, send(self->fd[0], "b", 1, 0));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	EXPECT_IS(self_ucred(), read_text(self->fd[1], text, 5, 0));
	EXPECT_STREQ("a", text);
	EXPECT_IS(unknown, read_text(self->fd[1], text, 5, 0));
	EXPECT_STREQ("b", text);
}

/* One who wants to know whom it deals with says who it is. */
TEST_F(sender, asks_itself)
{
	char text[8];

	ASSERT_WORKS(sock_set(self->fd[0], SO_PASSCRED, 1));
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	EXPECT_IS(self_ucred(), read_text(self->fd[1], text, 1, 0));
}

TEST_F(sender, no_room_to_say)
{
	struct control c = { .room = CMSG_LEN(sizeof(struct ucred)) - 4 };
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	char byte;

	iov = (struct iovec){ &byte, 1 };
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_EQ(1, recvmsg(self->fd[1], &m, MSG_PEEK));
	EXPECT_EQ(MSG_CTRUNC, m.msg_flags & MSG_CTRUNC);
	EXPECT_EQ(0, m.msg_controllen);
	/* As much of the message as fits, as in put_cmsg(). */
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(MSG_CTRUNC, c.flags & MSG_CTRUNC);
	EXPECT_EQ(c.room, c.len);
}

TEST_F(sender, with_descriptors)
{
	struct ucred u = self_ucred();
	struct control c = { 0 };
	int got;
	char byte;

	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	control_add(&c, SOL_SOCKET, SCM_RIGHTS, &self->fd[0], 0);
	control_add(&c, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u));
	control_add_int(&c, SCM_RIGHTS, STDERR_FILENO);
	ASSERT_EQ(1, control_send(self->fd[0], "a", 1, 0, &c));
	c.room = 0;
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(2, control_count(&c));
	EXPECT_IS(u, found(&c));
	got = control_int(&c, SCM_RIGHTS);
	EXPECT_LT(2, got);
	close(got);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t len = write(fd, text, strlen(text));

	close(fd);
	return len == (ssize_t)strlen(text) ? 0 : -1;
}

TEST_F(sender, in_another_user_namespace)
{
	char text[8];
	pid_t pid;

	ASSERT_WORKS(sock_set(self->fd[0], SO_PASSCRED, 1));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	pid = fork_child();
	if (!pid) {
		struct ucred got;

		if (unshare(CLONE_NEWUSER))
			_exit(1);
		/* Nobody is known here yet. */
		got = read_text(self->fd[1], text, 1, 0);
		if (got.pid != getppid() || got.uid != NOBODY || got.gid != NOBODY)
			_exit(2);
		if (write_file("/proc/self/uid_map", "5 0 1") ||
		    write_file("/proc/self/setgroups", "deny") ||
		    write_file("/proc/self/gid_map", "6 0 1"))
			_exit(3);
		got = read_text(self->fd[1], text, 1, 0);
		if (got.pid != getppid() || got.uid != 5 || got.gid != 6)
			_exit(4);
		/* Its own numbers count in what it says, and only those it has. */
		if (send_as(self->fd[1], "c", (struct ucred){ getpid(), 0, 6 }) != -1 ||
		    errno != EINVAL)
			_exit(5);
		if (send_as(self->fd[1], "d", (struct ucred){ getpid(), 5, 6 }) != 1)
			_exit(6);
		_exit(send(self->fd[1], "e", 1, 0) != 1);
	}
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_EQ(1, send(self->fd[0], "b", 1, 0));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_IS(((struct ucred){ pid, 0, 0 }), read_text(self->fd[0], text, 1, 0));
	EXPECT_STREQ("d", text);
	EXPECT_IS(((struct ucred){ pid, 0, 0 }), read_text(self->fd[0], text, 1, 0));
}

TEST_F(sender, in_another_pid_namespace)
{
	char text[8];
	pid_t pid;

	ASSERT_WORKS(sock_set(self->fd[0], SO_PASSCRED, 1));
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	pid = fork_child();
	if (!pid) {
		/* From outside, nobody that has a number here. */
		if (read_text(self->fd[1], text, 1, 0).pid != 0 || getpid() != 1)
			_exit(1);
		_exit(send(self->fd[1], "b", 1, 0) != 1);
	}
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(pid, read_text(self->fd[0], text, 1, 0).pid);
}

TEST_F(sender, pidfd)
{
	if (variant->family == AF_UNIX)
		SKIP(return, "AF_UNIX has it");
	EXPECT_FAILS(EOPNOTSUPP, sock_set(self->fd[1], SO_PASSPIDFD, 1));
	EXPECT_FAILS(EOPNOTSUPP, sock_option(self->fd[1], SO_PASSPIDFD));
}

/* The label of this process, without what ends it; 0 if there is none. */
static size_t own_label(const char *path, char *label, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, label, size - 1);

	close(fd);
	if (len <= 0)
		return 0;
	while (len && (label[len - 1] == '\n' || !label[len - 1]))
		len--;
	label[len] = 0;
	return len;
}

TEST_F(sender, label)
{
	struct control c = { 0 };
	struct ucred u = self_ucred();
	char want[256], got[256] = "";
	const void *data;
	size_t len, i;
	char byte;

	if (variant->family == AF_UNIX && variant->type == SOCK_STREAM)
		SKIP(return, "AF_UNIX streams tell it only beside credentials");
	if (own_label("/proc/self/attr/apparmor/current", want, sizeof(want)))
		SKIP(return, "AppArmor has no labels for messages");
	if (!own_label("/proc/self/attr/current", want, sizeof(want)))
		SKIP(return, "no security module gives labels");
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSSEC, 1));
	for (i = 0; i < 2; i++) {
		/* Whether or not it says who it is. */
		ASSERT_EQ(1, i ? send_as(self->fd[0], "a", u) : send(self->fd[0], "a", 1, 0));
		ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
		EXPECT_IS(nothing, found(&c));
		data = control_find(&c, SOL_SOCKET, SCM_SECURITY, &len);
		ASSERT_NE(NULL, data);
		ASSERT_GT(sizeof(got), len);
		memcpy(got, data, len);
		EXPECT_EQ(0, strncmp(want, got, strlen(want)));
	}
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSSEC, 0));
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_EQ(1, control_recv(self->fd[1], &byte, 1, 0, &c));
	EXPECT_EQ(0, control_count(&c));
}

FIXTURE(stream) {
	int fd[2];
};

FIXTURE_VARIANT(stream) {
	int family;
};

FIXTURE_VARIANT_ADD(stream, exp) { AF_EXPERIMENTAL, };
FIXTURE_VARIANT_ADD(stream, unix) { AF_UNIX, };

FIXTURE_SETUP(stream)
{
	ASSERT_WORKS(sock_pair(variant->family, SOCK_STREAM, self->fd));
}

FIXTURE_TEARDOWN(stream)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* Two writers take turns; the process number of the other one. */
static pid_t take_turns(int fd)
{
	pid_t pid;
	int i;

	for (i = 0; i < 2; i++)
		send(fd, "aa", 2, 0);
	pid = fork_child();
	if (!pid)
		_exit(send(dup(fd), "bb", 2, 0) != 2);
	if (child_status(pid))
		return -1;
	send(fd, "cc", 2, 0);
	return pid;
}

TEST_F(stream, bytes_of_several_are_not_glued)
{
	char text[16];
	pid_t pid;

	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	pid = take_turns(self->fd[0]);
	ASSERT_LT(0, pid);
	EXPECT_EQ(getpid(), read_text(self->fd[1], text, 15, MSG_PEEK).pid);
	EXPECT_STREQ("aaaa", text);
	EXPECT_EQ(getpid(), read_text(self->fd[1], text, 3, 0).pid);
	EXPECT_STREQ("aaa", text);
	EXPECT_EQ(getpid(), read_text(self->fd[1], text, 15, MSG_WAITALL).pid);
	EXPECT_STREQ("a", text);
	EXPECT_EQ(pid, read_text(self->fd[1], text, 15, MSG_WAITALL).pid);
	EXPECT_STREQ("bb", text);
	EXPECT_EQ(getpid(), read_text(self->fd[1], text, 15, 0).pid);
	EXPECT_STREQ("cc", text);
}

TEST_F(stream, bytes_of_several_for_one_who_does_not_ask)
{
	char text[16];

	/* Though they are known. */
	ASSERT_WORKS(sock_set(self->fd[0], SO_PASSCRED, 1));
	ASSERT_LT(0, take_turns(self->fd[0]));
	EXPECT_IS(nothing, read_text(self->fd[1], text, 15, 0));
	EXPECT_STREQ("aaaabbcc", text);
}

static long recv_long(struct call *c)
{
	read_text(c->fd, c->buf, c->len, c->flags);
	return (long)strlen(c->buf);
}

/* A read that sleeps for more ends where another one begins to write. */
TEST_F(stream, sleeping_read_ends_before_another)
{
	char text[16] = "";
	struct call c = {
		.fn = recv_long, .fd = self->fd[1], .buf = text, .len = 10, .flags = MSG_WAITALL,
	};
	pid_t pid;

	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(2, send(self->fd[0], "aa", 2, 0));
	ASSERT_TRUE(call_sleeps(&c));
	pid = fork_child();
	if (!pid)
		_exit(send(self->fd[0], "bb", 2, 0) != 2);
	EXPECT_EQ(0, child_status(pid));
	ASSERT_TRUE(call_returns(&c));
	EXPECT_EQ(2, c.ret);
	EXPECT_STREQ("aa", text);
	EXPECT_EQ(pid, read_text(self->fd[1], text, 10, 0).pid);
	EXPECT_STREQ("bb", text);
}

static int pin(int tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(tid, sizeof(set), &set);
}

static atomic_int hog;	/* 1: is to begin, 2: has the CPU, 0: is to end */

static void *keep_busy(void *arg)
{
	struct sched_param param = { 10 };

	if (pin(0, 0) || sched_setscheduler(0, SCHED_FIFO, &param))
		return arg;
	hog = 2;
	while (hog)
		;
	return NULL;
}

/* Likewise, when somebody else has read the first of those bytes. */
TEST_F(stream, sleeping_read_beside_another_read)
{
	char text[16] = "", byte[2];
	struct call c = {
		.fn = recv_long, .fd = self->fd[1], .buf = text, .len = 10, .flags = MSG_WAITALL,
	};
	pthread_t thread;
	pid_t pid;
	int way[2], i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "takes two CPUs");
	ASSERT_WORKS(sock_set(self->fd[1], SO_PASSCRED, 1));
	ASSERT_EQ(0, pipe(way));
	ASSERT_EQ(0, pin(0, 1));
	pid = fork_child();
	if (!pid)
		_exit(read(way[0], byte, 1) != 1 || send(self->fd[0], "bb", 2, 0) != 2);
	call_start(&c);
	ASSERT_TRUE(call_sleeps(&c));
	ASSERT_EQ(0, pin(c.tid, 0));
	ASSERT_EQ(2, send(self->fd[0], "aa", 2, 0));
	/* Until it has taken these, and sleeps for more. */
	for (i = 0; i < 500 && flow_wait(self->fd[1], POLLIN, 0); i++)
		usleep(10000);
	ASSERT_TRUE(call_sleeps(&c));

	/* It is woken, but can't run yet. */
	hog = 1;
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_busy, &hog));
	while (hog == 1)
		sched_yield();
	ASSERT_EQ(1, write(way[1], "", 1));
	EXPECT_EQ(0, child_status(pid));
	EXPECT_EQ(pid, read_text(self->fd[1], byte, 1, MSG_DONTWAIT).pid);
	EXPECT_STREQ("b", byte);
	hog = 0;
	pthread_join(thread, NULL);

	ASSERT_TRUE(call_returns(&c));
	EXPECT_STREQ("aa", text);
	EXPECT_EQ(pid, read_text(self->fd[1], text, 10, 0).pid);
	EXPECT_STREQ("b", text);
	close(way[0]);
	close(way[1]);
}

FIXTURE(waiting) {
	int listener;
	int fd;
};

FIXTURE_VARIANT(waiting) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(waiting, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(waiting, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(waiting, unix_stream) { AF_UNIX, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(waiting, unix_seqpacket) { AF_UNIX, SOCK_SEQPACKET, };

FIXTURE_SETUP(waiting)
{
	struct addr a;

	self->listener = sock_listening(variant->family, variant->type, 5, &a);
	ASSERT_WORKS(self->listener);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(do_connect(self->fd, &a));
}

FIXTURE_TEARDOWN(waiting)
{
	close(self->listener);
	close(self->fd);
}

/* Whoever accepts may ask yet. */
TEST_F(waiting, sent_before_accept)
{
	char text[8];
	int child;

	ASSERT_EQ(1, send(self->fd, "a", 1, 0));
	child = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(child);
	ASSERT_WORKS(sock_set(child, SO_PASSCRED, 1));
	EXPECT_IS(self_ucred(), read_text(child, text, 5, 0));
	close(child);
}

TEST_F(waiting, inherited_from_the_listener)
{
	char text[8];
	int child;

	ASSERT_WORKS(sock_set(self->listener, SO_PASSCRED, 1));
	child = accept(self->listener, NULL, NULL);
	ASSERT_WORKS(child);
	/* AF_UNIX has it inherited when the connection is made. */
	if (variant->family == AF_UNIX)
		ASSERT_WORKS(sock_set(child, SO_PASSCRED, 1));
	ASSERT_EQ(1, send(self->fd, "a", 1, 0));
	EXPECT_IS(self_ucred(), read_text(child, text, 5, 0));
	close(child);
}

/* A raw socket is told who sends what it is shown. */
TEST(shown_to_raw_sockets)
{
	int types[] = { SOCK_SEQPACKET, SOCK_DGRAM, SOCK_RDM };
	struct ucred other = { 1, 77, 88 };
	int tap, fd[2];
	char buf[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		tap = socket(AF_EXPERIMENTAL, SOCK_RAW, types[i]);
		ASSERT_WORKS(tap);
		ASSERT_WORKS(sock_set(tap, SO_PASSCRED, 1));
		ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, types[i], fd));
		ASSERT_EQ(1, send(fd[0], "x", 1, 0));
		EXPECT_IS(self_ucred(), read_text(tap, buf, sizeof(buf) - 1, 0));
		ASSERT_EQ(1, send_as(fd[0], "x", other));
		EXPECT_IS(other, read_text(tap, buf, sizeof(buf) - 1, 0));
		close(fd[0]);
		close(fd[1]);
		close(tap);
	}
}

/* Whatever address it says, it can't hide who it is. */
TEST(sent_by_a_raw_socket)
{
	struct {
		struct exp_raw_header header;
		char byte;
	} m = { .header = { .exr_version = EXP_RAW_VERSION,
						    .exr_type = SOCK_DGRAM, .exr_length = 1 } };
	struct addr a;
	int raw = socket(AF_EXPERIMENTAL, SOCK_RAW, SOCK_RDM);
	int fd = sock_bound(AF_EXPERIMENTAL, SOCK_DGRAM, &a);
	char text[8];

	ASSERT_WORKS(raw);
	ASSERT_WORKS(fd);
	ASSERT_WORKS(sock_set(fd, SO_PASSCRED, 1));
	m.header.exr_source = addr_exp(5, EXP_NODE_LOCAL).exp;
	m.header.exr_destination = a.exp;
	ASSERT_EQ((ssize_t)sizeof(m.header) + 1, send(raw, &m, sizeof(m.header) + 1, 0));
	EXPECT_IS(self_ucred(), read_text(fd, text, 1, 0));
	close(raw);
	close(fd);
}

TEST_HARNESS_MAIN
