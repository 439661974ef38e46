# SPDX-License-Identifier: GPL-2.0
#
# What people call. How the module itself is built is in Kbuild; the scripts that
# do the work are in qemu/, a purpose each, and can be called by hand.

KERNEL  ?= trixie
KERNELS ?= $(KERNEL)
CACHE   ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/af_experimental

# Handed to the scripts as they are.
export KERNEL CACHE KDIR MIRROR ACCEL SMP MEM TEST TEST_TIMEOUT GUEST_TIMEOUT EXP_SCALE
export EXP_PATIENCE MINUTES SEED REPLAY SHELL_CMD YES QUICK ACCEPT PROFILE JOBS

.NOTPARALLEL:
.PHONY: help run test test-faults test-model stress fuzz coverage check bench shell modules selftests examples update clean distclean

help:
	@qemu/help

run:
	@qemu/own qemu/build $(KERNEL) module examples
	@qemu/own qemu/guest $(KERNEL) run

test:
	@qemu/own qemu/test $(KERNELS)

test-faults:
	@qemu/own qemu/build debug module selftests
	@qemu/own qemu/guest debug faults

stress:
	@qemu/own qemu/build $(KERNEL) module selftests
	@qemu/own qemu/guest $(KERNEL) stress

test-model:
	@qemu/own qemu/model $(TEST)

fuzz:
	@qemu/own qemu/fuzz

coverage:
	@qemu/own qemu/coverage $(KERNEL)

check:
	@qemu/own qemu/check $(firstword $(KERNELS))

bench:
	@qemu/own qemu/bench $(KERNEL)

shell:
	@qemu/own qemu/build $(KERNEL) module selftests examples
	@qemu/own qemu/guest $(KERNEL) shell

modules:
	@qemu/own qemu/build $(if $(KDIR),kdir,$(KERNEL)) module

selftests examples:
	@qemu/own qemu/build $(KERNEL) $@

update:
	@qemu/own qemu/update $(KERNELS)

clean:
	@rm -rf build

distclean:
	@qemu/own qemu/distclean
