// SPDX-License-Identifier: GPL-2.0
/* Sleeping on a socket, polling it, and waking whoever does. */

#include <linux/sched.h>
#include <linux/wait.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "shim.h"

/*
 * Something has come for @sk, on this CPU. SO_INCOMING_CPU reports that, unless it
 * says which member of a reuseport group is to be chosen.
 */
void shim_sk_data_ready(struct sock *sk)
{
	if (!sk->sk_reuseport || READ_ONCE(sk->sk_state) == TCP_ESTABLISHED)
		sk_incoming_cpu_update(sk);
	sk->sk_data_ready(sk);
}

void shim_sk_write_space(struct sock *sk)
{
	sk->sk_write_space(sk);
}

void shim_sk_state_change(struct sock *sk, int band)
{
	rcu_read_lock();
	sk->sk_state_change(sk);
	sk_wake_async_rcu(sk, SOCK_WAKE_IO, band);
	rcu_read_unlock();
}

/* The callback lock keeps the socket from being orphaned, and its file with it. */
void shim_sk_send_sigurg(struct sock *sk)
{
	read_lock_bh(&sk->sk_callback_lock);
	sk_send_sigurg(sk);
	read_unlock_bh(&sk->sk_callback_lock);
}

void shim_sk_note_no_space(struct socket *sock)
{
	set_bit(SOCK_NOSPACE, &sock->flags);
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sock->sk);
}

void shim_sk_poll_wait(struct file *file, struct socket *sock,
		       struct poll_table_struct *wait)
{
	sock_poll_wait(file, sock, wait);
}

void shim_sk_wait_begin(struct socket *sock, struct wait_queue_entry *entry,
			bool exclusive)
{
	init_wait_func(entry, woken_wake_function);
	if (exclusive)
		add_wait_queue_exclusive(&sock->wq.wait, entry);
	else
		add_wait_queue(&sock->wq.wait, entry);
	/*
	 * Wakers look whether anybody waits without taking the lock. Pairs with
	 * the barrier in wq_has_sleeper(): either that sees the entry, or the
	 * sleeper's next look sees what it is to be woken for.
	 */
	smp_mb();
}

void shim_sk_wait_end(struct socket *sock, struct wait_queue_entry *entry)
{
	remove_wait_queue(&sock->wq.wait, entry);
}
