// SPDX-License-Identifier: GPL-2.0
#include <linux/device.h>

void iomrs_device_lock(struct device *dev)
{
	device_lock(dev);
}

void iomrs_device_unlock(struct device *dev)
{
	device_unlock(dev);
}
