// SPDX-License-Identifier: GPL-2.0
#include "text.h"

bool text_next(FILE *file, void *data, size_t *size)
{
	char line[2 * CALLS_MAX * sizeof(struct insn) + 2];
	unsigned char *to = data;
	unsigned int byte;

	while (fgets(line, sizeof(line), file)) {
		*size = 0;
		while (sscanf(line + 2 * *size, "%2x", &byte) == 1)
			to[(*size)++] = byte;
		if (*size)
			return true;
	}
	return false;
}

void text_print(FILE *file, const void *data, size_t size)
{
	const unsigned char *from = data;
	size_t i;

	for (i = 0; i < size; i++)
		fprintf(file, "%02x", from[i]);
	fprintf(file, "\n");
}
