// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "call.h"
#include "flow.h"

static unsigned char pattern_byte(unsigned long offset)
{
	return (offset * 0x9e3779b97f4a7c15ull) >> 56;
}

void pattern_fill(void *buf, size_t len, unsigned long offset)
{
	unsigned char *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern_byte(offset + i);
}

size_t pattern_check(const void *buf, size_t len, unsigned long offset)
{
	const unsigned char *p = buf;
	size_t i;

	for (i = 0; i < len && p[i] == pattern_byte(offset + i); i++)
		;
	return i;
}

ssize_t flow_fill(int fd, unsigned long offset)
{
	char buf[4096];
	size_t len = sizeof(buf);
	size_t total = 0;
	bool still = false;
	int refused = 0;
	socklen_t size;
	int domain = 0;
	bool is_tcp;
	ssize_t n;

	size = sizeof(domain);
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	is_tcp = domain == AF_INET;
	for (;;) {
		pattern_fill(buf, len, offset + total);
		n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			total += n;
			refused = 0;
			still = false;
			continue;
		}
		if (n == 0 || errno != EAGAIN)
			return -1;
		/* TCP makes room as the data moves on, a little later. */
		if (flow_wait(fd, POLLOUT, is_tcp ? patience(50) : 0)) {
			if (++refused > 1000)
				return -1;
			continue;
		}
		/* And where TCP refuses a page, a byte may still fit. */
		if (len == 1) {
			if (!is_tcp || still)
				return total;
			/* What its window is too small for it sends after a timer of 200 ms. */
			usleep(patience(300) * 1000);
			still = true;
		}
		len = 1;
	}
}

ssize_t flow_read(int fd, size_t want, size_t chunk, unsigned long offset)
{
	char *buf = malloc(chunk);
	size_t total = 0;
	ssize_t n;

	while (total < want) {
		n = recv(fd, buf, want - total < chunk ? want - total : chunk, 0);
		if (n <= 0 || pattern_check(buf, n, offset + total) != (size_t)n) {
			free(buf);
			return n < 0 ? -1 : (ssize_t)total;
		}
		total += n;
	}
	free(buf);
	return total;
}

ssize_t flow_write(int fd, size_t want, size_t chunk, unsigned long offset)
{
	char *buf = malloc(chunk);
	size_t total = 0;
	size_t len;
	ssize_t n;

	while (total < want) {
		len = want - total < chunk ? want - total : chunk;
		pattern_fill(buf, len, offset + total);
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n <= 0) {
			free(buf);
			return -1;
		}
		total += n;
	}
	free(buf);
	return total;
}

int flow_wait(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	if (poll(&p, 1, ms < 1000 ? ms : patience(ms)) < 0)
		return -1;
	return p.revents;
}

int flow_events(int fd)
{
	return flow_wait(fd, EVENTS, 0);
}

int flow_settle(int fd, int want)
{
	long end = now_ms() + patience(5000);
	int events;

	for (;;) {
		events = flow_events(fd);
		if (events == want || now_ms() > end)
			return events;
		usleep(1000);
	}
}

/* @n, multiplied by a variable of the environment; at least 1. */
static int multiplied(int n, const char *variable)
{
	const char *factor = getenv(variable);
	double product = n * (factor ? atof(factor) : 1.0);

	return product < 1 ? 1 : (int)product;
}

int scaled(int n)
{
	return multiplied(n, "EXP_SCALE");
}

int patience(int time)
{
	return multiplied(time, "EXP_PATIENCE");
}
