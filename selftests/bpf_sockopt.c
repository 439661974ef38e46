// SPDX-License-Identifier: GPL-2.0
/*
 * bpf_setsockopt() and bpf_getsockopt(): a program in a cgroup calls the core,
 * past what the family has to say. What needs the family is refused.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "harness.h"

#define CGROUP		"/sys/fs/cgroup/exp_sockopt"
/* Levels that are none: of a call that has the program do its work. */
#define LEVEL_SET	4711
#define LEVEL_GET	4712

#define OPTION_TXREHASH		74

/* What the program is given and gives back. */
struct exchange {
	__s32 ret;
	__s32 value;
};

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

#define INSN(c, d, s, o, i) \
	((struct bpf_insn) { .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define LOAD(size, d, s, o)	INSN(BPF_LDX | (size) | BPF_MEM, d, s, o, 0)
#define STORE(size, d, s, o)	INSN(BPF_STX | (size) | BPF_MEM, d, s, o, 0)
#define MOVE(d, s)		INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, i)		INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define UNLESS(d, i, o)		INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define CALL(f)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT()			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#define FIELD(f)		offsetof(struct bpf_sockopt, f)

/* Calls the helper at its level, and has the core do nothing for that call. */
static int load(int map, int level, int helper)
{
	struct bpf_insn prog[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		LOAD(BPF_W, BPF_REG_0, BPF_REG_6, FIELD(level)),
		UNLESS(BPF_REG_0, level, 13),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_7, BPF_PSEUDO_MAP_VALUE, 0, map),
		INSN(0, 0, 0, 0, 0),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_6, FIELD(sk)),
		SET(BPF_REG_2, SOL_SOCKET),
		LOAD(BPF_W, BPF_REG_3, BPF_REG_6, FIELD(optname)),
		MOVE(BPF_REG_4, BPF_REG_7),
		ADD(BPF_REG_4, offsetof(struct exchange, value)),
		SET(BPF_REG_5, sizeof(__s32)),
		CALL(helper),
		STORE(BPF_W, BPF_REG_7, BPF_REG_0, offsetof(struct exchange, ret)),
		SET(BPF_REG_0, -1),
		STORE(BPF_W, BPF_REG_6, BPF_REG_0, FIELD(optlen)),
		SET(BPF_REG_0, 1),
		EXIT(),
	};
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCKOPT,
		.insn_cnt = ARRAY_SIZE(prog),
		.insns = (__u64)(unsigned long)prog,
		.license = (__u64)(unsigned long)"GPL",
		.expected_attach_type = BPF_CGROUP_SETSOCKOPT,
		.log_level = 1,
		.log_size = sizeof(log),
		.log_buf = (__u64)(unsigned long)log,
	};
	int fd;

	/* After the jump that is not taken, the same end. */
	prog[2].off = ARRAY_SIZE(prog) - 2 - 3;
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		ksft_print_msg("%s\n%s\n", strerror(errno), log);
	return fd;
}

static int attach(int cgroup, int prog)
{
	union bpf_attr attr = {
		.target_fd = cgroup,
		.attach_bpf_fd = prog,
		.attach_type = BPF_CGROUP_SETSOCKOPT,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	return sys_bpf(BPF_PROG_ATTACH, &attr);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, strlen(text)) < 0 ? -1 : 0;
	close(fd);
	return ret;
}

FIXTURE(program) {
	int fd;
	int map;
};

FIXTURE_VARIANT(program) {
	int family;
	int type;
};

FIXTURE_VARIANT_ADD(program, exp_stream) { .family = AF_EXPERIMENTAL, .type = SOCK_STREAM, };
FIXTURE_VARIANT_ADD(program, exp_dgram) { .family = AF_EXPERIMENTAL, .type = SOCK_DGRAM, };
FIXTURE_VARIANT_ADD(program, exp_seqpacket) {
	.family = AF_EXPERIMENTAL, .type = SOCK_SEQPACKET, };
FIXTURE_VARIANT_ADD(program, exp_rdm) { .family = AF_EXPERIMENTAL, .type = SOCK_RDM, };
FIXTURE_VARIANT_ADD(program, tcp) { .family = AF_INET, .type = SOCK_STREAM, };

FIXTURE_SETUP(program)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = sizeof(struct exchange),
		.max_entries = 1,
	};
	int cgroup, prog[2];

	self->map = sys_bpf(BPF_MAP_CREATE, &attr);
	ASSERT_WORKS(self->map);
	mkdir(CGROUP, 0755);
	cgroup = open(CGROUP, O_RDONLY | O_DIRECTORY);
	ASSERT_WORKS(cgroup);
	prog[0] = load(self->map, LEVEL_SET, BPF_FUNC_setsockopt);
	ASSERT_WORKS(prog[0]);
	prog[1] = load(self->map, LEVEL_GET, BPF_FUNC_getsockopt);
	ASSERT_WORKS(prog[1]);
	ASSERT_WORKS(attach(cgroup, prog[0]));
	ASSERT_WORKS(attach(cgroup, prog[1]));
	/* A socket belongs to the cgroup in which it was made. */
	ASSERT_WORKS(write_file(CGROUP "/cgroup.procs", "0"));
	self->fd = socket(variant->family, variant->type, 0);
	ASSERT_WORKS(self->fd);
	ASSERT_WORKS(write_file("/sys/fs/cgroup/cgroup.procs", "0"));
	close(prog[0]);
	close(prog[1]);
	close(cgroup);
}

