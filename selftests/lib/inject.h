/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's fault injection: the nth allocation or user copy of a call fails. */
#ifndef SELFTESTS_LIB_INJECT_H
#define SELFTESTS_LIB_INJECT_H

#include <stdbool.h>

/* All false and errno if the kernel cannot do it. */

/* Readies this process and its kernel: whatever is allocated or copied may fail. */
bool inject_open(void);
/* The same for what is called from within a module, or from a function of the kernel. */
bool inject_open_module(const char *module);
bool inject_open_function(const char *function);

/* The @nth point that this thread passes from now on fails. */
void inject_arm(unsigned int nth);
/* And none from here on. Whether the point was reached. */
bool inject_disarm(void);

#endif
