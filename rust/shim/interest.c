// SPDX-License-Identifier: GPL-2.0
/* What a socket's options ask for. */

#include <linux/filter.h>
#include <net/sock.h>

#include "shim.h"

/* Flags that make for more than bytes to be told. */
#define TOLD_FLAGS	(FLAGS_RECV_CMSGS | SK_FLAGS_TIMESTAMP)

static u32 unusual_interest(struct sock *sk, unsigned long flags)
{
	u32 interest = 0;

	if (sk->sk_scm_rights)
		interest |= SHIM_TAKES_DESCRIPTORS;
	if (sk->sk_scm_credentials || sk->sk_scm_security)
		interest |= SHIM_WANTS_CREDENTIALS;
	if (flags & (1UL << SOCK_RCVMARK | 1UL << SOCK_RCVPRIORITY))
		interest |= SHIM_WANTS_MARKS;
	if (flags & SK_FLAGS_TIMESTAMP)
		interest |= SHIM_WANTS_STAMP;
	if (flags & TOLD_FLAGS)
		interest |= SHIM_WANTS_CMSGS;
	if (READ_ONCE(sk->sk_tsflags))
		interest |= SHIM_WANTS_SENT_STAMP;
	if (rcu_access_pointer(sk->sk_filter))
		interest |= SHIM_HAS_FILTER;
	if (!shim_sk_on_loopback(sk))
		interest |= SHIM_IS_ELSEWHERE;
	if (READ_ONCE(sk->sk_peek_off) >= 0)
		interest |= SHIM_HAS_PEEK_OFF;
	return interest;
}

/* Asked for each transfer, so what most sockets have is found out first. */
static __always_inline u32 interest_of(struct sock *sk)
{
	unsigned long flags = READ_ONCE(sk->sk_flags);

	if (likely(!(flags & TOLD_FLAGS) && sk->sk_scm_rights &&
		   !sk->sk_scm_credentials && !sk->sk_scm_security &&
		   !READ_ONCE(sk->sk_tsflags) &&
		   !rcu_access_pointer(sk->sk_filter) &&
		   !READ_ONCE(sk->sk_bound_dev_if) &&
		   READ_ONCE(sk->sk_peek_off) < 0))
		return SHIM_TAKES_DESCRIPTORS;
	return unusual_interest(sk, flags);
}

/* What the socket's options ask to be told, or let in. */
u32 shim_sk_interest(struct sock *sk)
{
	u32 interest = interest_of(sk);

	/* The first message that is received leaves its stamp, if only of none. */
	if (unlikely(sock_read_timestamp(sk) == SK_DEFAULT_STAMP))
		interest |= SHIM_WANTS_CMSGS;
	return interest;
}

/* That, and above it what the receive buffer holds. */
u64 shim_sk_as_reader(struct sock *sk)
{
	return (u64)(u32)READ_ONCE(sk->sk_rcvbuf) << 32 | interest_of(sk);
}

/* Likewise what the send buffer holds, and whether an error is pending. */
u64 shim_sk_as_writer(struct sock *sk)
{
	u32 interest = interest_of(sk);

	if (unlikely(READ_ONCE(sk->sk_err)))
		interest |= SHIM_HAS_ERROR;
	return (u64)(u32)READ_ONCE(sk->sk_sndbuf) << 32 | interest;
}
