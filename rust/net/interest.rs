// SPDX-License-Identifier: GPL-2.0

//! What a socket's options ask to be told beside the bytes.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    Sock,
    SocketOps, //
};
use crate::bindings;

/// A set of things that a socket wants to be told, or takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest(u32);

impl Interest {
    /// `SO_PASSCRED`, `SO_PASSSEC`: who sent a message.
    pub(crate) const CREDENTIALS: Self = Self(bindings::SHIM_INTEREST_CREDENTIALS);
    /// `SO_PASSRIGHTS`: descriptors are taken, as is the default.
    pub(crate) const DESCRIPTORS: Self = Self(bindings::SHIM_INTEREST_DESCRIPTORS);
    /// `SO_RCVMARK`, `SO_RCVPRIORITY`
    pub(crate) const MARKS: Self = Self(bindings::SHIM_INTEREST_MARKS);
    /// `SO_TIMESTAMP` and its like, `SIOCGSTAMP`: when a message came.
    pub(crate) const STAMP: Self = Self(bindings::SHIM_INTEREST_STAMP);
    /// Anything that [`put_marks`](super::RecvMessage::put_marks) tells.
    pub(crate) const MARKS_OR_STAMP: Self = Self(bindings::SHIM_INTEREST_CMSGS);
    /// `SO_TIMESTAMPING`: when a message of its own was sent.
    pub(crate) const SENT_STAMP: Self = Self(bindings::SHIM_INTEREST_SENT_STAMP);

    /// Whether all of `other` is among it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is among it.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl core::ops::BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl<T: SocketOps> Sock<T> {
    /// What the socket's options ask for now.
    pub(crate) fn interest(&self) -> Interest {
        // SAFETY: The sock is valid.
        Interest(unsafe { bindings::shim_sk_interest(self.as_raw()) })
    }
}
