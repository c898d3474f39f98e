// SPDX-License-Identifier: GPL-2.0

//! QEMU's ivshmem: a driver that leaks what it has, and is unloaded. Nothing may read its memory
//! afterwards: `tools/guest/demo.sh` looks.

use core::mem;
use io_mapping_rs::{
    debugfs::files::{Directory, Text, TextFile, TextFiles},
    pci::Bar, //
};
use kernel::{device::Bound, fmt::Write, pci, prelude::*};

/// The name of the region in `/proc/iomem`, and of the directory in debugfs.
const NAME: &CStr = c"io_mapping_leak";

/// A file whose code is in this module.
struct Leaked;

#[vtable]
impl TextFile<()> for Leaked {
    const NAME: &'static CStr = c"file";

    fn show((): &(), out: &mut Text) -> Result {
        Ok(writeln!(out, "still here")?)
    }
}

/// Leaks a mapping of BAR 0, its region request, and a file.
pub(crate) fn leak(pdev: &pci::Device<Bound>) -> Result {
    mem::forget(Bar::iomap(pdev, 0, 0, NAME)?);
    let files = TextFiles::new(Directory::new(NAME, None), ())?;
    files.add::<Leaked>();
    mem::forget(files);
    Ok(())
}
