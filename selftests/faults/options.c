// SPDX-License-Identifier: GPL-2.0
/* Memory is short for what options ask for, and for what tells of a send. */
#include <linux/net_tstamp.h>

#include "bpf.h"
#include "control.h"
#include "errqueue.h"
#include "path.h"

static void set_pair(struct scene *s, struct __test_metadata *_metadata)
{
	ASSERT_WORKS(sock_pair(AF_EXPERIMENTAL, s->type, s->fd));
	s->len = 5;
	memcpy(s->buf, "hello", s->len);
}

static void check_pair(struct scene *s, struct __test_metadata *_metadata)
{
	expect_talk(_metadata, s->fd[0], s->fd[1]);
	expect_talk(_metadata, s->fd[1], s->fd[0]);
}

/* What was sent, if anything, and then the sockets are as good as new. */
static void check_sent(struct scene *s, struct __test_metadata *_metadata)
{
	char buf[16];

	if (s->ret > 0) {
		EXPECT_EQ(s->ret, recv(s->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
		EXPECT_EQ(0, memcmp(buf, "hello", s->ret));
	}
	EXPECT_FAILS(EAGAIN, recv(s->fd[1], buf, sizeof(buf), MSG_DONTWAIT));
	check_pair(s, _metadata);
}

static long call_to_send(struct scene *s)
{
	return send(s->fd[0], s->buf, s->len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static long call_attach(struct scene *s)
{
	return cbpf_return(s->fd[1], SO_ATTACH_FILTER, PASS);
}

/* A filter that looks at all, and so needs a buffer for it. */
static void set_filtered(struct scene *s, struct __test_metadata *_metadata)
{
	set_pair(s, _metadata);
	ASSERT_EQ(0, call_attach(s));
}

/* Two that may share a port, one of which has it. */
static void set_group(struct scene *s, struct __test_metadata *_metadata)
{
	int i;

	s->addr = addr_any(AF_EXPERIMENTAL);
	for (i = 0; i < 2; i++) {
		s->fd[i] = socket(AF_EXPERIMENTAL, s->type, 0);
		ASSERT_WORKS(s->fd[i]);
		ASSERT_EQ(0, sock_set(s->fd[i], SO_REUSEPORT, 1));
	}
	ASSERT_EQ(0, do_bind(s->fd[0], &s->addr));
	ASSERT_EQ(0, addr_own(s->fd[0], &s->addr));
}

static long call_join(struct scene *s)
{
	return do_bind(s->fd[1], &s->addr);
}

/* Who could not join can do so now. */
static void check_group(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err)
		EXPECT_EQ(0, call_join(s));
	s->fd[2] = sock_connected(AF_EXPERIMENTAL, s->type, &s->addr);
	EXPECT_WORKS(s->fd[2]);
}

static void set_unbound(struct scene *s, struct __test_metadata *_metadata)
{
	s->fd[0] = socket(AF_EXPERIMENTAL, s->type, 0);
	ASSERT_WORKS(s->fd[0]);
}

static long call_to_listen(struct scene *s)
{
	return listen(s->fd[0], 1);
}

/* It has a port of its own choice, at the second try if not at the first. */
static void check_listens(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err)
		EXPECT_EQ(0, call_to_listen(s));
	EXPECT_EQ(0, addr_own(s->fd[0], &s->addr));
	s->fd[1] = sock_connected(AF_EXPERIMENTAL, s->type, &s->addr);
	EXPECT_WORKS(s->fd[1]);
}

/* A receiver that is full, and another socket that wants to send to it. */
static void set_full(struct scene *s, struct __test_metadata *_metadata)
{
	set_pair(s, _metadata);
	ASSERT_LE(0, flow_fill(s->fd[0], 0));
	ASSERT_EQ(0, addr_own(s->fd[1], &s->addr));
	/* Only who it is connected to may send to it. */
	ASSERT_EQ(0, do_disconnect(s->fd[1]));
	s->fd[2] = sock_connected(AF_EXPERIMENTAL, s->type, &s->addr);
	ASSERT_WORKS(s->fd[2]);
}

static long call_congested(struct scene *s)
{
	return send(s->fd[2], s->buf, s->len, MSG_DONTWAIT);
}

/* Whether or not it was noted that it waits: it gets through when there is room. */
static void check_congested(struct scene *s, struct __test_metadata *_metadata)
{
	while (recv(s->fd[1], s->buf, sizeof(s->buf), MSG_DONTWAIT) > 0)
		;
	expect_talk(_metadata, s->fd[2], s->fd[1]);
}

static void set_zerocopy(struct scene *s, struct __test_metadata *_metadata)
{
	set_pair(s, _metadata);
	ASSERT_EQ(0, sock_set(s->fd[0], SO_ZEROCOPY, 1));
}

static long call_zerocopy(struct scene *s)
{
	return send(s->fd[0], s->buf, s->len, MSG_DONTWAIT | MSG_ZEROCOPY);
}

static void check_zerocopy(struct scene *s, struct __test_metadata *_metadata)
{
	struct queued q;

	/* A send that succeeds is told of. */
	if (s->ret > 0)
		EXPECT_EQ(0, errqueue_await(AF_EXPERIMENTAL, s->fd[0], &q));
	EXPECT_FAILS(EAGAIN, errqueue_take(AF_EXPERIMENTAL, s->fd[0], &q));
	check_sent(s, _metadata);
}

static void set_stamped(struct scene *s, struct __test_metadata *_metadata)
{
	set_pair(s, _metadata);
	ASSERT_EQ(0, sock_set(s->fd[0], SO_TIMESTAMPING_NEW,
			      SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE));
}

/* A stamp may be lost, the message not. */
static void check_stamped(struct scene *s, struct __test_metadata *_metadata)
{
	struct queued q;

	while (!errqueue_take(AF_EXPERIMENTAL, s->fd[0], &q))
		;
	ASSERT_EQ(0, sock_set(s->fd[0], SO_TIMESTAMPING_NEW, 0));
	check_sent(s, _metadata);
}

static void set_queued(struct scene *s, struct __test_metadata *_metadata)
{
	set_stamped(s, _metadata);
	ASSERT_EQ(s->len, call_to_send(s));
}

static long call_take(struct scene *s)
{
	struct queued q;

	return errqueue_take(AF_EXPERIMENTAL, s->fd[0], &q);
}

static void check_taken(struct scene *s, struct __test_metadata *_metadata)
{
	s->ret = s->len;
	check_stamped(s, _metadata);
}

static long call_credentials(struct scene *s)
{
	struct ucred cred = { .pid = getpid(), .uid = getuid(), .gid = getgid() };
	struct control c = { };

	control_add(&c, SOL_SOCKET, SCM_CREDENTIALS, &cred, sizeof(cred));
	return control_send(s->fd[0], s->buf, s->len, MSG_DONTWAIT, &c);
}

static long call_device(struct scene *s)
{
	return setsockopt(s->fd[0], SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
}

static long call_to_poll(struct scene *s)
{
	struct pollfd fd = { .fd = s->fd[0], .events = POLLOUT };

	return poll(&fd, 1, 0);
}

FIXTURE(path) {
	struct scene scene;
};

FIXTURE_VARIANT(path) {
	struct path path;
};

FIXTURE_VARIANT_ADD(path, attach_filter) {
	.path = { SOCK_DGRAM, set_pair, call_attach, check_pair },
};

FIXTURE_VARIANT_ADD(path, send_filtered_stream) {
	.path = { SOCK_STREAM, set_filtered, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_filtered_seqpacket) {
	.path = { SOCK_SEQPACKET, set_filtered, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, send_filtered_dgram) {
	.path = { SOCK_DGRAM, set_filtered, call_to_send, check_sent },
};

FIXTURE_VARIANT_ADD(path, reuseport) {
	.path = { SOCK_DGRAM, set_group, call_join, check_group },
};

FIXTURE_VARIANT_ADD(path, autobind) {
	.path = { SOCK_STREAM, set_unbound, call_to_listen, check_listens },
};

FIXTURE_VARIANT_ADD(path, congested_rdm) {
	.path = { SOCK_RDM, set_full, call_congested, check_congested, EAGAIN },
};

FIXTURE_VARIANT_ADD(path, zerocopy_stream) {
	.path = { SOCK_STREAM, set_zerocopy, call_zerocopy, check_zerocopy },
};

FIXTURE_VARIANT_ADD(path, zerocopy_dgram) {
	.path = { SOCK_DGRAM, set_zerocopy, call_zerocopy, check_zerocopy },
};

FIXTURE_VARIANT_ADD(path, stamped_stream) {
	.path = { SOCK_STREAM, set_stamped, call_to_send, check_stamped },
};

FIXTURE_VARIANT_ADD(path, stamped_dgram) {
	.path = { SOCK_DGRAM, set_stamped, call_to_send, check_stamped },
};

FIXTURE_VARIANT_ADD(path, error_queue) {
	.path = { SOCK_DGRAM, set_queued, call_take, check_taken },
};

FIXTURE_VARIANT_ADD(path, credentials_stream) {
	.path = { SOCK_STREAM, set_pair, call_credentials, check_sent },
};

FIXTURE_VARIANT_ADD(path, credentials_dgram) {
	.path = { SOCK_DGRAM, set_pair, call_credentials, check_sent },
};

FIXTURE_VARIANT_ADD(path, bindtodevice) {
	.path = { SOCK_DGRAM, set_pair, call_device, check_pair },
};

FIXTURE_VARIANT_ADD(path, poll) { .path = { SOCK_STREAM, set_pair, call_to_poll, check_pair }, };

FIXTURE_SETUP(path)
{
	ASSERT_TRUE(inject_open());
}

FIXTURE_TEARDOWN(path)
{
}

TEST_F_TIMEOUT(path, survives, 300)
{
	walk(_metadata, &variant->path, &self->scene);
}

TEST_HARNESS_MAIN
