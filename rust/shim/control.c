// SPDX-License-Identifier: GPL-2.0
/* Control messages that come with a message that is sent. */

#include <linux/cred.h>
#include <linux/net.h>
#include <linux/security.h>
#include <linux/socket.h>
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
