// SPDX-License-Identifier: GPL-2.0
/* Life of a struct sock, and access to its fields. */

#include <linux/sched.h>
#include <net/flow.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <net/inet_common.h>

#include "shim.h"

/* The sock is not armed: until shim_sk_arm(), freeing it runs no destructor. */
struct sock *shim_sk_alloc(struct net *net, struct socket *sock, int family,
			   struct proto *prot, int protocol, bool kern)
{
	struct sock *sk;

	sk = sk_alloc(net, family, GFP_KERNEL, prot, kern);
	if (!sk)
		return NULL;

	/* A socket of the kernel pins its namespace like any other. */
	if (kern)
		sk_net_refcnt_upgrade(sk);

	sock_init_data(sock, sk);
	shim_sk_note_default_data_ready(sk);
	sk->sk_protocol = protocol;
	sk->sk_allocation = GFP_KERNEL_ACCOUNT;
	sk->sk_destruct = NULL;
	/* As AF_UNIX has it: descriptors are taken unless told otherwise. */
	sk->sk_scm_rights = 1;
	sock_set_flag(sk, SOCK_RCU_FREE);
	return sk;
}

/*
 * sk_clone() copies the object byte by byte. What must not be shared with the
 * listener is reset here; the destructor is taken away until the caller has
 * replaced the copied private part.
 */
struct sock *shim_sk_clone(struct sock *listener)
{
	struct sock *sk;

	sk = sk_clone(listener, GFP_KERNEL, false);
	if (!sk)
		return NULL;

	sk->sk_destruct = NULL;
	sk->sk_peer_pid = NULL;
	sk->sk_peer_cred = NULL;
	spin_lock_init(&sk->sk_peer_lock);
	timer_setup(&sk->sk_timer, NULL, 0);
	atomic64_set(&sk->sk_cookie, 0);
	sk->sk_frag.page = NULL;
	sk->sk_shutdown = 0;
	sk->sk_ack_backlog = 0;
	sk->sk_max_ack_backlog = 0;
	sk->sk_state = TCP_CLOSE;
	/* sk_clone() returns two references, one for a hash table. */
	__sock_put(sk);
	return sk;
}

void shim_sk_arm(struct sock *sk, void (*destruct)(struct sock *sk))
{
	sk->sk_destruct = destruct;
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, 1);
}

void shim_sk_disarmed_free(struct socket *sock, struct sock *sk)
{
	if (sock)
		sock->sk = NULL;
	sk_free(sk);
}

/* The part of every destructor that is the same for all: queued messages. */
void shim_sk_destruct(struct sock *sk)
{
	__skb_queue_purge(&sk->sk_receive_queue);
	__skb_queue_purge(&sk->sk_error_queue);
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, -1);
}

void shim_sk_hold(struct sock *sk)
{
	sock_hold(sk);
}

bool shim_sk_try_hold(struct sock *sk)
{
	return refcount_inc_not_zero(&sk->sk_refcnt);
}

void shim_sk_put(struct sock *sk)
{
	sock_put(sk);
}

void shim_sk_orphan(struct socket *sock)
{
	struct sock *sk = sock->sk;

	sock_orphan(sk);
	sock->sk = NULL;
}

void shim_sk_graft(struct socket *listener, struct socket *newsock,
		   struct sock *sk)
{
	lock_sock(sk);
	__inet_accept(listener, newsock, sk);
	release_sock(sk);
}

int shim_accept_flags(struct proto_accept_arg *arg)
{
	return arg->flags;
}

void shim_accept_set_empty(struct proto_accept_arg *arg, bool empty)
{
	arg->is_empty = empty;
}

struct net *shim_sk_net(struct sock *sk)
{
	return sock_net(sk);
}

int shim_sk_type(struct sock *sk)
{
	return sk->sk_type;
}

int shim_sk_protocol(struct sock *sk)
{
	return sk->sk_protocol;
}

void shim_sk_set_state(struct sock *sk, u8 state)
{
	WRITE_ONCE(sk->sk_state, state);
}

u8 shim_sk_shutdown(struct sock *sk)
{
	return READ_ONCE(sk->sk_shutdown);
}

/* Under the socket lock. */
void shim_sk_add_shutdown(struct sock *sk, u8 bits)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | bits);
}

/* Zero or a negative errno, once. */
int shim_sk_take_error(struct sock *sk)
{
	return sock_error(sk);
}

int shim_sk_peek_error(struct sock *sk)
{
	return READ_ONCE(sk->sk_err);
}

/* @err is positive. */
void shim_sk_set_error(struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err, err);
	/* Pairs with the barrier of the poller or sleeper that reads sk_err. */
	smp_wmb();
	sk_error_report(sk);
}

int shim_sk_rcvbuf(struct sock *sk)
{
	return READ_ONCE(sk->sk_rcvbuf);
}

int shim_sk_sndbuf(struct sock *sk)
{
	return READ_ONCE(sk->sk_sndbuf);
}

int shim_sk_rcvlowat(struct sock *sk)
{
	return READ_ONCE(sk->sk_rcvlowat);
}

void shim_sk_set_rcvlowat(struct sock *sk, int bytes)
{
	WRITE_ONCE(sk->sk_rcvlowat, bytes);
}

/* Negative if a peek starts at the front. */
int shim_sk_peek_off(struct sock *sk)
{
	return READ_ONCE(sk->sk_peek_off);
}

void shim_sk_set_peek_off(struct sock *sk, int offset)
{
	WRITE_ONCE(sk->sk_peek_off, offset);
}

long shim_sk_rcvtimeo(struct sock *sk)
{
	return READ_ONCE(sk->sk_rcvtimeo);
}

long shim_sk_sndtimeo(struct sock *sk)
{
	return READ_ONCE(sk->sk_sndtimeo);
}

/* Jiffies, or -1 without SO_LINGER. */
long shim_sk_linger(struct sock *sk)
{
	if (!sock_flag(sk, SOCK_LINGER))
		return -1;
	return READ_ONCE(sk->sk_lingertime);
}

void shim_sk_add_rmem(struct sock *sk, int delta)
{
	atomic_add(delta, &sk->sk_rmem_alloc);
}

/* Not under the socket lock, as others have it: writer and reader both count. */
void shim_sk_add_wmem_queued(struct sock *sk, int delta)
{
	int old = READ_ONCE(sk->sk_wmem_queued);

	while (!try_cmpxchg(&sk->sk_wmem_queued, &old, old + delta))
		;
}

/* Bound to the loopback device, or to none. It has this number everywhere. */
bool shim_sk_on_loopback(struct sock *sk)
{
	int device = READ_ONCE(sk->sk_bound_dev_if);

	return !device || device == LOOPBACK_IFINDEX;
}

bool shim_sk_broadcast(struct sock *sk)
{
	return sock_flag(sk, SOCK_BROADCAST);
}

bool shim_sk_debug(struct sock *sk)
{
	return sock_flag(sk, SOCK_DBG);
}

u64 shim_sk_inode(struct sock *sk)
{
	return sock_i_ino(sk);
}

bool shim_sk_urginline(struct sock *sk)
{
	return sock_flag(sk, SOCK_URGINLINE);
}

void shim_sk_set_max_ack_backlog(struct sock *sk, u32 backlog)
{
	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
}
