// SPDX-License-Identifier: GPL-2.0

//! How a test says what it found.
//!
//! A test returns a [`Outcome`] instead of asserting: KUnit's assertions end the thread on the
//! spot, and a mapping that the test holds would stay for ever and upset the tests that follow.

use crate::c;
use kernel::{prelude::*, str::CString};

/// A test has failed; why has been said.
#[derive(Debug)]
pub(crate) struct Failed;

/// The outcome of a test, or of a part of one.
pub(crate) type Outcome<T = ()> = core::result::Result<T, Failed>;

/// Says `text` in the log and in the test's results.
pub(crate) fn note(text: kernel::fmt::Arguments<'_>) {
    if let Ok(text) = CString::try_from_fmt(text) {
        // SAFETY: The string ends with a NUL.
        unsafe { c::iomrs_c_note(text.as_char_ptr()) };
    }
}

/// Marks the running test as skipped because of `reason`.
pub(crate) fn skip(reason: &CStr) -> Outcome {
    // SAFETY: The string ends with a NUL.
    unsafe { c::iomrs_c_skip(reason.as_char_ptr()) };
    Ok(())
}

/// Fails the test, saying where and why.
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

/// Fails the test unless both sides are equal.
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

/// The value of a [`Result`] that must not be an error.
macro_rules! check_ok {
    ($result:expr $(,)?) => {
        match $result {
            Ok(value) => value,
            Err(err) => $crate::support::outcome::fail!("{} gives {:?}", stringify!($result), err),
        }
    };
}

/// Fails the test unless the [`Result`] is this error.
macro_rules! check_err {
    ($result:expr, $errno:expr $(,)?) => {
        match $result {
            Ok(_) => $crate::support::outcome::fail!("{} gives no error", stringify!($result)),
            Err(err) if err == $errno => (),
            Err(err) => {
                $crate::support::outcome::fail!(
                    "{} gives {:?}, not {:?}",
                    stringify!($result),
                    err,
                    $errno
                )
            }
        }
    };
}

/// The value of something that this machine may not have: without it the test is skipped.
macro_rules! require {
    ($what:expr $(,)?) => {
        match $what {
            Ok(value) => value,
            Err(reason) => return $crate::support::outcome::skip(reason),
        }
    };
}

pub(crate) use {check, check_eq, check_err, check_ok, fail, require};
