// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"

#define DEBUGFS	"/sys/kernel/debug/"

static const char * const faults[] = { "failslab", "fail_page_alloc", "fail_usercopy", NULL };

static int nth_fd = -1;

static bool put(const char *fault, const char *name, const char *value)
{
	char path[128];
	bool done;
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", fault, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return done;
}

/* Where the code of a module is. */
static bool text_of(const char *module, unsigned long *start, unsigned long *end)
{
	FILE *f = fopen("/proc/modules", "re");
	char name[64], line[512];
	unsigned long size;
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		found = sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size, start) == 3 &&
			!strcmp(name, module);
		*end = *start + size;
	}
	fclose(f);
	if (!found)
		errno = ENOENT;
	return found;
}

/* Where a function is: symbols are listed in the order of their addresses. */
static bool function_of(const char *function, unsigned long *start, unsigned long *end)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char name[512], line[1024];
	unsigned long address;

	if (!f)
		return false;
	*start = 0;
	*end = 0;
	while (!*end && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %*c %511s", &address, name) != 2)
			continue;
		if (*start && address > *start)
			*end = address;
		else if (!strcmp(name, function))
			*start = address;
	}
	fclose(f);
	if (!*end)
		errno = ENOENT;
	return *end;
}

/* kmemleak's own allocations come and go, and it has a reserve for when they fail. */
static bool spare_kmemleak(const char *fault)
{
	unsigned long start, end;
	char from[32], to[32];

	if (!function_of("__alloc_object", &start, &end))
		return true;
	snprintf(from, sizeof(from), "%#lx", start);
	snprintf(to, sizeof(to), "%#lx", end);
	return put(fault, "reject-start", from) && put(fault, "reject-end", to);
}

static bool open_range(unsigned long start, unsigned long end)
{
	const char * const *fault;
	char from[32], to[32];

	snprintf(from, sizeof(from), "%#lx", start);
	snprintf(to, sizeof(to), "%#lx", end);
	for (fault = faults; *fault; fault++) {
		if (!put(*fault, "verbose", "0") || !put(*fault, "require-start", from) ||
		    !put(*fault, "require-end", to) || !put(*fault, "stacktrace-depth", "32") ||
		    !spare_kmemleak(*fault))
			return false;
	}
	/* Not a failure, but a point too: the buffer moves. Not every kernel has it. */
	put("fail_skb_realloc", "verbose", "0");
	if (!put("failslab", "ignore-gfp-wait", "N") ||
	    !put("fail_page_alloc", "ignore-gfp-wait", "N") ||
	    !put("fail_page_alloc", "ignore-gfp-highmem", "N") ||
	    !put("fail_page_alloc", "min-order", "0"))
		return false;
	if (nth_fd < 0)
		nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return nth_fd >= 0;
}

bool inject_open(void)
{
	return open_range(0, ~0ul);
}

bool inject_open_module(const char *module)
{
	unsigned long start, end;

	return text_of(module, &start, &end) && open_range(start, end);
}

bool inject_open_function(const char *function)
{
	unsigned long start, end;

	return function_of(function, &start, &end) && open_range(start, end);
}

/* The number goes in by a user copy, and that may be the one that fails. */
static void set(unsigned int nth)
{
	char buf[16];
	int len = snprintf(buf, sizeof(buf), "%u", nth);
	int tries;

	for (tries = 0; tries < 10; tries++)
		if (pwrite(nth_fd, buf, len, 0) == len)
			return;
	perror("fail-nth");
	exit(1);
}

void inject_arm(unsigned int nth)
{
	set(nth);
}

bool inject_disarm(void)
{
	char buf[16] = "";
	/* It is the reading that fails if no point was left but this one. */
	bool hit = pread(nth_fd, buf, sizeof(buf) - 1, 0) > 0 && !atoi(buf);

	set(0);
	return hit;
}
