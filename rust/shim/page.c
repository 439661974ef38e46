// SPDX-License-Identifier: GPL-2.0
/* Pages that lie in a row, none in high memory, and copies that may race. */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "shim.h"

void *shim_alloc_pages(unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO;

	/* As in skb_page_frag_refill(): who asks for more than one does with fewer. */
	if (order)
		gfp = (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_NORETRY | __GFP_NOWARN;
	return (void *)__get_free_pages(gfp, order);
}

void shim_free_pages(void *pages, unsigned int order)
{
	free_pages((unsigned long)pages, order);
}

void shim_copy(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
}
