// SPDX-License-Identifier: GPL-2.0
/*
 * Options that a program sets and reads with bpf_setsockopt() and bpf_getsockopt().
 * They ask the core alone, past the family.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "bpf.h"
#include "harness.h"

/* The level at which setsockopt() asks the program below, and nobody else. */
#define ASK_PROGRAM	0x7e57

/* What the program finds out. */
struct answer {
	int set;	/* what bpf_setsockopt() returned */
	int get;	/* likewise bpf_getsockopt() */
	int value;	/* what that read */
};

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(int),
		.value_size = sizeof(struct answer),
		.max_entries = 1,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

static int read_map(int map, struct answer *answer)
{
	int key = 0;
	union bpf_attr attr = {
		.map_fd = (unsigned int)map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)answer,
	};

	return bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

/*
 * At ASK_PROGRAM, sets the option to the value and reads it back, both at SOL_SOCKET,
 * and answers in the map.
 */
static int load_program(int map)
{
	const struct bpf_insn insns[] = {
		BPF_MOV64_REG(BPF_REG_9, BPF_REG_1),
		BPF_LDX_MEM(BPF_W, BPF_REG_2, BPF_REG_9, offsetof(struct bpf_sockopt, level)),
		BPF_JMP_IMM(BPF_JNE, BPF_REG_2, ASK_PROGRAM, 29),
		/* The value, if there are four bytes of it. */
		BPF_LDX_MEM(BPF_DW, BPF_REG_7, BPF_REG_9, offsetof(struct bpf_sockopt, optval)),
		BPF_LDX_MEM(BPF_DW, BPF_REG_8, BPF_REG_9,
			    offsetof(struct bpf_sockopt, optval_end)),
		BPF_MOV64_REG(BPF_REG_2, BPF_REG_7),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, 4),
		BPF_INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_2, BPF_REG_8, 24, 0),
		BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_7, 0),
		BPF_STX_MEM(BPF_W, BPF_REG_10, BPF_REG_3, -4),
		/* Where the answer goes: two slots. */
		BPF_INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_6, BPF_PSEUDO_MAP_VALUE, 0, map),
		BPF_INSN(0, 0, 0, 0, 0),
		BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_9, offsetof(struct bpf_sockopt, sk)),
		BPF_MOV64_IMM(BPF_REG_2, SOL_SOCKET),
		BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_9, offsetof(struct bpf_sockopt, optname)),
		BPF_MOV64_REG(BPF_REG_4, BPF_REG_10),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_4, -4),
		BPF_MOV64_IMM(BPF_REG_5, 4),
		BPF_CALL_HELPER(BPF_FUNC_setsockopt),
		BPF_STX_MEM(BPF_W, BPF_REG_6, BPF_REG_0, offsetof(struct answer, set)),
		BPF_LDX_MEM(BPF_DW, BPF_REG_1, BPF_REG_9, offsetof(struct bpf_sockopt, sk)),
		BPF_MOV64_IMM(BPF_REG_2, SOL_SOCKET),
		BPF_LDX_MEM(BPF_W, BPF_REG_3, BPF_REG_9, offsetof(struct bpf_sockopt, optname)),
		BPF_MOV64_REG(BPF_REG_4, BPF_REG_10),
		BPF_ALU64_IMM(BPF_ADD, BPF_REG_4, -4),
		BPF_MOV64_IMM(BPF_REG_5, 4),
		BPF_CALL_HELPER(BPF_FUNC_getsockopt),
		BPF_STX_MEM(BPF_W, BPF_REG_6, BPF_REG_0, offsetof(struct answer, get)),
		BPF_LDX_MEM(BPF_W, BPF_REG_1, BPF_REG_10, -4),
		BPF_STX_MEM(BPF_W, BPF_REG_6, BPF_REG_1, offsetof(struct answer, value)),
		/* The call ends here. */
		BPF_MOV64_IMM(BPF_REG_1, -1),
		BPF_STX_MEM(BPF_W, BPF_REG_9, BPF_REG_1, offsetof(struct bpf_sockopt, optlen)),
		BPF_MOV64_IMM(BPF_REG_0, 1),
		BPF_EXIT_INSN(),
	};

	return ebpf_load(BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT, insns,
			 ARRAY_SIZE(insns));
}

/* For all sockets of the guest, until the descriptor is closed. */
static int attach(int prog)
{
	int cgroup = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY), link;
	union bpf_attr attr = {
		.link_create = {
			.prog_fd = (unsigned int)prog,
			.target_fd = (unsigned int)cgroup,
			.attach_type = BPF_CGROUP_SETSOCKOPT,
		},
	};

	if (cgroup < 0)
		return -1;
	link = bpf(BPF_LINK_CREATE, &attr);
	close(cgroup);
	return link;
}

FIXTURE(program) {
	int map;
	int link;
	int fd;
};

