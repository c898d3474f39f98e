// SPDX-License-Identifier: GPL-2.0

//! A bug of each kind that the debug and the kcsan kernel look for, to see that they would find one of
//! ours: the parameter says which. It is built for these kernels only. See `tools/guest/checkers.sh`, and
//! `forget` in `tools/guest/kernel.sh`.

use core::{cell::UnsafeCell, hint::black_box, mem};
use kernel::{
    new_mutex, new_spinlock,
    prelude::*,
    sync::{Arc, Completion, Mutex},
    time::{Instant, Monotonic},
    workqueue,
};

module! {
    type: Bugs,
    name: "io_mapping_bugs",
    authors: ["The io-mapping-rs authors"],
    description: "Bugs for the checkers of a debug kernel",
    license: "GPL",
    params: {
        bug: u32 {
            default: 0,
            description: "1 sleeps under a lock, 2 uses what is free, 3 stores past the end, 4 leaks, 5 locks in two orders, 6 has a data race; 0 is none",
        },
    },
}

struct Bugs;

impl kernel::Module for Bugs {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        match module_parameters::bug.value() {
            1 => sleep_under_a_lock(),
            2 => use_after_free(),
            3 => store_past_the_end(),
            4 => leak(),
            5 => lock_in_two_orders(),
            6 => data_race(),
            _ => forget_what_was_handed_out(),
        }?;
        Ok(Self)
    }
}

/// The allocator's lists of each CPU keep the addresses of what they have handed out, until something else is
/// put there. kmemleak takes such an address for a use. So something else is put there.
fn forget_what_was_handed_out() -> Result {
    for shift in 3..=13 {
        let mut held = KVVec::with_capacity(256, GFP_KERNEL)?;
        for _ in 0..256 {
            held.push(
                KVec::<u8>::with_capacity(1 << shift, GFP_KERNEL)?,
                GFP_KERNEL,
            )?;
        }
    }
    Ok(())
}

fn sleep_under_a_lock() -> Result {
    let lock = KBox::pin_init(new_spinlock!(0), GFP_KERNEL)?;
    let mut guard = lock.lock();
    *guard = *KBox::new(1, GFP_KERNEL)?;
    Ok(())
}

fn use_after_free() -> Result {
    let place = KBox::into_raw(KBox::new(1u64, GFP_KERNEL)?);
    // SAFETY: `into_raw` has returned it.
    drop(unsafe { KBox::from_raw(place) });
    // SAFETY: None. It is free.
    pr_info!("{}\n", unsafe { place.read_volatile() });
    Ok(())
}

/// The memory is a part of a page, as a store to the guard page after it would be fatal.
fn store_past_the_end() -> Result {
    let mut bytes = VVec::from_elem(0u8, 100, GFP_KERNEL)?;
    // SAFETY: None. There are 100.
    unsafe { bytes.as_mut_ptr().add(200).write_volatile(1) };
    Ok(())
}

fn leak() -> Result {
    for number in 0..10u64 {
        mem::forget(KBox::new([number; 32], GFP_KERNEL)?);
    }
    Ok(())
}

fn lock_in_two_orders() -> Result {
    let first = KBox::pin_init(new_mutex!(1), GFP_KERNEL)?;
    let second = KBox::pin_init(new_mutex!(2), GFP_KERNEL)?;
    let sum = |one: &Mutex<u32>, other: &Mutex<u32>| *one.lock() + *other.lock();
    pr_info!("{}\n", sum(&first, &second) + sum(&second, &first));
    Ok(())
}

/// A word that two tasks change without a lock.
static RACED: Raced = Raced(UnsafeCell::new(0));

struct Raced(UnsafeCell<u64>);

// SAFETY: None. That is the bug.
unsafe impl Sync for Raced {}

fn change_for_a_while() {
    let begun = Instant::<Monotonic>::now();
    while begun.elapsed().as_millis() < 4000 {
        for _ in 0..1000 {
            // SAFETY: None. Another task changes it, too.
            unsafe { *black_box(RACED.0.get()) += 1 };
        }
    }
}

fn data_race() -> Result {
    let done = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
    let other = done.clone();
    workqueue::system_unbound().try_spawn(GFP_KERNEL, move || {
        change_for_a_while();
        other.complete_all();
    })?;
    change_for_a_while();
    done.wait_for_completion();
    Ok(())
}
