// SPDX-License-Identifier: GPL-2.0
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

int cbpf_attach(int fd, int option, const struct sock_filter *insns, size_t len)
{
	struct sock_fprog prog = {
		.len = (unsigned short)len,
		.filter = (struct sock_filter *)insns,
	};

	return setsockopt(fd, SOL_SOCKET, option, &prog, sizeof(prog));
}

int cbpf_return(int fd, int option, unsigned int value)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_RET | BPF_K, value),
	};

	return cbpf_attach(fd, option, insns, COUNT(insns));
}

int cbpf_pass_byte(int fd, int option, unsigned int offset, char byte)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned char)byte, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, PASS),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return cbpf_attach(fd, option, insns, COUNT(insns));
}

int cbpf_pass_len(int fd, int option, unsigned int max)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, max, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, PASS),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return cbpf_attach(fd, option, insns, COUNT(insns));
}

int cbpf_return_byte(int fd, int option, unsigned int offset, unsigned int less)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, less),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	return cbpf_attach(fd, option, insns, COUNT(insns));
}

int cbpf_return_cpu(int fd, int option)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_CPU),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	return cbpf_attach(fd, option, insns, COUNT(insns));
}

int ebpf_load(enum bpf_prog_type type, enum bpf_attach_type attach,
	      const struct bpf_insn *insns, size_t len)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (unsigned int)len;
	attr.license = (uintptr_t)"GPL";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

int ebpf_return_byte(unsigned int offset, unsigned int less)
{
	struct bpf_insn insns[] = {
		BPF_MOV64_REG(BPF_REG_6, BPF_REG_1),
		BPF_LD_ABS(BPF_B, (int)offset),
		BPF_ALU64_IMM(BPF_SUB, BPF_REG_0, (int)less),
		BPF_EXIT_INSN(),
	};

	return ebpf_load(BPF_PROG_TYPE_SOCKET_FILTER, 0, insns, COUNT(insns));
}

int ebpf_return(enum bpf_prog_type type, unsigned int value)
{
	struct bpf_insn insns[] = {
		BPF_MOV64_IMM(BPF_REG_0, (int)value),
		BPF_EXIT_INSN(),
	};

	return ebpf_load(type, 0, insns, COUNT(insns));
}
