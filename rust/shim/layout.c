// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes and offsets as the compiler of the kernel sees them. rust/net/layout.rs
 * holds the same list as bindgen's libclang sees it; they are compared when the
 * module is loaded. The order is part of the contract.
 */

#include <linux/net.h>
#include <linux/percpu_counter.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/sysctl.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <net/sock.h>

#include "shim.h"

const unsigned long shim_layout[] = {
	sizeof(struct sock),
	sizeof(struct socket),
	offsetof(struct socket, sk),
	offsetof(struct socket, ops),
	sizeof(const struct proto_ops),
	offsetof(const struct proto_ops, sendmsg),
	sizeof(struct net_proto_family),
	sizeof(struct msghdr),
	offsetof(struct msghdr, msg_iter),
	offsetof(struct msghdr, msg_flags),
	sizeof(struct iov_iter),
	sizeof(struct sk_buff),
	offsetof(struct sk_buff, cb),
	offsetof(struct sk_buff, len),
	offsetof(struct sk_buff, truesize),
	sizeof(struct wait_queue_entry),
	sizeof(struct mutex),
	sizeof(struct xarray),
	sizeof(struct shim_control),
	offsetof(struct shim_control, credentials.uid),
	offsetof(struct shim_control, marks),
	sizeof(struct percpu_counter),
	sizeof(const struct ctl_table),
	offsetof(const struct ctl_table, data),
	offsetof(const struct ctl_table, proc_handler),
	offsetof(const struct ctl_table, extra2),
};

const unsigned long shim_layout_len = ARRAY_SIZE(shim_layout);
