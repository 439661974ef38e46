// SPDX-License-Identifier: GPL-2.0

//! Messages that were received.

use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

use kernel::prelude::*;

use super::{
    super::{
        Interest,
        MessageFlags,
        RecvMessage,
        Socket,
        SocketOps,
        Timeout, //
    },
    control_block,
    ControlBlock, //
};
use crate::bindings;

/// What has a receiver be told more than bytes and descriptors.
const TOLD: Interest = Interest::CREDENTIALS.with(Interest::MARKS_OR_STAMP);

/// A message that was received, perhaps still queued (`MSG_PEEK`).
///
/// # Invariants
///
/// `raw` is valid and we own a reference on it; its control block is initialised, and nobody
/// changes that.
pub(crate) struct ReceivedSkb<'a, T: SocketOps> {
    raw: NonNull<bindings::sk_buff>,
    /// Where it was received, or still is.
    socket: Socket<'a, T>,
    /// Whether it is still queued there.
    peeked: bool,
    /// Where what is to be read starts: `SO_PEEK_OFF`.
    offset: usize,
}

impl<T: SocketOps> ReceivedSkb<'_, T> {
    /// Bytes in the message, from where it is to be read on.
    pub(crate) fn len(&self) -> usize {
        self.true_len().saturating_sub(self.offset)
    }

    /// Whether a peek starts in the middle of the message.
    pub(crate) fn is_tail(&self) -> bool {
        self.offset > 0
    }

    fn true_len(&self) -> usize {
        // SAFETY: By the type invariant the buffer is valid; its length does not change once it
        // was queued.
        unsafe { self.raw.as_ref().len as usize }
    }

    fn block(&self) -> &ControlBlock<T::Metadata> {
        // SAFETY: By the type invariant the buffer is valid, and its control block initialised and
        // constant.
        unsafe { &*control_block::<T>(self.raw) }
    }

    /// What the sender attached to it.
    pub(crate) fn metadata(&self) -> T::Metadata {
        self.block().metadata
    }

    /// Gives the first `len` bytes and what the user asked to know of the message to the caller of
    /// `recv(2)`. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`; the caller's memory may have been written to in part.
    pub(crate) fn copy_to(&self, message: &mut RecvMessage<'_, T>, len: usize) -> Result {
        let len = len.min(self.len());
        let offset = i32::try_from(self.offset)?;
        // SAFETY: The buffer holds `len` bytes from there on, and the message's iterator is a
        // destination.
        kernel::error::to_result(unsafe {
            bindings::shim_skb_copy_to(self.raw.as_ptr(), offset, message.as_raw(), len)
        })?;
        let (carried, interest) = (&self.block().carried, self.socket.interest());
        if interest.meets(TOLD) {
            // SAFETY: All three are valid.
            unsafe {
                bindings::shim_skb_recv_cmsgs(
                    self.socket.as_raw_sock(),
                    message.as_raw(),
                    self.raw.as_ptr(),
                )
            };
            message.put_credentials(self.socket, &carried.credentials);
        }
        if let Some(descriptors) = &carried.descriptors {
            message.put_descriptors(descriptors);
        }
        if !interest.contains(Interest::PEEK_OFFSET) {
            return Ok(());
        }
        if !self.peeked {
            self.socket.move_peek_offset(self.true_len());
        } else if let Some(offset) = self.socket.peek_offset() {
            self.socket.set_peek_offset(offset.saturating_add(len));
        }
        Ok(())
    }

    /// Puts the message back where it was, if it was taken out.
    pub(crate) fn put_back(self) {
        if self.peeked {
            return;
        }
        let skb = ManuallyDrop::new(self);
        // SAFETY: The buffer was taken from the queue of this socket, which is still open, and its
        // reference is handed back.
        unsafe { bindings::shim_skb_put_back(skb.socket.as_raw_sock(), skb.raw.as_ptr()) };
    }
}

impl<T: SocketOps> Drop for ReceivedSkb<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the reference is ours to give up.
        unsafe { bindings::consume_skb(self.raw.as_ptr()) };
    }
}

impl<'a, T: SocketOps> Socket<'a, T> {
    /// The next message. Sleeps for one as `SO_RCVTIMEO` and `flags` say. A pending error goes
    /// first.
    ///
    /// # Errors
    ///
    /// `EAGAIN`, `EINTR` or `ERESTARTSYS`, a pending error; `ENOTCONN` from the core if the type is
    /// `SOCK_STREAM` or `SOCK_SEQPACKET` and the socket not established. `Ok(None)` if
    /// receiving was shut down and nothing is left.
    pub(crate) fn receive_skb(&self, flags: MessageFlags) -> Result<Option<ReceivedSkb<'a, T>>> {
        let mut timeout = Timeout::receive(*self, flags.contains(MessageFlags::DONT_WAIT));
        if !self.has_skb() {
            timeout.spin(|| {
                (self.has_skb() || self.has_error() || self.is_receive_shut()).then_some(())
            });
        }
        let (mut offset, mut err) = (0, 0);
        // SAFETY: The socket is open, so it may be slept on.
        let skb = unsafe {
            bindings::shim_skb_recv(
                self.as_raw_sock(),
                flags.into_raw(),
                timeout.jiffies(),
                &mut offset,
                &mut err,
            )
        };
        match NonNull::new(skb) {
            // INVARIANT: The reference is ours. Only `queue()` queues, so the control block is
            // initialised.
            Some(raw) => Ok(Some(ReceivedSkb {
                raw,
                socket: *self,
                peeked: flags.contains(MessageFlags::PEEK),
                offset: usize::try_from(offset).unwrap_or(0),
            })),
            // A blocking call that finds the receiving side shut gets no error, a non-blocking
            // one EAGAIN.
            None if err == 0 || (err == EAGAIN.to_errno() && self.is_receive_shut()) => Ok(None),
            None => Err(Error::from_errno(err)),
        }
    }

    /// The `struct sock`, for functions that may sleep on it.
    pub(in crate::net) fn as_raw_sock(&self) -> *mut bindings::sock {
        self.sock().as_raw()
    }
}
