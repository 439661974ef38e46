// SPDX-License-Identifier: GPL-2.0

//! Poll events.
//!
//! C header: [`include/uapi/linux/eventpoll.h`](srctree/include/uapi/linux/eventpoll.h)

use core::ops::{
    BitOr,
    BitOrAssign, //
};

use crate::bindings;

/// A set of `EPOLL*` events that `poll(2)`, `select(2)` and `epoll(7)` report.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Events(u32);

impl Events {
    /// Nothing to report.
    pub(crate) const NONE: Self = Self(0);
    /// Data, a connection, or the end of the stream can be read.
    pub(crate) const READABLE: Self = Self(bindings::SHIM_EPOLLIN | bindings::SHIM_EPOLLRDNORM);
    /// There is room to write.
    pub(crate) const WRITABLE: Self =
        Self(bindings::SHIM_EPOLLOUT | bindings::SHIM_EPOLLWRNORM | bindings::SHIM_EPOLLWRBAND);
    /// No more will come from the peer.
    pub(crate) const READ_HANG_UP: Self = Self(bindings::SHIM_EPOLLRDHUP);
    /// Both directions are down.
    pub(crate) const HANG_UP: Self = Self(bindings::SHIM_EPOLLHUP);
    /// Urgent data can be read.
    pub(crate) const URGENT: Self = Self(bindings::SHIM_EPOLLPRI);
    /// An error is pending.
    pub(crate) const ERROR: Self = Self(bindings::SHIM_EPOLLERR);

    /// These events if `condition` holds, none otherwise.
    pub(crate) fn when(self, condition: bool) -> Self {
        if condition {
            self
        } else {
            Self::NONE
        }
    }

    pub(super) fn into_raw(self) -> u32 {
        self.0
    }
}

impl BitOr for Events {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Events {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
