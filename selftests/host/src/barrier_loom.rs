// SPDX-License-Identifier: GPL-2.0

//! The barrier of the benchmark's threads under loom, which fails where one waits for ever.

use crate::barrier::{Barrier, Failed};
use loom::{sync::Arc, thread};

const EINTR: i32 = -4;

/// Runs `body(0)` and `body(1)` on two threads, and returns what both return.
fn on_two<T: 'static>(barrier: &Arc<Barrier>, body: fn(&Barrier, usize) -> T) -> [T; 2] {
    let other = thread::spawn({
        let barrier = barrier.clone();
        move || body(&barrier, 1)
    });
    let first = body(barrier, 0);
    [first, other.join().unwrap()]
}

/// The others run.
extern "C" fn relax() {
    thread::yield_now();
}

/// A barrier of two threads.
fn new() -> Arc<Barrier> {
    let barrier = Barrier::new(2, relax);
    assert_eq!(barrier.count(), 2);
    Arc::new(barrier)
}

/// As the rounds that warm up: what each thread would do differs from the first round on.
#[test]
fn loom_threads_of_unequal_speed_end_together() {
    loom::model(|| {
        let rounds = on_two(&new(), |barrier, index| {
            let mut rounds = 0;
            while rounds < 2 {
                rounds += 1;
                let enough = if index == 0 { rounds == 2 } else { rounds == 1 };
                match barrier.agree(index, u32::from(enough)) {
                    Ok(0) => {}
                    Ok(_) => break,
                    Err(Failed(errno)) => panic!("errno {errno}"),
                }
            }
            rounds
        });
        assert_eq!(rounds, [2, 2]);
    });
}

/// Nobody sees a decision before or after the one that is made: what a thread has written before it came, all others
/// read after it.
#[test]
fn loom_each_decision_is_seen_by_all() {
    loom::model(|| {
        let seen = on_two(&new(), |barrier, index| {
            [7, 8].map(|says| barrier.agree(index, says * (1 - index as u32)).ok())
        });
        assert_eq!(seen, [[Some(7), Some(8)]; 2]);
    });
}

/// A thread that fails comes no more, and all others end with its errno.
#[test]
fn loom_nobody_waits_for_one_that_failed() {
    loom::model(|| {
        let errors = on_two(&new(), |barrier, index| {
            if index == 1 {
                barrier.fail(EINTR);
                return EINTR;
            }
            barrier.wait().err().map_or(0, |Failed(errno)| errno)
        });
        assert_eq!(errors, [EINTR, EINTR]);
    });
}
