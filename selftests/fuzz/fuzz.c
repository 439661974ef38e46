// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer: libFuzzer, with the kernel's coverage (Documentation/dev-tools/kcov.rst) for
 * its own. Only the module is instrumented. A program ends the run if it leaves something
 * in the kernel's log that should not be there, does not end, or gets an errno that is none.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "flight.h"
#include "libfuzzer.h"
#include "program.h"
#include "sandbox.h"
#include "text.h"

#define KCOV_PATH	"/sys/kernel/debug/kcov"
/* Threads that are traced, and blocks of each. */
#define AREAS		6
#define AREA_LEN	(64 * 1024)
#define COUNTERS_LOG	17

/* libFuzzer takes these as its own coverage. */
#pragma clang section bss = "__libfuzzer_extra_counters"
static unsigned char counters[1 << COUNTERS_LOG];
#pragma clang section bss = ""

static int kcov[AREAS];
static unsigned long *areas[AREAS];
static __thread int traced = -1;
static int kmsg;

static void begin_trace(void)
{
	unsigned int which = outcome->threads++;

	if (which >= AREAS || ioctl(kcov[which], KCOV_ENABLE, KCOV_TRACE_PC))
		return;
	traced = which;
}

static void end_trace(void)
{
	if (traced >= 0)
		ioctl(kcov[traced], KCOV_DISABLE, 0);
	traced = -1;
}

static void open_kcov(void)
{
	unsigned int i;

	for (i = 0; i < AREAS; i++) {
		kcov[i] = open(KCOV_PATH, O_RDWR | O_CLOEXEC);
		if (kcov[i] < 0 || ioctl(kcov[i], KCOV_INIT_TRACE, AREA_LEN)) {
			perror(KCOV_PATH);
			exit(1);
		}
		areas[i] = mmap(NULL, AREA_LEN * sizeof(*areas[i]), PROT_READ | PROT_WRITE,
				MAP_SHARED, kcov[i], 0);
		if (areas[i] == MAP_FAILED) {
			perror("mmap of kcov");
			exit(1);
		}
	}
	thread_begins = begin_trace;
	thread_ends = end_trace;
}

static void count(void)
{
	unsigned int i;

	for (i = 0; i < AREAS && i < outcome->threads; i++) {
		unsigned long n, len = areas[i][0];

		for (n = 1; n <= len; n++) {
			__u32 hash = (__u32)areas[i][n] * 2654435761u;
			unsigned char *counter = &counters[hash >> (32 - COUNTERS_LOG)];

			if (*counter < 255)
				++*counter;
		}
	}
}

/* What says that something is wrong; qemu/ktap.py looks more closely, at the end. */
static bool is_splat(const char *line)
{
	static const char * const words[] = {
		"WARNING: ", "BUG: ", "Oops", "KASAN", "UBSAN", "INFO: ", "general protection",
		"refcount_t", "ODEBUG", "possible circular", "possible recursive",
		"irq lock inversion", "inconsistent lock", "suspicious RCU", "held lock freed",
		"sleeping function", "scheduling while", "use-after-free", "corruption",
		"panicked", "unregister_netdevice", "ref_tracker", "Bad page",
		"unreferenced object",
	};
	unsigned int i;

	for (i = 0; i < COUNT(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

static void fail(const char *what, const unsigned char *data, size_t size)
{
	fprintf(stderr, "fuzz: %s, after this program:\n", what);
	text_print(stderr, data, size);
	fflush(stderr);
	abort();
}

static void watch_log(const unsigned char *data, size_t size)
{
	char line[8192];
	ssize_t n;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		if (is_splat(line))
			fail(line, data, size);
	}
}

int fuzz_start(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	open_kcov();
	if (sandbox_start()) {
		perror("sandbox");
		exit(1);
	}
	if (flight_open())
		fprintf(stderr, "fuzz: no device ivshmem: what kills the guest is lost\n");
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kmsg, 0, SEEK_END);
	return 0;
}

int fuzz_run(const unsigned char *data, size_t size)
{
	char what[100];
	enum end end;
	unsigned int i;

	if (size < sizeof(struct insn))
		return -1;
	for (i = 0; i < AREAS; i++)
		areas[i][0] = 0;
	flight_note(data, size);
	end = sandbox_run(data, size);
	count();
	if (end == PROGRAM_STUCK)
		fail("a process cannot be killed", data, size);
	if (outcome->bad) {
		snprintf(what, sizeof(what), "errno %u from %s", outcome->bad & 0xffff,
			 ops[outcome->bad >> 16].name);
		fail(what, data, size);
	}
	watch_log(data, size);
	return 0;
}

static unsigned int state;

static unsigned int below(unsigned int limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

static struct insn make(void)
{
	struct insn i = { .op = below(op_count), .fd = below(8), .to = below(8) };
	unsigned int n;

	for (n = 0; n < sizeof(i.arg); n++)
		i.arg[n] = below(3) ? below(16) : below(256);
	return i;
}

static void change(struct insn *i)
{
	unsigned char *bytes = (unsigned char *)i;
	unsigned int at = below(sizeof(*i));

	switch (below(4)) {
	case 0:
		bytes[at] ^= 1 << below(8);
		break;
	case 1:
		bytes[at] += below(9) - 4;
		break;
	case 2:
		bytes[at] = below(256);
		break;
	default:
		i->fd = below(8);
	}
}

/* Whole calls are put in, taken out, moved and changed. */
size_t fuzz_mutate(unsigned char *data, size_t size, size_t max_size, unsigned int seed)
{
	struct insn *calls = (struct insn *)data;
	unsigned int count = size / sizeof(*calls), max = max_size / sizeof(*calls);
	unsigned int rounds, from, to;
	struct insn i;

	state = seed ? seed : 1;
	if (max > CALLS_MAX)
		max = CALLS_MAX;
	for (rounds = 1 + below(4); rounds; rounds--) {
		switch (below(8)) {
		case 0:
		case 1:
		case 2:
			if (count >= max)
				break;
			to = below(count + 1);
			i = count && !below(3) ? calls[below(count)] : make();
			memmove(&calls[to + 1], &calls[to], (count - to) * sizeof(i));
			calls[to] = i;
			count++;
			break;
		case 3:
			if (count < 2)
				break;
			to = below(count);
			memmove(&calls[to], &calls[to + 1], (count - to - 1) * sizeof(i));
			count--;
			break;
		case 4:
			if (count < 2)
				break;
			from = below(count);
			to = below(count);
			i = calls[from];
			calls[from] = calls[to];
			calls[to] = i;
			break;
		default:
			if (count)
				change(&calls[below(count)]);
		}
	}
	if (!count && max) {
		calls[0] = make();
		count = 1;
	}
	return count * sizeof(*calls);
}

size_t fuzz_cross(const unsigned char *one, size_t one_size, const unsigned char *two,
		  size_t two_size, unsigned char *out, size_t out_size, unsigned int seed)
{
	const size_t call = sizeof(struct insn);
	size_t max = out_size / call, first, second;

	state = seed ? seed : 1;
	if (max > CALLS_MAX)
		max = CALLS_MAX;
	first = below(one_size / call + 1);
	second = below(two_size / call + 1);
	if (first > max)
		first = max;
	if (second > max - first)
		second = max - first;
	memcpy(out, one, first * call);
	/* Its end rather than its beginning: that has what the other one begins with, too. */
	memcpy(out + first * call, two + (two_size / call - second) * call, second * call);
	return (first + second) * call;
}
