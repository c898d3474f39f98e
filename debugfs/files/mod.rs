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
//! use io_mapping_rs::debugfs::files::{Directory, Text, TextFile, TextFiles};
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

use core::ptr;
use kernel::{
    alloc::{flags::__GFP_NOWARN, KVVec},
    error::VTABLE_DEFAULT_ERROR,
    fmt::{self, Write},
    prelude::*,
};

#[cfg(CONFIG_DEBUG_FS)]
use kernel::bindings::{
    debugfs_create_dir, debugfs_create_file_full, debugfs_lookup, debugfs_remove,
};
#[cfg(not(CONFIG_DEBUG_FS))]
use none::{debugfs_create_dir, debugfs_create_file_full, debugfs_lookup, debugfs_remove};

mod directory;
#[cfg(not(CONFIG_DEBUG_FS))]
mod none;
mod operations;
pub use directory::Directory;
use operations::Operations;

/// What the examples below have in common with every module: hidden lines.
macro_rules! local_module {
    () => {
        "# struct LocalModule;
# impl kernel::ModuleMetadata for LocalModule {
#     const NAME: &'static CStr = c\"example\";
#     // SAFETY: As for what is built in.
#     const THIS_MODULE: ThisModule = unsafe { ThisModule::from_ptr(core::ptr::null_mut()) };
# }
# fn main() {}"
    };
}

/// The longest text that a file takes at once, in bytes.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::debugfs::files::MAX_STORE;
///
/// /// The longest command that `store()` will ever be given fits.
/// struct LastCommand {
///     text: [u8; MAX_STORE],
///     len: usize,
/// }
/// ```
pub const MAX_STORE: usize = 256;

/// What a file says, in the making. Takes text ([`Write`]) and bytes.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::debugfs::files::Text;
/// use kernel::{fmt::Write, prelude::*};
///
/// /// A line for each of the queues.
/// fn list(queues: &[u32], out: &mut Text) -> Result {
///     for (index, length) in queues.iter().enumerate() {
///         writeln!(out, "queue={index} length={length}")?;
///     }
///     Ok(())
/// }
/// ```
pub struct Text {
    bytes: KVVec<u8>,
    full: bool,
}

