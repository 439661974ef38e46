// SPDX-License-Identifier: GPL-2.0
/* What of xarray.h is inline. */

#include <linux/xarray.h>

#include "shim.h"

bool shim_xa_empty(struct xarray *xa)
{
	return !READ_ONCE(xa->xa_head);
}
