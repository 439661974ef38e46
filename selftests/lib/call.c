// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "flow.h"

#define PATIENCE_MS	10000

long now_ms(void)
{
	struct timespec ts;

	/*
	 * The clock of the ticks, by which the kernel's time-outs go too: an emulator that was
	 * held up has ticks to make up for.
	 */
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

long call_recv(struct call *c)
{
	return recv(c->fd, c->buf, c->len, c->flags);
}

long call_send(struct call *c)
{
	return send(c->fd, c->buf, c->len, c->flags);
}

long call_accept(struct call *c)
{
	c->addr.len = sizeof(c->addr.storage);
	return accept(c->fd, &c->addr.sa, &c->addr.len);
}

long call_connect(struct call *c)
{
	return do_connect(c->fd, &c->addr);
}

long call_poll(struct call *c)
{
	struct pollfd p = { .fd = c->fd, .events = (short)c->flags };
	int ret = poll(&p, 1, -1);

	return ret < 0 ? -1 : p.revents;
}

static void *run(void *arg)
{
	struct call *c = arg;

	c->tid = gettid();
	errno = 0;
	c->ret = c->fn(c);
	c->err = c->ret < 0 ? errno : 0;
	c->done = true;
	return NULL;
}

void call_start(struct call *c)
{
	c->tid = 0;
	c->done = false;
	c->ret = -1;
	c->err = 0;
	if (pthread_create(&c->thread, NULL, run, c)) {
		perror("pthread_create");
		exit(1);
	}
}

/* One word of /proc/self/task/TID/NAME, from the last @from on. */
static bool task_file(pid_t tid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
	return n > 0;
}

/* In an interruptible sleep, or in another one, inside a system call. */
static bool task_sleeps(pid_t tid, char how)
{
	char buf[512];
	char *state;

	if (!task_file(tid, "stat", buf, sizeof(buf)))
		return false;
	state = strrchr(buf, ')');
	if (!state || state[1] != ' ' || state[2] != how)
		return false;
	return task_file(tid, "syscall", buf, sizeof(buf)) &&
	       strncmp(buf, "running", 7) && buf[0] != '-';
}

static bool sleeps(struct call *c, char how)
{
	long end = now_ms() + patience(PATIENCE_MS);

	while (!c->done && now_ms() < end) {
		if (c->tid && task_sleeps(c->tid, how))
			return true;
		usleep(1000);
	}
	return false;
}

bool call_sleeps(struct call *c)
{
	return sleeps(c, 'S');
}

bool call_sleeps_killable(struct call *c)
{
	return sleeps(c, 'D');
}

bool call_returns(struct call *c)
{
	long end = now_ms() + patience(PATIENCE_MS);

	while (!c->done) {
		if (now_ms() >= end)
			return false;
		usleep(1000);
	}
	pthread_join(c->thread, NULL);
	return true;
}

void call_signal(struct call *c, int sig)
{
	syscall(SYS_tgkill, getpid(), c->tid, sig);
}
