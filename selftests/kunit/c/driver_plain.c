// SPDX-License-Identifier: GPL-2.0
/*
 * The same driver, compiled without the library's header: all that it calls is C's.
 */
#define IOMRS_PLAIN
#include "driver.c"
