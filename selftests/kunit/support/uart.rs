// SPDX-License-Identifier: GPL-2.0

//! A 16550 that nobody uses: ports that hold what is written to them, and a FIFO.

use crate::{
    c,
    support::{accessors::*, outcome::*},
};
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

/// What the registers hold, and from [`FIFO_BEGIN`] on the FIFO.
pub(crate) type State = [u64; FIFO_BEGIN + FIFO_DEPTH + 1];
pub(crate) const FIFO_BEGIN: usize = 10;

/// The 16550. Nothing is at the other end of its line.
pub(crate) struct Uart {
    pub(crate) first: usize,
    /// What C accesses the first port by.
    pub(crate) cookie: Cookie,
}

impl Uart {
    /// Requests the ports of the 16550 that `uart=` names.
    pub(crate) fn new() -> Available<Self> {
        let first = crate::module_parameters::uart.value();
        let count = COUNT as u32;
        if first == 0 || !c::iomrs_c_request_region(first.into(), count.into()) {
            return Err(c"no 16550 that nobody uses: uart=");
        }
        let first = first as usize;
        // INVARIANT: The ports have been requested.
        let cookie = Cookie(c::iomrs_c_ioport_map(first, count));
        let uart = Self { first, cookie };
        for value in [0x5a, 0xa5] {
            uart.set(SCRATCH, value);
            if uart.get(SCRATCH) != value {
                return Err(c"no 16550 at uart=");
            }
        }
        Ok(uart)
    }

    /// Maps all of its ports by the library.
    pub(crate) fn ports(&self) -> Outcome<Ports> {
        // SAFETY: We have requested the ports.
        Ok(check_ok!(unsafe { Ports::new(self.first, COUNT) }))
    }

    /// Reads a register by C.
    pub(crate) fn get(&self, register: usize) -> u64 {
        self.cookie.offset(register).read(Access::Plain8)
    }

    /// Writes a register by C.
    pub(crate) fn set(&self, register: usize, value: u64) {
        self.cookie.offset(register).write(Access::Plain8, value);
    }

    /// Writes known values to all registers, and `line` and `modem` to theirs. Empties the FIFO and
    /// turns it on.
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

    /// Reads the registers, and then the FIFO.
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

    /// Resets the registers, calls `access`, and returns its result and the state after it.
    pub(crate) fn state_after<T>(
        &self,
        line: u64,
        modem: u64,
        access: impl FnOnce() -> T,
    ) -> (T, State) {
        self.reset(line, modem);
        let result = access();
        (result, self.state())
    }
}

impl Drop for Uart {
    fn drop(&mut self) {
        self.reset(0, 0);
        // SAFETY: `new` requested the ports, and the tests have dropped what they made of them.
        unsafe { c::iomrs_c_release_region(self.first as u64, COUNT as u64) };
    }
}
