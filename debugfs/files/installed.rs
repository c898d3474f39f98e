// SPDX-License-Identifier: GPL-2.0

//! The directories that have files. The code behind a file is in the memory of the module that added
//! it. Where that module has leaked its [`TextFiles`](super::TextFiles), debugfs would call code that
//! is gone: when a module is unloaded, what it has left here is removed.

use super::Directory;
use crate::bindings::fs::FileOperations;
use crate::bindings::module::{
    GoingModule, ModuleGoing, ModuleNotifier, ModuleNotifierRegistration,
};
use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{alloc::flags::__GFP_NOWARN, prelude::*, sync::global_lock};

/// A directory with files.
struct Entry {
    id: u64,
    directory: Directory,
    /// An address in the memory of the module of each file.
    code: KVec<usize>,
}

struct Entries {
    list: KVec<Entry>,
    next_id: u64,
}

global_lock! {
    // SAFETY: `Registration::new` initializes it before anything else here is used.
    unsafe(uninit) static ENTRIES: Mutex<Entries> = Entries { list: KVec::new(), next_id: 0 };
}

static REGISTERED: AtomicBool = AtomicBool::new(false);

static NOTIFIER: ModuleNotifier = ModuleNotifier::new::<RemoveFiles>();

/// Keeps the list for as long as the module is loaded.
pub(in crate::debugfs) struct Registration {
    _unloads: ModuleNotifierRegistration,
}

impl Registration {
    /// Called when the module is loaded, before any file is made.
    ///
    /// # Errors
    ///
    /// `EBUSY` for any call but the first.
    pub(in crate::debugfs) fn new() -> Result<Self> {
        if REGISTERED.swap(true, Ordering::Relaxed) {
            return Err(EBUSY);
        }
        // SAFETY: Only one call gets here, and nothing has used the lock before.
        unsafe { ENTRIES.init() };
        Ok(Self {
            _unloads: NOTIFIER.register()?,
        })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // Frees the memory. No module has files any more.
        ENTRIES.lock().list = KVec::new();
    }
}

struct RemoveFiles;

impl ModuleGoing for RemoveFiles {
    fn module_going(module: &GoingModule<'_>) {
        // Nobody waits for the lock in an operation on one of these files: an open file would keep
        // the module.
        let mut entries = ENTRIES.lock();
        let is_left = |entry: &mut Entry| !entry.code.iter().any(|&addr| module.contains(addr));
        entries.list.retain(is_left);
    }
}

/// A directory in the list, which is removed when this is dropped.
pub(super) struct Installed(u64);

impl Installed {
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(directory: Directory) -> Result<Self> {
        let mut entries = ENTRIES.lock();
        let id = entries.next_id;
        let entry = Entry {
            id,
            directory,
            code: KVec::new(),
        };
        entries.list.push(entry, GFP_KERNEL | __GFP_NOWARN)?;
        entries.next_id = id.wrapping_add(1);
        Ok(Self(id))
    }

    /// Creates a file, unless memory runs out.
    ///
    /// # Safety
    ///
    /// `data` is valid until this is dropped or the module of `T` is unloaded.
    pub(super) unsafe fn create_file<T: FileOperations>(&self, name: &CStr, data: *const T::Data) {
        let mut entries = ENTRIES.lock();
        let Some(entry) = entries.list.iter_mut().find(|entry| entry.id == self.0) else {
            return;
        };
        if entry.code.reserve(1, GFP_KERNEL | __GFP_NOWARN).is_err() {
            return;
        }
        // SAFETY: When `self` is dropped, or the module of `T` is about to be freed, the directory is
        // removed. Until then `data` is valid, as required of our caller.
        let code = unsafe { entry.directory.inner.create_file::<T>(name, data) };
        // It cannot fail, as there is room.
        let _ = entry.code.push(code, GFP_KERNEL | __GFP_NOWARN);
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let mut entries = ENTRIES.lock();
        let at = entries.list.iter().position(|entry| entry.id == self.0);
        let entry = at.and_then(|at| entries.list.remove(at).ok());
        drop(entries);
        // Waits for operations on the files, which may take the lock.
        drop(entry);
    }
}