FIXTURE_VARIANT(program) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(program, exp_stream) { AF_EXPERIMENTAL, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(program, exp_seqpacket) { AF_EXPERIMENTAL, SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(program, exp_dgram) { AF_EXPERIMENTAL, SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(program, exp_rdm) { AF_EXPERIMENTAL, SOCK_RDM, };
FIXTURE_VARIANT_ADD(program, exp_raw) { AF_EXPERIMENTAL, SOCK_RAW, };
FIXTURE_VARIANT_ADD(program, unix_stream) { AF_UNIX, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(program, tcp) { AF_INET, SOCK_STREAM, };
FIXTURE_VARIANT_ADD(program, udp) { AF_INET, SOCK_DGRAM, };

FIXTURE_SETUP(program)
{
	int prog;

	self->map = make_map();
	ASSERT_WORKS(self->map);
	prog = load_program(self->map);
	ASSERT_WORKS(prog);
	self->link = attach(prog);
	ASSERT_WORKS(self->link);
	close(prog);
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
}

FIXTURE_TEARDOWN(program)
{
	close(self->fd);
	close(self->link);
	close(self->map);
}

/* Has the program set an option: how that came out. */
#define ASK(option, value_) ({							\
	struct answer answer_ = { 1, 1, 1 };					\
	int ask_ = (value_);							\
										\
	EXPECT_WORKS(setsockopt(self->fd, ASK_PROGRAM, option, &ask_, sizeof(ask_)));	\
	EXPECT_WORKS(read_map(self->map, &answer_));				\
	answer_;								\
})

TEST_F(program, sets_what_anybody_sets)
{
	static const struct {
		int option;
		int value;
		int read;
	} cases[] = {
		{ SO_REUSEADDR, 1, 1 },
		{ SO_SNDBUF, 20000, 40000 },
		{ SO_RCVBUF, 30000, 60000 },
		{ SO_KEEPALIVE, 1, 1 },
		{ SO_PRIORITY, 3, 3 },
		{ SO_RCVLOWAT, 10, 10 },
		{ SO_MARK, 7, 7 },
	};
	struct answer answer;
	size_t i;
	int two;

	two = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(two);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		answer = ASK(cases[i].option, cases[i].value);
		EXPECT_EQ(0, answer.set);
		EXPECT_EQ(0, answer.get);
		EXPECT_EQ(cases[i].read, answer.value);
		/* Everybody sees it, and setsockopt() does the same. */
		EXPECT_EQ(cases[i].read, sock_option(self->fd, cases[i].option));
		ASSERT_WORKS(sock_set(two, cases[i].option, cases[i].value));
		EXPECT_EQ(cases[i].read, sock_option(two, cases[i].option));
	}
	close(two);
}

TEST_F(program, has_an_effect)
{
	struct addr addr = addr_free(variant->family, variant->type);
	int other;

	if (variant->family == AF_UNIX || variant->type == SOCK_RAW)
		SKIP(return, "has no ports to share");
	other = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(sock_set(other, SO_REUSEADDR, 1));
	ASSERT_WORKS(do_bind(other, &addr));
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd, &addr));
	EXPECT_EQ(0, ASK(SO_REUSEADDR, 1).set);
	EXPECT_WORKS(do_bind(self->fd, &addr));
	close(other);
}

/* What the core keeps to families that it knows, it keeps from programs too. */
TEST_F(program, is_refused_by_the_core)
{
	bool inet = variant->family == AF_INET;
	struct answer answer;

	answer = ASK(SO_REUSEPORT, 1);
	EXPECT_EQ(inet ? 0 : -EOPNOTSUPP, answer.set);
	EXPECT_EQ(0, answer.get);
	EXPECT_EQ(inet, answer.value);
	if (variant->family == AF_EXPERIMENTAL) {
		ASSERT_WORKS(sock_set(self->fd, SO_REUSEPORT, 1));
		answer = ASK(SO_REUSEPORT, 1);
		EXPECT_EQ(-EOPNOTSUPP, answer.set);
		/* But what the family has set, they read. */
		EXPECT_EQ(1, answer.value);
		EXPECT_EQ(0, ASK(SO_REUSEPORT, 0).set);
		EXPECT_EQ(0, sock_option(self->fd, SO_REUSEPORT));
	}
	answer = ASK(SO_TXREHASH, 1);
	EXPECT_EQ(inet && variant->type == SOCK_STREAM ? 0 : -EOPNOTSUPP, answer.set);
}

/* No family lets a program have these. */
TEST_F(program, knows_few_options)
{
	static const int options[] = {
		SO_BROADCAST, SO_OOBINLINE, SO_TIMESTAMP, SO_PASSCRED, SO_ZEROCOPY,
		SO_ATTACH_BPF, SO_LOCK_FILTER, SO_INCOMING_CPU, SO_BUSY_POLL,
	};
	struct answer answer;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		answer = ASK(options[i], 1);
		EXPECT_EQ(-EINVAL, answer.set);
		EXPECT_EQ(-EINVAL, answer.get);
	}
}

TEST_HARNESS_MAIN
