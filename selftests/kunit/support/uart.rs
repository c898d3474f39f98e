// SPDX-License-Identifier: GPL-2.0

//! A serial port that nobody uses: ports that hold what is written, and a FIFO.

use crate::{
    c,
    support::{accessors::*, outcome::*},
};
use core::ffi::CStr;
use io_mapping_rs::Ports;

// Registers of the 16550, and what the tests write to them.
pub(crate) const DATA: usize = 0;
pub(crate) const INTERRUPTS: usize = 1;
pub(crate) const FIFO: usize = 2;
pub(crate) const FIFO_CLEAR: u64 = 7;
pub(crate) const LINE: usize = 3;
pub(crate) const DIVISOR_LATCH: u64 = 0x80;
pub(crate) const MODEM: usize = 4;
pub(crate) const LOOP: u64 = 0x10;
pub(crate) const STATUS: usize = 5;
pub(crate) const RECEIVED: u64 = 1;
pub(crate) const FIFO_DEPTH: usize = 16;
pub(crate) const SCRATCH: usize = 7;
pub(crate) const COUNT: usize = 8;

/// What is in the registers, and from [`FIFO_BEGIN`] on in the FIFO.
pub(crate) type State = [u64; FIFO_BEGIN + FIFO_DEPTH + 1];
pub(crate) const FIFO_BEGIN: usize = 10;

/// The serial port, with nothing at its other end.
pub(crate) struct Uart {
    pub(crate) first: usize,
    pub(crate) theirs: Cookie,
}

impl Uart {
    /// The one that the machine has set aside.
    pub(crate) fn new() -> core::result::Result<Self, &'static CStr> {
        let first = crate::module_parameters::uart.value();
        let count = COUNT as u32;
        if first == 0 || !c::iomrs_c_request_region(first.into(), count.into()) {
            return Err(c"no serial port that nobody uses: uart=");
        }
        let first = first as usize;
        let theirs = Cookie(c::iomrs_c_ioport_map(first, count));
        let uart = Self { first, theirs };
        for value in [0x5a, 0xa5] {
            uart.set(SCRATCH, value);
            if uart.get(SCRATCH) != value {
                return Err(c"no serial port at uart=");
            }
        }
        Ok(uart)
    }

    /// All of its ports, ours.
    pub(crate) fn ours(&self) -> Outcome<Ports> {
        // SAFETY: We have requested the ports.
        Ok(check_ok!(unsafe { Ports::new(self.first, COUNT) }))
    }

    /// Through C.
    pub(crate) fn get(&self, register: usize) -> u64 {
        self.theirs.at(register).read(Form::Plain8)
    }

    pub(crate) fn set(&self, register: usize, value: u64) {
        self.theirs.at(register).write(Form::Plain8, value);
    }

    /// Known values in all registers, the FIFO empty and on, `line` and `modem` as given.
    pub(crate) fn reset(&self, line: u64, modem: u64) {
        self.set(LINE, 0);
        self.set(INTERRUPTS, 0);
        self.set(MODEM, modem);
        self.set(FIFO, FIFO_CLEAR);
        self.set(SCRATCH, 0x5a);
        self.set(LINE, DIVISOR_LATCH);
        self.set(DATA, 0x12);
        self.set(INTERRUPTS, 0x34);
        self.set(LINE, line);
        // Reading clears what has changed.
        self.get(STATUS);
        self.get(6);
    }

    /// What is in the registers, and then in the FIFO.
    fn state(&self) -> State {
        let mut state = [0; FIFO_BEGIN + FIFO_DEPTH + 1];
        for (register, value) in state[..COUNT].iter_mut().enumerate().skip(2) {
            *value = self.get(register);
        }
        self.set(LINE, DIVISOR_LATCH);
        (state[8], state[9]) = (self.get(DATA), self.get(INTERRUPTS));
        self.set(LINE, 0);
        state[1] = self.get(INTERRUPTS);
        for received in &mut state[FIFO_BEGIN..] {
            if self.get(STATUS) & RECEIVED == 0 {
                break;
            }
            *received = 0x100 | self.get(DATA);
        }
        state
    }

    /// Does `access` to a port that is reset, and says what it gave and made of the registers.
    pub(crate) fn after<T>(&self, line: u64, modem: u64, access: impl FnOnce() -> T) -> (T, State) {
        self.reset(line, modem);
        let result = access();
        (result, self.state())
    }
}

impl Drop for Uart {
    fn drop(&mut self) {
        self.reset(0, 0);
        // SAFETY: Requested by us, and the tests have dropped what they made of the ports.
        unsafe { c::iomrs_c_release_region(self.first as u64, COUNT as u64) };
    }
}
