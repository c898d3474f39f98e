// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! Clears the callers of mappings when the module that their file name is in is unloaded.

use super::MappingCursor;
use crate::bindings::module::{
    GoingModule, ModuleGoing, ModuleNotifier, ModuleNotifierRegistration,
};
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
        let mut cursor = MappingCursor::new();
        while let Some(mapping) = cursor.pin_next() {
            mapping.clear_caller_if(|addr| module.contains(addr));
        }
    }
}
