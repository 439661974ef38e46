// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cell.h"

const char *group = "root";
bool marking;
bool profiling;

static const char *const reader_names[READERS] = { "ready", "blocked", "epoll" };
static const struct cell *current;
static pid_t cell_process;

unsigned int sample_count(size_t bytes)
{
	if ((marking && !profiling) || bytes > 1 << 20)
		return 9;
	if (bytes <= 4096)
		return 101;
	if (bytes <= 65536)
		return 31;
	return 15;
}

void next_sample(void)
{
	static unsigned int turn;
	unsigned int i;

	/* 7919 is prime: all lengths come, in no order. */
	for (i = (turn++ * 7919) % 65536; i; i--)
		__asm__ volatile("");
	/* An accounted file and its name, which the end of the process gives back. */
	if (eventfd(0, 0) < 0)
		wrong("eventfd: %s", strerror(errno));
}

void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		wrong("no memory");
	return p;
}

/* A line is out on the console before the next cell begins. */
static void end_line(void)
{
	printf("}\n");
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

static void begin_line(const struct cell *c)
{
	printf("{\"pattern\":\"%s\",\"family\":\"%s\",\"type\":\"%s\",",
	       c->pattern, c->t->family, c->t->kind);
	printf("\"size\":%zu,\"count\":%u,", c->size, c->count);
	printf("\"reader\":\"%s\",\"extra\":\"%s\",\"group\":\"%s\"",
	       reader_names[c->reader], extra_names[c->extra], group);
}

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static double middle(const struct samples *sorted)
{
	unsigned int first = sorted->n / 20, last = sorted->n - first, i;
	double sum = 0;

	for (i = first; i < last; i++)
		sum += sorted->total[i];
	return sum / (last - first);
}

void tell(const struct cell *c, const struct samples *s, unsigned int operations)
{
	struct samples sorted = *s;
	double divisor = operations;

	qsort(sorted.total, s->n, sizeof(sorted.total[0]), compare);
	qsort(sorted.write, s->n, sizeof(sorted.write[0]), compare);
	begin_line(c);
	printf(",\"unit\":\"instructions\",\"value\":%.1f", middle(&sorted) / divisor);
	printf(",\"low\":%.1f,\"high\":%.1f", sorted.total[0] / divisor,
	       sorted.total[s->n * 9 / 10] / divisor);
	printf(",\"write\":%.1f,\"samples\":%u", sorted.write[s->n / 2] / divisor, s->n);
	end_line();
	if (marking)
		mark_cell();
}

void tell_figure(const struct cell *c, const char *unit, double value, double low, double high)
{
	begin_line(c);
	printf(",\"unit\":\"%s\",\"value\":%.4f", unit, value);
	printf(",\"low\":%.4f,\"high\":%.4f", low, high);
	end_line();
}

void refused(const char *call)
{
	int err = errno;

	if (getpid() != cell_process)
		wrong("%s: %s", call, strerror(err));
	begin_line(current);
	printf(",\"errno\":\"%s\",\"call\":\"%s\"", strerrorname_np(err), call);
	end_line();
	exit(0);
}

void beyond(const struct cell *c, const char *limit)
{
	begin_line(c);
	printf(",\"limit\":\"%s\"", limit);
	end_line();
}

void wrong(const char *format, ...)
{
	va_list arguments;

	begin_line(current);
	printf(",\"fault\":\"");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\"");
	end_line();
	kill(0, SIGKILL);
	exit(1);
}

static void overdue(int signal)
{
	(void)signal;
	wrong("no end in sight");
}

void run(const struct cell *c, void (*fn)(const struct cell *c))
{
	int status;
	pid_t pid;

	current = c;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		wrong("fork: %s", strerror(errno));
	if (!pid) {
		/* What it starts dies with it: see the kill() below. */
		setpgid(0, 0);
		cell_process = getpid();
		signal(SIGALRM, overdue);
		signal(SIGPIPE, SIG_IGN);
		alarm(300);
		fn(c);
		exit(0);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
		begin_line(c);
		printf(",\"fault\":\"died of signal %d\"", WTERMSIG(status));
		end_line();
	}
}
