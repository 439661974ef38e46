// SPDX-License-Identifier: GPL-2.0
/*
 * bind() to a given address, bind() that picks one, and connect(), while more and
 * more sockets are bound. These were bound with automatic addresses.
 */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"

#define SAMPLES	65

/* Addresses that are kept for connect(), spread over all that are bound. */
#define KEPT	1024

/**
 * struct population - the sockets that are bound
 * @bound: how many
 * @kept: addresses of some of them
 */
struct population {
	unsigned int bound;
	struct addr kept[KEPT];
};

/* An address that nobody has; @i makes it differ from the others. */
static struct addr explicit_address(int domain, unsigned int i)
{
	struct addr a = addr_any(domain);
	struct sockaddr_vm *vm = (struct sockaddr_vm *)&a.storage;

	switch (domain) {
	case AF_UNIX:
		a.len = sizeof(sa_family_t) + 1 + sprintf(a.un.sun_path + 1, "explicit-%u", i);
		break;
	case AF_VSOCK:
		vm->svm_cid = VMADDR_CID_LOCAL;
		vm->svm_port = 1024 + i;
		a.len = sizeof(*vm);
		break;
	case AF_INET:
		a.in.sin_port = htons(1024 + i);
		break;
	default:
		a = addr_exp(1024 + i, EXP_NODE_LOCAL);
	}
	return a;
}

static __u64 timed_bind(const struct transport *t, const struct addr *a)
{
	int fd = make_socket(t);
	__u64 begin = now();
	int result = bind(fd, &a->sa, a->len);
	__u64 end = now();

	if (result)
		refused("bind");
	close(fd);
	return end - begin;
}

static struct addr automatic_address(int domain)
{
	struct addr a = domain == AF_VSOCK ? explicit_address(domain, 0) : addr_any(domain);

	if (domain == AF_VSOCK)
		((struct sockaddr_vm *)&a.storage)->svm_port = VMADDR_PORT_ANY;
	return a;
}

static void measure_bind(struct cell *c)
{
	struct addr any = automatic_address(c->t->domain);
	struct samples given = { .n = SAMPLES };
	struct samples automatic = { .n = SAMPLES };
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		struct addr a = explicit_address(c->t->domain, i);

		next_sample();
		given.total[i] = timed_bind(c->t, &a);
		automatic.total[i] = timed_bind(c->t, &any);
	}
	c->pattern = "bind";
	tell(c, &given, 1);
	c->pattern = "autobind";
	tell(c, &automatic, 1);
}

/* Of a socket that is bound itself, to ever another one. */
static void measure_connect(struct cell *c, const struct population *p)
{
	unsigned int kept = p->bound < KEPT ? p->bound : KEPT;
	struct samples s = { .n = SAMPLES };
	struct addr a;
	int fd = make_bound(c->t, &a);
	unsigned int i;

	for (i = 0; i < SAMPLES; i++) {
		const struct addr *to = &p->kept[(i * 389) % kept];
		__u64 begin, end;
		int result;

		next_sample();
		begin = now();
		result = connect(fd, &to->sa, to->len);
		end = now();
		if (result)
			refused("connect");
		if (addr_peer(fd, &a) || !addr_same(&a, to))
			wrong("connected to another one");
		s.total[i] = end - begin;
	}
	close(fd);
	c->pattern = "connect";
	tell(c, &s, 1);
}

/* Binds more sockets, up to @count; false if the family has an end before. */
static bool populate(const struct transport *t, struct population *p, unsigned int count)
{
	struct addr any = automatic_address(t->domain);

	while (p->bound < count) {
		/* Of the last thousand ever more are replaced, so all ages are there. */
		unsigned int slot = p->bound < KEPT ? p->bound : p->bound * 7919u % KEPT;
		int fd = make_socket(t);

		if (bind(fd, &any.sa, any.len)) {
			if (errno == EADDRINUSE)
				return false;
			refused("bind");
		}
		if (addr_own(fd, &p->kept[slot]))
			refused("getsockname");
		p->bound++;
	}
	return true;
}

void names(const struct cell *c)
{
	static const unsigned int counts[] = { 10, 1000, 10000, 100000, 1000000 };
	static struct population p;
	struct cell step = *c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counts) && counts[i] <= c->count; i++) {
		step.count = counts[i];
		if (!populate(c->t, &p, step.count)) {
			char limit[64];

			snprintf(limit, sizeof(limit), "no more than %u automatic addresses",
				 p.bound);
			beyond(&step, limit);
			break;
		}
		usleep(100000);
		measure_bind(&step);
		if (!connects(c->t))
			measure_connect(&step, &p);
	}
}
