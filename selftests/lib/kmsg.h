/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel logs while a test runs. */
#ifndef SELFTESTS_LIB_KMSG_H
#define SELFTESTS_LIB_KMSG_H

/* A descriptor that stands at the end of the log; -1 and errno. */
int kmsg_mark(void);
/* Prints and counts what the kernel has logged since, and closes the mark. */
int kmsg_since(int mark);

/* Counts the records since the mark that have @text in them, and moves it there. */
int kmsg_find(int mark, const char *text);

#endif
