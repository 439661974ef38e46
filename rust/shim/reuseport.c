// SPDX-License-Identifier: GPL-2.0
/* Groups of sockets that share a port: SO_REUSEPORT. */

#include <linux/jhash.h>
#include <linux/skbuff.h>
#include <net/netns/hash.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>

#include "shim.h"

int shim_reuseport_start(struct sock *sk)
{
	return reuseport_alloc(sk, false);
}

int shim_reuseport_join(struct sock *sk, struct sock *member)
{
	return reuseport_add_sock(sk, member, false);
}

/*
 * A program has to be given a message: one that connects shows it an empty one,
 * as the first segment of TCP is. Without memory for that, the hash decides.
 */
struct sock *shim_reuseport_select(struct sock *member, struct sk_buff *skb,
				   u32 hash)
{
	struct sk_buff *empty = NULL;
	struct sock_reuseport *reuse;
	struct sock *sk;

	if (!skb) {
		reuse = rcu_dereference(member->sk_reuseport_cb);
		if (reuse && rcu_access_pointer(reuse->prog))
			empty = alloc_skb(0, GFP_ATOMIC | __GFP_NOWARN);
		skb = empty;
	}
	if (skb)
		__skb_set_sw_hash(skb, hash, true);
	sk = reuseport_select_sock(member, hash, skb, 0);
	consume_skb(empty);
	return IS_ERR(sk) ? NULL : sk;
}

/* As shim_reuseport_select(), whatever program there is. */
struct sock *shim_reuseport_select_by_hash(struct sock *member, u32 hash)
{
	struct sock *sk = reuseport_select_sock(member, hash, NULL, 0);

	return IS_ERR(sk) ? NULL : sk;
}

bool shim_reuseport_has_connected(struct sock *member)
{
	return reuseport_has_conns(member);
}

bool shim_reuseport_has_group(struct sock *sk)
{
	return rcu_access_pointer(sk->sk_reuseport_cb);
}

u32 shim_sk_flow_hash(struct sock *sk, u32 from, u32 to)
{
	return jhash_2words(from, to, net_hash_mix(sock_net(sk)));
}

bool shim_sk_same_user(struct sock *sk, struct sock *other)
{
	return uid_eq(sk_uid(sk), sk_uid(other));
}
