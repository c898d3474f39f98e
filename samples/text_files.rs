// SPDX-License-Identifier: GPL-2.0

//! Directories of text files in debugfs.
//!
//! As [`kernel::debugfs`], but for one thing: a file that is open keeps the module. Without that,
//! closing a file after the module has gone is a jump into nothing. All the unsafe code of it is
//! here, and needs `CONFIG_DEBUG_FS`.
//!
//! C header: [`include/linux/debugfs.h`](srctree/include/linux/debugfs.h)

use core::{marker::PhantomData, ptr};
use kernel::{
    bindings,
    error::from_result,
    ffi::{c_char, c_int, c_void},
    fmt::{self, Write},
    module::this_module,
    prelude::*,
    seq_file::{seq_print, SeqFile},
    sync::Arc,
    uaccess::UserSlice, //
};

/// The longest line that a file takes, in bytes.
const LINE: usize = 64;

/// A directory in debugfs, removed with all that is in it when it is dropped.
///
/// # Invariants
///
/// `dentry` is what `debugfs_create_dir()` returned, an error included; only `drop` removes it.
pub(crate) struct Directory {
    dentry: *mut bindings::dentry,
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
    pub(crate) fn new(name: &CStr, parent: Option<Arc<Directory>>) -> Self {
        let above = parent.as_ref().map_or(ptr::null_mut(), |dir| dir.dentry);
        // SAFETY: `name` is a string. `above` is null, or a directory which by its invariant is
        // not removed while `parent` is there, or an error, which is passed on.
        let dentry = unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), above) };
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
        unsafe { bindings::debugfs_remove(self.dentry) };
    }
}

/// What a file says of a `T`.
pub(crate) trait TextFile<T>: 'static {
    const NAME: &'static CStr;
    const WRITABLE: bool = false;

    /// Writes all of the text. May be called again with more room, from the start.
    fn show(data: &T, out: &mut dyn Write) -> Result;

    /// Takes what was written to the file, at most 64 bytes.
    fn store(_data: &T, _text: &str) -> Result {
        Err(EINVAL)
    }
}

/// A directory of files about a `T`.
pub(crate) struct TextFiles<T: Send + Sync + 'static> {
    // Dropped first: then no file shows `data` any more.
    directory: Directory,
    data: KBox<T>,
}

impl<T: Send + Sync + 'static> TextFiles<T> {
    pub(crate) fn new(directory: Directory, data: T) -> Result<Self> {
        let data = KBox::new(data, GFP_KERNEL)?;
        Ok(Self { directory, data })
    }

    /// Adds file `F`, for root only.
    pub(crate) fn add<F: TextFile<T>>(&self) {
        let mode = if F::WRITABLE { 0o600 } else { 0o400 };
        let data: *const T = &*self.data;
        // SAFETY: The name is a string, the directory has not been removed, by its invariant. What
        // `FOPS` needs is met: `data` is a `T` which stays where it is until the directory, and all
        // that runs on its files, is gone.
        unsafe {
            bindings::debugfs_create_file_full(
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
    const FOPS: bindings::file_operations = bindings::file_operations {
        owner: this_module::<crate::LocalModule>().as_ptr(),
        open: Some(Self::open),
        read: Some(bindings::seq_read),
        write: if F::WRITABLE { Some(Self::write) } else { None },
        llseek: Some(bindings::seq_lseek),
        release: Some(bindings::single_release),
        ..pin_init::zeroed()
    };

    /// # Safety
    ///
    /// `file` is being opened, and `inode` is as said for the type.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        // SAFETY: `file` is being opened, and `show` is called as long as it is open, with the
        // inode's `T` as the private data of the `seq_file`.
        unsafe { bindings::single_open(file, Some(Self::show), (*inode).i_private) }
    }

    /// # Safety
    ///
    /// `seq` is the `seq_file` that `open` has made, and the inode is as said for the type.
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
        // SAFETY: `open` has put the inode's `T` there.
        let data = unsafe { &*(*seq).private.cast::<T>() };
        // SAFETY: It is valid, and ours for this call.
        let mut out = Out(unsafe { SeqFile::from_raw(seq) });
        from_result(|| F::show(data, &mut out).map(|()| 0))
    }

    /// # Safety
    ///
    /// `file` was opened by `open`, and its inode is as said for the type.
    unsafe extern "C" fn write(
        file: *mut bindings::file,
        text: *const c_char,
        len: usize,
        _pos: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: `open` has made a `seq_file` the private data of the file, and put the inode's
        // `T` there.
        let data = unsafe {
            let seq: *mut bindings::seq_file = (*file).private_data.cast();
            &*(*seq).private.cast::<T>()
        };
        from_result(|| {
            let mut line = [0; LINE];
            let line = line.get_mut(..len).ok_or(EINVAL)?;
            let text = UserPtr::from_ptr(text.cast_mut().cast());
            UserSlice::new(text, len).reader().read_slice(line)?;
            F::store(data, core::str::from_utf8(line).map_err(|_| EINVAL)?)?;
            Ok(isize::try_from(len)?)
        })
    }
}

/// Where a file writes its text.
struct Out<'a>(&'a SeqFile);

impl Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        seq_print!(self.0, "{text}");
        Ok(())
    }
}
