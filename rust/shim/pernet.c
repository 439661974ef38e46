// SPDX-License-Identifier: GPL-2.0
/* One pointer of a family's own in each network namespace. */

#include <linux/slab.h>
#include <linux/string.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "shim.h"

struct shim_pernet {
	struct pernet_operations ops;
	unsigned int id;
};

struct shim_pernet *shim_pernet_alloc(int (*init)(struct net *net),
				      void (*exit)(struct net *net))
{
	struct shim_pernet *pernet;

	pernet = kzalloc_obj(*pernet);
	if (!pernet)
		return NULL;

	/* Two of the members are const, so the whole is copied. */
	const struct pernet_operations ops = {
		.init = init,
		.exit = exit,
		.id = &pernet->id,
		.size = sizeof(void *),
	};

	memcpy(&pernet->ops, &ops, sizeof(ops));
	return pernet;
}

int shim_pernet_register(struct shim_pernet *pernet)
{
	return register_pernet_subsys(&pernet->ops);
}

void shim_pernet_unregister(struct shim_pernet *pernet)
{
	unregister_pernet_subsys(&pernet->ops);
}

void shim_pernet_free(struct shim_pernet *pernet)
{
	kfree(pernet);
}

void **shim_pernet_slot(struct shim_pernet *pernet, struct net *net)
{
	return net_generic(net, pernet->id);
}

struct user_namespace *shim_net_user_ns(struct net *net)
{
	return net->user_ns;
}
