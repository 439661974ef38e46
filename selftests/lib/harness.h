/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's test harness, and what every test of ours needs beside it. */
#ifndef SELFTESTS_LIB_HARNESS_H
#define SELFTESTS_LIB_HARNESS_H

#include <signal.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"

#include "call.h"
#include "family.h"
#include "flow.h"
#include "memory.h"

static inline const char *errname(int err)
{
	return err ? strerrorname_np(err) : "success";
}

/* The call fails, and with this errno. */
#define EXPECT_FAILS(want, call) do {					\
	int want_ = (want);						\
	long ret_;							\
	int err_;							\
									\
	errno = 0;							\
	ret_ = (call);							\
	err_ = ret_ < 0 ? errno : 0;					\
	if (err_ != want_)						\
		TH_LOG("%s: %s (%ld) and not %s", #call,		\
		       errname(err_), ret_, errname(want_));		\
	EXPECT_EQ(want_, err_);						\
} while (0)

/* The call succeeds; says which errno it was if not. */
#define EXPECT_WORKS(call) do {						\
	long got_ = (call);						\
									\
	if (got_ < 0)							\
		TH_LOG("%s: %s", #call, errname(errno));		\
	EXPECT_LE(0, got_);						\
} while (0)

/* As EXPECT_WORKS(), and ends the test if it fails. */
#define ASSERT_WORKS(call) do {						\
	long got_ = (call);						\
									\
	if (got_ < 0)							\
		TH_LOG("%s: %s", #call, errname(errno));		\
	ASSERT_LE(0, got_);						\
} while (0)

/* A child that dies with the test. */
static inline pid_t fork_child(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* The exit status of a child, -1 if it ended in another way. */
static inline int child_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* The limits of the tests, for a machine that is slow. */
static inline void harness_patience(void)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;

	for (f = __fixture_list; f; f = f->next)
		for (t = f->tests; t; t = t->next)
			t->timeout = patience(t->timeout);
}

#undef TEST_HARNESS_MAIN
#define TEST_HARNESS_MAIN						\
	int main(int argc, char **argv)					\
	{								\
		harness_patience();					\
		exit(test_harness_run(argc, argv));			\
	}

#endif
