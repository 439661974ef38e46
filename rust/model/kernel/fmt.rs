// SPDX-License-Identifier: GPL-2.0

//! Formatting.

pub use std::fmt::*;

/// The arguments of a message.
#[macro_export]
macro_rules! fmt {
    ($($arg:tt)*) => {
        ::core::format_args!($($arg)*)
    };
}
