// SPDX-License-Identifier: GPL-2.0

//! Files in debugfs, for this module and for those that use the crate.
//!
//! They differ from those of [`kernel::debugfs`] in three ways:
//!
//! - An open file keeps its module loaded. Without that, closing a file whose module has been
//!   unloaded calls code that is not there any more.
//! - A driver that leaks its [`TextFiles`] leaves no file behind when it is unloaded.
//! - The text of a file is made once, when it is opened, and may be of any length. However many calls
//!   of `read()` it takes, they return parts of the same text.
//!
//! On a kernel without `CONFIG_DEBUG_FS` no file is created, and nothing else changes.
//!
//! ```
//! use io_mapping_rs::debugfs::files::{Decimal, Directory, Text, TextFile, TextFiles};
//! use kernel::{fmt::Write, prelude::*, sync::atomic::{Atomic, Relaxed}};
//!
//! /// `/sys/kernel/debug/my_driver/threshold`
//! struct Threshold;
//!
//! #[vtable]
//! impl TextFile<Atomic<u64>> for Threshold {
//!     const NAME: &'static CStr = c"threshold";
//!
//!     fn show(threshold: &Atomic<u64>, out: &mut Text) -> Result {
//!         Ok(writeln!(out, "{}", Decimal(threshold.load(Relaxed)))?)
//!     }
//!
//!     // Without this, the file cannot be written to.
//!     fn store(threshold: &Atomic<u64>, text: &str) -> Result {
//!         threshold.store(text.trim().parse().map_err(|_| EINVAL)?, Relaxed);
//!         Ok(())
//!     }
//! }
//!
//! fn files() -> Result<TextFiles<Atomic<u64>>> {
//!     let files = TextFiles::new(Directory::new(c"my_driver", None), Atomic::new(42))?;
//!     files.add::<Threshold>();
//!     Ok(files)
//! }
//! # struct LocalModule;
//! # impl kernel::ModuleMetadata for LocalModule {
//! #     const NAME: &'static CStr = c"my_driver";
//! #     // SAFETY: Null stands for what is built in.
//! #     const THIS_MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };
//! # }
//! # fn main() {}
//! ```
//!
//! C header: [`include/linux/debugfs.h`](srctree/include/linux/debugfs.h)

use crate::bindings::fs::FileOperations;
use core::marker::PhantomData;
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    error::VTABLE_DEFAULT_ERROR,
    fmt::{self, Write},
    prelude::*,
    uaccess::UserSliceReader,
};

mod directory;
mod installed;
pub use super::decimal::Decimal;
pub use directory::Directory;
use installed::Installed;
pub(super) use installed::Registration;

/// The longest text that can be written to a file by one call, in bytes.
pub const MAX_STORE: usize = 256;

