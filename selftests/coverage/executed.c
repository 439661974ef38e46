// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that writes down which instructions of modules the guest executed, in
 * tasks, interrupts and all. The address of each is a line of the output, which comes
 * when the guest ends.
 *
 *	-plugin file=executed.so,out=FILE
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench/tools/plugin.h"

/* Where x86 has its modules, without KASLR. */
#define MODULES_BEGIN	0xffffffffc0000000ULL
#define MODULES_LEN	0x3f000000ULL

/* A block of instructions that was translated. */
struct block {
	atomic_bool executed;
	struct block *next;
	size_t count;
	__u64 addresses[];
};

/* What the plugin was made for. */
__attribute__((visibility("default"))) int qemu_plugin_version = 2;

static struct block *blocks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *out;

static void executed(unsigned int vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	atomic_store_explicit(&block->executed, true, memory_order_relaxed);
}

static void translate(__u64 id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct block *block;

	(void)id;
	if (!n || qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)) - MODULES_BEGIN >=
	    MODULES_LEN)
		return;
	block = calloc(1, sizeof(*block) + n * sizeof(block->addresses[0]));
	if (!block)
		abort();
	block->count = n;
	for (i = 0; i < n; i++)
		block->addresses[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
	pthread_mutex_lock(&lock);
	block->next = blocks;
	blocks = block;
	pthread_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void at_exit(__u64 id, void *data)
{
	const struct block *block;
	size_t i;

	(void)id;
	(void)data;
	for (block = blocks; block; block = block->next)
		for (i = 0; block->executed && i < block->count; i++)
			fprintf(out, "%llx\n", (unsigned long long)block->addresses[i]);
	fclose(out);
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
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
