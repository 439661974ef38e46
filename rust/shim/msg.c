// SPDX-License-Identifier: GPL-2.0
/* Bits of a struct msghdr. */

#include <linux/socket.h>

#include "shim.h"

bool shim_msg_wants_inq(struct msghdr *msg)
{
	return msg->msg_get_inq;
}
