// SPDX-License-Identifier: GPL-2.0

//! `<linux/fs.h>`: the operations of a file whose content is made when it is opened.

use core::marker::PhantomData;
use kernel::{
    alloc::flags::__GFP_NOWARN,
    bindings::{
        file, file_operations, fixed_size_llseek, inode, loff_t, simple_read_from_buffer,
        O_ACCMODE, O_WRONLY,
    },
    error::from_result,
    ffi::{c_char, c_int},
    module::this_module,
    prelude::*,
    types::ForeignOwnable,
    uaccess::{UserSlice, UserSliceReader},
    ModuleMetadata,
};

/// What a file does. Its inode points to a `Data`.
pub(crate) trait FileOperations: 'static {
    /// What the file is about.
    type Data: Sync;
    /// What is kept for an open file.
    type Open: Send + 'static;
    /// The module whose code this is. An open file keeps it loaded.
    type Module: ModuleMetadata;
    /// Whether [`write`](Self::write) may be called.
    const IS_WRITABLE: bool;

    /// Opens the file. Unless `for_reading`, nobody can read the content.
    fn open(data: &Self::Data, for_reading: bool) -> Result<Self::Open>;

    /// Returns the content of an open file. It does not change.
    fn content(open: &Self::Open) -> &[u8];

    /// Takes all that is written by one call.
    fn write(data: &Self::Data, text: UserSliceReader) -> Result;
}

/// The `struct file_operations` of a `T`.
///
/// They are for files whose inode has a pointer to a `T::Data` as its private data. It is valid
/// while any of the operations runs except `release`.
pub(super) struct FileOperationsTable<T>(PhantomData<T>);

impl<T: FileOperations> FileOperationsTable<T> {
    pub(super) const TABLE: file_operations = file_operations {
        owner: this_module::<T::Module>().as_ptr(),
        open: Some(Self::open),
        read: Some(Self::read),
        write: if T::IS_WRITABLE {
            Some(Self::write)
        } else {
            None
        },
        llseek: Some(Self::llseek),
        release: Some(Self::release),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `file` is being opened, and `inode` is as the type says.
    unsafe extern "C" fn open(inode: *mut inode, file: *mut file) -> c_int {
        // SAFETY: As required of our caller, `inode` and `file` are valid, and the private data of
        // `inode` points to a `T::Data`.
        let (data, flags) = unsafe { (&*(*inode).i_private.cast::<T::Data>(), (*file).f_flags) };
        from_result(|| {
            let open = T::open(data, flags & O_ACCMODE != O_WRONLY)?;
            let open = KBox::new(open, GFP_KERNEL | __GFP_NOWARN)?;
            // SAFETY: As required of our caller, `file` is being opened: nobody else uses it yet.
            // From here on its private data is a `KBox<T::Open>`.
            unsafe { (*file).private_data = open.into_foreign() };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// `file` was opened by [`open`](Self::open) and is not released during `'a`.
    unsafe fn content<'a>(file: *mut file) -> &'a [u8] {
        // SAFETY: `open` made the private data a `KBox<T::Open>`, which nobody changes and only
        // `release` takes back: not during `'a`, as required of our caller.
        T::content(unsafe { KBox::<T::Open>::borrow((*file).private_data) })
    }

    /// # Safety
    ///
    /// `file` was opened by [`open`](Self::open). The rest is as the kernel passes it to `read`.
    unsafe extern "C" fn read(
        file: *mut file,
        to: *mut c_char,
        len: usize,
        pos: *mut loff_t,
    ) -> isize {
        // SAFETY: As required of our caller, `file` was opened by `open`. It is not released while
        // it is read.
        let content = unsafe { Self::content(file) };
        let from = content.as_ptr().cast();
        // SAFETY: `from` points to `content.len()` bytes, and `pos` is valid, as required of our
        // caller. The function checks the user's `to` itself.
        unsafe { simple_read_from_buffer(to.cast(), len, pos, from, content.len()) }
    }

    /// # Safety
    ///
    /// `file` was opened by [`open`](Self::open).
    unsafe extern "C" fn llseek(file: *mut file, offset: loff_t, whence: c_int) -> loff_t {
        // SAFETY: As required of our caller, `file` was opened by `open`. It is not released during
        // the call.
        let len = unsafe { Self::content(file).len() };
        // SAFETY: `file` is open, as required of our caller. CAST: A slice has at most `isize::MAX`
        // bytes.
        unsafe { fixed_size_llseek(file, offset, whence, len as loff_t) }
    }

    /// # Safety
    ///
    /// `file` was opened by [`open`](Self::open), and its inode is as the type says. The rest is as
    /// the kernel passes it to `write`.
    unsafe extern "C" fn write(
        file: *mut file,
        text: *const c_char,
        len: usize,
        _pos: *mut loff_t,
    ) -> isize {
        // SAFETY: As required of our caller, `file` and its inode are valid, and the private data
        // of the inode points to a `T::Data`.
        let data = unsafe { &*(*(*file).f_inode).i_private.cast::<T::Data>() };
        from_result(|| {
            let text = UserPtr::from_ptr(text.cast_mut().cast());
            T::write(data, UserSlice::new(text, len).reader())?;
            Ok(isize::try_from(len)?)
        })
    }

    /// # Safety
    ///
    /// `file` was opened by [`open`](Self::open), and is not used any more.
    unsafe extern "C" fn release(_inode: *mut inode, file: *mut file) -> c_int {
        // SAFETY: `open` made the private data a `KBox<T::Open>`. As required of our caller nobody
        // uses it any more, and the kernel calls this once for each file that was opened.
        drop(unsafe { KBox::<T::Open>::from_foreign((*file).private_data) });
        0
    }
}
