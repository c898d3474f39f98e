// SPDX-License-Identifier: GPL-2.0

//! `read()` and `write()` on the memory of a device. Positions and lengths past its end behave as
//! on a block device.

use crate::{device::Device, node};
use kernel::{
    iov::{IovIterDest, IovIterSource},
    page::PAGE_SIZE,
    prelude::*, //
};

impl node::Content for Device {
    fn size(&self) -> Result<u64> {
        if !self.is_there() {
            return Err(ENODEV);
        }
        // CAST: a `usize` is no wider than 64 bits.
        Ok(Device::size(self) as u64)
    }

    /// There is nothing to read at the end and past it.
    fn read(&self, pos: u64, to: &mut IovIterDest<'_>) -> Result<usize> {
        let left = to.len().min(available(self, pos)?);
        // CAST: below the size of the memory, unless nothing is left.
        page_by_page(pos as usize, left, |pos, data| {
            Device::read(self, pos, data)?;
            Ok(to.copy_to_iter(data))
        })
    }

    /// There is no room at the end and past it.
    fn write(&self, pos: u64, from: &mut IovIterSource<'_>) -> Result<usize> {
        let left = from.len().min(available(self, pos)?);
        if left == 0 && !from.is_empty() {
            return Err(ENOSPC);
        }
        // CAST: below the size of the memory, unless nothing is left.
        let written = page_by_page(pos as usize, left, |pos, data| {
            let copied = from.copy_from_iter(data);
            let data = data.get(..copied).ok_or(EINVAL)?;
            Device::write(self, pos, data)?;
            Ok(copied)
        })?;
        self.flush()?;
        Ok(written)
    }
}

/// How many bytes there are from `pos` on.
fn available(device: &Device, pos: u64) -> Result<usize> {
    let left = node::Content::size(device)?.saturating_sub(pos);
    Ok(usize::try_from(left)?)
}

/// Calls `copy` for each page that `left` bytes from `pos` on touch, with the part of a buffer that
/// is to hold the bytes, and adds up what it says it has copied. Ends early where that is less, as
/// user space is not all there.
///
/// Bytes cross by way of the buffer because copying to and from user space may sleep, and the
/// memory of a device must not be held meanwhile: its driver may be about to be unbound.
///
/// # Errors
///
/// That of `copy`, or `EFAULT`, where no byte was copied before; `ENOMEM`.
fn page_by_page(
    pos: usize,
    left: usize,
    mut copy: impl FnMut(usize, &mut [u8]) -> Result<usize>,
) -> Result<usize> {
    let mut buffer = KVec::from_elem(0, PAGE_SIZE.min(left), GFP_KERNEL)?;
    let mut done = 0;
    while done < left {
        let pos = pos + done;
        let wanted = (left - done).min(PAGE_SIZE - pos % PAGE_SIZE);
        let data = buffer.get_mut(..wanted).ok_or(EINVAL)?;
        match copy(pos, data) {
            Ok(copied) => {
                done += copied;
                if copied == wanted {
                    continue;
                }
                if done == 0 {
                    return Err(EFAULT);
                }
            }
            Err(err) if done == 0 => return Err(err),
            Err(_) => (),
        }
        break;
    }
    Ok(done)
}
