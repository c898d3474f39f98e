// SPDX-License-Identifier: GPL-2.0
/*
 * The same driver, compiled with -DIOMRS_CHECK.
 */
#include "driver.c"
