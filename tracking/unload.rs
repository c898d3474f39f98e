// SPDX-License-Identifier: GPL-2.0

//! Clears the callers of mappings when the module that their file name is in is unloaded.

use super::{pool, PinnedMapping};
use crate::bindings::module::{
    GoingModule, ModuleGoing, ModuleNotifier, ModuleNotifierRegistration,
};
use core::ptr;
use core::sync::atomic::Ordering;
use kernel::prelude::*;

static NOTIFIER: ModuleNotifier = ModuleNotifier::new::<ClearCallers>();

/// Clears callers until the result is dropped.
///
/// # Errors
///
/// `EEXIST` for a second call.
pub(super) fn register() -> Result<ModuleNotifierRegistration> {
    NOTIFIER.register()
}

struct ClearCallers;

impl ModuleGoing for ClearCallers {
    fn module_going(module: &GoingModule<'_>) {
        for mapping in pool::all().filter_map(PinnedMapping::new) {
            if module.contains(mapping.caller.load(Ordering::Relaxed).addr()) {
                // INVARIANT: Null. Nobody uses the old value, which needs the lock that we hold.
                mapping.caller.store(ptr::null_mut(), Ordering::Relaxed);
            }
        }
    }
}
