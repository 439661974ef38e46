// SPDX-License-Identifier: GPL-2.0
/* How a message is to be treated, and when it was sent and came. */

#include <linux/errqueue.h>
#include <linux/ktime.h>
#include <linux/net_tstamp.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "shim.h"

/* What a message gets that comes without control messages. */
void shim_sk_marks(struct sock *sk, struct shim_marks *marks)
{
	*marks = (struct shim_marks) {
		.mark = READ_ONCE(sk->sk_mark),
		.priority = READ_ONCE(sk->sk_priority),
		.tsflags = READ_ONCE(sk->sk_tsflags),
	};
}

/* What __sock_recv_timestamp() and its like look at in a buffer. */
struct stamped {
	struct sk_buff skb;
	struct skb_shared_info info;
};

/*
 * Tells the caller of recvmsg(2) when the bytes came, and their marks, as far as
 * it asked; and remembers the time for SIOCGSTAMP.
 */
void shim_msg_put_marks(struct sock *sk, struct msghdr *msg, s64 stamp,
			const struct shim_marks *marks)
{
	struct stamped it = {
		.skb.head = (unsigned char *)&it.info,
		.skb.mark = marks->mark,
		.skb.priority = marks->priority,
		.skb.tstamp = stamp,
	};

	skb_set_end_offset(&it.skb, 0);
	sock_recv_cmsgs(msg, sk, &it.skb);
}

s64 shim_stamp_now(void)
{
	return ktime_get_real();
}

/* Tells the error queue of @sk that @skb is on its way, if @marks ask for that. */
void shim_skb_stamp_sent(struct sock *sk, struct sk_buff *skb,
			 const struct shim_marks *marks)
{
	struct sockcm_cookie sockc = {
		.tsflags = marks->tsflags,
		.ts_opt_id = marks->ts_opt_id,
	};
	struct skb_shared_info *info = skb_shinfo(skb);

	_sock_tx_timestamp(sk, &sockc, &info->tx_flags, &info->tskey);
	if (info->tx_flags & SKBTX_SCHED_TSTAMP)
		__skb_tstamp_tx(skb, NULL, NULL, sk, SCM_TSTAMP_SCHED);
	if (info->tx_flags & SKBTX_SW_TSTAMP)
		__skb_tstamp_tx(skb, NULL, NULL, sk, SCM_TSTAMP_SND);
	info->tx_flags &= ~SKBTX_ANY_TSTAMP;
}

/*
 * Likewise, for @len bytes that a call wrote. There is no packet, so the stamp
 * comes without one. On a stream it is the bytes that are numbered.
 */
void shim_sk_stamp_sent(struct sock *sk, struct shim_marks marks, size_t len)
{
	struct sk_buff *skb;

	if (sk->sk_type == SOCK_STREAM &&
	    marks.tsflags & SOF_TIMESTAMPING_OPT_ID) {
		u32 end = atomic_add_return(len, &sk->sk_tskey);

		if (!(marks.tsflags & SOCKCM_FLAG_TS_OPT_ID))
			marks.ts_opt_id = end - 1;
		marks.tsflags |= SOCKCM_FLAG_TS_OPT_ID;
	}
	if (!(marks.tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK))
		return;
	skb = alloc_skb(0, sk->sk_allocation);
	if (!skb)
		return;
	shim_skb_stamp_sent(sk, skb, &marks);
	consume_skb(skb);
}
