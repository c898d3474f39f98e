// SPDX-License-Identifier: GPL-2.0
/*
 * The helpers, in a file per kernel header and in one object.
 */
#include "helpers.h"

#include "cpufeature.c"
#include "invpcid.c"
#include "msr.c"
#include "paravirt.c"
#include "pgtable.c"
