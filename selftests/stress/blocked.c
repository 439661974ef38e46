// SPDX-License-Identifier: GPL-2.0
/* Threads sleep in a call, and another one closes or shuts down what they sleep for. */
#include <pthread.h>

#include "sleeper.h"

#define THREADS	3

static void *sleep_in_it(void *arg)
{
	sleeper_sleep(arg);
	return NULL;
}

static void end_it(const struct sleeper *s)
{
	/* A reliable sender waits for its own buffer too, which no shutdown of another frees. */
	if (sock_option(s->fd, SO_TYPE) == SOCK_RDM)
		close(s->other);
	else if (s->other < 0 || chance(40))
		shutdown(s->fd, s->other < 0 ? SHUT_RD : SHUT_RDWR);
	else if (chance(50))
		close(s->other);
	else
		shutdown(s->other, SHUT_RDWR);
}

/* In a process of its own, as threads and fork() do not mix. */
static void live(void)
{
	pthread_t threads[THREADS];
	struct sleeper s;
	int i, n;

	if (!sleeper_make(&s))
		_exit(0);
	/* Those who fill the same buffers would wait for each other. */
	n = pick(THREADS) + 1;
	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, sleep_in_it, &s))
			_exit(0);
	nap(20000);
	end_it(&s);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	add(WOKEN, n);
	_exit(0);
}

void run_blocked(void)
{
	pid_t pid = spawn();

	if (!pid)
		live();
	reap(pid);
}
