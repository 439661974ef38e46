// SPDX-License-Identifier: GPL-2.0
/* Sleeping on a socket, polling it, and waking whoever does. */

#include <linux/sched/signal.h>
#include <linux/wait.h>
#include <net/sock.h>
#include <trace/events/sock.h>

#include "shim.h"

/* What sock_init_data() gives each sock: sock_def_readable(), which is not exported. */
static void (*default_data_ready)(struct sock *sk) __read_mostly;

void shim_sk_note_default_data_ready(struct sock *sk)
{
	if (unlikely(!READ_ONCE(default_data_ready)))
		WRITE_ONCE(default_data_ready, sk->sk_data_ready);
}

/*
 * Something has come for @sk, on this CPU. SO_INCOMING_CPU reports that, unless it
 * says which member of a reuseport group is to be chosen.
 */
static void note_arrival(struct sock *sk)
{
	if (!rcu_access_pointer(sk->sk_reuseport_cb))
		sk_incoming_cpu_update(sk);
}

void shim_sk_data_ready(struct sock *sk)
{
	note_arrival(sk);
	sk->sk_data_ready(sk);
}

/* Whether sock_def_readable() would do anything. Under RCU. */
static bool is_awaited(struct sock *sk)
{
	struct socket_wq *wq = rcu_dereference(sk->sk_wq);

	/* Without a barrier, as the callers of the caller had theirs. */
	return (wq && waitqueue_active(&wq->wait)) ||
	       sock_flag(sk, SOCK_FASYNC) || trace_sk_data_ready_enabled();
}

/*
 * As shim_sk_data_ready(), but in few instructions if nobody waits. The caller is
 * under RCU, and has had a full barrier since it published what has come: that pairs
 * with the one of those who begin to wait, as the one in skwq_has_sleeper() does.
 */
void shim_sk_data_ready_after_mb(struct sock *sk)
{
	void (*data_ready)(struct sock *sk) = READ_ONCE(sk->sk_data_ready);

	note_arrival(sk);
	if (data_ready != READ_ONCE(default_data_ready) || is_awaited(sk))
		data_ready(sk);
}

void shim_sk_write_space(struct sock *sk)
{
	sk->sk_write_space(sk);
}

/*
 * Raises a signal unless @band is 0. A change that a reader learns of is no news to
 * others while one sleeps.
 */
void shim_sk_state_change(struct sock *sk, bool readable, int band)
{
	rcu_read_lock();
	sk->sk_state_change(sk);
	if (band)
		sk_wake_async_rcu(sk, readable ? SOCK_WAKE_WAITD : SOCK_WAKE_IO, band);
	rcu_read_unlock();
}

void shim_sk_expect_data(struct socket *sock)
{
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sock->sk);
}

void shim_sk_expect_no_data(struct socket *sock)
{
	/* Not sk_clear_bit(), which leaves it if O_ASYNC was turned off meanwhile. */
	if (test_bit(SOCKWQ_ASYNC_WAITDATA, &sock->wq.flags))
		clear_bit(SOCKWQ_ASYNC_WAITDATA, &sock->wq.flags);
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

/* What wakes a socket is meant for interruptible sleeps, which this is not. */
static int wake_killable(struct wait_queue_entry *entry, unsigned int mode,
			 int flags, void *key)
{
	return woken_wake_function(entry, TASK_NORMAL, flags, key);
}

/* As shim_sk_wait_begin(), to sleep in TASK_KILLABLE. */
void shim_sk_wait_begin_killable(struct socket *sock,
				 struct wait_queue_entry *entry)
{
	init_wait_func(entry, wake_killable);
	add_wait_queue(&sock->wq.wait, entry);
	/* As in shim_sk_wait_begin(). */
	smp_mb();
}

bool shim_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

/*
 * A task that exits is waited for by others, and a kernel thread closes what
 * was in flight for anybody.
 */
bool shim_current_may_linger(void)
{
	return !(current->flags & (PF_EXITING | PF_KTHREAD));
}

void shim_sk_wait_end(struct socket *sock, struct wait_queue_entry *entry)
{
	remove_wait_queue(&sock->wq.wait, entry);
}