/// The text of a file, to be written by [`TextFile::show`] with `write!()` and
/// [`push`](Self::push).
pub struct Text {
    bytes: KVVec<u8>,
    /// Whether memory ran out, so that something is missing.
    out_of_memory: bool,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: KVVec::new(),
            out_of_memory: false,
        }
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`. Opening the file then fails with it too, even if the caller ignores it.
    pub fn push(&mut self, bytes: &[u8]) -> Result {
        let pushed = self
            .bytes
            .extend_from_slice(bytes, GFP_KERNEL | __GFP_NOWARN);
        self.out_of_memory |= pushed.is_err();
        Ok(pushed?)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends spaces, at least one, until the line is `column` bytes long.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn pad_to(&mut self, column: usize) -> Result {
        let line = self.bytes.rsplit(|&byte| byte == b'\n').next();
        let spaces = column.saturating_sub(line.map_or(0, <[u8]>::len)).max(1);
        (0..spaces).try_for_each(|_| self.push(b" "))
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
    /// The name of the file.
    const NAME: &'static CStr;

    /// Writes the whole text of the file. Called when it is opened for reading.
    ///
    /// # Errors
    ///
    /// Opening the file fails with any error that is returned.
    ///
    /// # Context
    ///
    /// May sleep. Several tasks may call it at once.
    fn show(data: &T, out: &mut Text) -> Result;

    /// Takes what was written to the file by one call, at most [`MAX_STORE`] bytes. A file without
    /// this cannot be written to.
    ///
    /// # Errors
    ///
    /// Writing to the file fails with any error that is returned. It fails with `EINVAL`, and this
    /// is not called, for a text that is longer or not UTF-8.
    ///
    /// # Context
    ///
    /// As [`show`](Self::show).
    fn store(_data: &T, _text: &str) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A directory of files about a `T`, for root only.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::{debugfs::files::{Directory, Text, TextFile, TextFiles}, pci::DevresBar};
/// use kernel::{fmt::Write, prelude::*};
///
/// struct Status;
///
/// #[vtable]
/// impl TextFile<DevresBar> for Status {
///     const NAME: &'static CStr = c"status";
///
///     fn show(registers: &DevresBar, out: &mut Text) -> Result {
///         // The file may be opened while the driver is being unbound.
///         let status = registers.try_access().ok_or(ENODEV)?.try_read32(0x4)?;
///         Ok(writeln!(out, "{status:#010x}")?)
///     }
/// }
///
/// fn files(device: &CStr, registers: DevresBar) -> Result<TextFiles<DevresBar>> {
///     let files = TextFiles::new(Directory::new(device, None), registers)?;
///     files.add::<Status>();
///     Ok(files)
/// }
/// # struct LocalModule;
/// # impl kernel::ModuleMetadata for LocalModule {
/// #     const NAME: &'static CStr = c"my_driver";
/// #     // SAFETY: Null stands for what is built in.
/// #     const THIS_MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };
/// # }
/// # fn main() {}
/// ```
pub struct TextFiles<T: Send + Sync + 'static> {
    // Dropped first: then no file uses `data` any more.
    directory: Installed,
    data: KBox<T>,
}

impl<T: Send + Sync + 'static> TextFiles<T> {
    /// Returns a directory without files.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn new(directory: Directory, data: T) -> Result<Self> {
        let data = KBox::new(data, GFP_KERNEL | __GFP_NOWARN)?;
        let directory = Installed::new(directory)?;
        Ok(Self { directory, data })
    }

    /// Adds file `F`, which is there until `self` is dropped. As with [`Directory::new`], no error
    /// is returned.
    ///
    /// # Context
    ///
    /// May sleep.
    pub fn add<F: TextFile<T>>(&self) {
        let data: *const T = &*self.data;
        // SAFETY: The box keeps `data` where it is, and is dropped after the directory, or never.
        unsafe {
            self.directory
                .create_file::<Operations<T, F>>(F::NAME, data)
        };
    }
}

/// The operations of file `F`.
struct Operations<T, F>(PhantomData<(T, F)>);

impl<T: Send + Sync + 'static, F: TextFile<T>> FileOperations for Operations<T, F> {
    type Data = T;
    type Open = Text;
    type Module = F::OwnerModule;
    const IS_WRITABLE: bool = F::HAS_STORE;

    fn open(data: &T, for_reading: bool) -> Result<Text> {
        let mut text = Text::new();
        if !for_reading {
            return Ok(text);
        }
        let shown = F::show(data, &mut text);
        // `fmt` may have replaced `ENOMEM` by another error, or `show` have ignored it.
        if text.out_of_memory {
            return Err(ENOMEM);
        }
        shown.map(|()| text)
    }

    fn content(text: &Text) -> &[u8] {
        text.bytes()
    }

    fn write(data: &T, mut text: UserSliceReader) -> Result {
        let mut line = [0; MAX_STORE];
        let line = line.get_mut(..text.len()).ok_or(EINVAL)?;
        text.read_slice(line)?;
        F::store(data, core::str::from_utf8(line).map_err(|_| EINVAL)?)
    }
}
