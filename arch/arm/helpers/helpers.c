// SPDX-License-Identifier: GPL-2.0
/*
 * The helpers, in a file per kernel header and in one object.
 */
#include <linux/export.h>

#include "helpers.h"

#include "io.c"
#include "memory.c"
#include "pgtable.c"
#include "tlbflush.c"
