// SPDX-License-Identifier: GPL-2.0
/* Bits of a struct msghdr. */

#include <linux/socket.h>

#include "shim.h"

bool shim_msg_wants_inq(struct msghdr *msg)
{
	return msg->msg_get_inq;
}

/* SO_INQ: how many bytes are left to be read. */
void shim_msg_put_inq(struct msghdr *msg, int left)
{
	put_cmsg(msg, SOL_SOCKET, SCM_INQ, sizeof(left), &left);
}
