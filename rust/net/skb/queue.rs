// SPDX-License-Identifier: GPL-2.0

//! The messages that are queued on a socket, and those that it has sent.

use super::super::{
    Sock,
    SocketOps, //
};
use crate::bindings;

impl<T: SocketOps> Sock<T> {
    /// Counts a message that was lost on its way to this socket.
    pub(crate) fn count_drop(&self) {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_count_drop(self.as_raw()) };
    }

    /// Frees all messages that are queued.
    pub(crate) fn purge(&self) {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_purge(self.as_raw()) };
    }

    /// Takes no more messages, and frees those that are queued.
    pub(crate) fn close_queue(&self) {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_close_queue(self.as_raw()) };
    }

    /// Whether a message is queued.
    pub(crate) fn has_skb(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { !bindings::shim_skb_queue_empty(self.as_raw()) }
    }

    /// Bytes in the first message that is queued, 0 if there is none.
    pub(crate) fn first_skb_len(&self) -> usize {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_skb_first_len(self.as_raw()) }
            .try_into()
            .unwrap_or(0)
    }

    /// Whether another message may be queued.
    pub(crate) fn has_receive_room(&self) -> bool {
        self.bytes_queued() < self.receive_buffer()
    }

    /// Whether there is so much room that waiting senders are worth waking. The error queue takes
    /// room too, and may keep it.
    pub(crate) fn has_ample_receive_room(&self) -> bool {
        self.bytes_queued() <= self.receive_buffer() / 2 || !self.has_skb()
    }

    /// Bytes that the messages queued here take up, with their overhead.
    pub(in crate::net) fn bytes_queued(&self) -> usize {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_rmem_alloc(self.as_raw()) }
            .try_into()
            .unwrap_or(0)
    }

    /// Bytes that messages of this sender take up, with their overhead.
    pub(crate) fn bytes_charged(&self) -> usize {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_wmem_alloc(self.as_raw()) }
            .try_into()
            .unwrap_or(0)
    }

    /// Whether there is room in the send buffer for another message.
    pub(crate) fn has_send_room(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_writeable(self.as_raw()) }
    }
}
