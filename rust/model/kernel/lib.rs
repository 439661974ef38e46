// SPDX-License-Identifier: GPL-2.0

//! Stands in for the kernel crate on the host, as far as what is checked there uses it.
//!
//! With the feature `loom`, all that tasks share is loom's, which tries the orders in which they
//! can take turns, and what weak memory lets them see. Without it, the same is done by `std`.

#![forbid(unsafe_code)]

pub mod alloc;
pub mod error;
pub mod fmt;
pub mod init;
pub mod iov;
pub mod page;
pub mod rbtree;
pub mod sync;

/// What the kernel's sources begin with.
pub mod prelude {
    pub use crate::{
        alloc::{
            flags::*,
            KBox,
            KVec, //
        },
        error::{
            code::*,
            Error,
            Result, //
        },
        fmt,
        init::PinInit,
        pin_init,
        pr_err, //
    };
    pub use macros::pin_data;
}

/// Prints nothing: the host has no log.
#[macro_export]
macro_rules! pr_err {
    ($($arg:tt)*) => {{
        let _ = ::core::format_args!($($arg)*);
    }};
}
