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

    /// `SO_ATTACH_FILTER`, `SO_ATTACH_BPF`: messages are to be filtered.
    pub(crate) const FILTER: Self = Self(bindings::SHIM_INTEREST_FILTER);
    /// `SO_BINDTODEVICE`: traffic of another device than the loopback device.
    pub(crate) const ELSEWHERE: Self = Self(bindings::SHIM_INTEREST_ELSEWHERE);

    /// `SO_PEEK_OFF`: peeks start at an offset, which moves with the data.
    pub(crate) const PEEK_OFFSET: Self = Self(bindings::SHIM_INTEREST_PEEK_OFF);

    /// An error is pending: [`Sock::has_error`]. Of a sender only.
    pub(crate) const ERROR: Self = Self(bindings::SHIM_INTEREST_ERROR);

    /// It and `other`.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is among it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is among it.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One of the two parties of a transfer, as it is now: all at once, as this is asked for each.
#[derive(Clone, Copy)]
pub(crate) struct Party {
    /// What its options ask for.
    pub(crate) interest: Interest,
    /// Bytes that its `SO_RCVBUF` lets wait if it receives, or its `SO_SNDBUF` if it sends.
    pub(crate) buffer: usize,
}

impl Party {
    /// From a buffer's size above what is asked for.
    fn from_raw(raw: u64) -> Self {
        Self {
            // CAST: The lower half.
            interest: Interest(raw as u32),
            buffer: (raw >> 32) as usize,
        }
    }
}

impl<T: SocketOps> Sock<T> {
    /// What the socket's options ask for now.
    pub(crate) fn interest(&self) -> Interest {
        // SAFETY: The sock is valid.
        Interest(unsafe { bindings::shim_sk_interest(self.as_raw()) })
    }

    /// What those who send to the socket need to know.
    pub(crate) fn as_receiver(&self) -> Party {
        // SAFETY: The sock is valid.
        Party::from_raw(unsafe { bindings::shim_sk_as_reader(self.as_raw()) })
    }

    /// What it takes to send from the socket.
    pub(crate) fn as_sender(&self) -> Party {
        // SAFETY: The sock is valid.
        Party::from_raw(unsafe { bindings::shim_sk_as_writer(self.as_raw()) })
    }
}
