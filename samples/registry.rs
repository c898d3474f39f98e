// SPDX-License-Identifier: GPL-2.0

//! What the devices of this driver share: the numbers in use, and a directory in debugfs.

use io_mapping_rs::debugfs::files::Directory;
use kernel::{
    prelude::*,
    str::CString,
    sync::{global_lock, Arc}, //
};

/// What there is while the module is loaded.
struct Shared {
    /// Bit N is set while a device has number N.
    numbers: u64,
    /// `/sys/kernel/debug/io_mapping_sample`
    directory: Arc<Directory>,
    /// What was asked for that must end in `ENODEV`, and what came of it.
    noted: KVec<(&'static str, Result)>,
}

global_lock! {
    // SAFETY: `Registry::new` initializes it before any driver is registered.
    unsafe(uninit) static SHARED: Mutex<Option<Shared>> = None;
}

/// Calls `f` with what is shared.
///
/// # Errors
///
/// `ENODEV` where the module is about to go, and that of `f`.
fn with<R>(f: impl FnOnce(&mut Shared) -> Result<R>) -> Result<R> {
    f(SHARED.lock().as_mut().ok_or(ENODEV)?)
}

/// Held by the module. A `static` is never dropped, so that what it holds is dropped from here.
pub(crate) struct Registry(());

impl Registry {
    /// # Safety
    ///
    /// To be called once, and before any other function of this file.
    pub(crate) unsafe fn new() -> Result<Self> {
        let directory = Directory::new(c"io_mapping_sample", None);
        let directory = Arc::new(directory, GFP_KERNEL)?;
        // SAFETY: As required of our caller.
        unsafe { SHARED.init() };
        *SHARED.lock() = Some(Shared {
            numbers: 0,
            directory,
            noted: KVec::new(),
        });
        Ok(Self(()))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let shared = SHARED.lock().take();
        drop(shared);
    }
}

/// The debugfs directory of this driver.
pub(crate) fn directory() -> Result<Arc<Directory>> {
    with(|shared| Ok(shared.directory.clone()))
}

/// Notes what came of a request that must end in `ENODEV`.
pub(crate) fn note(what: &'static str, outcome: Result) -> Result {
    with(|shared| Ok(shared.noted.push((what, outcome), GFP_KERNEL)?))
}

/// Calls `f` with all that was [noted](note).
pub(crate) fn for_each_noted(mut f: impl FnMut(&'static str, Result) -> Result) -> Result {
    with(|shared| {
        shared
            .noted
            .iter()
            .try_for_each(|&(what, outcome)| f(what, outcome))
    })
}

/// The number of a device, the lowest that was free. Free again when dropped.
pub(crate) struct Number(u32);

impl Number {
    /// # Errors
    ///
    /// `ENOSPC` where 64 devices are there already.
    pub(crate) fn take() -> Result<Self> {
        with(|shared| {
            let number = shared.numbers.trailing_ones();
            shared.numbers |= 1u64.checked_shl(number).ok_or(ENOSPC)?;
            Ok(Self(number))
        })
    }

    pub(crate) fn get(&self) -> u32 {
        self.0
    }

    /// What the node in `/dev` is called.
    pub(crate) fn node_name(&self) -> Result<CString> {
        CString::try_from_fmt(fmt!("io_mapping_sample{}", self.0))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // The module drops the registry last.
        let _ = with(|shared| {
            shared.numbers &= !(1 << self.0);
            Ok(())
        });
    }
}
