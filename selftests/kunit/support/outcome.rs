// SPDX-License-Identifier: GPL-2.0

//! How a test reports what it found.
//!
//! A test returns an [`Outcome`] instead of asserting: KUnit's assertions end the thread on the
//! spot, and a mapping that the test holds would stay for ever and disturb the tests that follow.

use crate::c;
use kernel::{prelude::*, str::CString};

/// A test has failed. The reason is in the log already.
#[derive(Debug)]
pub(crate) struct Failed;

/// The outcome of a test, or of a part of one.
pub(crate) type Outcome<T = ()> = core::result::Result<T, Failed>;

/// Something that this machine may lack, or why it does. For [`require!`].
pub(crate) type Available<T = ()> = core::result::Result<T, &'static CStr>;

/// Time that says something of the code that takes it.
pub(crate) fn comparable_time() -> Available {
    if cfg!(any(
        CONFIG_KASAN,
        CONFIG_KCSAN,
        CONFIG_PROVE_LOCKING,
        CONFIG_DEBUG_ATOMIC_SLEEP
    )) {
        return Err(c"what this kernel checks at each step takes longer than the step");
    }
    Ok(())
}

/// Writes `text` to the log and to the test's results.
pub(crate) fn note(text: kernel::fmt::Arguments<'_>) {
    if let Ok(text) = CString::try_from_fmt(text) {
        // SAFETY: The string ends with a NUL.
        unsafe { c::iomrs_c_note(text.as_char_ptr()) };
    }
}

/// Calls `f`, of which a kernel that checks for sleeping complains.
pub(crate) fn complaints_are_wanted<T>(f: impl FnOnce() -> T) -> T {
    if !cfg!(CONFIG_DEBUG_ATOMIC_SLEEP) {
        return f();
    }
    // tools/guest/kunit.sh looks for both lines.
    note(fmt!("complaints are wanted from here"));
    let result = f();
    note(fmt!("complaints are wanted to here"));
    result
}

/// Marks the running test as skipped because of `reason`.
pub(crate) fn skip(reason: &CStr) -> Outcome {
    // SAFETY: The string ends with a NUL.
    unsafe { c::iomrs_c_skip(reason.as_char_ptr()) };
    Ok(())
}

/// Fails the test, and reports where and why.
macro_rules! fail {
    ($($why:tt)*) => {{
        $crate::support::outcome::note(::kernel::prelude::fmt!(
            "{}:{}: {}", file!(), line!(), ::kernel::prelude::fmt!($($why)*)
        ));
        return Err($crate::support::outcome::Failed)
    }};
}

/// Fails the test unless the condition holds.
macro_rules! check {
    ($condition:expr $(,)?) => {
        if !$condition {
            $crate::support::outcome::fail!("does not hold: {}", stringify!($condition))
        }
    };
}

/// Fails the test unless both values are equal.
macro_rules! check_eq {
    ($left:expr, $right:expr $(,)?) => {{
        let (left, right) = (&$left, &$right);
        if *left != *right {
            $crate::support::outcome::fail!(
                "{} is {:x?}, {} is {:x?}",
                stringify!($left),
                left,
                stringify!($right),
                right
            )
        }
    }};
}

/// Returns the value of a [`Result`], or fails the test if it is an error.
macro_rules! check_ok {
    ($result:expr $(,)?) => {
        match $result {
            Ok(value) => value,
            Err(err) => {
                $crate::support::outcome::fail!("{} returns {:?}", stringify!($result), err)
            }
        }
    };
}

/// Fails the test unless the [`Result`] is this error.
macro_rules! check_err {
    ($result:expr, $errno:expr $(,)?) => {
        match $result {
            Ok(_) => $crate::support::outcome::fail!("{} returns no error", stringify!($result)),
            Err(err) if err == $errno => (),
            Err(err) => $crate::support::outcome::fail!(
                "{} returns {:?}, not {:?}",
                stringify!($result),
                err,
                $errno
            ),
        }
    };
}

/// Returns the value of an [`Available`], or skips the test if this machine lacks it.
macro_rules! require {
    ($what:expr $(,)?) => {
        match $what {
            Ok(value) => value,
            Err(reason) => return $crate::support::outcome::skip(reason),
        }
    };
}

pub(crate) use {check, check_eq, check_err, check_ok, fail, require};
