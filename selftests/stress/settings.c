// SPDX-License-Identifier: GPL-2.0
/* Settings of the namespace change under those who use it. */
#include "setting.h"
#include "stress.h"

static const struct {
	const char *name;
	const char *values[4];
} settings[] = {
	{ "core/experimental_port_range",
	  { "65536 16777215", "70000 70100", "1024 4294967294", "80000 80000" } },
	{ "core/experimental_mem_max", { "0", "4096", "1000000", "100000000" } },
	{ "core/experimental_fds_max", { "0", "1", "100", "65536" } },
	{ "core/somaxconn", { "0", "1", "128", "4096" } },
	{ "core/rmem_default", { "4096", "20000", "212992", "1000000" } },
	{ "core/wmem_default", { "8192", "20000", "212992", "1000000" } },
	{ "core/rmem_max", { "4096", "20000", "212992", "4000000" } },
	{ "core/wmem_max", { "8192", "20000", "212992", "4000000" } },
};

static char saved[ARRAY_SIZE(settings)][64];

void settings_save(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (setting_read(settings[i].name, saved[i], sizeof(saved[i])))
			fail("%s: %s", settings[i].name, strerrorname_np(errno));
}

void settings_restore(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		setting_write(settings[i].name, saved[i]);
}

void run_settings(void)
{
	size_t i = pick(ARRAY_SIZE(settings));
	const char *value = settings[i].values[pick(4)];

	if (setting_write(settings[i].name, value))
		fail("%s to %s: %s", value, settings[i].name, strerrorname_np(errno));
	add(SETTINGS, 1);
	nap(5000);
	if (setting_write(settings[i].name, saved[i]))
		fail("%s to %s: %s", saved[i], settings[i].name, strerrorname_np(errno));
	nap(50000);
}
