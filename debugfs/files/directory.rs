// SPDX-License-Identifier: GPL-2.0

//! A directory in debugfs.

use super::{debugfs_create_dir, debugfs_lookup, debugfs_remove};
use core::ptr;
use kernel::{bindings as c, prelude::*, sync::Arc};

/// A directory in debugfs, removed with all that is in it when it is dropped.
///
/// # Invariants
///
/// `dentry` is what `debugfs_create_dir()` returned, or an error; only `drop` removes it.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::debugfs::files::Directory;
/// use kernel::{prelude::*, sync::Arc};
///
/// /// `/sys/kernel/debug/my_driver`, for as long as the module is loaded.
/// struct MyDriver {
///     directory: Arc<Directory>,
/// }
///
/// fn load() -> Result<MyDriver> {
///     Ok(MyDriver { directory: Arc::new(Directory::new(c"my_driver", None), GFP_KERNEL)? })
/// }
/// ```
pub struct Directory {
    pub(super) dentry: *mut c::dentry,
    // Removing it would remove this one too.
    _parent: Option<Arc<Directory>>,
}

// SAFETY: The functions of debugfs may be called by any task.
unsafe impl Send for Directory {}
// SAFETY: As above, and by several at once.
unsafe impl Sync for Directory {}

impl Directory {
    /// Makes directory `name` in `parent`, or at the top. As ever with debugfs, a driver does not
    /// care whether that works.
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
    /// /// A directory for each device, within that of the driver.
    /// fn for_device(driver: &Arc<Directory>, device: &CStr) -> Directory {
    ///     Directory::new(device, Some(driver.clone()))
    /// }
    /// ```
    pub fn new(name: &CStr, parent: Option<Arc<Directory>>) -> Self {
        let above = parent.as_ref().map_or(ptr::null_mut(), |dir| dir.dentry);
        // SAFETY: `name` is a string. `above` is null, or a directory which by its invariant is
        // not removed while `parent` is there, or an error, which is passed on.
        let dentry = unsafe { debugfs_create_dir(name.as_char_ptr(), above) };
        // INVARIANT: Just returned.
        Self {
            dentry,
            _parent: parent,
        }
    }

    /// Makes directory `name` in `above`, a directory at the top that another module has made, such
    /// as this one's `io_mapping_rs`. Where there is no `above`, nothing is made.
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping it.
    ///
    /// # Safety
    ///
    /// `above` is not removed before what is returned is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::debugfs::files::Directory;
    ///
    /// /// A driver's part of what this module shows.
    /// fn part() -> Directory {
    ///     // SAFETY: The driver uses this module, so that it is unloaded before.
    ///     unsafe { Directory::new_below(c"my_driver", c"io_mapping_rs") }
    /// }
    /// ```
    pub unsafe fn new_below(name: &CStr, above: &CStr) -> Self {
        // SAFETY: `above` is a string.
        let above = unsafe { debugfs_lookup(above.as_char_ptr(), ptr::null_mut()) };
        let dentry = if above.is_null() {
            ENOENT.to_ptr()
        } else {
            // SAFETY: `name` is a string, and `above` a directory that stays.
            unsafe { debugfs_create_dir(name.as_char_ptr(), above) }
        };
        // SAFETY: The reference that was taken by looking it up; null is allowed.
        unsafe { c::dput(above) };
        // INVARIANT: Just returned, or an error.
        Self {
            dentry,
            _parent: None,
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: By the invariant it has not been removed yet; errors are allowed. This waits for
        // the functions that run on files in the directory.
        unsafe { debugfs_remove(self.dentry) };
    }
}
