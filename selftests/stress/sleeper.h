/* SPDX-License-Identifier: GPL-2.0 */
/* Every call that can sleep, brought to where it does. */
#ifndef SELFTESTS_STRESS_SLEEPER_H
#define SELFTESTS_STRESS_SLEEPER_H

#include "stress.h"

/**
 * struct sleeper - a call, and what it needs
 * @fd: the socket that it sleeps on
 * @other: whose close or shutdown is to wake it
 */
struct sleeper {
	const struct sleep_kind *kind;
	int fd, other;
};

/* Makes one of any kind; false if something was short. */
bool sleeper_make(struct sleeper *s);
/* Makes the call, over and over as long as it comes back without a reason to end. */
void sleeper_sleep(const struct sleeper *s);
const char *sleeper_name(const struct sleeper *s);

#endif
