// SPDX-License-Identifier: GPL-2.0
/* Messages as socket buffers: allocate, fill, read, free. */

#include <linux/filter.h>
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
