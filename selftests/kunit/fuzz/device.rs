// SPDX-License-Identifier: GPL-2.0

//! Programs on the aperture of a device, whose driver is unbound meanwhile.

use super::{
    calls::{wrong, Aperture, Run},
    model::SIZE,
    program::Program,
};
use crate::{
    c,
    support::{contexts::Thread, devices::*, mappings::*, outcome::*},
};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use io_mapping_rs::{
    ioremap::Options,
    pci::{Aperture as BarAperture, BarRegion, SleepableAperture},
    Strategy,
};
use kernel::prelude::*;

/// How many programs have lost their device before their end.
pub(super) static CUT_SHORT: AtomicU64 = AtomicU64::new(0);

impl Run<'_> {
    /// Runs a program on BAR 2 of ivshmem, until it ends or the device has taken the aperture back.
    pub(super) fn program_on_device(&mut self, mut program: Program) -> Outcome {
        let mut words = program.beginning();
        let strategy = words.choose(&[Strategy::Auto, Strategy::Whole, Strategy::Sparse]);
        // Some programs end before that.
        let after_ms = words.below(8) as u32;
        let Ok(device) = Device::ivshmem() else {
            fail!("the device is not bound")
        };
        // The beginning of the BAR is what the model has.
        let region = check_ok!(BarRegion::request(device.bound(), 2, NAME));
        let aperture = region
            .aperture(0..SIZE, Options::new(WC), strategy)
            .and_then(BarAperture::into_sleepable_devres);
        drop(region);
        let aperture = check_ok!(aperture);
        let refused = AtomicBool::new(false);
        let unbind = || {
            c::iomrs_c_msleep(after_ms);
            let Ok(device) = Device::ivshmem() else {
                return;
            };
            let answer = device.unbind(|| aperture.try_access_with(|_| ()));
            refused.store(answer == Ok(Err(ENODEV)), Ordering::Relaxed);
        };
        let unbinding = Thread::start(None, &unbind)?;
        let result = self.on_device(&aperture, &mut program);
        drop(unbinding);
        if !refused.load(Ordering::Relaxed) {
            wrong!(
                self,
                "there is access to the aperture after the driver was unbound"
            );
        }
        self.judge(result)
    }

    /// Where maps have to end, so does the access to the aperture.
    fn on_device(&mut self, aperture: &SleepableAperture, program: &mut Program) -> Outcome {
        loop {
            let access = aperture.try_access_with(|bar| {
                let lend = |which| Aperture {
                    aperture: bar,
                    start: 0,
                    which,
                };
                self.steps(&[lend(0), lend(1)], program)
            });
            match access {
                Ok(Ok(Some(_))) => (),
                Ok(Ok(None)) => return Ok(()),
                Err(ENODEV) => {
                    CUT_SHORT.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Ok(Err(failed)) => return Err(failed),
                Err(err) => wrong!(self, "access to the aperture: {err:?}"),
            }
        }
    }
}
