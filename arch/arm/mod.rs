// SPDX-License-Identifier: GPL-2.0

//! 32-bit ARM, ARMv7: entries of 32 bits, or of 64 bits with `CONFIG_ARM_LPAE`. Pages are of 4 KiB, as in C's ioremap there.

#[cfg(iomrs_stock)]
compile_error!(
    "on 32-bit ARM only the backend exported is there: build the kernel with kconfig/export.patch"
);
#[cfg(not(CONFIG_CPU_32v7))]
compile_error!("on 32-bit ARM only ARMv7 is supported, which Rust in the kernel needs");
// A stack in a 2 MiB block whose table we have made would be reached before it is in the page table of the task.
#[cfg(CONFIG_VMAP_STACK)]
compile_error!("on 32-bit ARM the kernel must be without CONFIG_VMAP_STACK");

mod bindings;
pub(crate) mod cache_mode;
pub(crate) mod limits;
pub(crate) mod mmio;
pub(crate) mod page_table;
pub(crate) mod percpu;
pub(crate) mod ports;
pub(crate) mod string_io;
pub(crate) mod tlb;
mod written;

pub(crate) use super::generic::{encryption, mtrr, preempt, xen_pv};
