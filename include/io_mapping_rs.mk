# SPDX-License-Identifier: GPL-2.0
# For the Makefile of a C driver whose files define something above their first #include, such as pr_fmt or DEBUG:
#
#	include /path/to/io_mapping_rs.mk
#
# It compiles the driver with io_mapping_rs.h, which is beside this file. The header includes some of the kernel's before the
# first line of a file. What the file defines is defined for these in the same words, so that they see it, and the compiler
# has nothing to warn of.
iomrs-include := $(dir $(lastword $(MAKEFILE_LIST)))

# Up to the first condition or #include.
iomrs-defines = $(if $(filter %.c,$<),$(shell sed -nE \
	-e '/^[[:space:]]*[$(pound)][[:space:]]*(if|include)/q' -e "/['\\\\]/d" \
	-e "s/^[[:space:]]*[$(pound)][[:space:]]*define[[:space:]]+([[:alnum:]_]+(\([[:alnum:]_, .]*\))?)[[:space:]]*(.*)/-D'\1=\3'/p" $<))

# ccflags-y is expanded for each file from here on, not at once.
iomrs-ccflags := $(ccflags-y)
ccflags-y = $(iomrs-ccflags) $(iomrs-defines) -include $(iomrs-include)io_mapping_rs.h
