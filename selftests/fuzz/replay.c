// SPDX-License-Identifier: GPL-2.0
/*
 * Runs programs from files without a fuzzer: each once, or all again and again.
 *
 *	replay [--seconds N] FILE...
 *	replay --print FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "program.h"
#include "sandbox.h"
#include "text.h"

static unsigned int count, killed, failed;

static void run(const void *data, size_t size)
{
	enum end end = sandbox_run(data, size);

	count++;
	killed += end == PROGRAM_KILLED;
	if (end != PROGRAM_STUCK && !outcome->bad)
		return;
	failed++;
	if (end == PROGRAM_STUCK)
		printf("a process cannot be killed, after this program:\n");
	else
		printf("errno %u from %s in this program:\n", outcome->bad & 0xffff,
		       ops[outcome->bad >> 16].name);
	text_print(stdout, data, size);
}

static void print(const void *data, size_t size)
{
	printf("# ");
	text_print(stdout, data, size);
	program_print(data, size);
	printf("\n");
}

static void each(const char *path, void (*what)(const void *data, size_t size))
{
	unsigned char data[CALLS_MAX * sizeof(struct insn)];
	FILE *file = fopen(path, "r");
	size_t size;

	if (!file) {
		perror(path);
		exit(1);
	}
	while (text_next(file, data, &size))
		what(data, size);
	fclose(file);
}

int main(int argc, char **argv)
{
	time_t until = 0;
	int i = 1, first;

	if (argc > 1 && !strcmp(argv[1], "--print")) {
		for (i = 2; i < argc; i++)
			each(argv[i], print);
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "--seconds")) {
		until = time(NULL) + atoi(argv[2]);
		i = 3;
	}
	if (i == argc) {
		fprintf(stderr, "usage: replay [--print | --seconds N] FILE...\n");
		return 2;
	}
	if (sandbox_start()) {
		perror("sandbox");
		return 1;
	}
	do {
		for (first = i; first < argc; first++)
			each(argv[first], run);
	} while (!failed && time(NULL) < until);
	printf("%u programs run, %u of them killed\n", count, killed);
	return failed ? 1 : 0;
}
