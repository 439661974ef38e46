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
    Control,
    Credentials,
    Descriptors,
    Interest,
    IoPage,
    Marks,
    MessageFlags,
    RecvMessage,
    SendMessage,
    Sock,
    Socket,
    SocketOps,
    Timeout, //
};
use crate::bindings;

/// Bytes in a short message, at the most. Its buffer is one object of the allocator.
pub(crate) const SHORT: usize = 2048;

/// What has a receiver be told more than bytes and descriptors.
const TOLD: Interest = Interest::CREDENTIALS.with(Interest::MARKS_OR_STAMP);

/// What a message carries beside its bytes, whatever its type.
struct Carried {
    descriptors: Option<KBox<Descriptors>>,
    credentials: Credentials,
}

/// What lies in `skb->cb`.
#[repr(C)]
struct ControlBlock<M> {
    carried: Carried,
    metadata: M,
}

/// # Safety
///
/// `skb` must be valid.
unsafe fn control_block<T: SocketOps>(
    skb: NonNull<bindings::sk_buff>,
) -> *mut ControlBlock<T::Metadata> {
    const {
        // The last four bytes of `cb` are the core's, for SO_RXQ_OVFL (`struct sock_skb_cb`).
        assert!(core::mem::size_of::<ControlBlock<T::Metadata>>() <= 44);
        assert!(core::mem::align_of::<ControlBlock<T::Metadata>>() <= 8);
    }
    // SAFETY: As the caller promises.
    unsafe { (&raw mut (*skb.as_ptr()).cb).cast() }
}

/// Writes the control block of a new buffer, and sees to its end.
///
/// # Safety
///
/// `skb` must be valid and exclusively ours, with a `cb` that holds nothing to be released and
/// with no destructor but `sock_wfree()`.
unsafe fn initialise<T: SocketOps>(
    skb: NonNull<bindings::sk_buff>,
    carried: Carried,
    metadata: T::Metadata,
    destructor: unsafe extern "C" fn(*mut bindings::sk_buff),
) {
    // SAFETY: As the caller promises.
    unsafe {
        control_block::<T>(skb).write(ControlBlock { carried, metadata });
        bindings::shim_skb_set_destructor(skb.as_ptr(), Some(destructor));
    }
}

/// Releases what a buffer carries.
///
/// # Safety
///
/// `skb` is being freed, and its control block is initialised.
unsafe fn release_carried(skb: *mut bindings::sk_buff) {
    // SAFETY: As the caller promises; `carried` comes first in every control block.
    unsafe { core::ptr::drop_in_place((&raw mut (*skb).cb).cast::<Carried>()) };
}

/// The destructor of a buffer that is charged to nobody.
///
/// # Safety
///
/// Called by `skb_release_head_state()` and `skb_orphan()` in net/core, once, for a buffer whose
/// control block is initialised.
unsafe extern "C" fn free_uncharged(skb: *mut bindings::sk_buff) {
    // SAFETY: As promised.
    unsafe { release_carried(skb) };
}

/// The destructor of a buffer that is charged to its sender.
///
/// # Safety
///
/// As [`free_uncharged`].
unsafe extern "C" fn free_sent(skb: *mut bindings::sk_buff) {
    // SAFETY: As promised.
    unsafe {
        release_carried(skb);
        bindings::shim_skb_wfree(skb);
    }
}

/// The destructor of a buffer that is charged to its receiver.
///
/// # Safety
///
/// As [`free_uncharged`].
unsafe extern "C" fn free_queued(skb: *mut bindings::sk_buff) {
    // SAFETY: As promised.
    unsafe {
        release_carried(skb);
        bindings::shim_skb_rfree(skb);
    }
}

/// A message that is to be sent, `struct sk_buff` in C.
///
/// It is charged to the sender until it is queued on the receiver.
///
/// # Invariants
///
/// `raw` is valid and exclusively ours; its control block is initialised, and its destructor will
/// release that.
pub(crate) struct SkBuff<T: SocketOps> {
    raw: NonNull<bindings::sk_buff>,
    /// Whether the sender wants to know when it was sent.
    marks: Marks,
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

    pub(super) fn as_raw(&mut self) -> *mut bindings::sk_buff {
        self.raw.as_ptr()
    }

    fn block(&self) -> &ControlBlock<T::Metadata> {
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

    /// What a copy of the message carries: everything but descriptors.
    fn carried_by_copy(&self) -> Carried {
        Carried {
            descriptors: None,
            credentials: self.block().carried.credentials.clone(),
        }
    }

    /// Bytes that it takes up, with its overhead.
    pub(super) fn true_size(&self) -> usize {
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

    /// A second handle on the same message, without descriptors, that nobody may change any more,
    /// and that is charged to nobody. `None` if there is no memory. Does not sleep.
    pub(crate) fn share(&self) -> Option<Self> {
        // SAFETY: By the type invariant the buffer is valid.
        let clone = unsafe { bindings::skb_clone(self.raw.as_ptr(), bindings::GFP_ATOMIC) };
        let raw = NonNull::new(clone)?;
        let metadata = self.block().metadata;
        // SAFETY: The clone is ours. Its `cb` is a copy, which owns nothing, and it has no
        // destructor.
        unsafe { initialise::<T>(raw, self.carried_by_copy(), metadata, free_uncharged) };
        // INVARIANT: The clone is ours, and its control block has been initialised.
        Some(Self {
            raw,
            marks: Marks::none(),
            _type: PhantomData,
        })
    }

    /// A copy of the message, behind `header`, that shares the bytes with this one, but carries no
    /// descriptors. Does not sleep.
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
        // SAFETY: As for `share()`.
        unsafe { initialise::<R>(raw, self.carried_by_copy(), metadata, free_uncharged) };
        // INVARIANT: The buffer is new, and its control block has been initialised.
        Ok(SkBuff {
            raw,
            marks: Marks::none(),
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

    /// Runs the filter of `receiver` over the message, and shortens it as that says, unless it is
    /// to stay `whole`. `None` if the filter refuses it; that is counted. Does not sleep.
    pub(crate) fn filter<R: SocketOps>(self, receiver: &Sock<R>, whole: bool) -> Option<Self> {
        // SAFETY: Both are valid, and the buffer is ours, so that its length may change.
        let passes =
            unsafe { bindings::shim_skb_filter(receiver.as_raw(), self.raw.as_ptr(), whole) };
        passes.then_some(self)
    }

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
    pub(super) fn as_raw_sock(&self) -> *mut bindings::sock {
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
    pub(super) fn bytes_queued(&self) -> usize {
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
