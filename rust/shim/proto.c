// SPDX-License-Identifier: GPL-2.0
/* struct proto: the kernel writes to it, so it is made and kept by C. */

#include <linux/slab.h>
#include <linux/string.h>
#include <net/sock.h>

#include "shim.h"

/* A program that has the call fail would leave the new descriptor behind. */
static bool bypass_getsockopt(int level, int option)
{
	return level == SOL_SOCKET && option == SO_PEERPIDFD;
}

struct proto *shim_proto_register(const char *name, struct module *owner,
				  unsigned int obj_size,
				  int (*ioctl)(struct sock *sk, int cmd, int *arg),
				  void (*rehash)(struct sock *sk))
{
	struct proto *prot;
	int err;

	prot = kzalloc_obj(*prot);
	if (!prot)
		return ERR_PTR(-ENOMEM);

	strscpy(prot->name, name, sizeof(prot->name));
	prot->owner = owner;
	prot->obj_size = obj_size;
	prot->ioctl = ioctl;
	prot->rehash = rehash;
	prot->bpf_bypass_getsockopt = bypass_getsockopt;

	err = proto_register(prot, 1);
	if (err) {
		kfree(prot);
		return ERR_PTR(err);
	}
	return prot;
}

void shim_proto_unregister(struct proto *prot)
{
	proto_unregister(prot);
	kfree(prot);
}
