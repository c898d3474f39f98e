// SPDX-License-Identifier: GPL-2.0
#include <linux/jump_label.h>

/* What unmaps in a C driver looks at it: see include/io_mapping_rs.h. */
DEFINE_STATIC_KEY_FALSE(iomrs_sparse_apertures);
EXPORT_SYMBOL_GPL(iomrs_sparse_apertures);

void iomrs_sparse_apertures_enable(void)
{
	static_branch_enable(&iomrs_sparse_apertures);
}
