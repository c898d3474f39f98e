// SPDX-License-Identifier: GPL-2.0
/*
 * The C of the benchmark, for the suite iomrs_timing: what stands in bench/c/ is compiled into this module, too.
 */
#include "../../../bench/c/ranges.c"
#include "../../../bench/c/maps.c"
#include "../../../bench/c/accesses.c"
#include "../../../bench/c/machine.c"
#include "../../../bench/c/claim.c"
