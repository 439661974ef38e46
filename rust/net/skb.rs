// SPDX-License-Identifier: GPL-2.0

//! Messages in socket buffers.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ptr::NonNull, //
};

use kernel::prelude::*;

use super::{
    IoPage,
    MessageFlags,
    RecvMessage,
    SendMessage,
    Sock,
    Socket,
    SocketOps, //
};
use crate::bindings;

/// The metadata of a message, at the start of `skb->cb`.
///
/// # Safety
///
/// `skb` must be valid.
unsafe fn metadata_of<T: SocketOps>(skb: NonNull<bindings::sk_buff>) -> *mut T::Metadata {
    const {
        // The last four bytes of `cb` are the core's, for SO_RXQ_OVFL (`struct sock_skb_cb`).
        assert!(core::mem::size_of::<T::Metadata>() <= 44);
        assert!(core::mem::align_of::<T::Metadata>() <= 8);
    }
    // SAFETY: As the caller promises.
    unsafe { (&raw mut (*skb.as_ptr()).cb).cast() }
}

/// A message that is to be sent, `struct sk_buff` in C.
///
/// It is charged to the sender until it is queued on the receiver.
///
/// # Invariants
///
/// `raw` is valid and exclusively ours; its metadata is set.
pub(crate) struct SkBuff<T: SocketOps> {
    raw: NonNull<bindings::sk_buff>,
    _type: PhantomData<T>,
}

impl<T: SocketOps> SkBuff<T> {
    /// Takes a message from the caller of `send(2)`, on a socket of whatever type. Sleeps for room
    /// in the send buffer unless the call is non-blocking.
    ///
    /// # Errors
    ///
    /// `EAGAIN`, `EINTR` or `ERESTARTSYS` if there is no room, `EPIPE` if sending was shut down,
    /// `ENOBUFS`, `EFAULT`, or a pending error.
    pub(crate) fn from_message<S: SocketOps>(
        socket: Socket<'_, S>,
        message: &mut SendMessage<'_, S>,
        metadata: T::Metadata,
    ) -> Result<Self> {
        let len = message.remaining();
        let mut err = 0;
        // SAFETY: The socket is open, so it may be slept on.
        let skb = unsafe {
            bindings::shim_skb_alloc(
                socket.as_raw_sock(),
                len,
                message.is_nonblocking(),
                &mut err,
            )
        };
        let Some(raw) = NonNull::new(skb) else {
            return Err(Error::from_errno(err));
        };
        // SAFETY: The buffer is ours, and its `cb` is ours to use.
        unsafe { metadata_of::<T>(raw).write(metadata) };
        // INVARIANT: The buffer is new, and its metadata has been set.
        let skb = Self {
            raw,
            _type: PhantomData,
        };
        // SAFETY: The buffer has room for `len` bytes.
        kernel::error::to_result(unsafe {
            bindings::shim_skb_copy_from(raw.as_ptr(), message.as_raw(), len)
        })?;
        Ok(skb)
    }

    /// Bytes in the message.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the type invariant the buffer is valid and ours.
        unsafe { self.raw.as_ref().len as usize }
    }

    /// A second handle on the same message, which nobody may change any more, and which is charged
    /// to nobody. `None` if there is no memory. Does not sleep.
    pub(crate) fn share(&self) -> Option<Self> {
        // SAFETY: By the type invariant the buffer is valid.
        let clone = unsafe { bindings::skb_clone(self.raw.as_ptr(), bindings::GFP_ATOMIC) };
        // INVARIANT: The clone is ours, and its metadata was copied.
        Some(Self {
            raw: NonNull::new(clone)?,
            _type: PhantomData,
        })
    }

    /// A copy of the message, behind `header`, that shares the bytes with this one. Does not sleep.
    ///
    /// It is charged to nobody until it is delivered.
    pub(crate) fn copy_with_header<R: SocketOps>(
        &self,
        header: &[u8],
        metadata: R::Metadata,
    ) -> Result<SkBuff<R>> {
        // SAFETY: The buffer is valid, and `header` is valid for reads of its length.
        let copy = unsafe {
            bindings::shim_skb_copy_with_header(
                self.raw.as_ptr(),
                header.as_ptr().cast(),
                header.len(),
            )
        };
        let raw = NonNull::new(copy).ok_or(ENOMEM)?;
        // SAFETY: The copy is ours, with a `cb` of its own.
        unsafe { metadata_of::<R>(raw).write(metadata) };
        // INVARIANT: The buffer is new, and its metadata has been set.
        Ok(SkBuff {
            raw,
            _type: PhantomData,
        })
    }

    /// Copies `len` bytes of the message from `offset` to `page` at `to`. Returns how many lie in
    /// both.
    pub(crate) fn copy_to_page(
        &self,
        offset: usize,
        page: &IoPage,
        to: usize,
        len: usize,
    ) -> usize {
        // SAFETY: By the type invariant the buffer is valid.
        let left = (unsafe { self.raw.as_ref().len } as usize).saturating_sub(offset);
        page.fill_from_skb(self.raw, offset, to, len.min(left))
    }

    /// Queues the message on its receiver, runs the receiver's filter and wakes it. Does not
    /// sleep.
    ///
    /// # Errors
    ///
    /// The message is dropped, and counted as dropped where it did not fit (`ENOMEM`).
    pub(crate) fn deliver(self, receiver: &Sock<T>) -> Result {
        // SAFETY: Both are valid. On success the receiver owns the buffer. It is one with the
        // metadata of the receiver's type, and so is all that is in its queue.
        let ret = unsafe { bindings::shim_skb_queue_rcv(receiver.as_raw(), self.raw.as_ptr()) };
        kernel::error::to_result(ret)?;
        let _ = ManuallyDrop::new(self);
        Ok(())
    }

    /// As [`deliver`](Self::deliver), but stays charged to the sender until it is received, and
    /// charged to the receiver as well.
    pub(crate) fn deliver_reliably(self, receiver: &Sock<T>) -> ReliableDelivery<T> {
        // SAFETY: Both are valid. If it was queued, the receiver owns the buffer. It is one with
        // the metadata of the receiver's type.
        let queued =
            unsafe { bindings::shim_skb_queue_shared(receiver.as_raw(), self.raw.as_ptr()) };
        match queued {
            bindings::SHIM_RET_QUEUED => {
                let _ = ManuallyDrop::new(self);
                ReliableDelivery::Queued
            }
            bindings::SHIM_RET_FULL => ReliableDelivery::Full(self),
            bindings::SHIM_RET_FILTERED => ReliableDelivery::Filtered,
            _ => ReliableDelivery::Closed,
        }
    }
}

