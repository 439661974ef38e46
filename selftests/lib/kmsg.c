// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

int kmsg_mark(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

int kmsg_find(int mark, const char *text)
{
	char record[8192];
	int lines = 0;
	ssize_t n;

	for (;;) {
		n = read(mark, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		/* The first number is facility * 8 + level; user space has others than 0. */
		if (atoi(record) >= 8 || !strstr(record, text))
			continue;
		lines++;
		printf("# kernel log: %s", record);
	}
	fflush(stdout);
	return lines;
}

int kmsg_since(int mark)
{
	int lines = kmsg_find(mark, "");

	close(mark);
	return lines;
}
