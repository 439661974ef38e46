// SPDX-License-Identifier: GPL-2.0
/* Descriptors, threads and processes of a program. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "program.h"

#define THREADS		8
#define CHILDREN	4
/* What a program may take before the rest of it is left out: ticks of the timer. */
#define TICKS		50
/* Signals for one that does not end, before it is left behind. */
#define POKES		25

/* The largest errno that user space has a name for: EHWPOISON. */
#define ERRNO_MAX	133

struct part {
	const struct insn *calls;
	unsigned int count;
};

struct outcome *outcome;
int namespaces[2] = { -1, -1 };
void (*thread_begins)(void);
void (*thread_ends)(void);
unsigned int patience_ms = 10;

static atomic_int slots[SLOTS];
static struct part parts[THREADS];
static pthread_t threads[THREADS];
static atomic_uint thread_count;
static pid_t children[CHILDREN];
static atomic_uint child_count;
static atomic_uint ticks;
static bool printing;
static unsigned int depth;

bool show(const char *format, ...)
{
	va_list args;

	if (!printing)
		return false;
	printf("%*s", 8 * depth, "");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(";\n");
	return true;
}

int slot_get(__u8 slot)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		int fd = slots[(slot + i) % SLOTS];

		if (fd >= 0)
			return fd;
	}
	return -1;
}

int slot_take(__u8 slot)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		int fd = atomic_exchange(&slots[(slot + i) % SLOTS], -1);

		if (fd >= 0)
			return fd;
	}
	return -1;
}

long slot_put(__u8 slot, int fd)
{
	int old;

	if (fd < 0)
		return fd;
	old = atomic_exchange(&slots[slot % SLOTS], fd);
	if (old >= 0)
		close(old);
	return fd;
}

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static void nothing(int sig)
{
	(void)sig;
}

/* Calls that wait are interrupted, again and again. */
static void start_timer(void)
{
	struct itimerval timer = {
		.it_interval.tv_usec = patience_ms * 1000,
		.it_value.tv_usec = patience_ms * 1000,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void catch_signals(void)
{
	const int others[] = { SIGUSR1, SIGIO, SIGURG, SIGPIPE, SIGRTMIN };
	struct sigaction action = { .sa_handler = tick };
	unsigned int i;

	sigaction(SIGALRM, &action, NULL);
	action.sa_handler = nothing;
	for (i = 0; i < COUNT(others); i++)
		sigaction(others[i], &action, NULL);
}

static void run_part(struct part part);

static void *run_thread(void *data)
{
	struct part *part = data;

	if (thread_begins)
		thread_begins();
	run_part(*part);
	if (thread_ends)
		thread_ends();
	return NULL;
}

static void start_thread(struct part part)
{
	unsigned int i = atomic_fetch_add(&thread_count, 1);

	if (i >= THREADS)
		return;
	parts[i] = part;
	if (pthread_create(&threads[i], NULL, run_thread, &parts[i]))
		threads[i] = 0;
}

/* False if one of them does not end. */
static bool join_threads(void)
{
	unsigned int i, pokes, count = atomic_load(&thread_count);
	bool all = true;

	for (i = 0; i < count && i < THREADS; i++) {
		struct timespec until;

		if (!threads[i] || pthread_equal(threads[i], pthread_self()))
			continue;
		for (pokes = 0; pokes < POKES; pokes++) {
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += patience_ms * 200000;
			if (until.tv_nsec >= 1000000000) {
				until.tv_nsec -= 1000000000;
				until.tv_sec++;
			}
			if (!pthread_timedjoin_np(threads[i], NULL, &until))
				break;
			pthread_kill(threads[i], SIGUSR1);
		}
		if (pokes == POKES)
			all = false;
		else
			threads[i] = 0;
	}
	return all;
}

static void finish(void);

static void start_child(struct part part)
{
	unsigned int i = atomic_fetch_add(&child_count, 1);
	pid_t pid;

	if (i >= CHILDREN)
		return;
	pid = fork();
	if (pid) {
		children[i] = pid;
		return;
	}
	/* It has no child and no thread of its own yet, and starts none. */
	child_count = CHILDREN;
	thread_count = THREADS;
	start_timer();
	if (thread_begins)
		thread_begins();
	run_part(part);
	finish();
	if (thread_ends)
		thread_ends();
	_exit(0);
}

static void join_children(void)
{
	unsigned int i, pokes;

	for (i = 0; i < child_count && i < CHILDREN; i++) {
		for (pokes = 0; children[i] > 0; pokes++) {
			if (waitpid(children[i], NULL, WNOHANG)) {
				children[i] = 0;
				break;
			}
			kill(children[i], pokes < POKES / 2 ? SIGUSR1 : SIGKILL);
			usleep(patience_ms * 200);
			if (pokes == POKES)
				break;
		}
	}
}

/* How many calls a part has that a thread or a process makes, of those that are left. */
static unsigned int part_of(const struct insn *i, unsigned int left)
{
	unsigned int count = 1 + i->arg[0] % 8;

	return count < left ? count : left;
}

/* Calls that are about the program itself; how many more calls they took. */
static unsigned int control(const struct insn *i, unsigned int left, bool *is_control)
{
	const char *name = ops[i->op % op_count].name;
	struct part part = { .calls = i + 1, .count = part_of(i, left) };

	*is_control = true;
	if (!strcmp(name, "thread") || !strcmp(name, "fork")) {
		if (printing) {
			printf("%*s%s {\n", 8 * depth, "", name);
			depth++;
			run_part(part);
			depth--;
			printf("%*s}\n", 8 * depth, "");
		} else if (name[0] == 't') {
			start_thread(part);
		} else {
			start_child(part);
		}
		return part.count;
	}
	if (!strcmp(name, "join")) {
		if (!show("join")) {
			join_threads();
			join_children();
		}
		return 0;
	}
	*is_control = false;
	return 0;
}

static void run_part(struct part part)
{
	unsigned int at;

	for (at = 0; at < part.count; at++) {
		const struct insn *i = &part.calls[at];
		const struct op *op = &ops[i->op % op_count];
		bool is_control;
		long ret;

		if (ticks > TICKS) {
			outcome->skipped++;
			continue;
		}
		at += control(i, part.count - at - 1, &is_control);
		if (is_control)
			continue;
		errno = 0;
		ret = op->call(i);
		if (ret == -1 && errno > ERRNO_MAX)
			outcome->bad = (i->op % op_count) << 16 | errno;
	}
}

static struct part part_from(struct insn calls[CALLS_MAX], const void *data, size_t size)
{
	struct part part = { .calls = calls, .count = size / sizeof(*calls) };

	if (part.count > CALLS_MAX)
		part.count = CALLS_MAX;
	memcpy(calls, data, part.count * sizeof(*calls));
	return part;
}

static void finish(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		int fd = atomic_exchange(&slots[i], -1);

		if (fd >= 0)
			close(fd);
	}
	calls_finish();
}

void program_run(const void *data, size_t size)
{
	static struct insn calls[CALLS_MAX];
	struct part part = part_from(calls, data, size);
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		slots[i] = -1;
	catch_signals();
	start_timer();
	if (thread_begins)
		thread_begins();
	run_part(part);
	if (join_threads()) {
		join_children();
		finish();
	}
	if (thread_ends)
		thread_ends();
}

void program_print(const void *data, size_t size)
{
	struct insn calls[CALLS_MAX];

	printing = true;
	run_part(part_from(calls, data, size));
	printing = false;
}
