// SPDX-License-Identifier: GPL-2.0
/* The error queue. */

#include <linux/errqueue.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "shim.h"

/* MSG_ERRQUEUE: what the error queue holds. */
int shim_sk_recv_errqueue(struct sock *sk, struct msghdr *msg, int level,
			  int type)
{
	return sock_recv_errqueue(sk, msg, msg_data_left(msg), level, type);
}

/*
 * MSG_ZEROCOPY: a notice for the error queue that @len bytes are no longer
 * needed, which will say that they were copied. NULL if there is no room for it.
 *
 * The socket lock is not held while the bytes are sent, so the notice gets its
 * number only when they were: with the one that is given here, a call that fails
 * would leave a gap, or take the number of another back.
 */
struct ubuf_info *shim_zerocopy_begin(struct sock *sk, size_t len)
{
	struct ubuf_info *notice;

	lock_sock(sk);
	notice = msg_zerocopy_realloc(sk, len, NULL, false);
	if (notice)
		atomic_dec(&sk->sk_zckey);
	release_sock(sk);
	return notice;
}

void shim_zerocopy_end(struct sock *sk, struct ubuf_info *notice, bool sent)
{
	struct ubuf_info_msgzc *msgzc = uarg_to_msgzc(notice);

	if (!sent) {
		/* Nothing is queued for it then. */
		msgzc->len = 0;
		net_zcopy_put(notice);
		return;
	}
	msgzc->zerocopy = 0;
	lock_sock(sk);
	msgzc->id = (u32)atomic_inc_return(&sk->sk_zckey) - 1;
	/* With the lock, so that the notices are queued in order. */
	net_zcopy_put(notice);
	release_sock(sk);
}

bool shim_sk_select_err_queue(struct sock *sk)
{
	return sock_flag(sk, SOCK_SELECT_ERR_QUEUE);
}
