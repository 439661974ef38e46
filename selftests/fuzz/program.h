/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs of system calls, as the fuzzer makes them: a call is eight bytes, and any
 * bytes are a program. What a call is given comes from small tables, so that programs
 * hit on the same ports and descriptors often.
 */
#ifndef SELFTESTS_FUZZ_PROGRAM_H
#define SELFTESTS_FUZZ_PROGRAM_H

#include <linux/types.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))

/* The descriptors that a program has at hand. */
#define SLOTS		16
/* A program has at most so many calls; what comes after is ignored. */
#define CALLS_MAX	64

/**
 * struct insn - a call
 * @op: which one, modulo OP_COUNT
 * @fd: slot of the descriptor; if that is empty, the next one that is not
 * @to: slot for a descriptor that the call makes
 * @arg: what else it is given
 */
struct insn {
	__u8 op;
	__u8 fd;
	__u8 to;
	__u8 arg[5];
};

/**
 * struct outcome - what those who run a program tell, in memory that they share
 * @threads: how many threads and processes there have been
 * @settings: whether one changed a sysctl
 * @skipped: calls left out because time was up
 * @bad: call and errno that no user should ever see; 0 if there was none
 */
struct outcome {
	atomic_uint threads;
	atomic_bool settings;
	atomic_uint skipped;
	atomic_uint bad;
};

struct op {
	const char *name;
	long (*call)(const struct insn *i);
};

extern const struct op ops[];
extern const unsigned int op_count;
extern struct outcome *outcome;
/* A second network namespace, and the first one; -1 without. */
extern int namespaces[2];
/* Called by each thread before its first call and after its last; may be NULL. */
extern void (*thread_begins)(void);
extern void (*thread_ends)(void);

/* What calls that take time wait for at most, in milliseconds. */
extern unsigned int patience_ms;

/* Runs it in this process, which should end then. */
void program_run(const void *data, size_t size);
/* Prints the calls, near to C. */
void program_print(const void *data, size_t size);

/* For the calls. */
/* Prints the call and returns true, if it is not to be made. */
bool show(const char *format, ...);
int slot_get(__u8 slot);
int slot_take(__u8 slot);
long slot_put(__u8 slot, int fd);

#endif
