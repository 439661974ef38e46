// SPDX-License-Identifier: GPL-2.0
/* Locks that are macros in some configurations. */

#include <linux/mutex.h>

#include "shim.h"

int shim_mutex_lock_killable(struct mutex *lock)
{
	return mutex_lock_killable(lock);
}

void shim_mutex_lock(struct mutex *lock)
{
	mutex_lock(lock);
}

void shim_mutex_unlock(struct mutex *lock)
{
	mutex_unlock(lock);
}
