// SPDX-License-Identifier: GPL-2.0
/* Ancillary data: what a message carries beside its bytes. */

#include <linux/cred.h>
#include <linux/errqueue.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/net_tstamp.h>
#include <linux/security.h>
#include <linux/socket.h>
#include <net/compat.h>
#include <net/net_namespace.h>
#include <net/scm.h>
#include <net/sock.h>

#include "shim.h"

/*
 * __scm_send() takes descriptors from callers whose socket is AF_UNIX only, and
 * looks at nothing but the family of the socket.
 */
struct socket *shim_scm_helper_new(void)
{
	struct socket *helper;

	if (sock_create_kern(&init_net, AF_UNIX, SOCK_DGRAM, 0, &helper))
		return NULL;
	return helper;
}

void shim_scm_helper_free(struct socket *helper)
{
	if (helper)
		sock_release(helper);
}

static int parse(struct socket *helper, struct sock *sk, struct msghdr *msg,
		 struct scm_cookie *scm, struct sockcm_cookie *sockc)
{
	struct cmsghdr *cmsg;
	int err;

	for_each_cmsghdr(cmsg, msg) {
		struct msghdr one = { .msg_control = cmsg };

		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;

		switch (cmsg->cmsg_type) {
		case SCM_RIGHTS:
			if (!helper)
				return -EOPNOTSUPP;
			fallthrough;
		case SCM_CREDENTIALS:
			one.msg_controllen = cmsg->cmsg_len;
			err = __scm_send(helper, &one, scm);
			break;
		case SCM_DEVMEM_DMABUF:
			/* It concerns a device, and there is none. */
			return -EINVAL;
		default:
			err = __sock_cmsg_send(sk, cmsg, sockc);
			break;
		}
		if (err)
			return err;
	}
	return 0;
}

/*
 * Reads the control messages that came with @msg. What they hold is the caller's
 * to release, unless an error is returned.
 */
int shim_control_parse(struct socket *helper, struct sock *sk,
		       struct msghdr *msg, struct shim_control *control)
{
	struct scm_cookie scm = {
		.creds.uid = INVALID_UID,
		.creds.gid = INVALID_GID,
	};
	struct sockcm_cookie sockc;
	int err;

	sockcm_init(&sockc, sk);
	err = parse(helper, sk, msg, &scm, &sockc);
	if (err) {
		scm_destroy(&scm);
		return err;
	}
	*control = (struct shim_control) {
		.descriptors = scm.fp,
		.credentials = {
			.pid = scm.pid,
			.uid = scm.creds.uid,
			.gid = scm.creds.gid,
		},
		.marks = {
			.mark = sockc.mark,
			.priority = sockc.priority,
			.tsflags = sockc.tsflags,
			.ts_opt_id = sockc.ts_opt_id,
		},
	};
	if (scm.pid)
		security_cred_getsecid(current_cred(), &control->credentials.secid);
	return 0;
}

/* What a message gets that comes without control messages. */
void shim_sk_marks(struct sock *sk, struct shim_marks *marks)
{
	*marks = (struct shim_marks) {
		.mark = READ_ONCE(sk->sk_mark),
		.priority = READ_ONCE(sk->sk_priority),
		.tsflags = READ_ONCE(sk->sk_tsflags),
	};
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

/* Descriptors that are sent, or on their way */

int shim_descriptors_count(const struct scm_fp_list *list)
{
	return list->count;
}

/* Whether one is a socket that could hold the one that it is sent through. */
bool shim_descriptors_may_cycle(const struct scm_fp_list *list, int family)
{
	int i;

	if (list->count_unix)
		return true;
	for (i = 0; i < list->count; i++) {
		struct socket *sock = sock_from_file(list->fp[i]);

		if (sock && READ_ONCE(sock->ops)->family == family)
			return true;
	}
	return false;
}

u32 shim_descriptors_uid(const struct scm_fp_list *list)
{
	return __kuid_val(list->user->uid);
}

/* The most that a user may have on their way, */
unsigned long shim_descriptors_limit(void)
{
	return rlimit(RLIMIT_NOFILE);
}

/* unless this task may have more. */
bool shim_descriptors_unlimited(void)
{
	return capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN);
}

void shim_descriptors_free(struct scm_fp_list *list)
{
	struct scm_cookie scm = { .fp = list };

	__scm_destroy(&scm);
}

/*
 * Gives all of them to the caller of recvmsg(2), or none: MSG_CTRUNC says so.
 * Unlike scm_detach_fds(), which gives as many as there is room for.
 */
void shim_msg_put_descriptors(struct msghdr *msg, const struct scm_fp_list *list)
{
	unsigned int flags = msg->msg_flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
	size_t header = msg->msg_flags & MSG_CMSG_COMPAT ?
			sizeof(struct compat_cmsghdr) : sizeof(struct cmsghdr);
	size_t len = list->count * sizeof(int);
	int i, fds[SCM_MAX_FD];

	if (!msg->msg_control || !msg->msg_control_is_user ||
	    msg->msg_controllen < header + len)
		goto cut;

	for (i = 0; i < list->count; i++) {
		fds[i] = receive_fd(list->fp[i], NULL, flags);
		if (fds[i] < 0)
			goto close;
	}
	if (!put_cmsg(msg, SOL_SOCKET, SCM_RIGHTS, len, fds))
		return;
close:
	while (i--)
		close_fd(fds[i]);
cut:
	msg->msg_flags |= MSG_CTRUNC;
}

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

