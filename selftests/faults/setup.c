// SPDX-License-Identifier: GPL-2.0
/* Memory is short while the family itself is set up. */
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "path.h"

#define MODULE	"af_experimental"

FIXTURE(setup) {
	struct scene scene;
	char file[200];
};

static char *module_file;

FIXTURE_SETUP(setup)
{
	struct utsname uts;

	ASSERT_EQ(0, uname(&uts));
	snprintf(self->file, sizeof(self->file), "/lib/modules/%s/extra/" MODULE ".ko",
		 uts.release);
	module_file = self->file;
}

FIXTURE_TEARDOWN(setup)
{
}

static void set_nothing(struct scene *s, struct __test_metadata *_metadata)
{
}

static long call_unshare(struct scene *s)
{
	return unshare(CLONE_NEWNET);
}

static void check_namespace(struct scene *s, struct __test_metadata *_metadata)
{
	if (!s->err)
		loopback_up();
	s->fd[0] = sock_bound(AF_EXPERIMENTAL, SOCK_DGRAM, &s->addr);
	EXPECT_WORKS(s->fd[0]);
}

/* A network namespace is there with the family's part of it, or it is not there. */
TEST_F_TIMEOUT(setup, namespace, 300)
{
	struct path path = {
		.set = set_nothing, .call = call_unshare, .check = check_namespace,
	};

	ASSERT_TRUE(inject_open_module(MODULE));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	walk(_metadata, &path, &self->scene);
}

static bool is_listed(const char *file, const char *word)
{
	FILE *f = fopen(file, "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strcasestr(line, word);
	if (f)
		fclose(f);
	return found;
}

/* The last sockets hold the module until a grace period after their end. */
static bool unload(void)
{
	long end = now_ms() + 10000;

	while (syscall(SYS_delete_module, MODULE, O_NONBLOCK)) {
		if (errno == ENOENT)
			return true;
		if (now_ms() > end)
			return false;
		usleep(10000);
	}
	return true;
}

static void set_unloaded(struct scene *s, struct __test_metadata *_metadata)
{
	ASSERT_TRUE(unload());
	s->fd[0] = open(module_file, O_RDONLY | O_CLOEXEC);
	ASSERT_WORKS(s->fd[0]);
}

static long call_load(struct scene *s)
{
	return syscall(SYS_finit_module, s->fd[0], "", 0);
}

static void check_module(struct scene *s, struct __test_metadata *_metadata)
{
	if (s->err) {
		EXPECT_FALSE(is_listed("/proc/modules", MODULE));
		EXPECT_FALSE(is_listed("/proc/net/protocols", "EXP"));
		EXPECT_EQ(0, call_load(s));
	}
	s->fd[1] = sock_bound(AF_EXPERIMENTAL, SOCK_STREAM, &s->addr);
	EXPECT_WORKS(s->fd[1]);
}

/* What its init() made before it failed is gone, and the module loads the next time. */
TEST_F_TIMEOUT(setup, module, 600)
{
	struct path path = {
		.set = set_unloaded, .call = call_load, .check = check_module,
	};

	/* Another family may be there that was built on it; it is not in use. */
	syscall(SYS_delete_module, "af_echo", O_NONBLOCK);
	ASSERT_TRUE(inject_open_function("do_init_module"));
	walk(_metadata, &path, &self->scene);
}

TEST_HARNESS_MAIN
