// SPDX-License-Identifier: GPL-2.0

//! The command line of the kernel, which it does not tell modules: `/proc/cmdline`.

use kernel::{
    bindings::{file, filp_close, filp_open, kernel_read, O_RDONLY},
    error::from_err_ptr,
    prelude::*,
};

/// The longest command line of any architecture.
const MAX_LEN: usize = 4096;

/// An open file.
///
/// # Invariants
///
/// It is open, and nobody else closes it.
struct File(*mut file);

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `File` it is open, and closed here only.
        unsafe { filp_close(self.0, core::ptr::null_mut()) };
    }
}

/// Returns whether `word` stands on the command line.
///
/// # Errors
///
/// Those of opening and reading `/proc/cmdline`, `ENOMEM`.
///
/// # Context
///
/// May sleep. It is the file of the calling task's file system.
pub(crate) fn has_word(word: &str) -> Result<bool> {
    // SAFETY: The name is a string.
    let file = unsafe { filp_open(c"/proc/cmdline".as_char_ptr(), O_RDONLY as i32, 0) };
    // INVARIANT: Opened just now.
    let file = File(from_err_ptr(file)?);
    let mut text = KVec::from_elem(0u8, MAX_LEN, GFP_KERNEL)?;
    let (mut len, mut pos) = (0, 0);
    while let Some(rest) = text.get_mut(len..).filter(|rest| !rest.is_empty()) {
        // SAFETY: `rest` is valid for writes of its length, and `pos` for a write.
        let got = unsafe { kernel_read(file.0, rest.as_mut_ptr().cast(), rest.len(), &mut pos) };
        match got {
            0 => break,
            1.. => len += got as usize,
            // CAST: An errno.
            _ => return Err(Error::from_errno(got as i32)),
        }
    }
    let text = text.get(..len).ok_or(EINVAL)?;
    let mut words = text.split(|byte| byte.is_ascii_whitespace());
    Ok(words.any(|found| found == word.as_bytes()))
}
