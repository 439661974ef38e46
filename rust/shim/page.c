// SPDX-License-Identifier: GPL-2.0
/* The address of a page that was not allocated from high memory. */

#include <linux/mm.h>

#include "shim.h"

void *shim_page_address(struct page *page)
{
	return page_address(page);
}
