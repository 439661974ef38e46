// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, in waves of some seconds. Prints KTAP: each wave is a case, which
 * fails if a worker saw what must not be, or stood still, or if something is left when
 * all have gone.
 *
 *   SEED=n	what the random numbers of the workers follow from
 *   MINUTES=n	for how long; if it is not set, for two short waves
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "stress.h"

static const struct kind {
	const char *name;
	void (*run)(void);
	int workers;
} kinds[] = {
	{ "stream", run_stream, 2 },
	{ "records", run_records, 2 },
	{ "datagram", run_datagram, 1 },
	{ "reliable", run_reliable, 1 },
	{ "tap", run_tap, 1 },
	{ "storm", run_storm, 1 },
	{ "blocked", run_blocked, 2 },
	{ "killed", run_killed, 2 },
	{ "rights", run_rights, 1 },
	{ "namespaces", run_namespaces, 1 },
	{ "cgroup", run_cgroup, 1 },
	{ "settings", run_settings, 1 },
	{ "crowd", run_crowd, 1 },
};

static const char *const names[COUNTS] = {
	[BYTES] = "bytes", [MESSAGES] = "messages", [CONNECTIONS] = "connections",
	[SOCKETS] = "other sockets", [DESCRIPTORS] = "descriptors passed",
	[NAMESPACES] = "namespaces", [SETTINGS] = "settings changed", [WOKEN] = "sleepers woken",
	[KILLED] = "killed", [OOM_KILLED] = "killed for memory", [SIGNALS] = "signals",
	[SHORT] = "calls short of something", [REFUSED] = "connections refused",
	[DROPPED] = "datagrams dropped and counted", [RELOADS] = "reloads of the module",
};

static void mark(int wave, const char *what)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "selftest stress-wave-%d: %s", wave, what);
	close(fd);
}

/*
 * An emulated processor that a hundred tasks share keeps one of them waiting for longer than
 * is thought to be healthy, and RCU with it.
 */
static void be_patient(void)
{
	int fd = open("/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout", O_WRONLY);

	if (fd < 0)
		return;
	dprintf(fd, "300");
	close(fd);
}

static void start(const struct kind *kind, struct slot *slot, __u64 seed)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerrorname_np(errno));
	if (pid) {
		slot->name = kind->name;
		slot->pid = pid;
		return;
	}
	me = slot;
	setpgid(0, 0);
	random_seed(seed);
	while (running()) {
		kind->run();
		atomic_fetch_add(&me->rounds, 1);
		beat();
	}
	_exit(0);
}

/* Takes the workers that have ended; returns how many are left. */
static int collect(void)
{
	int left = 0, status;
	size_t i;

	for (i = 0; i < WORKERS; i++) {
		struct slot *s = &shared->slots[i];

		if (!s->pid)
			continue;
		if (waitpid(s->pid, &status, WNOHANG) != s->pid) {
			left++;
			continue;
		}
		kill(-s->pid, SIGKILL);
		s->pid = 0;
		if (status && !atomic_exchange(&shared->failed, true))
			printf("# %s: ended with wait status %#x\n", s->name, status);
	}
	return left;
}

static void kill_all(void)
{
	size_t i;

	for (i = 0; i < WORKERS; i++)
		if (shared->slots[i].pid)
			kill(-shared->slots[i].pid, SIGKILL);
}

static bool wave(int number, __u64 seed, long ms)
{
	long end = now_ms() + ms;
	long grace = patience(20000);
	size_t i, slot = 0;
	int j;

	memset(shared->slots, 0, sizeof(shared->slots));
	shared->stop = false;
	mark(number, "start");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (j = 0; j < kinds[i].workers; j++, slot++)
			start(&kinds[i], &shared->slots[slot], mix(seed + number * 1000 + slot));
	watch_start();
	while (collect()) {
		usleep(50000);
		if (now_ms() >= end)
			shared->stop = true;
		if (!shared->failed && watch_stuck())
			shared->failed = true;
		if (shared->failed) {
			kill_all();
			if (now_ms() > end + grace) {
				printf("# what was killed does not end\n");
				break;
			}
		} else {
			grace = now_ms() - end + patience(20000);
		}
	}
	settings_restore();
	mark(number, "end");
	return !shared->failed;
}

static void report(const unsigned long *before)
{
	const char *comma = "";
	size_t i;

	printf("# [");
	for (i = 0; i < COUNTS; i++) {
		unsigned long n = shared->counts[i] - (before ? before[i] : 0);

		if (!n)
			continue;
		printf("%s%lu %s", comma, n, names[i]);
		comma = ", ";
	}
	printf("]\n");
}

static void copy(unsigned long *to)
{
	size_t i;

	for (i = 0; i < COUNTS; i++)
		to[i] = shared->counts[i];
}

static long number_of(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? atol(value) : otherwise;
}

static bool loaded(void)
{
	return !access("/sys/module/af_experimental", F_OK);
}

int main(void)
{
	__u64 seed = number_of("SEED", 1);
	long minutes = number_of("MINUTES", 0);
	long length = minutes ? 15000 : scaled(6000);
	struct rlimit files = { 1 << 16, 1 << 16 };
	unsigned long before[COUNTS];
	long end = now_ms() + minutes * 60000;
	bool ok = true;
	int n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n");
	if (!loaded() || geteuid()) {
		printf("1..0 # SKIP needs root, and af_experimental loaded as a module\n");
		return 4;
	}
	signal(SIGPIPE, SIG_IGN);
	/* One that is not ready for them is not to die of them. */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	shared = share(sizeof(*shared));
	be_patient();
	settings_save();
	ok = gone_baseline();
	while (ok && (minutes ? now_ms() < end : n < 2)) {
		n++;
		copy(before);
		printf("# wave %d, SEED=%llu\n", n, (unsigned long long)seed);
		ok = wave(n, seed, length) && gone();
		report(before);
		printf("%sok %d wave %d of seed %llu\n", ok ? "" : "not ", n, n,
		       (unsigned long long)seed);
	}
	n++;
	report(NULL);
	printf("%sok %d all together\n", ok ? "" : "not ", n);
	printf("1..%d\n", n);
	return !ok;
}
