// SPDX-License-Identifier: GPL-2.0

//! `/dev/io_mapping_sampleN`.
//!
//! [`kernel::miscdevice`] registers a node whose name is a constant. This file adds what it does not
//! have: a name for each device, `lseek()`, and the way from a node to its device. All unsafe code
//! of the sample is here, and none of it is about mapping.
//!
//! C header: [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)

use crate::device::Device;
use kernel::{
    bindings,
    device,
    error::{from_result, to_result},
    ffi::c_int,
    miscdevice::{MiscDeviceOptions, MiscDeviceRegistration},
    prelude::*,
    str::CString,
    sync::{
        atomic::{Atomic, Full, Relaxed},
        Arc,
    },
    types::{ForeignOwnable, Opaque}, //
};

/// Bit N is set while a device has number N.
static NUMBERS: Atomic<u64> = Atomic::new(0);

/// The number of a device. Dropping it makes the number free again.
///
/// # Invariants
///
/// The bit of the number is set in [`NUMBERS`], and nobody else has the number.
pub(crate) struct Number(u32);

impl Number {
    /// Takes the lowest free number.
    ///
    /// # Errors
    ///
    /// `ENOSPC` if there are 64 devices already.
    pub(crate) fn take() -> Result<Self> {
        loop {
            let numbers = NUMBERS.load(Relaxed);
            let free = numbers.trailing_ones();
            let bit = 1u64.checked_shl(free).ok_or(ENOSPC)?;
            if NUMBERS.cmpxchg(numbers, numbers | bit, Full).is_ok() {
                // INVARIANT: The bit was clear, and is set now.
                return Ok(Self(free));
            }
        }
    }

    /// Returns the name of the node in `/dev`, and of the directory in debugfs.
    pub(crate) fn name(&self) -> Result<CString> {
        CString::try_from_fmt(fmt!("io_mapping_sample{}", self.0))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // By the invariant the bit is set: subtracting it changes no other one.
        NUMBERS.fetch_sub(1 << self.0, Full);
    }
}

/// A node in `/dev`, which is removed when this is dropped. Open files stay open.
///
/// # Invariants
///
/// `misc` is registered by `misc_register()`, with `FOPS`, and is the `misc` of a `Node`.
#[pin_data(PinnedDrop)]
pub(crate) struct Node {
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    // `misc.name` points to its characters.
    name: CString,
    device: Arc<Device>,
    _number: Number,
}

// SAFETY: Any task may deregister a misc device, and all other fields are `Send`.
unsafe impl Send for Node {}
// SAFETY: `misc` is not accessed through `&Node`, and all other fields are `Sync`.
unsafe impl Sync for Node {}

impl Node {
    /// The file operations that [`kernel::miscdevice`] makes of `file.rs`, and `lseek()`.
    const FOPS: bindings::file_operations = bindings::file_operations {
        llseek: Some(Self::llseek),
        // SAFETY: `into_raw()` lets `fops` point to a constant, which can be copied.
        ..unsafe { *MiscDeviceOptions { name: c"" }.into_raw::<Device>().fops }
    };

    /// Registers `/dev/name`, which only root may open, as a child of `parent`.
    ///
    /// The node may be opened before this returns.
    pub(crate) fn new<'a>(
        name: CString,
        number: Number,
        device: Arc<Device>,
        parent: &'a device::Device<device::Bound>,
    ) -> impl PinInit<Self, Error> + 'a {
        let mut misc = MiscDeviceOptions { name: c"" }.into_raw::<Device>();
        misc.fops = &Self::FOPS;
        // Moving a `CString` does not move its characters.
        misc.name = name.as_char_ptr();
        // CAST: `Device` is a transparent wrapper of `struct device`.
        misc.parent = core::ptr::from_ref(parent).cast_mut().cast();
        misc.mode = 0o600;
        try_pin_init!(Self {
            name,
            device,
            _number: number,
            misc <- Opaque::try_ffi_init(move |slot: *mut bindings::miscdevice| {
                // SAFETY: `slot` is valid for a write.
                unsafe { slot.write(misc) };
                // SAFETY: `slot` was initialized just above, and is pinned until `drop`, which
                // deregisters it before the name goes. `parent` is valid during this call, which
                // takes a reference to it. `open` needs `device`, which is initialized.
                // INVARIANT: If this succeeds, `misc` is registered with `FOPS`.
                to_result(unsafe { bindings::misc_register(slot) })
            }),
        })
    }

    /// Returns the device of the node that is being opened.
    pub(crate) fn device(misc: &MiscDeviceRegistration<Device>) -> Arc<Device> {
        let misc = Opaque::cast_from(misc.as_raw());
        // SAFETY: Only `new` registers misc devices for files of `Device`. By the invariant `misc`
        // is that of a `Node`, which lives as long as it is registered, hence as long as `misc`.
        let node = unsafe { &*kernel::container_of!(misc.cast_mut(), Self, misc) };
        node.device.clone()
    }

    /// Moves the position of a file: `lseek()`.
    ///
    /// # Safety
    ///
    /// `file` must be an open file of a node.
    unsafe extern "C" fn llseek(
        file: *mut bindings::file,
        offset: bindings::loff_t,
        whence: c_int,
    ) -> bindings::loff_t {
        // SAFETY: `open` has set it to what `into_foreign()` of an `Arc<Device>` returned, and
        // `release` takes it back, which the kernel calls after all other operations.
        let device = unsafe { Arc::<Device>::borrow((*file).private_data) };
        from_result(|| {
            let size = bindings::loff_t::try_from(device.size()?)?;
            // SAFETY: `file` is open, as the caller promises.
            Ok(unsafe { bindings::fixed_size_llseek(file, offset, whence, size) })
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Node {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the invariant it is registered. This waits for `open` to return.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}
