/* SPDX-License-Identifier: GPL-2.0 */
/* What libFuzzer calls, under names that go with the rest. */
#ifndef SELFTESTS_FUZZ_LIBFUZZER_H
#define SELFTESTS_FUZZ_LIBFUZZER_H

#include <stddef.h>

int fuzz_start(int *argc, char ***argv) __asm__("LLVMFuzzerInitialize");
/* Runs a program; -1 keeps it out of the corpus. */
int fuzz_run(const unsigned char *data, size_t size) __asm__("LLVMFuzzerTestOneInput");
/* Changes a program in place; returns how large it is then. */
size_t fuzz_mutate(unsigned char *data, size_t size, size_t max_size,
		   unsigned int seed) __asm__("LLVMFuzzerCustomMutator");
/* Makes one of two. */
size_t fuzz_cross(const unsigned char *one, size_t one_size, const unsigned char *two,
		  size_t two_size, unsigned char *out, size_t out_size,
		  unsigned int seed) __asm__("LLVMFuzzerCustomCrossOver");

#endif
