# SPDX-License-Identifier: GPL-2.0
# What people type. Kbuild says what is built from what; this file says to whom to pass the word.

MAKEFLAGS += --no-print-directory --no-builtin-rules
TOOLS := tools

# Variables of a person's command line, for the scripts: see "make help".
export KDIR KERNEL BACKEND INSTALL_MOD_PATH ACCEL BOOTS SPEC V W

.PHONY: all modules modules_install demo check bench profile fmt clippy doc setup clean distclean help

all: modules

modules:
	@$(TOOLS)/build modules

modules_install: modules
	@$(TOOLS)/build modules_install

demo:
	@$(TOOLS)/demo

check:
	@$(TOOLS)/check

bench:
	@$(TOOLS)/bench

profile:
	@$(TOOLS)/profile

fmt:
	@$(TOOLS)/setup root
	@$(TOOLS)/fmt

clippy:
	@$(TOOLS)/build clippy

doc:
	@$(TOOLS)/doc

setup:
	@$(TOOLS)/setup stock test kmap

clean:
	@$(TOOLS)/clean build

distclean:
	@$(TOOLS)/clean cache

help:
	@$(TOOLS)/help
