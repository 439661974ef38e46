// SPDX-License-Identifier: GPL-2.0
/* struct proto: the kernel writes to it, so it is made and kept by C. */

#include <linux/slab.h>
#include <linux/string.h>
#include <net/sock.h>

#include "shim.h"

struct proto *shim_proto_register(const char *name, struct module *owner,
				  unsigned int obj_size,
				  int (*ioctl)(struct sock *sk, int cmd, int *arg))
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