FIXTURE_TEARDOWN(program)
{
	close(self->fd);
	close(self->map);
	/* With the cgroup goes what is attached to it. */
	rmdir(CGROUP);
}

/* Has the program call its helper. Its result, or 1000 if the call failed. */
static int call_program(int fd, int map, int level, int option, int *value)
{
	struct exchange exchange = { .ret = 1001, .value = *value };
	__u32 key = 0;
	union bpf_attr attr = {
		.map_fd = map,
		.key = (__u64)(unsigned long)&key,
		.value = (__u64)(unsigned long)&exchange,
	};

	if (sys_bpf(BPF_MAP_UPDATE_ELEM, &attr))
		return 1000;
	if (setsockopt(fd, level, option, "1234", 4))
		return 1000;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.key = (__u64)(unsigned long)&key;
	attr.value = (__u64)(unsigned long)&exchange;
	if (sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		return 1000;
	*value = exchange.value;
	return exchange.ret;
}

TEST_F(program, same_as_by_the_call)
{
	static const struct {
		int option;
		int value;
		int reads;
	} options[] = {
		{ SO_REUSEADDR, 1, 1 }, { SO_KEEPALIVE, 1, 1 }, { SO_PRIORITY, 3, 3 },
		{ SO_SNDBUF, 20000, 40000 }, { SO_RCVBUF, 20000, 40000 }, { SO_MARK, 7, 7 },
		{ SO_RCVLOWAT, 100, 100 }, { SO_BINDTOIFINDEX, 1, 1 },
	};
	size_t i;
	int value;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		TH_LOG("option %d", options[i].option);
		value = options[i].value;
		EXPECT_EQ(0, call_program(self->fd, self->map, LEVEL_SET, options[i].option,
					  &value));
		EXPECT_EQ(options[i].reads, sock_option(self->fd, options[i].option));
		value = -1;
		EXPECT_EQ(0, call_program(self->fd, self->map, LEVEL_GET, options[i].option,
					  &value));
		EXPECT_EQ(options[i].reads, value);
	}
	/* What the family does about it is done: never more than half of the buffer. */
	value = 1000000;
	EXPECT_EQ(0, call_program(self->fd, self->map, LEVEL_SET, SO_RCVLOWAT, &value));
	EXPECT_EQ(20000, sock_option(self->fd, SO_RCVLOWAT));
}

TEST_F(program, has_an_effect)
{
	struct addr addr = addr_free(variant->family, variant->type);
	int other = socket(variant->family, variant->type, 0), value = 1;

	ASSERT_WORKS(sock_set(other, SO_REUSEADDR, 1));
	ASSERT_WORKS(do_bind(other, &addr));
	EXPECT_FAILS(EADDRINUSE, do_bind(self->fd, &addr));
	EXPECT_EQ(0, call_program(self->fd, self->map, LEVEL_SET, SO_REUSEADDR, &value));
	EXPECT_WORKS(do_bind(self->fd, &addr));
	close(other);
}

TEST_F(program, refused)
{
	bool tcp = variant->family == AF_INET;
	int value = 1;

	/* The core asks nobody, and lets TCP and UDP only. */
	EXPECT_EQ(tcp ? 0 : -EOPNOTSUPP,
		  call_program(self->fd, self->map, LEVEL_SET, SO_REUSEPORT, &value));
	EXPECT_EQ(tcp ? 0 : -EOPNOTSUPP,
		  call_program(self->fd, self->map, LEVEL_SET, OPTION_TXREHASH, &value));
	/* Programs may not set these at all. */
	EXPECT_EQ(-EINVAL, call_program(self->fd, self->map, LEVEL_SET, SO_PASSCRED, &value));
	EXPECT_EQ(-EINVAL, call_program(self->fd, self->map, LEVEL_SET, SO_ZEROCOPY, &value));
	EXPECT_EQ(-EINVAL, call_program(self->fd, self->map, LEVEL_SET, SO_BROADCAST, &value));
	/* Here there is nobody who could say that it has no effect. */
	value = 1000000;
	EXPECT_EQ(0, call_program(self->fd, self->map, LEVEL_SET, SO_MAX_PACING_RATE, &value));
	EXPECT_EQ(1000000, sock_option(self->fd, SO_MAX_PACING_RATE));
}

/* What was set by the call is what a program reads. */
TEST_F(program, reads_what_was_set)
{
	int value = -1;

	ASSERT_WORKS(sock_set(self->fd, SO_REUSEPORT, 1));
	EXPECT_EQ(0, call_program(self->fd, self->map, LEVEL_GET, SO_REUSEPORT, &value));
	EXPECT_EQ(1, value);
}

TEST_HARNESS_MAIN
