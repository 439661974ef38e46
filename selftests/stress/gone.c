// SPDX-License-Identifier: GPL-2.0
/* Between waves: sockets, memory and the module itself are gone, as if nothing had been. */
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "setting.h"
#include "stress.h"

#define MEMORY		"core/experimental_mem_max"
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
/* Pages that may be held for other reasons than ours: caches of processors, of cgroups. */
#define SLACK_KB	16384

static const char *const caches[] = { "EXP-STREAM", "EXP-DGRAM", "EXP-RAW" };

static long free_kb;
static long least;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

/* The number after @name and @skip more words in a file; -1 if it is not there. */
static long look_up(const char *path, const char *name, int skip)
{
	char line[512], word[64];
	long value = -1;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		char *p = line;
		int n = 0, i;

		if (sscanf(p, "%63s%n", word, &n) != 1 || strcmp(word, name))
			continue;
		for (i = 0; i < skip; i++) {
			p += n;
			n = 0;
			if (sscanf(p, "%*s%n", &n) < 0)
				break;
		}
		value = atol(p + n);
		break;
	}
	if (f)
		fclose(f);
	return value;
}

static long sockets(const char *proto)
{
	return look_up("/proc/net/protocols", proto, 1);
}

static long objects(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	put(path, "1");
	return look_up("/proc/slabinfo", cache, 0);
}

static bool settles(long (*count)(const char *), const char *name, long want, const char *what)
{
	int tries = patience(300);
	long n;

	while ((n = count(name)) > want && tries--)
		usleep(50000);
	if (n <= want)
		return true;
	printf("# %s: %ld %s, and not %ld\n", name, n, what, want);
	return false;
}

/* Whether two connected sockets and a page fit into @limit bytes of the namespace. */
static bool fits(long limit)
{
	bool ok;
	int fd[2];

	setting_set(MEMORY, limit);
	ok = !socketpair(AF_EXPERIMENTAL, SOCK_STREAM, 0, fd);
	if (ok) {
		ok = send(fd[0], "x", 1, MSG_DONTWAIT) == 1;
		close(fd[0]);
		close(fd[1]);
	}
	settings_restore();
	return ok;
}

/* In a namespace of its own, where nothing is held. */
static bool fits_alone(long limit)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(unshare(CLONE_NEWNET) ? 2 : !fits(limit));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1)
		fail("no namespace to measure in");
	return !WEXITSTATUS(status);
}

/* The least limit under which that works. */
static long find_least(void)
{
	long low = 0, high = 1 << 16;

	while (high - low > 1) {
		long middle = (low + high) / 2;

		if (fits_alone(middle))
			high = middle;
		else
			low = middle;
	}
	return high;
}

static bool account_is_empty(void)
{
	int tries = patience(100);

	/* What was closed is given back after a grace period. */
	while (!fits(least) && tries--)
		usleep(50000);
	if (tries < 0) {
		printf("# %s: %ld bytes do not suffice any more, some are held\n", MEMORY, least);
		return false;
	}
	usleep(200000);
	if (fits(least - 1)) {
		printf("# %s: %ld bytes suffice now, so more was given back than taken\n", MEMORY,
		       least - 1);
		return false;
	}
	return true;
}

static long memory_kb(void)
{
	sync();
	put("/proc/sys/vm/drop_caches", "3");
	usleep(200000);
	return look_up("/proc/meminfo", "MemFree:", 0) + look_up("/proc/meminfo", "Cached:", 0) +
	       look_up("/proc/meminfo", "Buffers:", 0);
}

/* What is left of a wave goes late: namespaces and cgroups by work queues. */
static bool pages_are_back(void)
{
	int tries = patience(20);
	long held;

	while ((held = free_kb - memory_kb()) > SLACK_KB && tries--)
		usleep(500000);
	printf("# memory: %+ld KiB since the first wave\n", held);
	return held <= SLACK_KB;
}

static bool nothing_leaked(void)
{
	char line[512];
	bool clean = true;
	FILE *f;

	if (access(KMEMLEAK, F_OK))
		return true;
	/* Twice: what is young, or has moved, is not reported the first time. */
	sleep(6);
	put(KMEMLEAK, "scan");
	put(KMEMLEAK, "scan");
	f = fopen(KMEMLEAK, "r");
	while (f && fgets(line, sizeof(line), f)) {
		printf("# %s", line);
		clean = false;
	}
	if (f)
		fclose(f);
	return clean;
}

static bool run_command(const char *command)
{
	int tries = patience(100);

	while (system(command) && tries--)
		usleep(100000);
	if (tries >= 0)
		return true;
	printf("# %s: fails\n", command);
	return false;
}

bool gone_reload(void)
{
	add(RELOADS, 1);
	if (!run_command("rmmod af_experimental 2>/dev/null"))
		return false;
	/* From the second time on: the first wave fills caches that are kept. */
	if (shared->counts[RELOADS] <= 2)
		free_kb = memory_kb();
	return pages_are_back() && run_command("modprobe af_experimental");
}

bool gone_baseline(void)
{
	least = find_least();
	printf("# a connection with a page takes %ld bytes of the namespace\n", least);
	return gone_reload();
}

bool gone(void)
{
	bool clean = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		clean &= settles(sockets, caches[i], 0, "sockets");
		clean &= settles(objects, caches[i], 0, "objects in its cache");
	}
	return clean && account_is_empty() && nothing_leaked() && gone_reload();
}
