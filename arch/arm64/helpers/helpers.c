// SPDX-License-Identifier: GPL-2.0
/*
 * The helpers, in a file per kernel header and in one object.
 */
#include <linux/export.h>

#include "helpers.h"

#include "cpufeature.c"
#include "io.c"
#include "memory.c"
#include "pgtable.c"
#include "rsi.c"
#include "sysreg.c"
#include "tlbflush.c"
