// SPDX-License-Identifier: GPL-2.0

//! Error numbers.

use core::{
    convert::Infallible,
    num::TryFromIntError, //
};

use crate::alloc::AllocError;

/// A negative errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(i32);

/// A result with an errno.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

impl Error {
    pub fn from_errno(errno: i32) -> Self {
        assert!((-4095..0).contains(&errno), "{errno} is no errno");
        Self(errno)
    }

    pub fn to_errno(self) -> i32 {
        self.0
    }
}

impl From<AllocError> for Error {
    fn from(_: AllocError) -> Self {
        code::ENOMEM
    }
}

impl From<TryFromIntError> for Error {
    fn from(_: TryFromIntError) -> Self {
        code::EINVAL
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The numbers that the kernel crate has, as far as they are used.
pub mod code {
    use super::Error;

    macro_rules! declare {
        ($($name:ident = $number:literal;)+) => {
            $(pub const $name: Error = Error(-$number);)+
        };
    }

    declare! {
        EPERM = 1;
        EINTR = 4;
        EAGAIN = 11;
        ENOMEM = 12;
        EACCES = 13;
        EFAULT = 14;
        EBUSY = 16;
        EEXIST = 17;
        EINVAL = 22;
        EPIPE = 32;
        EMSGSIZE = 90;
    }
}
