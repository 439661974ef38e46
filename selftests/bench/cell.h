/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cell of the table: what is measured, its samples, and the line that tells of it.
 * Each cell, or series of cells, runs in a process of its own.
 */
#ifndef SELFTESTS_BENCH_CELL_H
#define SELFTESTS_BENCH_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <linux/types.h>

#include "transport.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* How the reader is found by what arrives. */
enum reader { READER_READY, READER_BLOCKED, READER_EPOLL, READERS };

/**
 * struct cell - what is measured
 * @pattern: what is done, see the table in Documentation/benchmarks.md
 * @size: bytes of a message
 * @count: of sockets, senders, or whatever the pattern scales with
 */
struct cell {
	const char *pattern;
	const struct transport *t;
	size_t size;
	unsigned int count;
	enum reader reader;
	enum extra extra;
};

#define SAMPLES_MAX	512

/**
 * struct samples - of one cell
 * @total: of an operation
 * @write: its part in the writer's calls, if they can be told apart, else 0
 */
struct samples {
	unsigned int n;
	__u64 total[SAMPLES_MAX];
	__u64 write[SAMPLES_MAX];
};

/* Root or child: the memory cgroup that all this runs in. */
extern const char *group;
/* Whether windows are marked for the plugins. */
extern bool marking;
/* Whether a cell is to show where the instructions are. */
extern bool profiling;

/*
 * The time stamp counter. With QEMU's -icount shift=0 it advances by one with each
 * instruction that the guest executes.
 */
static inline __u64 now(void)
{
	__u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (__u64)hi << 32 | lo;
}

/* No-ops that tools/plugin.h knows: the begin and the end of a window, and of a cell. */
static inline void mark_begin(void)
{
	__asm__ volatile(".byte 0x0f,0x1f,0x80,0x01,0x45,0x58,0x50" : : : "memory");
}

static inline void mark_end(void)
{
	__asm__ volatile(".byte 0x0f,0x1f,0x80,0x02,0x45,0x58,0x50" : : : "memory");
}

static inline void mark_cell(void)
{
	__asm__ volatile(".byte 0x0f,0x1f,0x80,0x03,0x45,0x58,0x50" : : : "memory");
}

/* Runs fn(c) in a process of its own, and says so if that does not end well. */
void run(const struct cell *c, void (*fn)(const struct cell *c));

/* The line of a cell: the mean of the middle of its samples, each divided by @operations. */
void tell(const struct cell *c, const struct samples *s, unsigned int operations);
/* The line of a cell that is one figure. */
void tell_figure(const struct cell *c, const char *unit, double value, double low, double high);
/* The line of a cell that cannot be, and why; the process ends. */
noreturn void refused(const char *call);
/* Something is wrong with what was measured; the process ends. */
noreturn void wrong(const char *format, ...);
/* The line of a part of a series that is beyond a limit of the family; goes on. */
void beyond(const struct cell *c, const char *limit);

/* Samples to take of what carries so many bytes, and those before that do not count. */
unsigned int sample_count(size_t bytes);
#define WARM_UP	4

/*
 * To be called before each sample, so that the samples meet the kernel in all the
 * states that make a difference, not all in the one that history has left. A memory
 * cgroup charges by the page and keeps what is left of one, on each processor, for
 * the objects that come; one that takes more than is left pays some hundred
 * instructions, and as many when it is freed. This takes a little. And what a process
 * has run so far decides how the scheduler treats its sleep: this runs for a while.
 */
void next_sample(void);

/* An epoll descriptor that tells when @fd can be read; and waiting for it. */
int epoll_of(int fd);
void epoll_until_ready(int epoll);

/* Memory that a process shares with its children. */
void *shared(size_t size);

/* What memory() counts: see its struct cell.pattern. */
#define MEMORY_IDLE	"memory idle"
#define MEMORY_BOUND	"memory bound"
#define MEMORY_PAIR	"memory pair"
#define MEMORY_USED	"memory used"

/* The patterns. */
void transfer(const struct cell *c);
void handoff(const struct cell *c);
void round_trip(const struct cell *c);
void pipelined(const struct cell *c);
void connect_cycle(const struct cell *c);
void socket_pair(const struct cell *c);
void names(const struct cell *c);
void many_to_one(const struct cell *c);
void one_to_many(const struct cell *c);
void epoll_server(const struct cell *c);
void memory(const struct cell *c);
void wall_clock(void);

/* This process runs on that processor only. */
void pin(int cpu);

#endif
