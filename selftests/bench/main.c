// SPDX-License-Identifier: GPL-2.0
/*
 * bench GROUP PLAN...: measure in the root or in a child memory cgroup, a JSON object
 * a line. What is in the plans is at the end of this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cell.h"

static const size_t all_sizes[] = { 1, 64, 512, 4096, 16384, 65536, 262144, 1048576 };

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		printf("{\"pattern\":\"set-up\",\"fault\":\"%s: %s\"}\n", path, strerror(errno));
		exit(1);
	}
	close(fd);
}

static void enter_group(const char *name)
{
	char pid[16];

	group = name;
	if (strcmp(name, "child"))
		return;
	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir("/sys/fs/cgroup/bench", 0755);
	write_file("/sys/fs/cgroup/bench/cgroup.procs", pid);
}

/* Each transport that has the socket type, or any type if that is NULL. */
static void each(const char *pattern, const char *kind, size_t size, unsigned int count,
		 enum reader reader, enum extra extra, void (*fn)(const struct cell *c))
{
	size_t i;

	for (i = 0; i < transport_count; i++) {
		struct cell c = {
			.pattern = pattern, .t = &transports[i], .size = size, .count = count,
			.reader = reader, .extra = extra,
		};

		if (kind && strcmp(kind, c.t->kind))
			continue;
		/* A pipe has no name and no end to connect. */
		if (c.t->domain == PIPE && (fn == connect_cycle || fn == epoll_server ||
					    !strcmp(pattern, MEMORY_IDLE) ||
					    !strcmp(pattern, MEMORY_BOUND)))
			continue;
		if (profiling && c.t->domain != AF_EXPERIMENTAL && c.t->domain != AF_UNIX)
			continue;
		/* Only the families that have these at all. */
		if (extra != EXTRA_NONE && c.t->domain != AF_EXPERIMENTAL && c.t->domain != AF_UNIX)
			continue;
		if (fn == transfer && reader != READER_READY)
			run(&c, handoff);
		else
			run(&c, fn);
	}
}

static void each_connecting(const char *pattern, unsigned int count, enum extra extra,
			    void (*fn)(const struct cell *c))
{
	each(pattern, "stream", 0, count, READER_READY, extra, fn);
	each(pattern, "seqpacket", 0, count, READER_READY, extra, fn);
}

static void each_message(const char *pattern, unsigned int count, enum extra extra,
			 void (*fn)(const struct cell *c))
{
	each(pattern, "dgram", 64, count, READER_READY, extra, fn);
	each(pattern, "rdm", 64, count, READER_READY, extra, fn);
}

/* The cells that have budgets. */
static void budgets(void)
{
	each("one way", "stream", 1, 1, READER_READY, EXTRA_NONE, transfer);
	each("burst", "stream", 64, 32, READER_READY, EXTRA_NONE, transfer);
	each("one way", "stream", 4096, 1, READER_READY, EXTRA_NONE, transfer);
	each("one way", "stream", 65536, 1, READER_READY, EXTRA_NONE, transfer);
	each("round trip", "stream", 1, 1, READER_BLOCKED, EXTRA_NONE, round_trip);
	each("one way", "seqpacket", 1, 1, READER_READY, EXTRA_NONE, transfer);
	each("one way", "seqpacket", 4096, 1, READER_READY, EXTRA_NONE, transfer);
	each("one way", "dgram", 1, 1, READER_READY, EXTRA_NONE, transfer);
	each("one way", "rdm", 1, 1, READER_READY, EXTRA_NONE, transfer);
	each("connect cycle", "stream", 0, 1, READER_READY, EXTRA_NONE, connect_cycle);
	each(MEMORY_BOUND, "dgram", 0, 8192, READER_READY, EXTRA_NONE, memory);
	each(MEMORY_PAIR, "stream", 0, 4096, READER_READY, EXTRA_NONE, memory);
}

/* What carries data, at all sizes. */
static void data(enum extra x)
{
	enum reader r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_sizes); i++) {
		size_t size = all_sizes[i];

		for (r = 0; r < READERS; r++) {
			each("one way", NULL, size, 1, r, x, transfer);
			each("burst", NULL, size, 32, r, x, transfer);
			if (r == READER_READY)
				continue;
			each("round trip", NULL, size, 1, r, x, round_trip);
			each("pipelined", NULL, size, 16, r, x, pipelined);
		}
	}
}

/* What makes and holds sockets. */
static void sockets(void)
{
	static const unsigned int many[] = { 1, 4, 16, 64 };
	static const unsigned int idle[] = { 1, 1000, 10000 };
	size_t i;

	each_connecting("connect cycle", 1, EXTRA_NONE, connect_cycle);
	each_connecting("connect cycle", 1, EXTRA_PASSCRED, connect_cycle);
	each("socketpair", NULL, 0, 1, READER_READY, EXTRA_NONE, socket_pair);
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		each_message("many to one", many[i], EXTRA_NONE, many_to_one);
		each_message("one to many", many[i], EXTRA_NONE, one_to_many);
		each_message("many to one", many[i], EXTRA_PASSCRED, many_to_one);
	}
	for (i = 0; i < ARRAY_SIZE(idle); i++)
		each_connecting("epoll server", idle[i], EXTRA_NONE, epoll_server);
	each(MEMORY_IDLE, NULL, 0, 8192, READER_READY, EXTRA_NONE, memory);
	each(MEMORY_BOUND, NULL, 0, 8192, READER_READY, EXTRA_NONE, memory);
	each(MEMORY_PAIR, NULL, 0, 4096, READER_READY, EXTRA_NONE, memory);
	each(MEMORY_USED, NULL, 0, 256, READER_READY, EXTRA_NONE, memory);
}

