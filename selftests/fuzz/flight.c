// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <glob.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flight.h"

/* As qemu/programs.py reads them: a ring of programs, each with a number and its size. */
#define NOTES		64

struct note {
	__u32 number;
	__u32 size;
	__u8 data[1016];
};

static struct note *notes;
static __u32 number;

int flight_open(void)
{
	char path[300], id[16] = "";
	size_t i;
	glob_t found;
	FILE *file;
	int fd;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		return -1;
	for (i = 0; i < found.gl_pathc && !notes; i++) {
		snprintf(path, sizeof(path), "%s/device", found.gl_pathv[i]);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (!fgets(id, sizeof(id), file))
			id[0] = 0;
		fclose(file);
		if (strcmp(id, "0x1110\n"))
			continue;
		snprintf(path, sizeof(path), "%s/resource2", found.gl_pathv[i]);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		notes = mmap(NULL, NOTES * sizeof(*notes), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     0);
		close(fd);
		if (notes == MAP_FAILED)
			notes = NULL;
	}
	globfree(&found);
	return notes ? 0 : -1;
}

void flight_note(const void *data, size_t size)
{
	struct note *note;

	if (!notes)
		return;
	note = &notes[++number % NOTES];
	if (size > sizeof(note->data))
		size = sizeof(note->data);
	note->number = 0;
	memcpy(note->data, data, size);
	note->size = size;
	note->number = number;
}
