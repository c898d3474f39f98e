# SPDX-License-Identifier: GPL-2.0
#
# For a driver in a directory of its own that uses the crate io_mapping_rs. A Makefile or Kbuild there of two lines
# builds first.ko of first.rs, by "make" or by "make -C TREE M=$PWD":
#
#   iomrs-drivers := first
#   include /usr/lib/io-mapping-rs/driver.mk
#
# KDIR=/path  the kernel tree, if it is not the one that the installed library was built against

iomrs-dir := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
iomrs-releases := $(patsubst $(iomrs-dir)/%/library.mk,%,$(wildcard $(iomrs-dir)/*/library.mk))

# Which kernel: what kbuild builds for; else KDIR's; else the one that runs, or the only one that there is a library for.
iomrs-of-kdir = $(or $(file < $(KDIR)/include/config/kernel.release),$(error KDIR=$(KDIR) is not a built kernel tree))
iomrs-running := $(shell uname -r)
iomrs-found = $(or $(filter $(iomrs-running),$(iomrs-releases)),$(if $(word 2,$(iomrs-releases)),,$(iomrs-releases)))
iomrs-release := $(or $(KERNELRELEASE),$(if $(KDIR),$(iomrs-of-kdir),$(or $(iomrs-found),$(iomrs-running))))
ifeq ($(filter $(iomrs-release),$(iomrs-releases)),)
$(error io-mapping-rs is not installed for kernel $(iomrs-release), but for: $(or $(iomrs-releases),none). \
Run "make install KDIR=its tree", or build for another kernel with KDIR=)
endif
include $(iomrs-dir)/$(iomrs-release)/library.mk

ifeq ($(KDIR),)
override KDIR := $(iomrs-kdir)
endif
# How Debian's packages have it made.
iomrs-make-tree := $(patsubst %,run as root: % $(iomrs-release),$(wildcard $(iomrs-dir)/tools/debian-tree))
iomrs-tree := $(or $(objtree),$(KDIR))
ifeq ($(wildcard $(iomrs-tree)/include/config/auto.conf),)
$(error the kernel tree $(iomrs-tree) is not there or not built: \
$(or $(iomrs-make-tree),name the tree of kernel $(iomrs-release) by KDIR=))
endif
ifeq ($(wildcard $(iomrs-tree)/rust/libkernel.rmeta),)
$(error the kernel tree $(iomrs-tree) has no Rust metadata, as most packages of headers: build that kernel from source, \
and name its tree by KDIR=)
endif

# What the library was built with must be what the driver is built with. The loader would refuse any other.
iomrs-arch-now := $(or $(SRCARCH),$(ARCH:x86_64=x86),$(iomrs-arch))
ifneq ($(iomrs-arch-now),$(iomrs-arch))
$(error the library is for ARCH=$(iomrs-arch), and this is ARCH=$(iomrs-arch-now): leave ARCH out)
endif
iomrs-config-now := $(shell sha256sum < $(iomrs-tree)/include/generated/rustc_cfg | cut -c 1-16)
ifneq ($(iomrs-config-now),$(iomrs-config))
$(error the kernel tree $(iomrs-tree) is configured otherwise than the one that the library was built against: \
run "make install KDIR=$(iomrs-tree)" again, or leave KDIR out)
endif
iomrs-rustc-now := $(shell $(iomrs-run) $(or $(RUSTC),rustc) --version 2>&1)
ifneq ($(iomrs-rustc-now),$(iomrs-rustc))
$(error the library was built by $(iomrs-rustc), and the compiler here is $(or $(iomrs-rustc-now),missing): \
put the former first in PATH)
endif
iomrs-backend-now := $(or $(IOMRS_BACKEND),$(iomrs-backend))
ifneq ($(iomrs-backend-now),$(iomrs-backend))
$(error the library has the backend $(iomrs-backend), not $(iomrs-backend-now): run "make install BACKEND=$(iomrs-backend-now)")
endif

ifneq ($(KERNELRELEASE),)

# A module is linked of the driver's crate and of what says which library it needs.
define iomrs_driver
obj-m += $(1).o
$(1)-y += $(1)_crate.o
LDFLAGS_$(1).o += $(iomrs-dir)/$(iomrs-release)/driver.o
RUSTFLAGS_$(1)_crate.o += -L $(iomrs-dir)/$(iomrs-release) --extern io_mapping_rs $(iomrs-rustflags)

$$(obj)/$(1)_crate.o: $$(src)/$(1).rs FORCE
	+$$(call if_changed_rule,rustc_o_rs)
endef
$(foreach driver,$(iomrs-drivers),$(eval $(call iomrs_driver,$(driver))))

KBUILD_EXTRA_SYMBOLS += $(iomrs-dir)/$(iomrs-release)/Module.symvers

else

.PHONY: modules clean
modules clean:
	@IOMRS_BIND="$(CURDIR) $(iomrs-dir) $(KDIR)" $(iomrs-run) $(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR) \
		$(iomrs-make-args) $@

endif
