/* SPDX-License-Identifier: GPL-2.0 */
/* Programs in a file, a line each, in hexadecimal; what begins with # is a comment. */
#ifndef SELFTESTS_FUZZ_TEXT_H
#define SELFTESTS_FUZZ_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "program.h"

/* The next program; false at the end of the file. */
bool text_next(FILE *file, void *data, size_t *size);
void text_print(FILE *file, const void *data, size_t size);

#endif