/* What __sock_recv_timestamp() and its like look at in a buffer. */
struct stamped {
	struct sk_buff skb;
	struct skb_shared_info info;
};

/*
 * Tells the caller of recvmsg(2) when the bytes came, and their marks, as far as
 * it asked; and remembers the time for SIOCGSTAMP.
 */
void shim_msg_put_marks(struct sock *sk, struct msghdr *msg, s64 stamp,
			const struct shim_marks *marks)
{
	struct stamped it = {
		.skb.head = (unsigned char *)&it.info,
		.skb.mark = marks->mark,
		.skb.priority = marks->priority,
		.skb.tstamp = stamp,
	};

	skb_set_end_offset(&it.skb, 0);
	sock_recv_cmsgs(msg, sk, &it.skb);
}

s64 shim_stamp_now(void)
{
	return ktime_get_real();
}

/* Tells the error queue of @sk that @skb is on its way, if @marks ask for that. */
void shim_skb_stamp_sent(struct sock *sk, struct sk_buff *skb,
			 const struct shim_marks *marks)
{
	struct sockcm_cookie sockc = {
		.tsflags = marks->tsflags,
		.ts_opt_id = marks->ts_opt_id,
	};
	struct skb_shared_info *info = skb_shinfo(skb);

	_sock_tx_timestamp(sk, &sockc, &info->tx_flags, &info->tskey);
	if (info->tx_flags & SKBTX_SCHED_TSTAMP)
		__skb_tstamp_tx(skb, NULL, NULL, sk, SCM_TSTAMP_SCHED);
	if (info->tx_flags & SKBTX_SW_TSTAMP)
		__skb_tstamp_tx(skb, NULL, NULL, sk, SCM_TSTAMP_SND);
	info->tx_flags &= ~SKBTX_ANY_TSTAMP;
}

/*
 * Likewise, for @len bytes that a call wrote. There is no packet, so the stamp
 * comes without one. On a stream it is the bytes that are numbered.
 */
void shim_sk_stamp_sent(struct sock *sk, struct shim_marks marks, size_t len)
{
	struct sk_buff *skb;

	if (sk->sk_type == SOCK_STREAM &&
	    marks.tsflags & SOF_TIMESTAMPING_OPT_ID) {
		u32 end = atomic_add_return(len, &sk->sk_tskey);

		if (!(marks.tsflags & SOCKCM_FLAG_TS_OPT_ID))
			marks.ts_opt_id = end - 1;
		marks.tsflags |= SOCKCM_FLAG_TS_OPT_ID;
	}
	if (!(marks.tsflags & SOF_TIMESTAMPING_TX_RECORD_MASK))
		return;
	skb = alloc_skb(0, sk->sk_allocation);
	if (!skb)
		return;
	shim_skb_stamp_sent(sk, skb, &marks);
	consume_skb(skb);
}

/* MSG_ERRQUEUE: what the error queue holds. */
int shim_sk_recv_errqueue(struct sock *sk, struct msghdr *msg, int level,
			  int type)
{
	return sock_recv_errqueue(sk, msg, msg_data_left(msg), level, type);
}

/*
 * MSG_ZEROCOPY: a notice for the error queue that @len bytes are no longer
 * needed, which will say that they were copied. NULL if there is no room for it.
 *
 * The socket lock is not held while the bytes are sent, so the notice gets its
 * number only when they were: with the one that is given here, a call that fails
 * would leave a gap, or take the number of another back.
 */
struct ubuf_info *shim_zerocopy_begin(struct sock *sk, size_t len)
{
	struct ubuf_info *notice;

	lock_sock(sk);
	notice = msg_zerocopy_realloc(sk, len, NULL, false);
	if (notice)
		atomic_dec(&sk->sk_zckey);
	release_sock(sk);
	return notice;
}

void shim_zerocopy_end(struct sock *sk, struct ubuf_info *notice, bool sent)
{
	struct ubuf_info_msgzc *msgzc = uarg_to_msgzc(notice);

	if (!sent) {
		/* Nothing is queued for it then. */
		msgzc->len = 0;
		net_zcopy_put(notice);
		return;
	}
	msgzc->zerocopy = 0;
	lock_sock(sk);
	msgzc->id = (u32)atomic_inc_return(&sk->sk_zckey) - 1;
	/* With the lock, so that the notices are queued in order. */
	net_zcopy_put(notice);
	release_sock(sk);
}

/* SO_INQ: how many bytes are left to be read. */
void shim_msg_put_inq(struct msghdr *msg, int left)
{
	put_cmsg(msg, SOL_SOCKET, SCM_INQ, sizeof(left), &left);
}

bool shim_sk_select_err_queue(struct sock *sk)
{
	return sock_flag(sk, SOCK_SELECT_ERR_QUEUE);
}
