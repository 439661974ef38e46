/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the workers of the stress program share: a wave is a crowd of workers, each a
 * process group of its own that goes round after round until the wave is over.
 */
#ifndef SELFTESTS_STRESS_STRESS_H
#define SELFTESTS_STRESS_STRESS_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/types.h>

#include "kselftest.h"

#include "call.h"
#include "family.h"
#include "flow.h"

#define WORKERS		64

/* What is counted, in the order of the names in main.c. */
enum count {
	BYTES, MESSAGES, CONNECTIONS, SOCKETS, DESCRIPTORS, NAMESPACES, SETTINGS,
	WOKEN, KILLED, OOM_KILLED, SIGNALS, SHORT, REFUSED, DROPPED, RELOADS, COUNTS
};

/**
 * struct slot - a worker, as the driver sees it
 * @pid: its process, which leads its group; 0 for none
 * @beats: grows with every call that came back, in whatever process of the group
 * @rounds: grows with every round
 */
struct slot {
	const char *name;
	pid_t pid;
	atomic_ulong beats;
	atomic_ulong rounds;
	unsigned long seen_beats, seen_rounds;
	long beat_at, round_at;
};

struct shared {
	atomic_bool stop;
	atomic_bool failed;
	atomic_ulong counts[COUNTS];
	struct slot slots[WORKERS];
};

extern struct shared *shared;
/* The slot of the worker that this process belongs to. */
extern struct slot *me;

void add(enum count what, unsigned long n);
void beat(void);
/* Whether the wave goes on. */
bool running(void);
/* Says what is wrong, ends the run and this process. */
void __noreturn __printf(1, 2) fail(const char *fmt, ...);
/* Whether this errno says that something was short, which is survived; counts it. */
bool is_short(int err);

/* Random numbers, which follow from the seed of the run; each thread has its own. */
void random_seed(__u64 seed);
__u64 random_key(void);
unsigned int pick(unsigned int n);
bool chance(int percent);
__u64 mix(__u64 x);

/* fork(), with random numbers of its own; dies with its parent. */
pid_t spawn(void);
/* Waits for a child; true if it was killed, false if it ended by itself and well. */
bool reap(pid_t pid);
/* Kills it wherever it is, and waits. */
void kill_child(pid_t pid);
/* Memory that is shared with children. */
void *share(size_t size);
void nap(unsigned int most_us);

/* content.c: bytes that tell where they belong. */
void bytes_fill(void *buf, size_t len, __u64 key, __u64 offset);
void bytes_check(const void *buf, size_t len, __u64 key, __u64 offset);

/**
 * struct head - what each message begins with; the rest follows from it
 * @key: of the flow
 * @number: of the message, counted by sender
 */
struct head {
	__u64 key;
	__u32 sender, number, len, sum;
};

void message_make(void *buf, size_t len, __u64 key, __u32 sender, __u32 number);
/* Checks a whole message, and gives its head. */
struct head message_check(const void *buf, size_t len, __u64 key);

/* link.c: a pair that is connected in one way or another; false if something was short. */
bool link_make(int type, int fd[2]);

/* One file each. */
void run_stream(void);
void run_records(void);
void run_datagram(void);
void run_reliable(void);
void run_tap(void);
void run_storm(void);
void run_blocked(void);
void run_killed(void);
void run_rights(void);
void run_namespaces(void);
void run_cgroup(void);
void run_settings(void);
void run_crowd(void);

/* settings.c */
void settings_save(void);
void settings_restore(void);

/* cgroup.c: a group with so many bytes of memory; joined by its number. */
int cgroup_make(long bytes, char *path, size_t size);
void cgroup_join(const char *path);
void cgroup_eat(void);
void cgroup_remove(const char *path);

/* watch.c: tells of workers that stand still. */
void watch_start(void);
bool watch_stuck(void);

/* gone.c: whether all that a wave made has gone; says what has not. */
bool gone_baseline(void);
bool gone(void);
bool gone_reload(void);

#endif
