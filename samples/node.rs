// SPDX-License-Identifier: GPL-2.0

//! A device node of fixed size, as a misc device.
//!
//! [`kernel::miscdevice`] has no `llseek`, and wants a name known when the module is built. This is
//! the part of it that is needed here, with both: all the unsafe code of it, and nothing else.
//!
//! C header: [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)

use kernel::{
    bindings,
    device,
    error::{from_result, to_result},
    ffi::c_int,
    fs::Kiocb,
    iov::{IovIterDest, IovIterSource},
    module::this_module,
    prelude::*,
    str::CString,
    sync::Arc,
    types::{ForeignOwnable, Opaque}, //
};

/// What is behind a node. The files that are open share it, and may outlive the node.
pub(crate) trait Content: Send + Sync + 'static {
    /// Bytes, for seeking.
    fn size(&self) -> Result<u64>;
    /// Copies from byte `pos` on to user space. Returns how many bytes.
    fn read(&self, pos: u64, to: &mut IovIterDest<'_>) -> Result<usize>;
    /// Copies from user space to byte `pos` on. Returns how many bytes.
    fn write(&self, pos: u64, from: &mut IovIterSource<'_>) -> Result<usize>;
}

/// A node in `/dev`, there until it is dropped. Files that are open then stay usable.
///
/// # Invariants
///
/// `misc` is registered with `misc_register()`, and only with `Self::FOPS`.
#[pin_data(PinnedDrop)]
pub(crate) struct Node<T: Content> {
    #[pin]
    misc: Opaque<bindings::miscdevice>,
    // What `misc.name` points to.
    name: CString,
    content: Arc<T>,
}

// SAFETY: A misc device may be deregistered by another task than the one that registered it; `T` is
// `Send` and `Sync`, so that its `Arc` may be sent.
unsafe impl<T: Content> Send for Node<T> {}
// SAFETY: `&Node` gives access to nothing but the `Arc`, of a `T` that is `Send` and `Sync`.
unsafe impl<T: Content> Sync for Node<T> {}

impl<T: Content> Node<T> {
    /// Registers `/dev/name`, which only root may open. It is listed as a child of `parent`.
    ///
    /// The file operations may be called before this returns.
    pub(crate) fn new<'a>(
        name: CString,
        content: Arc<T>,
        parent: &'a device::Device<device::Bound>,
    ) -> impl PinInit<Self, Error> + 'a {
        // `Device` is a transparent wrapper of `struct device`.
        let parent: *mut bindings::device = core::ptr::from_ref(parent).cast_mut().cast();
        // The characters of a `CString` stay where they are when it is moved.
        let chars = name.as_char_ptr();
        try_pin_init!(Self {
            name,
            content,
            misc <- Opaque::try_ffi_init(move |slot: *mut bindings::miscdevice| {
                // SAFETY: Zeroes are a valid `struct miscdevice`: null pointers and numbers.
                let mut misc: bindings::miscdevice = unsafe { core::mem::zeroed() };
                misc.minor = bindings::MISC_DYNAMIC_MINOR as c_int;
                misc.name = chars;
                misc.fops = &Self::FOPS;
                misc.parent = parent;
                misc.mode = 0o600;
                // SAFETY: `slot` is valid for a write.
                unsafe { slot.write(misc) };
                // SAFETY: `slot` was initialized just above and is pinned until `drop` deregisters
                // it. The name lives as long; `parent` lives now, and the new device takes a
                // reference to it. `open` needs nothing but `content`, initialized before.
                // INVARIANT: Where this succeeds, `misc` is registered with `FOPS`.
                to_result(unsafe { bindings::misc_register(slot) })
            }),
        })
    }
}

#[pinned_drop]
impl<T: Content> PinnedDrop for Node<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the invariant it is registered. This waits for an `open` that runs.
        unsafe { bindings::misc_deregister(self.misc.get()) };
    }
}

