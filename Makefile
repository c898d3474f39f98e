# SPDX-License-Identifier: GPL-2.0
# What people type. Kbuild says what is built from what; this file calls the scripts in tools/.

MAKEFLAGS += --no-print-directory --no-builtin-rules
TOOLS := tools

# Variables of a person's command line, for the scripts: see "make help".
export KDIR KERNEL BACKEND INSTALL_MOD_PATH ACCEL BOOTS SPEC SUITE V W

.PHONY: all modules install modules_install demo kunit check check-all bench profile fmt clippy doc setup clean distclean help

all: modules

modules:
	@$(TOOLS)/build modules

install: modules
	@$(TOOLS)/build modules_install

# As kbuild calls it.
modules_install: install

demo:
	@$(TOOLS)/demo

kunit:
	@$(TOOLS)/kunit

check:
	@$(TOOLS)/check $(STEP)

check-all:
	@$(TOOLS)/check --all

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
	@$(TOOLS)/setup stock test

clean:
	@$(TOOLS)/clean build

distclean:
	@$(TOOLS)/clean cache

help:
	@$(TOOLS)/help
