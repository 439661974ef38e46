// SPDX-License-Identifier: GPL-2.0

//! Options that take part in sending and receiving, and what is counted for `SO_MEMINFO`.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    Sock,
    SocketOps, //
};
use crate::bindings;

impl<T: SocketOps> Sock<T> {
    /// Sets `SO_RCVLOWAT`: what was asked for, but not more than half of `SO_RCVBUF`, as TCP does
    /// (`tcp_set_rcvlowat()`). If that is less than before, it may be enough now, so readers are
    /// woken.
    pub(super) fn set_receive_low_water(&self, bytes: i32) {
        let old = self.receive_low_water();
        // SAFETY: The sock is valid.
        let most = unsafe { bindings::shim_sk_rcvbuf(self.as_raw()) } / 2;
        // SAFETY: As above; a plain store.
        unsafe { bindings::shim_sk_set_rcvlowat(self.as_raw(), bytes.min(most).max(1)) };
        if self.receive_low_water() < old {
            self.wake_readers();
        }
    }

    /// Where a read with `MSG_PEEK` starts, if not at the front: `SO_PEEK_OFF`.
    pub(crate) fn peek_offset(&self) -> Option<usize> {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_peek_off(self.as_raw()) }
            .try_into()
            .ok()
    }

    /// Moves the place where a read with `MSG_PEEK` starts, if there is one, to `offset`.
    pub(crate) fn set_peek_offset(&self, offset: usize) {
        if self.peek_offset().is_some() {
            let offset = i32::try_from(offset).unwrap_or(i32::MAX);
            // SAFETY: The sock is valid.
            unsafe { bindings::shim_sk_set_peek_off(self.as_raw(), offset) };
        }
    }

    /// Moves it with the data, of which `bytes` have been taken from the front.
    pub(crate) fn move_peek_offset(&self, bytes: usize) {
        if let Some(offset) = self.peek_offset() {
            self.set_peek_offset(offset.saturating_sub(bytes));
        }
    }

    /// Whether the socket takes part in the traffic of this machine with itself: it is bound to the
    /// loopback device, or to none (`SO_BINDTODEVICE`).
    pub(crate) fn is_on_loopback(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_on_loopback(self.as_raw()) }
    }

    /// Jiffies that the last close may take, if it is to wait: `SO_LINGER`.
    pub(super) fn raw_linger(&self) -> Option<isize> {
        // SAFETY: The sock is valid.
        let jiffies = unsafe { bindings::shim_sk_linger(self.as_raw()) };
        (jiffies >= 0).then_some(jiffies)
    }

    /// Counts `delta` more bytes, or fewer, as received and not read. For a type that queues no
    /// socket buffers, which count themselves.
    pub(crate) fn count_received(&self, delta: isize) {
        // Buffers are limited to `i32`.
        let delta = i32::try_from(delta).unwrap_or(0);
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_add_rmem(self.as_raw(), delta) };
    }

    /// Counts `delta` more bytes, or fewer, as sent and not read by the peer. For a type that
    /// queues no socket buffers.
    pub(crate) fn count_sent(&self, delta: isize) {
        // Buffers are limited to `i32`.
        let delta = i32::try_from(delta).unwrap_or(0);
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_add_wmem_queued(self.as_raw(), delta) };
    }
}
