/* SPDX-License-Identifier: GPL-2.0 */
/* Settings in /proc/sys/net, as this thread's network namespace has them. */
#ifndef SELFTESTS_LIB_SETTING_H
#define SELFTESTS_LIB_SETTING_H

#include <stddef.h>

/* What is in net/@name, without the newline: 0, or -1 and errno. */
int setting_read(const char *name, char *value, size_t size);
int setting_write(const char *name, const char *value);
/* Likewise for one number. */
long setting_number(const char *name);
int setting_set(const char *name, long value);

/* A change that is taken back, also if the test fails. */
struct setting {
	const char *name;
	char before[64];
};

int setting_change(struct setting *s, const char *name, long value);
/* Takes back a change; does nothing if there was none. */
void setting_restore(struct setting *s);

#endif
