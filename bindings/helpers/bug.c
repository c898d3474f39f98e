// SPDX-License-Identifier: GPL-2.0
#include <linux/bug.h>

/*
 * kernel::warn_on! includes files of rust/ that packages of headers do not have.
 */
void iomrs_warn(void)
{
	WARN_ON(1);
}