/// The file operations. The kernel calls them on files of a node, between `open` and `release`.
impl<T: Content> Node<T> {
    const FOPS: bindings::file_operations = bindings::file_operations {
        // A file that is open keeps the module.
        owner: this_module::<crate::LocalModule>().as_ptr(),
        open: Some(Self::open),
        release: Some(Self::release),
        llseek: Some(Self::llseek),
        read_iter: Some(Self::read_iter),
        write_iter: Some(Self::write_iter),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `file` is a file that is being opened on a node of this type.
    unsafe extern "C" fn open(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: The file is ours while it is being opened.
        let misc: *mut bindings::miscdevice = unsafe { (*file).private_data }.cast();
        // SAFETY: `misc_open()` has set the private data to the `miscdevice`, which by the type's
        // invariant is that of a `Node<T>`, and keeps it registered, hence alive, during this call.
        let node = unsafe { &*kernel::container_of!(Opaque::cast_from(misc), Self, misc) };
        // SAFETY: As above: the file is ours. From here on its private data is an `Arc<T>`.
        unsafe { (*file).private_data = node.content.clone().into_foreign() };
        0
    }

    /// # Safety
    ///
    /// `file` is a file opened by [`Self::open`] that nobody uses any more.
    unsafe extern "C" fn release(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `open` has put an `Arc<T>` there, and the kernel calls this once for each `open`,
        // when no other operation on the file runs or will run.
        drop(unsafe { Arc::<T>::from_foreign((*file).private_data) });
        0
    }

    /// # Safety
    ///
    /// `file` is a file opened by [`Self::open`].
    unsafe extern "C" fn llseek(
        file: *mut bindings::file,
        offset: bindings::loff_t,
        whence: c_int,
    ) -> bindings::loff_t {
        // SAFETY: `open` has put an `Arc<T>` there, which stays until `release`.
        let content = unsafe { Arc::<T>::borrow((*file).private_data) };
        from_result(|| {
            let size = bindings::loff_t::try_from(content.size()?)?;
            // SAFETY: `file` is open. An error comes back as a negative number.
            Ok(unsafe { bindings::fixed_size_llseek(file, offset, whence, size) })
        })
    }

    /// # Safety
    ///
    /// `kiocb` is a read of a file opened by [`Self::open`], and `iter` where it is to go.
    unsafe extern "C" fn read_iter(
        kiocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: Valid for this call, and `open` has put an `Arc<T>` into the file.
        let mut kiocb = unsafe { Kiocb::<Arc<T>>::from_raw(kiocb) };
        // SAFETY: Valid for this call, a destination as this is a read, and only used by us.
        let to = unsafe { IovIterDest::from_raw(iter) };
        transfer(&mut kiocb, |content, pos| content.read(pos, to))
    }

    /// # Safety
    ///
    /// `kiocb` is a write to a file opened by [`Self::open`], and `iter` where it comes from.
    unsafe extern "C" fn write_iter(
        kiocb: *mut bindings::kiocb,
        iter: *mut bindings::iov_iter,
    ) -> isize {
        // SAFETY: Valid for this call, and `open` has put an `Arc<T>` into the file.
        let mut kiocb = unsafe { Kiocb::<Arc<T>>::from_raw(kiocb) };
        // SAFETY: Valid for this call, a source as this is a write, and only used by us.
        let from = unsafe { IovIterSource::from_raw(iter) };
        transfer(&mut kiocb, |content, pos| content.write(pos, from))
    }
}

/// Calls `f` with the content behind the file and the position, and moves the position on by as
/// many bytes as `f` has copied.
fn transfer<T: Content>(
    kiocb: &mut Kiocb<'_, Arc<T>>,
    f: impl FnOnce(&T, u64) -> Result<usize>,
) -> isize {
    from_result(|| {
        let pos = u64::try_from(kiocb.ki_pos())?;
        let copied = f(&kiocb.file(), pos)?;
        *kiocb.ki_pos_mut() += i64::try_from(copied)?;
        Ok(isize::try_from(copied)?)
    })
}
