// SPDX-License-Identifier: GPL-2.0

#![forbid(unsafe_code)]

//! `/sys/kernel/debug/io_mapping_sampleN/interrupt_mask`: the register, to read and to write.

use crate::device::{Device, INTERRUPT_MASK};
use io_mapping_rs::debugfs::files::{Text, TextFile};
use kernel::{
    fmt::Write,
    io::Io,
    prelude::*,
    str::{parse_int::ParseInt, BStr},
    sync::Arc, //
};

pub(crate) struct InterruptMask;

#[vtable]
impl TextFile<Arc<Device>> for InterruptMask {
    const NAME: &'static CStr = c"interrupt_mask";

    fn show(device: &Arc<Device>, out: &mut Text) -> Result {
        let mask = device.with_registers(|registers| registers.read(INTERRUPT_MASK))?;
        Ok(writeln!(out, "{:#010x}", mask.into_raw())?)
    }

    fn store(device: &Arc<Device>, text: &str) -> Result {
        let mask = u32::from_str(BStr::from_bytes(text.trim().as_bytes()))?;
        device.with_registers(|registers| registers.write_reg(INTERRUPT_MASK::from(mask)))
    }
}
