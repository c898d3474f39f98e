// SPDX-License-Identifier: GPL-2.0

//! Where a mapping was asked for: a line of a Rust driver, or of a C driver.

use core::panic::Location;
use core::ptr;
use kernel::{ffi::c_char, prelude::*};

/// A line of a C driver, as `include/io_mapping_rs.h` describes it (C: `struct iomrs_site`).
///
/// # Invariants
///
/// The pointers are to strings that end with a NUL, and stay there for as long as the module is
/// loaded that this is in.
#[repr(C)]
pub(crate) struct CallSite {
    file: *const c_char,
    function: *const c_char,
    module: *const c_char,
    line: u32,
}

// SAFETY: Nobody changes it, nor what it points to.
unsafe impl Sync for CallSite {}

impl CallSite {
    /// The name of the driver's file.
    pub(crate) fn file(&self) -> &CStr {
        // SAFETY: By the invariants of `CallSite` it is a string.
        unsafe { CStr::from_char_ptr(self.file) }
    }

    /// The name of the function that has the line.
    pub(crate) fn function(&self) -> &CStr {
        // SAFETY: By the invariants of `CallSite` it is a string.
        unsafe { CStr::from_char_ptr(self.function) }
    }

    /// The name of the driver's module.
    pub(crate) fn module(&self) -> &CStr {
        // SAFETY: By the invariants of `CallSite` it is a string.
        unsafe { CStr::from_char_ptr(self.module) }
    }

    /// The number of the line in the file.
    pub(crate) fn line(&self) -> u32 {
        self.line
    }
}

/// Where a mapping was asked for. What it refers to is in the memory of a module.
#[derive(Clone, Copy)]
pub(crate) enum Caller<'a> {
    Rust(&'a Location<'a>),
    C(&'a CallSite),
}

impl Caller<'_> {
    /// The name of the file.
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Rust(at) => at.file(),
            Self::C(site) => core::str::from_utf8(site.file().to_bytes()).unwrap_or_default(),
        }
    }

    /// The number of the line in the file.
    pub(crate) fn line(&self) -> u32 {
        match self {
            Self::Rust(at) => at.line(),
            Self::C(site) => site.line(),
        }
    }

    /// Returns the address of what it refers to, and whether that is a [`CallSite`].
    #[inline(always)]
    pub(super) fn into_raw(self) -> (*mut (), bool) {
        match self {
            Self::Rust(at) => (ptr::from_ref(at).cast_mut().cast(), false),
            Self::C(site) => (ptr::from_ref(site).cast_mut().cast(), true),
        }
    }

    /// Returns the caller, or `None` if the pointer is null.
    ///
    /// # Safety
    ///
    /// The pointer is null, or both are what [`into_raw`](Self::into_raw) has returned for a caller
    /// that is valid for `'a`.
    pub(super) unsafe fn from_raw<'a>(raw: *mut (), is_c: bool) -> Option<Caller<'a>> {
        if is_c {
            // SAFETY: As required of our caller it is null, or a `CallSite` that is valid for `'a`.
            unsafe { raw.cast::<CallSite>().as_ref() }.map(Caller::C)
        } else {
            // SAFETY: As required of our caller it is null, or a `Location` that is valid for `'a`.
            unsafe { raw.cast::<Location<'a>>().as_ref() }.map(Caller::Rust)
        }
    }
}