impl Text {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: KVVec::new(),
            full: false,
        }
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, which the opening of the file fails with too, whatever is made of it here.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{debugfs::files::Text, Mapping};
    /// use kernel::{io::Io, prelude::*};
    ///
    /// /// The first registers as they are: a file for a program to read.
    /// fn dump(registers: &Mapping, out: &mut Text) -> Result {
    ///     for offset in (0..0x20).step_by(4) {
    ///         out.push(&registers.try_read32(offset)?.to_le_bytes())?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn push(&mut self, bytes: &[u8]) -> Result {
        let pushed = self
            .bytes
            .extend_from_slice(bytes, GFP_KERNEL | __GFP_NOWARN);
        self.full |= pushed.is_err();
        Ok(pushed?)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends spaces until the line is `column` bytes long: at least one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn pad_to(&mut self, column: usize) -> Result {
        let line = self.bytes.rsplit(|&byte| byte == b'\n').next();
        let spaces = column.saturating_sub(line.map_or(0, <[u8]>::len)).max(1);
        (0..spaces).try_for_each(|_| self.push(b" "))
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
///
/// # Examples
///
/// ```
/// use io_mapping_rs::debugfs::files::{Text, TextFile};
/// use kernel::{fmt::Write, prelude::*};
///
/// struct Version;
///
/// #[vtable]
/// impl TextFile<u32> for Version {
///     const NAME: &'static CStr = c"version";
///
///     fn show(version: &u32, out: &mut Text) -> Result {
///         Ok(writeln!(out, "{}.{}", version >> 16, version & 0xffff)?)
///     }
/// }
#[doc = local_module!()]
/// ```
#[vtable]
pub trait TextFile<T>: 'static {
    /// What it is called.
    ///
    /// # Examples
    ///
    /// ```
    /// # use io_mapping_rs::debugfs::files::TextFile;
    /// # use kernel::prelude::*;
    /// /// Says under which name `F` is found.
    /// fn announce<F: TextFile<u32>>(dev: &kernel::device::Device) {
    ///     dev_info!(dev, "see {} in debugfs\n", F::NAME);
    /// }
    /// ```
    const NAME: &'static CStr;

    /// Writes all that the file is to say, to whoever has opened it for reading.
    ///
    /// # Errors
    ///
    /// Any: opening the file then fails with it.
    ///
    /// # Context
    ///
    /// May sleep. Several tasks may run this at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::debugfs::files::{Text, TextFile};
    /// use kernel::prelude::*;
    ///
    /// struct Firmware;
    ///
    /// #[vtable]
    /// impl TextFile<KVVec<u8>> for Firmware {
    ///     const NAME: &'static CStr = c"firmware";
    ///
    ///     fn show(image: &KVVec<u8>, out: &mut Text) -> Result {
    ///         if image.is_empty() {
    ///             return Err(ENODATA);
    ///         }
    ///         out.push(image)
    ///     }
    /// }
    #[doc = local_module!()]
    /// ```
    fn show(data: &T, out: &mut Text) -> Result;

    /// Takes what was written to the file in one piece, at most [`MAX_STORE`] bytes. A file that
    /// does not have this cannot be written to.
    ///
    /// # Errors
    ///
    /// Any: writing to the file then fails with it. Before this is called, `EINVAL` for what is
    /// longer or not UTF-8.
    ///
    /// # Context
    ///
    /// As [`show`](Self::show).
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::debugfs::files::{Text, TextFile};
    /// use kernel::{fmt::Write, prelude::*, sync::atomic::{Atomic, Relaxed}};
    ///
    /// struct Reset;
    ///
    /// #[vtable]
    /// impl TextFile<Atomic<u32>> for Reset {
    ///     const NAME: &'static CStr = c"reset";
    ///
    ///     fn show(count: &Atomic<u32>, out: &mut Text) -> Result {
    ///         Ok(writeln!(out, "{}", count.load(Relaxed))?)
    ///     }
    ///
    ///     fn store(count: &Atomic<u32>, text: &str) -> Result {
    ///         if text.trim() != "0" {
    ///             return Err(EINVAL);
    ///         }
    ///         count.store(0, Relaxed);
    ///         Ok(())
    ///     }
    /// }
    #[doc = local_module!()]
    /// ```
    fn store(_data: &T, _text: &str) -> Result {
        build_error!(VTABLE_DEFAULT_ERROR)
    }
}

/// A directory of files about a `T`, for root only.
///
/// # Examples
///
/// ```
/// use io_mapping_rs::debugfs::files::TextFiles;
/// use kernel::{prelude::*, sync::atomic::Atomic};
///
/// /// What a driver keeps for a device: the files are there until it is unbound.
/// struct Instance {
///     statistics: TextFiles<[Atomic<u64>; 2]>,
/// }
/// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::{debugfs::files::{Directory, TextFiles}, pci::DevresBar};
    /// use kernel::prelude::*;
    ///
    /// /// Files that read the registers of a device, which may have gone by then.
    /// fn files(device: &CStr, registers: DevresBar) -> Result<TextFiles<DevresBar>> {
    ///     TextFiles::new(Directory::new(device, None), registers)
    /// }
    /// ```
    pub fn new(directory: Directory, data: T) -> Result<Self> {
        let data = KBox::new(data, GFP_KERNEL)?;
        Ok(Self { directory, data })
    }

    /// Adds file `F`, which is there until the directory is dropped. As with
    /// [`Directory::new`], nobody is told where that does not work.
    ///
    /// # Context
    ///
    /// May sleep.
    ///
    /// # Examples
    ///
    /// ```
    /// use io_mapping_rs::debugfs::files::{TextFile, TextFiles};
    ///
    /// /// The file that every device has, and one that only some have.
    /// fn add<A: TextFile<u32>, B: TextFile<u32>>(files: &TextFiles<u32>, has_b: bool) {
    ///     files.add::<A>();
    ///     if has_b {
    ///         files.add::<B>();
    ///     }
    /// }
    /// ```
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
