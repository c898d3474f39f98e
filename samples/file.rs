// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! `read()` and `write()` on the memory of a device. Positions and lengths past its end behave as
//! on a block device.

use crate::{
    device::{page_and_offset, Device},
    node::Node,
};
use kernel::{
    fs::{File, Kiocb},
    iov::{IovIterDest, IovIterSource},
    miscdevice::{MiscDevice, MiscDeviceRegistration},
    page::PAGE_SIZE,
    prelude::*,
    sync::Arc, //
};

#[vtable]
impl MiscDevice for Device {
    type Ptr = Arc<Self>;

    fn open(_file: &File, misc: &MiscDeviceRegistration<Self>) -> Result<Arc<Self>> {
        Ok(Node::device(misc))
    }

    /// At the end of the memory and after it, there is nothing to read.
    fn read_iter(mut kiocb: Kiocb<'_, Arc<Self>>, to: &mut IovIterDest<'_>) -> Result<usize> {
        page_by_page(&mut kiocb, to.len(), |device, pos, data| {
            device.read(pos, data)?;
            Ok(to.copy_to_iter(data))
        })
    }

    /// At the end of the memory and after it, there is no space: `ENOSPC`.
    fn write_iter(mut kiocb: Kiocb<'_, Arc<Self>>, from: &mut IovIterSource<'_>) -> Result<usize> {
        let written = page_by_page(&mut kiocb, from.len(), |device, pos, data| {
            let copied = from.copy_from_iter(data);
            device.write(pos, data.get(..copied).ok_or(EINVAL)?)?;
            Ok(copied)
        })?;
        if written == 0 && !from.is_empty() {
            return Err(ENOSPC);
        }
        kiocb.file().flush()?;
        Ok(written)
    }
}

/// Calls `copy` for each page of the `len` bytes at the position of the file, moves the position,
/// and returns the number of bytes copied.
///
/// `copy` gets the position in the memory and a buffer for the bytes of that page; it returns how
/// many it has copied. The bytes go through a buffer because a copy to or from user space may
/// sleep, and a driver cannot be unbound while its memory is being accessed.
///
/// A signal ends it early, and so does the freezing of tasks before the machine sleeps.
///
/// # Errors
///
/// If no byte was copied: the error of `copy`, `EFAULT` for an invalid address in user space, or
/// `ERESTARTSYS` for a signal.
fn page_by_page(
    kiocb: &mut Kiocb<'_, Arc<Device>>,
    len: usize,
    mut copy: impl FnMut(&Device, u64, &mut [u8]) -> Result<usize>,
) -> Result<usize> {
    let device = kiocb.file();
    let start = u64::try_from(kiocb.ki_pos())?;
    let available = device.size()?.saturating_sub(start);
    let len = len.min(usize::try_from(available).unwrap_or(usize::MAX));
    let mut buffer = KVec::from_elem(0, PAGE_SIZE.min(len), GFP_KERNEL)?;
    let mut done = 0;
    while done < len {
        if current!().signal_pending() {
            if done == 0 {
                return Err(ERESTARTSYS);
            }
            break;
        }
        // CAST: a `usize` has at most 64 bits.
        let pos = start + done as u64;
        let (_, offset) = page_and_offset(pos);
        let in_page = (len - done).min(PAGE_SIZE - offset);
        let data = buffer.get_mut(..in_page).ok_or(EINVAL)?;
        let copied = match copy(&device, pos, data) {
            Err(err) if done == 0 => return Err(err),
            copied => copied.unwrap_or(0),
        };
        done += copied;
        if copied < in_page {
            break;
        }
    }
    if done == 0 && len != 0 {
        return Err(EFAULT);
    }
    *kiocb.ki_pos_mut() += i64::try_from(done)?;
    Ok(done)
}
