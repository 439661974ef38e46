// SPDX-License-Identifier: GPL-2.0
/* Messages that are queued on a socket, and what they are charged to. */

#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "shim.h"

static bool is_full(struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) >= READ_ONCE(sk->sk_rcvbuf);
}

/* The charge moves to the receiver; what the message carries goes along. */
static void take_over(struct sock *sk, struct sk_buff *skb,
		      void (*destructor)(struct sk_buff *skb))
{
	skb->destructor = skb->sk ? sock_wfree : NULL;
	skb_set_owner_r(skb, sk);
	skb->destructor = destructor;
}

/* The buffer is charged to its sender, and by hand to its receiver. */
#define SHIM_SHARED	1UL

/*
 * As sock_queue_rcv_skb(). With a @destructor, the charge moves to the receiver.
 * Without, the buffer stays charged to its sender and the receiver is charged by
 * hand, from here to shim_skb_recv(). Unless it was queued, @skb is left to the
 * caller.
 *
 * The sender is told that the message is on its way, if @marks ask for that, which
 * they do no more then.
 */
int shim_skb_queue(struct sock *sk, struct sk_buff *skb,
		   struct shim_marks *marks,
		   void (*destructor)(struct sk_buff *skb))
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	bool waits = !destructor, filter_last;
	unsigned int charge = skb->truesize;
	unsigned long flags;

	if (waits && is_full(sk))
		return SHIM_QUEUE_FULL;
	if (unlikely(marks->tsflags) && skb->sk) {
		shim_skb_stamp_sent(skb->sk, skb, marks);
		marks->tsflags = 0;
	}
	/* One that waits has its room first, so that it is filtered once. */
	filter_last = waits && shim_sk_has_filter(sk);
	if (!filter_last && !shim_skb_filter(sk, skb, false))
		return SHIM_QUEUE_FILTERED;
	if (READ_ONCE(sk->sk_flags) & SK_FLAGS_TIMESTAMP)
		__net_timestamp(skb);

	if (destructor) {
		if (is_full(sk))
			return SHIM_QUEUE_FULL;
		take_over(sk, skb, destructor);
	}

	spin_lock_irqsave(&queue->lock, flags);
	/* shim_sk_close_queue() takes the lock between closing and emptying. */
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) {
		spin_unlock_irqrestore(&queue->lock, flags);
		return SHIM_QUEUE_CLOSED;
	}
	if (waits) {
		if (is_full(sk)) {
			spin_unlock_irqrestore(&queue->lock, flags);
			return SHIM_QUEUE_FULL;
		}
		atomic_add(charge, &sk->sk_rmem_alloc);
	}
	if (filter_last) {
		spin_unlock_irqrestore(&queue->lock, flags);
		if (!shim_skb_filter(sk, skb, false)) {
			atomic_sub(charge, &sk->sk_rmem_alloc);
			return SHIM_QUEUE_FILTERED;
		}
		/* Usually the same, though it may be shorter. */
		atomic_add(skb->truesize - charge, &sk->sk_rmem_alloc);
		spin_lock_irqsave(&queue->lock, flags);
		if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) {
			spin_unlock_irqrestore(&queue->lock, flags);
			atomic_sub(skb->truesize, &sk->sk_rmem_alloc);
			return SHIM_QUEUE_CLOSED;
		}
	}
	/*
	 * As UDP does, to remember something while the buffer is queued. Not before:
	 * a filter takes it for a device.
	 */
	skb->dev_scratch = waits ? SHIM_SHARED : 0;
	sock_skb_set_dropcount(sk, skb);
	__skb_queue_tail(queue, skb);
	spin_unlock_irqrestore(&queue->lock, flags);

	shim_sk_data_ready(sk);
	return SHIM_QUEUED;
}

static bool is_shared(const struct sk_buff *skb)
{
	return skb->dev_scratch == SHIM_SHARED;
}

/* Frees all that is queued. */
void shim_sk_purge(struct sock *sk)
{
	struct sk_buff *skb;

	while ((skb = skb_dequeue(&sk->sk_receive_queue))) {
		if (is_shared(skb))
			atomic_sub(skb->truesize, &sk->sk_rmem_alloc);
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSE);
	}
}

/*
 * The socket is released. A message that it has not read keeps its sender, which
 * may be itself, so it is not left to the destructor.
 */
void shim_sk_close_queue(struct sock *sk)
{
	unsigned long flags;

	spin_lock_irqsave(&sk->sk_receive_queue.lock, flags);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
	spin_unlock_irqrestore(&sk->sk_receive_queue.lock, flags);
	shim_sk_purge(sk);
}

/*
 * As __skb_recv_datagram(), but sleeps for as long as the caller says. @off is
 * where the data starts. If a peek starts at the front, an empty message can be
 * peeked at more than once.
 */
struct sk_buff *shim_skb_recv(struct sock *sk, int flags, long timeo, int *off,
			      int *err)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb, *last;

	*off = sk_peek_offset(sk, flags);
	do {
		skb = __skb_try_recv_datagram(sk, queue, flags, off, err,
					      &last);
		if (skb || *err != -EAGAIN)
			break;
	} while (timeo && !__skb_wait_for_more_packets(sk, queue, err, &timeo,
						       last));
	*off = max(*off, 0);

	if (skb && !(flags & MSG_PEEK) && is_shared(skb))
		atomic_sub(skb->truesize, &sk->sk_rmem_alloc);
	return skb;
}

/* Of two that fail to copy at once, the later one may come to stand first. */
void shim_skb_put_back(struct sock *sk, struct sk_buff *skb)
{
	if (is_shared(skb))
		atomic_add(skb->truesize, &sk->sk_rmem_alloc);
	skb_queue_head(&sk->sk_receive_queue, skb);
	sk->sk_data_ready(sk);
}

void shim_sk_count_drop(struct sock *sk)
{
	sk_drops_inc(sk);
}

bool shim_skb_queue_empty(struct sock *sk)
{
	return skb_queue_empty_lockless(&sk->sk_receive_queue);
}

int shim_skb_first_len(struct sock *sk)
{
	struct sk_buff *skb;
	int len = 0;

	spin_lock_bh(&sk->sk_receive_queue.lock);
	skb = skb_peek(&sk->sk_receive_queue);
	if (skb)
		len = skb->len;
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	return len;
}

int shim_sk_rmem_alloc(struct sock *sk)
{
	return sk_rmem_alloc_get(sk);
}

int shim_sk_wmem_alloc(struct sock *sk)
{
	return sk_wmem_alloc_get(sk);
}

bool shim_sk_writeable(struct sock *sk)
{
	return sock_writeable(sk);
}

bool shim_sk_error_queued(struct sock *sk)
{
	return !skb_queue_empty_lockless(&sk->sk_error_queue);
}
