/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A system call on a path of its own: walked with its first allocation or user
 * copy failing, then with its second one, until it runs through.
 */
#ifndef SELFTESTS_FAULTS_PATH_H
#define SELFTESTS_FAULTS_PATH_H

#include "harness.h"

#include "inject.h"

/* What a call needs, and what it leaves. */
struct scene {
	int type;
	struct addr addr;
	int fd[4];		/* those of 0 and more are closed when the scene ends */
	long ret;		/* of the call, and its errno */
	int err;
	size_t len;
	char buf[200000];
};

/**
 * struct path - a call to walk
 * @type: socket type, 0 if none in particular
 * @set: the scene; nothing fails here
 * @call: the call, in which one point fails; returns what the call returns
 * @check: what has to be true whether it failed or not; the socket is to work
 * @fine: errno of the call when nothing fails, as a rule 0
 */
struct path {
	int type;
	void (*set)(struct scene *s, struct __test_metadata *_metadata);
	long (*call)(struct scene *s);
	void (*check)(struct scene *s, struct __test_metadata *_metadata);
	int fine;
};

/* Errors that say that memory, or a user's page, was short. */
static inline bool is_clean(int err)
{
	switch (err) {
	case ENOMEM:
	case ENOBUFS:
	case EFAULT:
	case EAGAIN:
	case ENFILE:		/* the core's word for no inode */
		return true;
	}
	return false;
}

static inline void scene_end(struct scene *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(s->fd); i++)
		if (s->fd[i] >= 0)
			close(s->fd[i]);
}

/* Bytes or messages, whichever it is, go from one to the other. */
static inline void expect_talk(struct __test_metadata *_metadata, int from, int to)
{
	char out[] = "talk", in[sizeof(out)] = "";

	EXPECT_EQ(sizeof(out), send(from, out, sizeof(out), MSG_NOSIGNAL));
	EXPECT_EQ(POLLIN, flow_wait(to, POLLIN, 5000));
	EXPECT_EQ(sizeof(out), recv(to, in, sizeof(in), MSG_DONTWAIT));
	EXPECT_EQ(0, strcmp(in, out));
}

static inline void walk(struct __test_metadata *_metadata, const struct path *path, struct scene *s)
{
	int sockets = sock_count();
	int points = 0;
	int failed = 0;
	bool hit;
	int n;

	/* The allocator's caches may save a call an allocation that the last one made. */
	for (n = 0; n < points + 3; n++) {
		memset(s->fd, -1, sizeof(s->fd));
		s->type = path->type;
		path->set(s, _metadata);
		inject_arm(n + 1);
		errno = 0;
		s->ret = path->call(s);
		s->err = s->ret < 0 ? errno : 0;
		hit = inject_disarm();
		if (hit)
			points = n + 1;
		if (hit && s->err != path->fine) {
			failed++;
			if (!is_clean(s->err))
				TH_LOG("point %d: %s", n + 1, errname(s->err));
			EXPECT_TRUE(is_clean(s->err));
		} else if (!hit && s->err != path->fine) {
			TH_LOG("no point failed: %s", errname(s->err));
			EXPECT_EQ(path->fine, s->err);
		}
		path->check(s, _metadata);
		scene_end(s);
		if (_metadata->exit_code == KSFT_FAIL) {
			TH_LOG("that was with point %d", n + 1);
			break;
		}
	}
	EXPECT_TRUE(sock_count_is(sockets));
	printf("# [%d injection points, the call failed at %d]\n", points, failed);
	fflush(stdout);
}

#endif
