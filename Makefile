# SPDX-License-Identifier: GPL-2.0
# What people type. Kbuild says what is built from what; this file calls the scripts in tools/.

MAKEFLAGS += --no-print-directory --no-builtin-rules
TOOLS := tools

# Variables of a person's command line, for the scripts: see "make help".
export KDIR KERNEL BACKEND DESTDIR INSTALL_MOD_PATH SIGN_KEY SIGN_CERT ACCEL BOOTS SPEC SUITE PARAMS SEED STEPS KEEP V W

.PHONY: all modules install modules_install uninstall new-driver deb demo kunit fuzz check check-all bench profile fmt clippy doc setup clean distclean help help-variables

all: modules

modules:
	@$(TOOLS)/build modules

# The second one is what kbuild calls so: only the modules.
install modules_install uninstall:
	@$(TOOLS)/build $@

new-driver:
	@$(TOOLS)/new-driver "$(NAME)" "$(DIR)"

deb:
	@$(TOOLS)/deb

demo:
	@$(TOOLS)/demo

kunit:
	@$(TOOLS)/kunit

fuzz:
	@$(TOOLS)/fuzz

check:
	@$(if $(SERIES),$(TOOLS)/series "$(SERIES)",$(TOOLS)/check $(STEP))

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

help-variables:
	@$(TOOLS)/help variables
