// SPDX-License-Identifier: GPL-2.0

//! What an architecture may use that has nothing better.

pub(crate) mod preempt;
