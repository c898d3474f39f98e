// SPDX-License-Identifier: GPL-2.0

//! `<linux/debugfs.h>`: directories and files, on a kernel without `CONFIG_DEBUG_FS` too.

use super::fs::{FileOperations, FileOperationsTable};
use core::ptr;
use kernel::{
    bindings::{dentry, dput},
    prelude::*,
};

#[cfg(not(CONFIG_DEBUG_FS))]
use disabled::{debugfs_create_dir, debugfs_create_file_full, debugfs_lookup, debugfs_remove};
#[cfg(CONFIG_DEBUG_FS)]
use kernel::bindings::{
    debugfs_create_dir, debugfs_create_file_full, debugfs_lookup, debugfs_remove,
};

/// A directory, removed with all that is in it on drop.
///
/// Where it could not be created, everything that is done with it does nothing.
///
/// # Invariants
///
/// The pointer is that of a directory which only `drop` removes, or an error.
pub(crate) struct Directory(*mut dentry);

// SAFETY: The functions of debugfs may be called by any task.
unsafe impl Send for Directory {}
// SAFETY: The functions of debugfs may be called by several tasks at once.
unsafe impl Sync for Directory {}

impl Directory {
    /// Creates directory `name` at the top of debugfs.
    pub(crate) fn new(name: &CStr) -> Self {
        // SAFETY: Null stands for the top.
        unsafe { Self::create(name, ptr::null_mut()) }
    }

    /// Creates directory `name` in `parent`.
    ///
    /// # Safety
    ///
    /// The result is dropped before `parent`.
    pub(crate) unsafe fn new_in(name: &CStr, parent: &Self) -> Self {
        // SAFETY: By the invariant of `Directory` it is a directory or an error. It is not removed
        // before the result is dropped, as required of our caller.
        unsafe { Self::create(name, parent.0) }
    }

    /// Creates directory `name` in the directory called `parent` at the top of debugfs, if there is
    /// one.
    ///
    /// # Safety
    ///
    /// The result is dropped before `parent` is removed.
    pub(crate) unsafe fn new_below(name: &CStr, parent: &CStr) -> Self {
        // SAFETY: `parent` is a C string, and null stands for the top.
        let parent = unsafe { debugfs_lookup(parent.as_char_ptr(), ptr::null_mut()) };
        if parent.is_null() {
            // INVARIANT: An error.
            return Self(ENOENT.to_ptr());
        }
        // SAFETY: `parent` is a directory, which is not removed before the result is dropped, as
        // required of our caller.
        let directory = unsafe { Self::create(name, parent) };
        // SAFETY: `debugfs_lookup` took this reference.
        unsafe { dput(parent) };
        directory
    }

    /// # Safety
    ///
    /// `parent` is null, an error, or a directory that is not removed before the result is dropped.
    unsafe fn create(name: &CStr, parent: *mut dentry) -> Self {
        // SAFETY: `name` is a C string. `parent` is as required of our caller; debugfs passes
        // errors on.
        // INVARIANT: Returned by `debugfs_create_dir`: a directory that nobody else removes, or an
        // error.
        Self(unsafe { debugfs_create_dir(name.as_char_ptr(), parent) })
    }

    /// Creates file `name` in the directory, for root only. Returns an address in the memory of the
    /// module that the operations are in.
    ///
    /// # Safety
    ///
    /// - `data` is valid until the directory has been removed.
    /// - It is removed before that module's memory is freed.
    pub(crate) unsafe fn create_file<T: FileOperations>(
        &self,
        name: &CStr,
        data: *const T::Data,
    ) -> usize {
        let table = &FileOperationsTable::<T>::TABLE;
        let mode = if T::IS_WRITABLE { 0o600 } else { 0o400 };
        // SAFETY: `name` is a C string. By the invariant of `Directory` the pointer is that of a
        // directory or an error. The operations need `data` to be valid while they run: it is until
        // the directory has been removed, as required of our caller, and removing it waits for
        // them. So are they themselves.
        unsafe {
            debugfs_create_file_full(
                name.as_char_ptr(),
                mode,
                self.0,
                data.cast_mut().cast(),
                ptr::null(),
                table,
            )
        };
        ptr::from_ref(table).addr()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `Directory` it has not been removed yet, or is an error,
        // which is allowed. This waits for the operations that run on files in it.
        unsafe { debugfs_remove(self.0) };
    }
}

/// The functions on a kernel without debugfs, as the C header has them.
#[cfg(not(CONFIG_DEBUG_FS))]
mod disabled {
    use core::ptr;
    use kernel::{
        bindings::{dentry, file_operations, umode_t},
        error::code::ENODEV,
        ffi::{c_char, c_void},
    };

    pub(super) unsafe fn debugfs_create_dir(
        _name: *const c_char,
        _parent: *mut dentry,
    ) -> *mut dentry {
        ENODEV.to_ptr()
    }

    pub(super) unsafe fn debugfs_lookup(_name: *const c_char, _parent: *mut dentry) -> *mut dentry {
        ptr::null_mut()
    }

    pub(super) unsafe fn debugfs_create_file_full(
        _name: *const c_char,
        _mode: umode_t,
        _parent: *mut dentry,
        _data: *mut c_void,
        _aux: *const c_void,
        _fops: *const file_operations,
    ) -> *mut dentry {
        ENODEV.to_ptr()
    }

    pub(super) unsafe fn debugfs_remove(_dentry: *mut dentry) {}
}
