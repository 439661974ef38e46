// SPDX-License-Identifier: GPL-2.0
/* Processes and their credentials. */

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/socket.h>
#include <net/scm.h>
#include <net/sock.h>

#include "shim.h"

const struct cred *shim_current_cred(void)
{
	return get_current_cred();
}

struct pid *shim_current_tgid(void)
{
	return get_pid(task_tgid(current));
}

void shim_get_cred(const struct cred *cred)
{
	get_cred(cred);
}

void shim_put_cred(const struct cred *cred)
{
	put_cred(cred);
}

void shim_get_pid(struct pid *pid)
{
	get_pid(pid);
}

/* Takes over a reference on each of the two, which may be NULL. */
void shim_sk_set_peer(struct sock *sk, struct pid *pid,
		      const struct cred *cred)
{
	struct pid *old_pid;
	const struct cred *old_cred;

	spin_lock(&sk->sk_peer_lock);
	old_pid = sk->sk_peer_pid;
	old_cred = sk->sk_peer_cred;
	sk->sk_peer_pid = pid;
	sk->sk_peer_cred = cred;
	spin_unlock(&sk->sk_peer_lock);

	put_pid(old_pid);
	put_cred(old_cred);
}

/* The task that calls; the reference is the caller's. */
void shim_credentials_current(struct shim_credentials *credentials)
{
	*credentials = (struct shim_credentials) {
		.pid = get_pid(task_tgid(current)),
		.uid = current_uid(),
		.gid = current_gid(),
	};
	security_cred_getsecid(current_cred(), &credentials->secid);
}

void shim_pid_get(struct pid *pid)
{
	get_pid(pid);
}

/* Tells the caller of recvmsg(2) who sent the message, as far as it asked. */
void shim_msg_put_identity(struct socket *sock, struct msghdr *msg,
			   const struct shim_credentials *credentials)
{
	struct scm_cookie scm = {};

	scm_set_cred(&scm, credentials->pid, credentials->uid,
		     credentials->gid);
#ifdef CONFIG_SECURITY_NETWORK
	scm.secid = credentials->secid;
#endif
	scm_recv(sock, msg, &scm, 0);
}
