// SPDX-License-Identifier: GPL-2.0

//! Queueing a message on its receiver.

use core::mem::ManuallyDrop;

use super::{
    super::{
        Sock,
        SocketOps, //
    },
    free_queued,
    SkBuff, //
};
use crate::bindings;

/// How the delivery of a message came out.
pub(crate) enum QueueOutcome<F> {
    /// It is queued.
    Queued,
    /// There is no room. If it is not lost, here it is again.
    Full(F),
    /// The receiver's filter does not want it.
    Filtered,
    /// The receiver takes no more messages.
    Closed,
}

impl<T: SocketOps> SkBuff<T> {
    /// Queues the message on its receiver, runs the receiver's filter and wakes it. Does not
    /// sleep.
    ///
    /// Unless it is `Queued`, the message is dropped, and counted, but for `Closed`.
    pub(crate) fn deliver(self, receiver: &Sock<T>) -> QueueOutcome<()> {
        match self.queue(receiver, Some(free_queued)) {
            QueueOutcome::Full(_lost) => {
                receiver.count_drop();
                QueueOutcome::Full(())
            }
            QueueOutcome::Queued => QueueOutcome::Queued,
            QueueOutcome::Filtered => QueueOutcome::Filtered,
            QueueOutcome::Closed => QueueOutcome::Closed,
        }
    }

    /// As [`deliver`](Self::deliver), but stays charged to the sender until it is received, and
    /// charged to the receiver as well. A receiver that is full gives the message back.
    pub(crate) fn deliver_reliably(self, receiver: &Sock<T>) -> QueueOutcome<Self> {
        self.queue(receiver, None)
    }

    fn queue(
        mut self,
        receiver: &Sock<T>,
        destructor: Option<unsafe extern "C" fn(*mut bindings::sk_buff)>,
    ) -> QueueOutcome<Self> {
        // SAFETY: Both are valid. If it was queued, the receiver owns the buffer. It is one with
        // the control block of the receiver's type, and so is all that is in its queue. The
        // destructor releases that, as the one that it replaces would.
        let queued = unsafe {
            bindings::shim_skb_queue(
                receiver.as_raw(),
                self.raw.as_ptr(),
                &raw mut self.marks.0,
                destructor,
            )
        };
        match queued {
            bindings::SHIM_RET_QUEUED => {
                let _ = ManuallyDrop::new(self);
                QueueOutcome::Queued
            }
            bindings::SHIM_RET_FULL => QueueOutcome::Full(self),
            bindings::SHIM_RET_FILTERED => QueueOutcome::Filtered,
            _ => QueueOutcome::Closed,
        }
    }
}