/* Ever more bound sockets, of our family or of the others. */
static void each_named(const char *kind, bool ours, unsigned int count)
{
	size_t i;

	for (i = 0; i < transport_count; i++) {
		struct cell c = { .pattern = "names", .t = &transports[i], .count = count };

		int domain = c.t->domain;

		/* A pipe has no name, and TIPC no automatic ones. */
		if (strcmp(kind, c.t->kind) || domain == PIPE || domain == AF_TIPC)
			continue;
		if (ours ? domain == AF_EXPERIMENTAL : domain != AF_EXPERIMENTAL)
			run(&c, names);
	}
}

static void our_names(void)
{
	each_named("dgram", true, 1000000);
}

static void other_names(void)
{
	each_named("stream", true, 1000000);
	each_named("dgram", false, 100000);
	each_named("stream", false, 100000);
}

static void locked(bool all)
{
	static const size_t sizes[] = { 1, 4096, 65536 };
	size_t i;

	marking = true;
	for (i = 0; i < (all ? ARRAY_SIZE(sizes) : 1); i++) {
		each("one way", NULL, sizes[i], 1, READER_READY, EXTRA_NONE, transfer);
		if (all)
			each("round trip", NULL, sizes[i], 1, READER_BLOCKED, EXTRA_NONE,
			     round_trip);
	}
	if (all)
		each_connecting("connect cycle", 1, EXTRA_NONE, connect_cycle);
	marking = false;
}

/* The names of the functions for those who look at addresses; not a line of the table. */
static void tell_functions(void)
{
	static bool told;
	FILE *f = told ? NULL : fopen("/proc/kallsyms", "r");
	char line[512], name[512], type;
	unsigned long long address;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %c %511s", &address, &type, name) == 3 &&
		    strchr("tTwW", type))
			printf("%llx %s\n", address, name);
	if (f)
		fclose(f);
	told = true;
}

/* Small transfers of a kind, between marks. */
static void profile(const char *kind)
{
	tell_functions();
	profiling = true;
	marking = true;
	each("one way", kind, 1, 1, READER_READY, EXTRA_NONE, transfer);
	each("one way", kind, 4096, 1, READER_READY, EXTRA_NONE, transfer);
	each("burst", kind, 64, 32, READER_READY, EXTRA_NONE, transfer);
	each("round trip", kind, 1, 1, READER_BLOCKED, EXTRA_NONE, round_trip);
	marking = false;
	profiling = false;
}

static void measure(const char *name)
{
	if (!strcmp(name, "budgets"))
		budgets();
	else if (!strcmp(name, "data"))
		data(EXTRA_NONE);
	else if (!strcmp(name, "data-passcred"))
		data(EXTRA_PASSCRED);
	else if (!strcmp(name, "data-descriptor"))
		data(EXTRA_DESCRIPTOR);
	else if (!strcmp(name, "sockets"))
		sockets();
	else if (!strcmp(name, "our-names"))
		our_names();
	else if (!strcmp(name, "other-names"))
		other_names();
	else if (!strcmp(name, "locks"))
		locked(true);
	else if (!strcmp(name, "some-locks"))
		locked(false);
	else if (!strcmp(name, "wall"))
		wall_clock();
	else if (!strncmp(name, "profile-", 8))
		profile(name + 8);
	else
		printf("{\"pattern\":\"set-up\",\"fault\":\"no plan %s\"}\n", name);
}

int main(int argc, char **argv)
{
	struct rlimit files = { 1 << 21, 1 << 21 };
	int i;

	if (argc < 3)
		return 2;
	/* Addresses are the same in each run. */
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		personality(ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
	}
	setpgid(0, 0);
	write_file("/proc/sys/fs/nr_open", "2097152");
	write_file("/proc/sys/net/ipv4/ip_local_port_range", "2048 65535");
	if (setrlimit(RLIMIT_NOFILE, &files))
		return 2;
	enter_group(argv[1]);
	if (strcmp(argv[2], "wall")) {
		struct sched_param normal = { 0 };

		pin(0);
		/* Else it is the scheduler's history that decides who is preempted. */
		if (sched_setscheduler(0, SCHED_BATCH, &normal))
			return 2;
	}
	/* The kernel's own tests and the start of its workers come to an end. */
	sleep(20);
	for (i = 2; i < argc; i++)
		measure(argv[i]);
	printf("{\"pattern\":\"end\"}\n");
	return 0;
}
