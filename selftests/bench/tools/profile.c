// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that counts the instructions between the marks of the benchmark
 * (cell.h) by the block that they are in. For each cell a line with its number and how
 * many windows it had, then a line for each block: its address and its instructions.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

__u64 qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
__u64 qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 2;

struct insn { __u64 address; __u64 count; struct insn *next; };

static struct insn *buckets[1 << 20];
static bool inside;
static unsigned int window_count, cell_count;
static FILE *out;

static struct insn *find(__u64 address)
{
	struct insn **b = &buckets[(address * 0x9e3779b97f4a7c15ULL) >> 44];
	struct insn *i;

	for (i = *b; i; i = i->next)
		if (i->address == address)
			return i;
	i = calloc(1, sizeof(*i));
	i->address = address;
	i->next = *b;
	*b = i;
	return i;
}

static void executed(unsigned int vcpu, void *data)
{
	struct insn *i = data;

	(void)vcpu;
	if (inside)
		i->count++;
}

static void begin(unsigned int vcpu, void *data)
{
	(void)vcpu; (void)data;
	inside = true;
}

static void end(unsigned int vcpu, void *data)
{
	(void)vcpu; (void)data;
	inside = false;
	window_count++;
}

static void cell(unsigned int vcpu, void *data)
{
	size_t b;

	(void)vcpu; (void)data;
	fprintf(out, "cell %u %u\n", cell_count++, window_count);
	for (b = 0; b < sizeof(buckets) / sizeof(buckets[0]); b++) {
		struct insn *i;

		for (i = buckets[b]; i; i = i->next) {
			if (i->count)
				fprintf(out, "%llx %llu\n", i->address, i->count);
			i->count = 0;
		}
	}
	fflush(out);
	window_count = 0;
}

static int mark_of(const unsigned char *code, size_t len)
{
	static const unsigned char tail[] = { 0x45, 0x58, 0x50 };

	if (len != 7 || code[0] != 0x0f || code[1] != 0x1f || code[2] != 0x80 ||
	    memcmp(code + 4, tail, sizeof(tail)))
		return 0;
	return code[3];
}

static void translate(__u64 id, struct qemu_plugin_tb *tb)
{
	static void (*const marks[])(unsigned int vcpu, void *data) = { NULL, begin, end, cell };
	size_t n = qemu_plugin_tb_n_insns(tb);
	size_t i;

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		unsigned char code[15] = { 0 };
		int mark = mark_of(code, qemu_plugin_insn_data(insn, code, sizeof(code)));

		if (mark >= 1 && mark <= 3)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marks[mark], QEMU_PLUGIN_CB_NO_REGS, NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS,
						       find(qemu_plugin_insn_vaddr(insn)));
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
