// SPDX-License-Identifier: GPL-2.0

//! A kernel without debugfs, as its C header has it.

use kernel::{bindings as c, error::code::ENODEV, ffi::*};

pub(super) unsafe fn debugfs_create_dir(
    _name: *const c_char,
    _parent: *mut c::dentry,
) -> *mut c::dentry {
    ENODEV.to_ptr()
}

pub(super) unsafe fn debugfs_lookup(
    _name: *const c_char,
    _parent: *mut c::dentry,
) -> *mut c::dentry {
    core::ptr::null_mut()
}

pub(super) unsafe fn debugfs_create_file_full(
    _name: *const c_char,
    _mode: c::umode_t,
    _parent: *mut c::dentry,
    _data: *mut c_void,
    _aux: *const c_void,
    _fops: *const c::file_operations,
) -> *mut c::dentry {
    ENODEV.to_ptr()
}

pub(super) unsafe fn debugfs_remove(_dentry: *mut c::dentry) {}
