/* SPDX-License-Identifier: GPL-2.0 */
/* Small BPF programs, classic and extended, and attaching them to sockets. */
#ifndef SELFTESTS_LIB_BPF_H
#define SELFTESTS_LIB_BPF_H

#include <linux/bpf.h>
#include <linux/filter.h>
#include <stddef.h>

/* What a filter returns to let all of a packet pass. */
#define PASS	0xffffffffu

/*
 * Classic programs. @option is SO_ATTACH_FILTER or SO_ATTACH_REUSEPORT_CBPF; all
 * return what setsockopt() does.
 */
int cbpf_attach(int fd, int option, const struct sock_filter *insns, size_t len);
/* Returns @value for each packet. */
int cbpf_return(int fd, int option, unsigned int value);
/* Lets a packet pass if the byte at @offset is @byte, and refuses all others. */
int cbpf_pass_byte(int fd, int option, unsigned int offset, char byte);
/* Lets packets of at most @max bytes pass. */
int cbpf_pass_len(int fd, int option, unsigned int max);
/* Returns the byte at @offset, less @less. */
int cbpf_return_byte(int fd, int option, unsigned int offset, unsigned int less);
/* Returns the number of the CPU. */
int cbpf_return_cpu(int fd, int option);

/* Extended programs. Loads one: a descriptor, or -1 and errno. */
int ebpf_load(enum bpf_prog_type type, enum bpf_attach_type attach,
	      const struct bpf_insn *insns, size_t len);
/* A socket filter as cbpf_return_byte() has it. */
int ebpf_return_byte(unsigned int offset, unsigned int less);
/* One that returns @value. */
int ebpf_return(enum bpf_prog_type type, unsigned int value);

/* Instructions of extended programs, named as the kernel's own macros. */
#define BPF_INSN(c, d, s, o, i) ((struct bpf_insn) { \
	.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define BPF_MOV64_REG(d, s)	BPF_INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define BPF_MOV64_IMM(d, i)	BPF_INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define BPF_ALU64_IMM(op, d, i)	BPF_INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define BPF_LDX_MEM(size, d, s, o) \
	BPF_INSN(BPF_LDX | (size) | BPF_MEM, d, s, o, 0)
#define BPF_STX_MEM(size, d, s, o) \
	BPF_INSN(BPF_STX | (size) | BPF_MEM, d, s, o, 0)
#define BPF_JMP_IMM(op, d, i, o) BPF_INSN(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define BPF_CALL_HELPER(f)	BPF_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define BPF_LD_ABS(size, i)	BPF_INSN(BPF_LD | (size) | BPF_ABS, 0, 0, 0, i)
#define BPF_EXIT_INSN()		BPF_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#endif
