/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last programs, in memory that the host has too: a file behind QEMU's device
 * ivshmem, which outlives the guest.
 */
#ifndef SELFTESTS_FUZZ_FLIGHT_H
#define SELFTESTS_FUZZ_FLIGHT_H

#include <stddef.h>

/* 0, or -1 if there is no such device. */
int flight_open(void);
/* This one is about to run. */
void flight_note(const void *data, size_t size);

#endif
