// SPDX-License-Identifier: GPL-2.0
/* Who stands still: what its processes do, and where in the kernel they sleep. */
#include <dirent.h>

#include "stress.h"

/* Without a call that returns, and without the end of a round. */
#define BEAT_MS		25000
#define ROUND_MS	100000

/* What the driver itself saw pass; a machine that was held up held up the workers too. */
static long passed, looked_at;

#define STEP_MS		500

static long watch_time(void)
{
	long now = now_ms(), step = now - looked_at;

	looked_at = now;
	passed += step < STEP_MS ? step : STEP_MS;
	return passed;
}

void watch_start(void)
{
	long now = watch_time();
	size_t i;

	for (i = 0; i < WORKERS; i++) {
		shared->slots[i].beat_at = now;
		shared->slots[i].round_at = now;
	}
}

static void print_file(const char *dir, const char *name)
{
	char path[320], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		printf("#   %s: %s\n", name, line);
	}
	fclose(f);
}

static pid_t group_of(const char *pid)
{
	char path[300], text[512], *rest;
	int group = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	rest = strrchr(text, ')');
	if (rest)
		sscanf(rest, ") %*c %*d %d", &group);
	return group;
}

static void print_tasks(const char *pid)
{
	char path[600];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task/%s", pid, d->d_name);
		printf("# process %s, thread %s\n", pid, d->d_name);
		print_file(path, "stat");
		print_file(path, "wchan");
		print_file(path, "syscall");
		print_file(path, "stack");
	}
	if (dir)
		closedir(dir);
}

static void print_group(pid_t group)
{
	struct dirent *d;
	DIR *dir = opendir("/proc");

	while (dir && (d = readdir(dir)))
		if (atoi(d->d_name) && group_of(d->d_name) == group)
			print_tasks(d->d_name);
	if (dir)
		closedir(dir);
}

bool watch_stuck(void)
{
	long now = watch_time();
	size_t i;

	for (i = 0; i < WORKERS; i++) {
		struct slot *s = &shared->slots[i];
		unsigned long beats = s->beats, rounds = s->rounds;

		if (!s->pid)
			continue;
		if (beats != s->seen_beats) {
			s->seen_beats = beats;
			s->beat_at = now;
		}
		if (rounds != s->seen_rounds) {
			s->seen_rounds = rounds;
			s->round_at = now;
		}
		if (now - s->beat_at < patience(BEAT_MS) && now - s->round_at < patience(ROUND_MS))
			continue;
		printf("# %s: no call came back for %ld ms, no round ended for %ld ms\n", s->name,
		       now - s->beat_at, now - s->round_at);
		print_group(s->pid);
		return true;
	}
	return false;
}
