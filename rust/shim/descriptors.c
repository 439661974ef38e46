// SPDX-License-Identifier: GPL-2.0
/* Descriptors that are sent, or on their way. */

#include <linux/capability.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/socket.h>
#include <net/compat.h>
#include <net/scm.h>
#include <net/sock.h>

#include "shim.h"

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
