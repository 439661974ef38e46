// SPDX-License-Identifier: GPL-2.0

//! How a message is to be treated, and when it came: `SO_MARK`, `SO_PRIORITY`, `SO_TIMESTAMP` and
//! `SO_TIMESTAMPING`.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    RecvMessage,
    Sock,
    SocketOps, //
};
use crate::bindings;

/// How a message is to be treated.
#[derive(Clone, Copy)]
pub(crate) struct Marks(pub(super) bindings::shim_marks);

impl Marks {
    /// Not in any special way.
    pub(crate) const fn none() -> Self {
        Self(bindings::shim_marks {
            mark: 0,
            priority: 0,
            tsflags: 0,
            ts_opt_id: 0,
        })
    }

    /// The same, but the error queue is told nothing.
    pub(crate) const fn without_stamps(mut self) -> Self {
        self.0.tsflags = 0;
        self
    }

    /// Whether a receiver sees no difference.
    pub(crate) fn look_like(&self, other: &Self) -> bool {
        (self.0.mark, self.0.priority) == (other.0.mark, other.0.priority)
    }
}

/// A time of arrival.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(i64);

impl Stamp {
    /// None was taken.
    pub(crate) const NONE: Self = Self(0);

    /// The time of day.
    pub(crate) fn now() -> Self {
        // SAFETY: No requirement.
        Self(unsafe { bindings::shim_stamp_now() })
    }
}

impl<T: SocketOps> Sock<T> {
    /// How the socket's options have its messages treated.
    pub(crate) fn marks(&self) -> Marks {
        let mut marks = Marks::none();
        // SAFETY: Both are valid.
        unsafe { bindings::shim_sk_marks(self.as_raw(), &raw mut marks.0) };
        marks
    }

    /// Tells the error queue that `len` bytes that a call wrote are on their way, if `marks` ask
    /// for that. May sleep.
    pub(crate) fn stamp_sent(&self, marks: Marks, len: usize) {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_stamp_sent(self.as_raw(), marks.0, len) };
    }
}

impl<T: SocketOps> RecvMessage<'_, T> {
    /// Tells the caller when the message came, and its marks, if `sk` wants to know. Remembers
    /// the time for `SIOCGSTAMP`. May sleep.
    pub(crate) fn put_marks(&mut self, sk: &Sock<T>, stamp: Stamp, marks: &Marks) {
        // SAFETY: All are valid, and the caller is in an operation of the socket.
        unsafe {
            bindings::shim_msg_put_marks(sk.as_raw(), self.as_raw(), stamp.0, &raw const marks.0)
        };
    }
}
