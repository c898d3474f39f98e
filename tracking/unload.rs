// SPDX-License-Identifier: GPL-2.0

//! What records say of a caller is in the memory of its module, and is forgotten when that goes.

use super::{pool, PinnedMapping};
use crate::bindings::iomrs_within_module;
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::Ordering;
use kernel::{
    bindings as c,
    error::to_result,
    ffi::{c_int, c_ulong, c_void},
    prelude::*,
};

/// A block of the list of those who are told of modules.
struct Block(UnsafeCell<c::notifier_block>);

// SAFETY: The list has a lock of its own.
unsafe impl Sync for Block {}

static BLOCK: Block = Block(UnsafeCell::new(c::notifier_block {
    notifier_call: Some(notify),
    next: ptr::null_mut(),
    priority: 0,
}));

/// Told of modules that go, until it is dropped.
///
/// # Invariants
///
/// `BLOCK` is in the list.
pub(super) struct Notifier(());

impl Notifier {
    /// # Errors
    ///
    /// `EEXIST` where there is one.
    pub(super) fn register() -> Result<Self> {
        // SAFETY: A block that lives for ever. One that is in the list already is refused.
        to_result(unsafe { c::register_module_notifier(BLOCK.0.get()) })?;
        // INVARIANT: it is in the list now.
        Ok(Self(()))
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        // SAFETY: By the invariant the block is in the list. This waits for `notify`.
        unsafe { c::unregister_module_notifier(BLOCK.0.get()) };
    }
}

/// # Safety
///
/// `module` is a module, which is what `state` says. One that goes is told of when the last of its
/// code has run, and before its memory is freed.
unsafe extern "C" fn notify(
    _: *mut c::notifier_block,
    state: c_ulong,
    module: *mut c_void,
) -> c_int {
    // CAST: a small number.
    if state != c::module_state_MODULE_STATE_GOING as c_ulong {
        return 0;
    }
    for facts in pool::all().filter_map(PinnedMapping::new) {
        let caller = facts.caller.load(Ordering::Relaxed);
        // SAFETY: As required of our caller; any address may be asked for.
        if unsafe { iomrs_within_module(caller.addr(), module) } {
            // INVARIANT: null. We have the lock: nobody is using it.
            facts.caller.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }
    0
}
