// SPDX-License-Identifier: GPL-2.0

//! A directory in debugfs.

use crate::bindings::debugfs;
use kernel::{prelude::*, sync::Arc};

/// A directory in debugfs, removed with all that is in it on drop.
pub struct Directory {
    // Dropped first: removing the parent removes this directory, too.
    pub(super) inner: debugfs::Directory,
    _parent: Option<Arc<Directory>>,
}

impl Directory {
    /// Creates directory `name` in `parent`, or at the top of debugfs.
    ///
    /// As usual with debugfs, no error is returned: a driver works without its files.
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping it.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::debugfs::files::Directory;
    /// use kernel::{prelude::*, sync::Arc};
    ///
    /// /// A directory for each device, in that of the driver.
    /// fn for_device(driver: &Arc<Directory>, device: &CStr) -> Directory {
    ///     Directory::new(device, Some(driver.clone()))
    /// }
    /// ```
    pub fn new(name: &CStr, parent: Option<Arc<Directory>>) -> Self {
        let inner = match &parent {
            // SAFETY: `inner` is dropped before `_parent`.
            Some(parent) => unsafe { debugfs::Directory::new_in(name, &parent.inner) },
            None => debugfs::Directory::new(name),
        };
        Self {
            inner,
            _parent: parent,
        }
    }

    /// Creates directory `name` in the directory called `parent` that another module created at the
    /// top of debugfs, such as the `io_mapping_rs` of this module. If there is none, no directory
    /// is created.
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping it.
    ///
    /// # Safety
    ///
    /// The result is dropped before the other module removes `parent`.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::debugfs::files::Directory;
    ///
    /// fn directory() -> Directory {
    ///     // SAFETY: This driver uses `io_mapping_rs`, and so is unloaded before it.
    ///     unsafe { Directory::new_below(c"my_driver", c"io_mapping_rs") }
    /// }
    /// ```
    pub unsafe fn new_below(name: &CStr, parent: &CStr) -> Self {
        Self {
            // SAFETY: As required of our caller, the result is dropped first.
            inner: unsafe { debugfs::Directory::new_below(name, parent) },
            _parent: None,
        }
    }
}
