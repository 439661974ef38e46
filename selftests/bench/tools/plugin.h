/* SPDX-License-Identifier: GPL-2.0 */
/* Of QEMU's interface for plugins what is needed here: no package has its header. */
#ifndef SELFTESTS_BENCH_TOOLS_PLUGIN_H
#define SELFTESTS_BENCH_TOOLS_PLUGIN_H

#include <linux/types.h>
#include <stddef.h>
#include <string.h>

struct qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { QEMU_PLUGIN_CB_NO_REGS };

/* Calls @cb for each block of instructions that is translated. */
void qemu_plugin_register_vcpu_tb_trans_cb(__u64 id,
					   void (*cb)(__u64 id, struct qemu_plugin_tb *tb));
/* Calls @cb whenever a processor executes the instruction. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu, void *data),
					    int flags, void *data);
/* Calls @cb whenever a processor begins to execute the block. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int vcpu, void *data),
					  int flags, void *data);
__u64 qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
/* Calls @cb when QEMU ends. */
void qemu_plugin_register_atexit_cb(__u64 id, void (*cb)(__u64 id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
__u64 qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
/* Copies the code of an instruction, and returns how long that is. */
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *code, size_t len);

/* The marks of cell.h. */
enum mark { MARK_NONE, MARK_BEGIN, MARK_END, MARK_CELL };

/* Which of them an instruction is. */
static inline enum mark mark_of(const unsigned char *code, size_t len)
{
	static const unsigned char tail[] = { 0x45, 0x58, 0x50 };

	if (len != 7 || code[0] != 0x0f || code[1] != 0x1f || code[2] != 0x80 ||
	    memcmp(code + 4, tail, sizeof(tail)) || code[3] > MARK_CELL)
		return MARK_NONE;
	return code[3];
}

#endif
