// SPDX-License-Identifier: GPL-2.0

//! L1: directories of files in debugfs, for this module and for those that use the crate.
//!
//! As [`kernel::debugfs`], but for two things:
//!
//! - A file that is open keeps its module. Without that, closing a file after the module has gone is
//!   a jump into nothing.
//! - What a file says is written once, when it is opened, however long it is: one `read()` with a
//!   large buffer gets all of it, and several get parts of the same.
//!
//! Without `CONFIG_DEBUG_FS` there are no files, and nothing else changes.
//!
//! ```
//! use io_mapping_rs::text_files::{Directory, Text, TextFile, TextFiles};
//! use kernel::{fmt::Write, prelude::*, sync::atomic::{Atomic, Relaxed}};
//!
//! struct Answer;
//!
//! #[vtable]
//! impl TextFile<Atomic<u64>> for Answer {
//!     const NAME: &'static CStr = c"answer";
//!
//!     fn show(answer: &Atomic<u64>, out: &mut Text) -> Result {
//!         Ok(writeln!(out, "{}", answer.load(Relaxed))?)
//!     }
//!
//!     // With this, the file can be written to.
//!     fn store(answer: &Atomic<u64>, text: &str) -> Result {
//!         answer.store(text.trim().parse().map_err(|_| EINVAL)?, Relaxed);
//!         Ok(())
//!     }
//! }
//!
//! fn files() -> Result<TextFiles<Atomic<u64>>> {
//!     let files = TextFiles::new(Directory::new(c"my_driver", None), Atomic::new(42))?;
//!     files.add::<Answer>();
//!     Ok(files)
//! }
//! # struct LocalModule;
//! # impl kernel::ModuleMetadata for LocalModule {
//! #     const NAME: &'static CStr = c"example";
//! #     // SAFETY: As for what is built in.
//! #     const THIS_MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };
//! # }
//! # fn main() {}
//! ```
//!
//! C header: [`include/linux/debugfs.h`](srctree/include/linux/debugfs.h)

use core::{marker::PhantomData, ptr};
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    bindings as c,
    error::{from_result, VTABLE_DEFAULT_ERROR},
    ffi::{c_char, c_int},
    fmt::{self, Write},
    module::this_module,
    prelude::*,
    sync::Arc,
    types::ForeignOwnable,
    uaccess::UserSlice,
};

#[cfg(CONFIG_DEBUG_FS)]
use c::{debugfs_create_dir, debugfs_create_file_full, debugfs_remove};
#[cfg(not(CONFIG_DEBUG_FS))]
use none::{debugfs_create_dir, debugfs_create_file_full, debugfs_remove};

/// The longest text that a file takes at once, in bytes.
pub const MAX_STORE: usize = 256;

/// A directory in debugfs, removed with all that is in it when it is dropped.
///
/// # Invariants
///
/// `dentry` is what `debugfs_create_dir()` returned, an error included; only `drop` removes it.
pub struct Directory {
    dentry: *mut c::dentry,
    // Removing it would remove this one too.
    _parent: Option<Arc<Directory>>,
}

// SAFETY: The functions of debugfs may be called by any task.
unsafe impl Send for Directory {}
// SAFETY: As above, and by several at once.
unsafe impl Sync for Directory {}

