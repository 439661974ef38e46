// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that counts the locked read-modify-write instructions between the
 * marks of the benchmark (cell.h): those with a LOCK prefix, and XCHG with memory,
 * which needs none. For each cell a line: its number, of how many windows, and the
 * medians of LOCK and XCHG.
 *
 *	-plugin file=rmw.so,out=FILE
 *
 * The guest has one processor at work and counts nothing but its own.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define WINDOWS	4096
#define VCPUS	8

enum which { LOCK, XCHG, KINDS };

/* What the plugin was made for. */
__attribute__((visibility("default"))) int qemu_plugin_version = 2;

static __u64 executed[VCPUS][KINDS];
static __u64 at_begin[KINDS];
static __u64 windows[KINDS][WINDOWS];
static unsigned int window_count, cell_count;
static FILE *out;

static void lock(unsigned int vcpu, void *data)
{
	(void)data;
	executed[vcpu % VCPUS][LOCK]++;
}

static void xchg(unsigned int vcpu, void *data)
{
	(void)data;
	executed[vcpu % VCPUS][XCHG]++;
}

static void begin(unsigned int vcpu, void *data)
{
	(void)data;
	memcpy(at_begin, executed[vcpu % VCPUS], sizeof(at_begin));
}

static void end(unsigned int vcpu, void *data)
{
	unsigned int i;

	(void)data;
	if (window_count == WINDOWS)
		return;
	for (i = 0; i < KINDS; i++)
		windows[i][window_count] = executed[vcpu % VCPUS][i] - at_begin[i];
	window_count++;
}

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static void cell(unsigned int vcpu, void *data)
{
	unsigned int i;

	(void)vcpu;
	(void)data;
	fprintf(out, "%u %u", cell_count++, window_count);
	for (i = 0; i < KINDS; i++) {
		qsort(windows[i], window_count, sizeof(windows[i][0]), compare);
		fprintf(out, " %llu",
			window_count ? (unsigned long long)windows[i][window_count / 2] : 0);
	}
	fprintf(out, "\n");
	fflush(out);
	window_count = 0;
}

static bool is_prefix(unsigned char byte)
{
	return strchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", byte) && byte;
}

/* What else to call a function for when an instruction is executed. */
enum event { LOCKED = MARK_CELL + 1, SWAPPED };

static void (*const callbacks[])(unsigned int vcpu, void *data) = {
	[MARK_BEGIN] = begin, [MARK_END] = end, [MARK_CELL] = cell,
	[LOCKED] = lock, [SWAPPED] = xchg
};

static unsigned int event_of(const unsigned char *code, size_t len)
{
	bool locked = false;
	size_t at = 0;
	enum mark mark = mark_of(code, len);

	if (mark != MARK_NONE)
		return mark;
	for (; at < len && is_prefix(code[at]); at++)
		locked |= code[at] == 0xf0;
	if (locked)
		return LOCKED;
	/* REX */
	if (at < len && (code[at] & 0xf0) == 0x40)
		at++;
	/* 86 and 87 are XCHG, of two registers if the operand says so. */
	if (at + 1 < len && (code[at] & 0xfe) == 0x86 && code[at + 1] < 0xc0)
		return SWAPPED;
	return MARK_NONE;
}

static void translate(__u64 id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	size_t i;

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		unsigned char code[15] = { 0 };
		size_t len = qemu_plugin_insn_data(insn, code, sizeof(code));
		unsigned int event = event_of(code, len);

		if (event != MARK_NONE)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, callbacks[event],
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
