// SPDX-License-Identifier: GPL-2.0
/* Memory cgroups with little memory: their users are killed in the middle of it. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "carry.h"

#define ROOT	"/sys/fs/cgroup"

static int put(const char *path, const char *name, const char *text)
{
	char file[256];
	int fd, n;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

int cgroup_make(long bytes, char *path, size_t size)
{
	static int number;
	char limit[32];

	put(ROOT, "cgroup.subtree_control", "+memory");
	snprintf(path, size, ROOT "/stress-%d-%d", getpid(), number++);
	snprintf(limit, sizeof(limit), "%ld", bytes);
	if (mkdir(path, 0755))
		return -1;
	return put(path, "memory.max", limit);
}

void cgroup_join(const char *path)
{
	if (put(path, "cgroup.procs", "0"))
		fail("%s: %s", path, strerrorname_np(errno));
}

void cgroup_eat(void)
{
	size_t len = 1 << 18;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		memset(p, 1, len);
}

void cgroup_remove(const char *path)
{
	int tries = 1000;

	while (rmdir(path) && errno == EBUSY && tries--)
		usleep(1000);
}

void run_cgroup(void)
{
	char path[128];

	if (cgroup_make((2 + pick(6)) << 20, path, sizeof(path)))
		fail("%s: %s; is cgroup2 there, with memory?", path, strerrorname_np(errno));
	carry(chance(50) ? &stream_carrier : &record_carrier, path);
	cgroup_remove(path);
	nap(300000);
}