impl Directory {
    /// Makes directory `name` in `parent`, or at the top. As ever with debugfs, a driver does not
    /// care whether that works.
    ///
    /// # Context
    ///
    /// May sleep, and so may dropping it.
    pub fn new(name: &CStr, parent: Option<Arc<Directory>>) -> Self {
        let above = parent.as_ref().map_or(ptr::null_mut(), |dir| dir.dentry);
        // SAFETY: `name` is a string. `above` is null, or a directory which by its invariant is
        // not removed while `parent` is there, or an error, which is passed on.
        let dentry = unsafe { debugfs_create_dir(name.as_char_ptr(), above) };
        // INVARIANT: Just returned.
        Self {
            dentry,
            _parent: parent,
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: By the invariant it has not been removed yet; errors are allowed. This waits for
        // the functions that run on files in the directory.
        unsafe { debugfs_remove(self.dentry) };
    }
}

/// What a file says, in the making. Takes text ([`Write`]) and bytes.
pub struct Text {
    bytes: KVVec<u8>,
    full: bool,
}

impl Text {
    const fn new() -> Self {
        Self {
            bytes: KVVec::new(),
            full: false,
        }
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn push(&mut self, bytes: &[u8]) -> Result {
        let pushed = self
            .bytes
            .extend_from_slice(bytes, GFP_KERNEL | __GFP_NOWARN);
        self.full |= pushed.is_err();
        Ok(pushed?)
    }

    /// What `F` has to say of `data`.
    fn of<T, F: TextFile<T>>(data: &T) -> Result<Self> {
        let mut text = Self::new();
        match F::show(data, &mut text) {
            // Whatever became of it on its way through `fmt`.
            _ if text.full => Err(ENOMEM),
            shown => shown.map(|()| text),
        }
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

/// A file about a `T`.
#[vtable]
pub trait TextFile<T>: 'static {
    /// What it is called.
    const NAME: &'static CStr;

    /// Writes all that the file is to say, to whoever has opened it for reading.
    fn show(data: &T, out: &mut Text) -> Result;

    /// Takes what was written to the file in one piece, at most [`MAX_STORE`] bytes. A file that
    /// does not have this cannot be written to.
    fn store(_data: &T, _text: &str) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A directory of files about a `T`, for root only.
pub struct TextFiles<T: Send + Sync + 'static> {
    // Dropped first: then no file shows `data` any more.
    directory: Directory,
    data: KBox<T>,
}

impl<T: Send + Sync + 'static> TextFiles<T> {
    /// No files yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(directory: Directory, data: T) -> Result<Self> {
        let data = KBox::new(data, GFP_KERNEL)?;
        Ok(Self { directory, data })
    }

    /// Adds file `F`.
    pub fn add<F: TextFile<T>>(&self) {
        let mode = if F::HAS_STORE { 0o600 } else { 0o400 };
        let data: *const T = &*self.data;
        // SAFETY: The name is a string, the directory has not been removed, by its invariant. What
        // `FOPS` needs is met: `data` is a `T` which stays where it is until the directory, and all
        // that runs on its files, is gone.
        unsafe {
            debugfs_create_file_full(
                F::NAME.as_char_ptr(),
                mode,
                self.directory.dentry,
                data.cast_mut().cast(),
                ptr::null(),
                &Operations::<T, F>::FOPS,
            )
        };
    }
}

/// The file operations, for a file whose inode points to a `T` that may be shared while any of them
/// but `release` runs.
struct Operations<T, F>(PhantomData<(T, F)>);

impl<T: Send + Sync + 'static, F: TextFile<T>> Operations<T, F> {
    const FOPS: c::file_operations = c::file_operations {
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

/// A kernel without debugfs, as its C header has it.
#[cfg(not(CONFIG_DEBUG_FS))]
mod none {
    use kernel::{bindings as c, error::code::ENODEV, ffi::*};

    pub(super) unsafe fn debugfs_create_dir(
        _name: *const c_char,
        _parent: *mut c::dentry,
    ) -> *mut c::dentry {
        ENODEV.to_ptr()
    }

    pub(super) unsafe fn debugfs_create_file_full(
        _name: *const c_char,
        _mode: c::umode_t,
        _parent: *mut c::dentry,
        _data: *mut c_void,
        _aux: *const c_void,
        _fops: *const c::file_operations,
    ) -> *mut c::dentry {
        ENODEV.to_ptr()
    }

    pub(super) unsafe fn debugfs_remove(_dentry: *mut c::dentry) {}
}
