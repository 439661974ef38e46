/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses at which the kernel faults when it copies. */
#ifndef SELFTESTS_LIB_MEMORY_H
#define SELFTESTS_LIB_MEMORY_H

#include <stddef.h>

/* @len bytes of address space that cannot be accessed. */
void *mem_unmapped(size_t len);
/* @len zeroed bytes, directly followed by such address space. */
void *mem_edge(size_t len);

#endif
