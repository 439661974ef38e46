// SPDX-License-Identifier: GPL-2.0
/* How much memory there is, and a count by CPU of how much of it is held. */

#include <linux/mm.h>
#include <linux/percpu_counter.h>

#include "shim.h"

/* What a CPU may charge or give back before the others learn of it. */
#define SHIM_COUNTER_BATCH	(64 * PAGE_SIZE)

/* In bytes. */
unsigned long shim_total_memory(void)
{
	return totalram_pages() << PAGE_SHIFT;
}

int shim_counter_init(struct percpu_counter *counter)
{
	return percpu_counter_init(counter, 0, GFP_KERNEL_ACCOUNT);
}

void shim_counter_destroy(struct percpu_counter *counter)
{
	percpu_counter_destroy(counter);
}

void shim_counter_add(struct percpu_counter *counter, s64 amount)
{
	percpu_counter_add_batch(counter, amount, SHIM_COUNTER_BATCH);
}

/* Asks the other CPUs only if the answer depends on them. */
bool shim_counter_exceeds(struct percpu_counter *counter, s64 limit)
{
	return __percpu_counter_compare(counter, limit, SHIM_COUNTER_BATCH) > 0;
}
