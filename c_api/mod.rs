// SPDX-License-Identifier: GPL-2.0

//! What C drivers call: convert, call, return. `include/io_mapping_rs.h` gives these functions the names
//! of `<linux/io-mapping.h>` and `<linux/io.h>`, and `docs/c-drivers.md` explains it.
//!
//! The functions are C's, with C's results. What C does not check is reported: see [`misuse`]. A caller
//! passes where it is, for that and for the list of mappings.

mod devres;
mod io_mapping;
mod ioremap;
mod misuse;
mod owners;
mod pci;
mod pcim;
mod sparse;
mod table;

/// Keeps what is known of C drivers while the module is loaded.
pub(crate) struct Registration {
    _owners: owners::Registration,
    _sparse: sparse::Registration,
}

impl Registration {
    /// `strict` makes each misuse a warning of the kernel.
    ///
    /// # Safety
    ///
    /// Called once, when the module is loaded.
    pub(crate) unsafe fn new(strict: bool) -> Self {
        misuse::init(strict);
        Self {
            _owners: owners::Registration,
            // SAFETY: As required of our caller.
            _sparse: unsafe { sparse::Registration::new() },
        }
    }
}
