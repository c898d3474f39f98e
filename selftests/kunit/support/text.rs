// SPDX-License-Identifier: GPL-2.0

//! The kernel's own files in proc and debugfs, read from within the kernel.

use crate::{c, support::outcome::*};
use kernel::prelude::*;

/// The text of a file in proc or debugfs.
pub(crate) struct Text(KVVec<u8>);

impl Text {
    pub(crate) fn read(path: &CStr) -> Outcome<Self> {
        let mut text = KVVec::new();
        let mut len = Err(EFBIG);
        for size in (16..=20).map(|shift| 1 << shift) {
            check_ok!(text.resize(size, 0, GFP_KERNEL));
            // SAFETY: `path` ends with a NUL, and `text` has `size` bytes.
            let read = unsafe { c::iomrs_c_read_file(path.as_char_ptr(), text.as_mut_ptr(), size) };
            // CAST: no more than `size`, or an errno.
            len = usize::try_from(read).map_err(|_| Error::from_errno(read as i32));
            if len != Err(EFBIG) {
                break;
            }
        }
        text.truncate(check_ok!(len));
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> Outcome<&str> {
        Ok(check_ok!(core::str::from_utf8(&self.0)))
    }
}
