// SPDX-License-Identifier: GPL-2.0

//! BARs that a device takes back when its driver is unbound, with access that may sleep.
//!
//! The kernel crate's `Devres` gives access under RCU. Who has it must not sleep, and so can neither
//! map more than a page of an aperture nor wait for the device. Here access is under sleepable RCU.
//!
//! C: `drm_dev_enter()`, `drm_dev_exit()` and `drm_dev_unplug()` in
//! [`drivers/gpu/drm/drm_drv.c`](srctree/drivers/gpu/drm/drm_drv.c)

use super::Owned;
use crate::io_mapping::IoMapping;
use crate::ioremap::Mapping;
use core::cell::UnsafeCell;
use core::mem::transmute;
use core::sync::atomic::{AtomicBool, Ordering};
use kernel::{
    device::{Bound, Device},
    devres::Devres,
    new_srcu,
    prelude::*,
    sync::{Arc, Srcu},
};

/// A BAR that belongs to its device, see [`Owned::into_sleepable_devres`].
///
/// Unbinding the driver waits for those who have access, and nobody gets access after that. So no
/// load or store of the driver reaches the device once it is unbound. Dropping this may sleep: it
/// unmaps the BAR.
pub struct SleepableDevres<T: Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
    revoker: Devres<Revoker<T>>,
}

/// A [`Bar`](super::Bar) that belongs to its device, with access that may sleep.
pub type SleepableBar = SleepableDevres<Mapping>;

/// An [`Aperture`](super::Aperture) that belongs to its device, with access that may sleep.
pub type SleepableAperture = SleepableDevres<IoMapping>;

/// What those who have access share with the device.
///
/// # Invariants
///
/// `bar` is there until its [`Revoker`] takes it. That is after `revoked` has become true, and each
/// section of `srcu` has ended that had begun before.
#[pin_data]
struct Shared<T> {
    #[pin]
    srcu: Srcu,
    revoked: AtomicBool,
    bar: UnsafeCell<Option<Owned<'static, T>>>,
}

// SAFETY: Several tasks get a `&Owned<'_, T>` of it. One task at a time takes or drops the BAR.
unsafe impl<T> Sync for Shared<T> where Owned<'static, T>: Send + Sync {}

/// What the device has. Dropping it takes the BAR from everybody.
///
/// # Invariants
///
/// There is one for each [`Shared`], and nothing else changes its `bar`.
struct Revoker<T>(Arc<Shared<T>>);

impl<T> Shared<T> {
    /// Waits for all sections of `srcu`. Those that begin from then on see `revoked`.
    fn revoke(&self) {
        self.revoked.store(true, Ordering::Relaxed);
        // Expedited: it is rare, and somebody waits for it.
        self.srcu.synchronize_expedited();
    }
}

impl<T> Drop for Revoker<T> {
    fn drop(&mut self) {
        let shared = &self.0;
        shared.revoke();
        // SAFETY: Nobody refers to the BAR any more: each section has ended that had begun before
        // `revoked` became true, and `access` needs a device that is bound. By our invariant nobody
        // else takes it.
        drop(unsafe { (*shared.bar.get()).take() });
    }
}

impl<T: Send + Sync + 'static> SleepableDevres<T> {
    /// # Safety
    ///
    /// `bar` is of `dev`, and stays valid for as long as that is bound.
    pub(super) unsafe fn new(dev: &Device<Bound>, bar: Owned<'_, T>) -> Result<Self> {
        // SAFETY: Lifetimes do not change the layout. The caller promises that `bar` is valid until
        // `dev` is unbound, which is when `Revoker` drops it at the latest. Until then
        // `try_access_with` and `access` lend it for a shorter lifetime.
        let bar = unsafe { transmute::<Owned<'_, T>, Owned<'static, T>>(bar) };
        // INVARIANT: `bar` is there.
        let shared = Arc::pin_init(
            try_pin_init!(Shared {
                srcu <- new_srcu!(),
                revoked: AtomicBool::new(false),
                bar: UnsafeCell::new(Some(bar)),
            }),
            GFP_KERNEL,
        )?;
        // INVARIANT: It is the first and only one for `shared`.
        let revoker = Devres::new(dev, Revoker(shared.clone()))?;
        Ok(Self { shared, revoker })
    }

    /// Calls `f` with the BAR and returns what `f` does. `f` may sleep, and what it maps may be held
    /// meanwhile. The device takes the BAR back after that.
    ///
    /// `f` must not wait for the driver to be unbound: neither of the two would ever end. Nor should it
    /// copy from or to user space: a page fault may take as long as user space likes. Where it waits
    /// for something else, [`is_revoked`](Self::is_revoked) says that it should give up.
    ///
    /// # Errors
    ///
    /// `ENODEV` if the BAR has been taken back, or someone waits to take it. `f` is not called then.
    ///
    /// # Context
    ///
    /// As that of `f`. By itself it may be called in any context but NMI.
    pub fn try_access_with<R>(&self, f: impl for<'a> FnOnce(&Owned<'a, T>) -> R) -> Result<R> {
        let _section = self.shared.srcu.read_lock();
        if self.shared.revoked.load(Ordering::Relaxed) {
            return Err(ENODEV);
        }
        // SAFETY: `revoked` was false in a section of `srcu` that has not ended. By the invariant of
        // `Shared` the BAR is there until it has.
        let bar = unsafe { &*self.shared.bar.get() };
        Ok(f(bar.as_ref().ok_or(ENODEV)?))
    }

    /// Returns the BAR for as long as `dev` is bound.
    ///
    /// # Errors
    ///
    /// - `EINVAL` if the BAR is of another device.
    /// - `ENODEV` if the driver has been unbound since the BAR was mapped, and is bound again.
    ///
    /// # Context
    ///
    /// Any.
    pub fn access<'a>(&'a self, dev: &'a Device<Bound>) -> Result<&'a Owned<'a, T>> {
        if !core::ptr::eq::<Device>(self.revoker.device(), &**dev) {
            return Err(EINVAL);
        }
        // SAFETY: By the invariant of `Revoker` nothing but its drop changes `bar`. The device drops
        // it when it is unbound: after `'a`, in which `dev` is bound, or before, if the device has
        // been unbound and bound again. `self`, which would drop it, too, is there for `'a`.
        let bar = unsafe { &*self.shared.bar.get() };
        bar.as_ref().ok_or(ENODEV)
    }

    /// Ends all access: waits for those who have it, and nobody gets it from then on. The BAR stays
    /// mapped and requested until the driver has been unbound.
    ///
    /// The kernel takes the BAR back after the driver's `unbind()`. A driver whose `unbind()` waits for
    /// its tasks, or disables the device, calls this first.
    ///
    /// # Context
    ///
    /// May sleep. Not within [`try_access_with`](Self::try_access_with), for whose end it would wait.
    pub fn revoke(&self) {
        self.shared.revoke();
    }

    /// Says whether the BAR has been taken back, or someone waits to take it. Who has access and sees
    /// this should end it soon.
    pub fn is_revoked(&self) -> bool {
        self.shared.revoked.load(Ordering::Relaxed)
    }
}
