// SPDX-License-Identifier: GPL-2.0
/* Socket options: their values on the way in, and the switches of a sock. */

#include <linux/sockptr.h>
#include <net/sock.h>

#include "shim.h"

int shim_option_read(void *to, sockptr_t from, size_t len)
{
	return copy_from_sockptr(to, from, len) ? -EFAULT : 0;
}

/* Has setsockopt(SOL_SOCKET) ask the family first. */
void shim_sock_customize_options(struct socket *sock)
{
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
}

/* Under the socket lock, as the bits share their words with others. */
void shim_sk_set_switch(struct sock *sk, int option, bool on)
{
	switch (option) {
	case SO_REUSEPORT:
		sk->sk_reuseport = on;
		break;
	case SO_PASSCRED:
		sk->sk_scm_credentials = on;
		break;
	case SO_PASSSEC:
		sk->sk_scm_security = on;
		break;
	case SO_PASSRIGHTS:
		sk->sk_scm_rights = on;
		break;
	case SO_ZEROCOPY:
		sock_valbool_flag(sk, SOCK_ZEROCOPY, on);
		break;
	}
}

/* Without a lock, as the core reads them: each is a bit or a small field. */
bool shim_sk_switch(struct sock *sk, int option)
{
	switch (option) {
	case SO_REUSEADDR:
		return sk->sk_reuse != SK_NO_REUSE;
	case SO_REUSEPORT:
		return sk->sk_reuseport;
	case SO_PASSCRED:
		return sk->sk_scm_credentials;
	case SO_PASSSEC:
		return sk->sk_scm_security;
	case SO_PASSRIGHTS:
		return sk->sk_scm_rights;
	case SO_ZEROCOPY:
		return sock_flag(sk, SOCK_ZEROCOPY);
	default:
		return false;
	}
}
