// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that tells what is executed between the marks of the benchmark
 * (cell.h). For each cell a line "cell NUMBER WINDOWS", then one for each block of
 * instructions that was executed: its address, how many instructions it has, and how
 * often it was executed in all windows together.
 *
 *	-plugin file=profile.so,out=FILE
 *
 * The guest has one processor. tools/profile.py finds the functions.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/* What the plugin was made for. */
__attribute__((visibility("default"))) int qemu_plugin_version = 2;

/**
 * struct block - as it was translated, once
 * @next: of all
 */
struct block {
	__u64 address;
	__u64 instructions;
	__u64 executed;
	struct block *next;
};

static struct block *blocks;
static bool in_window;
static unsigned int window_count, cell_count;
static FILE *out;

static void execute(unsigned int vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	block->executed += in_window;
}

static void begin(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	in_window = true;
}

static void end(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	in_window = false;
	window_count++;
}

static void tell(unsigned int vcpu, void *data)
{
	struct block *block;

	(void)vcpu;
	(void)data;
	fprintf(out, "cell %u %u\n", cell_count++, window_count);
	for (block = blocks; block; block = block->next) {
		if (!block->executed)
			continue;
		fprintf(out, "%llx %llu %llu\n", (unsigned long long)block->address,
			(unsigned long long)block->instructions,
			(unsigned long long)block->executed);
		block->executed = 0;
	}
	fflush(out);
	window_count = 0;
}

static void (*const callbacks[])(unsigned int vcpu, void *data) = {
	[MARK_BEGIN] = begin, [MARK_END] = end, [MARK_CELL] = tell
};

static void translate(__u64 id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct block *block = calloc(1, sizeof(*block));
	size_t i;

	(void)id;
	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->instructions = n;
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, execute, QEMU_PLUGIN_CB_NO_REGS, block);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		unsigned char code[15] = { 0 };
		size_t len = qemu_plugin_insn_data(insn, code, sizeof(code));
		enum mark mark = mark_of(code, len);

		if (mark != MARK_NONE)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, callbacks[mark],
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

__attribute__((visibility("default"))) int qemu_plugin_install(__u64 id,
							       const struct qemu_info *info,
							       int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
