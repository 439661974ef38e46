// SPDX-License-Identifier: GPL-2.0
/* What every worker does: count, beat, fail, choose, have children. */
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "stress.h"

struct shared *shared;
struct slot *me;

static __thread __u64 state;

void add(enum count what, unsigned long n)
{
	atomic_fetch_add_explicit(&shared->counts[what], n, memory_order_relaxed);
}

void beat(void)
{
	if (me)
		atomic_fetch_add_explicit(&me->beats, 1, memory_order_relaxed);
}

bool running(void)
{
	return !shared->stop && !shared->failed;
}

void fail(const char *fmt, ...)
{
	char text[512], line[640];
	va_list args;
	int n;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	n = snprintf(line, sizeof(line), "# %s (process %d): %s\n", me ? me->name : "stress",
		     getpid(), text);
	/* What comes after the first is its consequence. */
	if (!atomic_exchange(&shared->failed, true))
		n = write(STDOUT_FILENO, line, n);
	_exit(1);
}

bool is_short(int err)
{
	switch (err) {
	case EAGAIN:
	case EINTR:
		return true;
	case ENOBUFS:
	case ENOMEM:
	case EADDRINUSE:
	case EADDRNOTAVAIL:
	case ETOOMANYREFS:
	case EMFILE:
	case ENFILE:
		add(SHORT, 1);
		return true;
	}
	return false;
}

__u64 mix(__u64 x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185ull;
	x ^= x >> 27;
	x *= 0x81dadef4bc2dd44dull;
	return x ^ x >> 33;
}

void random_seed(__u64 seed)
{
	state = mix(seed + 0x9e3779b97f4a7c15ull);
}

__u64 random_key(void)
{
	state += 0x9e3779b97f4a7c15ull;
	return mix(state);
}

unsigned int pick(unsigned int n)
{
	return random_key() % n;
}

bool chance(int percent)
{
	return (int)pick(100) < percent;
}

pid_t spawn(void)
{
	__u64 seed = random_key();
	pid_t pid;

	while ((pid = fork()) < 0)
		usleep(10000);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		random_seed(seed);
	}
	return pid;
}

bool reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			fail("waitpid: %s", strerrorname_np(errno));
	beat();
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (WIFSIGNALED(status))
		fail("a child died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		fail("a child ended with status %d", WEXITSTATUS(status));
	return false;
}

void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	if (reap(pid))
		add(KILLED, 1);
}

void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap: %s", strerrorname_np(errno));
	return p;
}

void nap(unsigned int most_us)
{
	usleep(pick(most_us) + 1);
}
