// SPDX-License-Identifier: GPL-2.0

//! Messages that are to be sent.

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::prelude::*;

use super::{
    super::{
        Control,
        Credentials,
        IoPage,
        Marks,
        SendMessage,
        Sock,
        Socket,
        SocketOps, //
    },
    control_block,
    free_sent,
    free_uncharged,
    initialise,
    Carried,
    ControlBlock, //
};
use crate::bindings;

/// Bytes in a short message, at the most. Its buffer is one object of the allocator.
pub(crate) const SHORT: usize = 2048;

/// A message that is to be sent, `struct sk_buff` in C.
///
/// It is charged to the sender until it is queued on the receiver.
///
/// # Invariants
///
/// `raw` is valid and exclusively ours; its control block is initialised, and its destructor will
/// release that.
pub(crate) struct SkBuff<T: SocketOps> {
    pub(super) raw: NonNull<bindings::sk_buff>,
    /// Whether the sender wants to know when it was sent.
    pub(super) marks: Marks,
    pub(super) _type: PhantomData<T>,
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
        control: Option<Control>,
        metadata: T::Metadata,
    ) -> Result<Self> {
        Self::from_part(socket, message, usize::MAX, control, metadata)
    }

    /// As [`from_message`](Self::from_message), of at most `len` bytes.
    pub(crate) fn from_part<S: SocketOps>(
        socket: Socket<'_, S>,
        message: &mut SendMessage<'_, S>,
        len: usize,
        control: Option<Control>,
        metadata: T::Metadata,
    ) -> Result<Self> {
        let len = len.min(message.remaining());
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
        let (descriptors, credentials, marks) = match control {
            Some(control) => (control.descriptors, control.credentials, control.marks),
            None => (None, None, socket.marks()),
        };
        let carried = Carried {
            descriptors,
            credentials: credentials.unwrap_or(const { Credentials::unknown() }),
        };
        // SAFETY: The buffer is ours, and its `cb` is ours to use. The marks are valid.
        unsafe {
            initialise::<T>(raw, carried, metadata, free_sent);
            bindings::shim_skb_set_marks(raw.as_ptr(), &raw const marks.0);
        }
        // INVARIANT: The buffer is new, and its control block has been initialised.
        let skb = Self {
            raw,
            marks,
            _type: PhantomData,
        };
        // SAFETY: The buffer has room for `len` bytes.
        kernel::error::to_result(unsafe {
            bindings::shim_skb_copy_from(raw.as_ptr(), message.as_raw(), len)
        })?;
        Ok(skb)
    }

    /// A message of at most [`SHORT`] bytes, without control messages, of a socket that is not to
    /// be told when it was sent. Takes few instructions. It is charged to the sender if it is to be
    /// `charged`, and until it is queued to nobody if not. `None` if a call can't send now:
    /// [`from_message`](Self::from_message) waits, or says why. May sleep.
    ///
    /// # Errors
    ///
    /// `ENOBUFS`, `EFAULT`
    pub(crate) fn from_short_message<S: SocketOps>(
        socket: Socket<'_, S>,
        message: &mut SendMessage<'_, S>,
        charged: bool,
        metadata: T::Metadata,
    ) -> Result<Option<Self>> {
        let len = message.remaining().min(SHORT);
        let mut err = 0;
        // SAFETY: The socket is open, and the message valid, with `len` bytes to be sent.
        let skb = unsafe {
            bindings::shim_skb_from_short(
                socket.as_raw_sock(),
                message.as_raw(),
                len,
                charged,
                &mut err,
            )
        };
        let Some(raw) = NonNull::new(skb) else {
            return kernel::error::to_result(err).map(|()| None);
        };
        let carried = Carried {
            descriptors: None,
            credentials: const { Credentials::unknown() },
        };
        let destructor = if charged { free_sent } else { free_uncharged };
        // SAFETY: The buffer is ours, and its `cb` is ours to use.
        unsafe { initialise::<T>(raw, carried, metadata, destructor) };
        // INVARIANT: The buffer is new, and its control block has been initialised.
        Ok(Some(Self {
            raw,
            marks: Marks::none(),
            _type: PhantomData,
        }))
    }

    /// Bytes in the message.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: By the type invariant the buffer is valid and ours.
        unsafe { self.raw.as_ref().len as usize }
    }

    pub(in crate::net) fn as_raw(&mut self) -> *mut bindings::sk_buff {
        self.raw.as_ptr()
    }

    pub(super) fn block(&self) -> &ControlBlock<T::Metadata> {
        // SAFETY: By the type invariant the buffer is valid and its control block initialised.
        unsafe { &*control_block::<T>(self.raw) }
    }

    fn block_mut(&mut self) -> &mut ControlBlock<T::Metadata> {
        // SAFETY: As above, and the buffer is exclusively ours.
        unsafe { &mut *control_block::<T>(self.raw) }
    }

    /// Whether it carries descriptors.
    pub(crate) fn has_descriptors(&self) -> bool {
        self.block().carried.descriptors.is_some()
    }

    /// Says that the calling task has sent it, unless somebody is named already.
    pub(crate) fn identify(&mut self) {
        let carried = &mut self.block_mut().carried;
        if carried.credentials.are_unknown() {
            carried.credentials = Credentials::current();
        }
    }

    /// Bytes that it takes up, with its overhead.
    pub(in crate::net) fn true_size(&self) -> usize {
        // SAFETY: By the type invariant the buffer is valid and ours.
        unsafe { self.raw.as_ref().truesize as usize }
    }

    /// Charges the message, which is charged to its sender, to nobody any more. One that stays with
    /// its sender would else keep that from being writable.
    pub(crate) fn uncharge(&mut self) {
        // SAFETY: By the type invariant the buffer is ours. The new destructor does the rest of
        // what the old one would have.
        unsafe { bindings::shim_skb_uncharge(self.raw.as_ptr(), Some(free_uncharged)) };
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

    /// Runs the filter of `receiver` over the message, and shortens it as that says, unless it is
    /// to stay `whole`. `None` if the filter refuses it; that is counted. Does not sleep.
    pub(crate) fn filter<R: SocketOps>(self, receiver: &Sock<R>, whole: bool) -> Option<Self> {
        // SAFETY: Both are valid, and the buffer is ours, so that its length may change.
        let passes =
            unsafe { bindings::shim_skb_filter(receiver.as_raw(), self.raw.as_ptr(), whole) };
        passes.then_some(self)
    }
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
