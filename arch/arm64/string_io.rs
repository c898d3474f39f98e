// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Copies from and to device memory: C's own functions. They make accesses of one and of 8 bytes, aligned on
//! the side of the device, of the form that a hypervisor can decode.
//!
//! C: [`lib/iomem_copy.c`](srctree/lib/iomem_copy.c)

pub(crate) use kernel::bindings::{memcpy_fromio, memcpy_toio, memset_io};
