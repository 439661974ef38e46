// SPDX-License-Identifier: GPL-2.0
/*
 * Those who want programs run talk to a small process, which forks one for each: it is
 * cheaper to copy than they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/inject.h"
#include "program.h"
#include "sandbox.h"

/* In multiples of patience_ms. */
#define RUN_MAX		100
#define DEATH_MAX	6000

struct shared {
	struct outcome outcome;
	size_t size;
	unsigned char data[CALLS_MAX * sizeof(struct insn)];
};

static struct shared *shared;
static int server;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for SIGCHLD until then. */
static void wait_child(long until)
{
	long ms = until - now_ms();
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	sigset_t set;

	if (ms <= 0)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &wait);
}

static void set(const char *name, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/core/%s", name);
	fd = open(path, O_WRONLY);
	if (fd >= 0 && write(fd, value, strlen(value)) < 0)
		perror(name);
	close(fd);
}

static void reset_settings(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (setns(namespaces[i], CLONE_NEWNET))
			continue;
		set("experimental_port_range", "65536 16777215");
		set("experimental_mem_max", "67108864");
		set("experimental_fds_max", "65536");
	}
	setns(namespaces[0], CLONE_NEWNET);
}

static enum end run(void)
{
	long until = now_ms() + RUN_MAX * patience_ms;
	enum end end = PROGRAM_KILLED;
	sigset_t set;
	pid_t pid, dead;

	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		program_run(shared->data, shared->size);
		_exit(0);
	}
	if (pid < 0)
		return PROGRAM_ENDED;
	setpgid(pid, pid);
	while (now_ms() < until) {
		dead = waitpid(-1, NULL, WNOHANG);
		if (dead == pid) {
			end = PROGRAM_ENDED;
			break;
		}
		if (!dead)
			wait_child(until);
	}
	/* Whatever is left of it; this process is the reaper of orphans. */
	until = now_ms() + DEATH_MAX * patience_ms;
	kill(-pid, SIGKILL);
	while ((dead = waitpid(-1, NULL, WNOHANG)) != -1) {
		if (now_ms() > until)
			return PROGRAM_STUCK;
		if (!dead)
			wait_child(now_ms() + 10);
	}
	if (shared->outcome.settings)
		reset_settings();
	return end;
}

static void serve(int client)
{
	char byte;

	while (read(client, &byte, 1) == 1) {
		byte = run();
		if (write(client, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static int open_namespaces(void)
{
	int i;

	/* Two of our own: what is set in them concerns nobody else. */
	for (i = 1; i >= 0; i--) {
		if (unshare(CLONE_NEWNET))
			return -1;
		namespaces[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (namespaces[i] < 0)
			return -1;
	}
	return 0;
}

int sandbox_start(void)
{
	struct rlimit core = {};
	sigset_t set;
	int pair[2];
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return -1;
	outcome = &shared->outcome;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	/* Only the debug kernel can: elsewhere no allocation fails. */
	inject_open_module("af_experimental");
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		close(pair[0]);
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setrlimit(RLIMIT_CORE, &core);
		sigemptyset(&set);
		sigaddset(&set, SIGCHLD);
		sigprocmask(SIG_BLOCK, &set, NULL);
		if (open_namespaces()) {
			perror("network namespaces");
			_exit(1);
		}
		reset_settings();
		serve(pair[1]);
	}
	close(pair[1]);
	server = pair[0];
	return 0;
}

enum end sandbox_run(const void *data, size_t size)
{
	char byte = 0;

	if (size > sizeof(shared->data))
		size = sizeof(shared->data);
	memset(outcome, 0, sizeof(*outcome));
	memcpy(shared->data, data, size);
	shared->size = size;
	/* libFuzzer's timer interrupts both. */
	if (TEMP_FAILURE_RETRY(write(server, &byte, 1)) != 1 ||
	    TEMP_FAILURE_RETRY(read(server, &byte, 1)) != 1) {
		fprintf(stderr, "the process that runs programs is gone\n");
		exit(1);
	}
	return byte;
}
