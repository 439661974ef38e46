// SPDX-License-Identifier: GPL-2.0
/* Messages as socket buffers: allocate, fill, queue, receive. */

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <net/sock.h>

#include "shim.h"

/* What one buffer holds in pages that need not be contiguous. */
#define SHIM_SKB_PART	(MAX_SKB_FRAGS * PAGE_SIZE)

/* One buffer with room for @len bytes, of which the first @linear are linear. */
static struct sk_buff *alloc_part(struct sock *sk, size_t len, size_t linear,
				  bool nonblock, int *err)
{
	struct sk_buff *skb;

	skb = sock_alloc_send_pskb(sk, linear, len - linear, nonblock, err,
				   PAGE_ALLOC_COSTLY_ORDER);
	if (!skb)
		return NULL;

	skb_put(skb, linear);
	skb->data_len = len - linear;
	skb->len = len;
	return skb;
}

/*
 * Charged to the sender; room for @len bytes is there, none is written. A message
 * that is too long for one buffer goes on in a list of further ones, whose charge
 * the first one carries.
 */
struct sk_buff *shim_skb_alloc(struct sock *sk, size_t len, bool nonblock,
			       int *err)
{
	size_t linear = min_t(size_t, len, SKB_MAX_ALLOC);
	size_t part = min_t(size_t, len - linear, SHIM_SKB_PART);
	struct sk_buff *skb, *frag, **next;
	size_t left = len - linear - part;

	skb = alloc_part(sk, linear + part, linear, nonblock, err);
	if (!skb)
		return NULL;

	next = &skb_shinfo(skb)->frag_list;
	while (left) {
		part = min_t(size_t, left, SHIM_SKB_PART);
		/* Having got in, it does not wait for its own charge. */
		frag = alloc_skb_with_frags(0, part, PAGE_ALLOC_COSTLY_ORDER, err,
					    sk->sk_allocation);
		if (!frag) {
			kfree_skb(skb);
			return NULL;
		}
		frag->data_len = part;
		frag->len = part;
		*next = frag;
		next = &frag->next;
		skb->len += part;
		skb->data_len += part;
		skb->truesize += frag->truesize;
		refcount_add(frag->truesize, &sk->sk_wmem_alloc);
		left -= part;
	}
	return skb;
}

/*
 * Linear bytes are copied without asking once more whether they lie in one object,
 * which those of a buffer that was made for @len of them do.
 */
int shim_skb_copy_from(struct sk_buff *skb, struct msghdr *msg, size_t len)
{
	if (skb_is_nonlinear(skb))
		return skb_copy_datagram_from_iter(skb, 0, &msg->msg_iter, len);
	if (_copy_from_iter(skb->data, len, &msg->msg_iter) != len)
		return -EFAULT;
	return 0;
}

/* Likewise. The caller has seen that @len bytes are there from @offset on. */
int shim_skb_copy_to(struct sk_buff *skb, int offset, struct msghdr *msg,
		     size_t len)
{
	size_t copied;

	if (skb_is_nonlinear(skb))
		return skb_copy_datagram_iter(skb, offset, &msg->msg_iter, len);
	copied = _copy_to_iter(skb->data + offset, len, &msg->msg_iter);
	if (copied == len)
		return 0;
	iov_iter_revert(&msg->msg_iter, copied);
	return -EFAULT;
}

/*
 * A message of @len bytes that are all linear, charged to the sender if @charge says
 * so and else to nobody. NULL without an error if sending has to wait or to fail:
 * shim_skb_alloc() tells.
 */
struct sk_buff *shim_skb_from_short(struct sock *sk, struct msghdr *msg,
				    size_t len, bool charge, int *err)
{
	struct sk_buff *skb;

	*err = 0;
	if (READ_ONCE(sk->sk_err) ||
	    READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN ||
	    sk_wmem_alloc_get(sk) >= READ_ONCE(sk->sk_sndbuf))
		return NULL;

	skb = alloc_skb(len, sk->sk_allocation);
	if (!skb) {
		*err = -ENOBUFS;
		return NULL;
	}
	skb_put(skb, len);
	*err = shim_skb_copy_from(skb, msg, len);
	if (*err) {
		kfree_skb(skb);
		return NULL;
	}
	skb->mark = READ_ONCE(sk->sk_mark);
	skb->priority = READ_ONCE(sk->sk_priority);
	if (charge)
		skb_set_owner_w(skb, sk);
	return skb;
}

void shim_skb_uncharge(struct sk_buff *skb,
		       void (*destructor)(struct sk_buff *skb))
{
	if (skb->sk)
		sock_wfree(skb);
	skb->sk = NULL;
	skb->destructor = destructor;
}

/* The bytes behind the header are shared with @skb; nobody is charged. */
struct sk_buff *shim_skb_copy_with_header(struct sk_buff *skb,
					  const void *header, size_t len)
{
	struct sk_buff *copy;

	copy = __pskb_copy_fclone(skb, skb_headroom(skb) + len,
				  GFP_ATOMIC | __GFP_NOWARN, false);
	if (copy)
		memcpy(skb_push(copy, len), header, len);
	return copy;
}

void shim_skb_set_marks(struct sk_buff *skb, const struct shim_marks *marks)
{
	skb->mark = marks->mark;
	skb->priority = marks->priority;
}

void shim_skb_set_destructor(struct sk_buff *skb,
			     void (*destructor)(struct sk_buff *skb))
{
	skb->destructor = destructor;
}

/*
 * Runs the filter of @sk. What it refuses is counted, and what is @whole is not
 * shortened.
 */
bool shim_skb_filter(struct sock *sk, struct sk_buff *skb, bool whole)
{
	if (!sk_filter_trim_cap(sk, skb, whole ? skb->len : 1))
		return true;
	sk_drops_inc(sk);
	return false;
}

bool shim_sk_has_filter(struct sock *sk)
{
	return rcu_access_pointer(sk->sk_filter);
}

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

void shim_skb_recv_cmsgs(struct sock *sk, struct msghdr *msg,
			 struct sk_buff *skb)
{
	sock_recv_cmsgs(msg, sk, skb);
}

void shim_skb_wfree(struct sk_buff *skb)
{
	sock_wfree(skb);
}

void shim_skb_rfree(struct sk_buff *skb)
{
	sock_rfree(skb);
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
