// SPDX-License-Identifier: GPL-2.0
/* Spinning instead of sleeping: for how long, and who wants the CPU meanwhile. */

#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <net/sock.h>

#include "shim.h"

/* In microseconds. */
unsigned int shim_sk_busy_poll(struct sock *sk)
{
#ifdef CONFIG_NET_RX_BUSY_POLL
	return READ_ONCE(sk->sk_ll_usec);
#else
	return 0;
#endif
}

bool shim_is_only_cpu(void)
{
	return num_online_cpus() == 1;
}

/* By a task that is not preempting this one yet, or by one that waits for it. */
bool shim_is_cpu_wanted(void)
{
	return need_resched() || !single_task_running();
}

unsigned long shim_jiffies(void)
{
	return jiffies;
}
