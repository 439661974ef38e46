// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "fds.h"
#include "flow.h"

ssize_t fds_send(int fd, const void *buf, size_t len, const int *fds, int n)
{
	struct control c = { 0 };

	control_add(&c, SOL_SOCKET, SCM_RIGHTS, fds, n * sizeof(*fds));
	return control_send(fd, buf, len, MSG_NOSIGNAL, &c);
}

ssize_t fds_recv(int fd, void *buf, size_t len, int *fds, int most, int *n, int *flags)
{
	struct control c = { .room = CMSG_SPACE(most * sizeof(*fds)) };
	ssize_t ret = control_recv(fd, buf, len, *flags, &c);
	size_t size = 0;
	const void *data = control_find(&c, SOL_SOCKET, SCM_RIGHTS, &size);

	*n = (int)(size / sizeof(*fds));
	if (data)
		memcpy(fds, data, size);
	*flags = c.flags;
	return ret;
}

int fds_hold(int fd, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);
	int ends[2];

	if (pipe(ends))
		return -1;
	if (fds_send(fd, text, len, &ends[1], 1) != len) {
		close(ends[0]);
		ends[0] = -1;
	}
	close(ends[1]);
	return ends[0];
}

bool fds_is_held(int pipe)
{
	return flow_wait(pipe, POLLIN, 0) == 0;
}

bool fds_is_let_go(int pipe)
{
	return flow_wait(pipe, POLLIN, 5000) == POLLHUP;
}

int fds_count(void)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	while (d && readdir(d))
		count++;
	closedir(d);
	return count;
}
