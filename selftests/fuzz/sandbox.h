/* SPDX-License-Identifier: GPL-2.0 */
/* A process for each program, so that none leaves anything to the next. */
#ifndef SELFTESTS_FUZZ_SANDBOX_H
#define SELFTESTS_FUZZ_SANDBOX_H

#include <stddef.h>

/**
 * enum end - how a program ended
 * @PROGRAM_ENDED: by itself
 * @PROGRAM_KILLED: it was over time
 * @PROGRAM_STUCK: it, or a process of its own, is still there although it was killed
 */
enum end { PROGRAM_ENDED, PROGRAM_KILLED, PROGRAM_STUCK };

/* Starts the process that forks the others. Returns -1 and errno if it cannot. */
int sandbox_start(void);
/* Runs a program; what it tells is in *outcome afterwards. */
enum end sandbox_run(const void *data, size_t size);

#endif
