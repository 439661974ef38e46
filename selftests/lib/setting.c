// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "setting.h"

static int setting_open(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	return open(path, flags | O_CLOEXEC);
}

/* Close without losing the reason. */
static void done(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
}

int setting_read(const char *name, char *value, size_t size)
{
	int fd = setting_open(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, value, size - 1);
	done(fd);
	if (n < 0)
		return -1;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int setting_write(const char *name, const char *value)
{
	int fd = setting_open(name, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, value, strlen(value));
	done(fd);
	return n < 0 ? -1 : 0;
}

long setting_number(const char *name)
{
	char value[64];

	if (setting_read(name, value, sizeof(value)))
		return -1;
	return atol(value);
}

int setting_set(const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	return setting_write(name, text);
}

int setting_change(struct setting *s, const char *name, long value)
{
	if (!s->name) {
		if (setting_read(name, s->before, sizeof(s->before)))
			return -1;
		s->name = name;
	}
	return setting_set(name, value);
}

void setting_restore(struct setting *s)
{
	if (s->name)
		setting_write(s->name, s->before);
	s->name = NULL;
}
