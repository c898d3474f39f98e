// SPDX-License-Identifier: GPL-2.0

//! What the kernel calls on a file.

use super::{Text, TextFile, MAX_STORE};
use core::marker::PhantomData;
use kernel::{
    bindings as c,
    error::from_result,
    ffi::{c_char, c_int},
    module::this_module,
    prelude::*,
    types::ForeignOwnable,
    uaccess::UserSlice,
};

/// The file operations, for a file whose inode points to a `T` that may be shared while any of them
/// but `release` runs.
pub(super) struct Operations<T, F>(PhantomData<(T, F)>);

impl<T: Send + Sync + 'static, F: TextFile<T>> Operations<T, F> {
    pub(super) const FOPS: c::file_operations = c::file_operations {
        owner: this_module::<F::OwnerModule>().as_ptr(),
        open: Some(Self::open),
        read: Some(Self::read),
        write: if F::HAS_STORE {
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
    /// `file` is being opened, and `inode` is as said for the type.
    unsafe extern "C" fn open(inode: *mut c::inode, file: *mut c::file) -> c_int {
        // SAFETY: As required of our caller.
        let (data, flags) = unsafe { (&*(*inode).i_private.cast::<T>(), (*file).f_flags) };
        from_result(|| {
            let text = if flags & c::O_ACCMODE == c::O_WRONLY {
                Text::new()
            } else {
                Text::of::<T, F>(data)?
            };
            let text = KBox::new(text, GFP_KERNEL)?;
            // SAFETY: The file is ours while it is being opened. From here on its private data is a
            // `KBox<Text>`.
            unsafe { (*file).private_data = text.into_foreign() };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// `file` was opened by `open`.
    unsafe fn text<'a>(file: *mut c::file) -> &'a Text {
        // SAFETY: `open` has put a `KBox<Text>` there, and nobody changes it.
        unsafe { KBox::<Text>::borrow((*file).private_data) }
    }

    /// # Safety
    ///
    /// `file` was opened by `open`, `to` and `pos` are those of a read.
    unsafe extern "C" fn read(
        file: *mut c::file,
        to: *mut c_char,
        len: usize,
        pos: *mut c::loff_t,
    ) -> isize {
        // SAFETY: As required of our caller.
        let bytes = unsafe { &Self::text(file).bytes };
        // SAFETY: `bytes` are as many as said, and `pos` is valid for this call.
        unsafe {
            c::simple_read_from_buffer(to.cast(), len, pos, bytes.as_ptr().cast(), bytes.len())
        }
    }

    /// # Safety
    ///
    /// `file` was opened by `open`.
    unsafe extern "C" fn llseek(file: *mut c::file, offset: c::loff_t, whence: c_int) -> c::loff_t {
        // SAFETY: As required of our caller.
        let len = unsafe { Self::text(file).bytes.len() };
        // SAFETY: The file is open. CAST: no text in memory is longer.
        unsafe { c::fixed_size_llseek(file, offset, whence, len as c::loff_t) }
    }

    /// # Safety
    ///
    /// `file` was opened by `open`, and its inode is as said for the type.
    unsafe extern "C" fn write(
        file: *mut c::file,
        text: *const c_char,
        len: usize,
        _pos: *mut c::loff_t,
    ) -> isize {
        // SAFETY: As required of our caller.
        let data = unsafe { &*(*(*file).f_inode).i_private.cast::<T>() };
        from_result(|| {
            let mut line = [0; MAX_STORE];
            let line = line.get_mut(..len).ok_or(EINVAL)?;
            let text = UserPtr::from_ptr(text.cast_mut().cast());
            UserSlice::new(text, len).reader().read_slice(line)?;
            F::store(data, core::str::from_utf8(line).map_err(|_| EINVAL)?)?;
            Ok(isize::try_from(len)?)
        })
    }

    /// # Safety
    ///
    /// `file` was opened by `open`, and nobody uses it any more.
    unsafe extern "C" fn release(_inode: *mut c::inode, file: *mut c::file) -> c_int {
        // SAFETY: `open` has put a `KBox<Text>` there, and this is called once for each `open`.
        drop(unsafe { KBox::<Text>::from_foreign((*file).private_data) });
        0
    }
}