/// How [`SkBuff::deliver_reliably`] came out.
pub(crate) enum ReliableDelivery<T: SocketOps> {
    /// It is queued.
    Queued,
    /// There is no room; here it is again.
    Full(SkBuff<T>),
    /// The receiver's filter does not want it.
    Filtered,
    /// The receiver takes no more messages.
    Closed,
}

impl<T: SocketOps> Drop for SkBuff<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the buffer is ours.
        unsafe {
            bindings::sk_skb_reason_drop(
                core::ptr::null_mut(),
                self.raw.as_ptr(),
                bindings::skb_drop_reason_SKB_DROP_REASON_NOT_SPECIFIED,
            )
        };
    }
}

/// A message that was received, perhaps still queued (`MSG_PEEK`).
///
/// # Invariants
///
/// `raw` is valid and we own a reference on it; its metadata is set.
pub(crate) struct ReceivedSkb<'a, T: SocketOps> {
    raw: NonNull<bindings::sk_buff>,
    /// Where it was received, or still is.
    socket: Socket<'a, T>,
    /// Whether it is still queued there.
    peeked: bool,
}

impl<T: SocketOps> ReceivedSkb<'_, T> {
    /// Bytes in the message.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the type invariant the buffer is valid; its length does not change once it
        // was queued.
        unsafe { self.raw.as_ref().len as usize }
    }

    /// What the sender attached to it.
    pub(crate) fn metadata(&self) -> T::Metadata {
        // SAFETY: By the type invariant the metadata is set.
        unsafe { metadata_of::<T>(self.raw).read() }
    }

    /// Gives the first `len` bytes and what the user asked to know of the message to the caller of
    /// `recv(2)`. May sleep.
    ///
    /// # Errors
    ///
    /// `EFAULT`; the caller's memory may have been written to in part.
    pub(crate) fn copy_to(&self, message: &mut RecvMessage<'_, T>, len: usize) -> Result {
        let len = i32::try_from(len.min(self.len()))?;
        // SAFETY: The buffer holds `len` bytes, and the message's iterator is a destination.
        kernel::error::to_result(unsafe {
            bindings::skb_copy_datagram_iter(self.raw.as_ptr(), 0, message.dest().as_raw(), len)
        })?;
        // SAFETY: All three are valid.
        unsafe {
            bindings::shim_skb_recv_cmsgs(
                self.socket.as_raw_sock(),
                message.as_raw(),
                self.raw.as_ptr(),
            )
        };
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
        let mut err = 0;
        // SAFETY: The socket is open, so it may be slept on.
        let skb =
            unsafe { bindings::shim_skb_recv(self.as_raw_sock(), flags.into_raw(), &mut err) };
        match NonNull::new(skb) {
            // INVARIANT: The reference is ours. Only `deliver()` queues, so the metadata is set.
            Some(raw) => Ok(Some(ReceivedSkb {
                raw,
                socket: *self,
                peeked: flags.contains(MessageFlags::PEEK),
            })),
            // A blocking call that finds the receiving side shut gets no error, a non-blocking
            // one EAGAIN.
            None if err == 0 || (err == EAGAIN.to_errno() && self.is_receive_shut()) => Ok(None),
            None => Err(Error::from_errno(err)),
        }
    }

    /// The `struct sock`, for functions that may sleep on it.
    fn as_raw_sock(&self) -> *mut bindings::sock {
        self.sock().as_raw()
    }
}

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

    /// Whether there is so much room that waiting senders are worth waking.
    pub(crate) fn has_ample_receive_room(&self) -> bool {
        self.bytes_queued() <= self.receive_buffer() / 2
    }

    /// Bytes that the messages queued here take up, with their overhead.
    fn bytes_queued(&self) -> usize {
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
