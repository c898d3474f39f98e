// SPDX-License-Identifier: GPL-2.0

//! `<linux/module.h>`: a callback for each module that is unloaded, and a reference to the library.

use super::{iomrs_module_get, iomrs_module_put, iomrs_within_module};
use core::{cell::UnsafeCell, marker::PhantomData, ptr};
use kernel::{
    bindings::{
        module_state_MODULE_STATE_GOING, notifier_block, register_module_notifier,
        unregister_module_notifier,
    },
    error::to_result,
    ffi::{c_int, c_ulong, c_void},
    prelude::*,
};

/// Keeps the library from being unloaded until it is dropped.
///
/// # Invariants
///
/// It holds a reference to the library's module.
pub(crate) struct LibraryReference(());

impl LibraryReference {
    /// # Safety
    ///
    /// The caller is a module that cannot be loaded without the library.
    pub(crate) unsafe fn new() -> Self {
        // SAFETY: Another module has a reference to the library, as required of our caller.
        unsafe { iomrs_module_get() };
        // INVARIANT: Taken just now.
        Self(())
    }
}

impl Drop for LibraryReference {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `LibraryReference` this is our reference.
        unsafe { iomrs_module_put() };
    }
}

/// A module that is being unloaded: none of its code runs any more, its memory is still there.
///
/// # Invariants
///
/// `module` points to a `struct module` that stays valid for `'a`.
pub(crate) struct GoingModule<'a> {
    module: *const c_void,
    _valid: PhantomData<&'a ()>,
}

impl GoingModule<'_> {
    /// Returns whether `addr` is in the memory of the module (C: `within_module()`).
    pub(crate) fn contains(&self, addr: usize) -> bool {
        // SAFETY: By the invariant of `GoingModule` the module is valid. Any address may be asked
        // for.
        unsafe { iomrs_within_module(addr, self.module) }
    }
}

/// What is done when a module is unloaded.
pub(crate) trait ModuleGoing: 'static {
    /// Called after the last code of `module` has run and before its memory is freed. May sleep.
    fn module_going(module: &GoingModule<'_>);
}

/// A block for the list of module notifiers (C: `struct notifier_block`).
///
/// # Invariants
///
/// `notifier_call` is a [`notify`].
pub(crate) struct ModuleNotifier(UnsafeCell<notifier_block>);

// SAFETY: Only the functions that register and unregister it access the block, under the lock of
// the list.
unsafe impl Sync for ModuleNotifier {}

impl ModuleNotifier {
    /// Returns a block, not yet registered, that calls `T`.
    pub(crate) const fn new<T: ModuleGoing>() -> Self {
        // INVARIANT: `notifier_call` is a `notify`.
        Self(UnsafeCell::new(notifier_block {
            notifier_call: Some(notify::<T>),
            next: ptr::null_mut(),
            priority: 0,
        }))
    }

    /// Registers the block until the result is dropped.
    ///
    /// # Errors
    ///
    /// `EEXIST` where it is registered already.
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping the result.
    pub(crate) fn register(&'static self) -> Result<ModuleNotifierRegistration> {
        // SAFETY: The block lives for ever, and by the invariant of `ModuleNotifier` it may be
        // called. The list refuses a block that it has already.
        to_result(unsafe { register_module_notifier(self.0.get()) })?;
        // INVARIANT: The block is in the list now.
        Ok(ModuleNotifierRegistration(self))
    }
}

/// Keeps a [`ModuleNotifier`] registered.
///
/// # Invariants
///
/// The block is in the list of module notifiers, and only `drop` removes it.
pub(crate) struct ModuleNotifierRegistration(&'static ModuleNotifier);

impl Drop for ModuleNotifierRegistration {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `ModuleNotifierRegistration` the block is in the list. This
        // waits for a call that is running.
        unsafe { unregister_module_notifier(self.0 .0.get()) };
    }
}

/// # Safety
///
/// `module` is a valid `struct module`, and is in `state`.
unsafe extern "C" fn notify<T: ModuleGoing>(
    _block: *mut notifier_block,
    state: c_ulong,
    module: *mut c_void,
) -> c_int {
    // CAST: The states are small numbers.
    if state == module_state_MODULE_STATE_GOING as c_ulong {
        // INVARIANT: The module is valid during this call, as required of our caller.
        T::module_going(&GoingModule {
            module,
            _valid: PhantomData,
        });
    }
    0
}
