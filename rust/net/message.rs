// SPDX-License-Identifier: GPL-2.0

//! Messages that a call sends or receives: `struct msghdr`.
//!
//! C header: [`include/linux/socket.h`](srctree/include/linux/socket.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use kernel::{
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    prelude::*, //
};

use super::{
    address,
    family_number,
    Family,
    Sock,
    SocketAddress,
    SocketOps, //
};
use crate::bindings;

/// A set of `MSG_*` flags.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageFlags(i32);

impl MessageFlags {
    /// `MSG_OOB`: urgent data.
    pub(crate) const URGENT: Self = Self(bindings::SHIM_MSG_OOB);
    /// `MSG_PEEK`: leave the data where it is.
    pub(crate) const PEEK: Self = Self(bindings::SHIM_MSG_PEEK);
    /// `MSG_TRUNC`: in, tell the true length; out, the message was cut.
    pub(crate) const TRUNCATE: Self = Self(bindings::SHIM_MSG_TRUNC);
    /// `MSG_DONTWAIT`: this call does not block. Set for `O_NONBLOCK` too.
    pub(crate) const DONT_WAIT: Self = Self(bindings::SHIM_MSG_DONTWAIT);
    /// `MSG_WAITALL`: wait for all that was asked for.
    pub(crate) const WAIT_ALL: Self = Self(bindings::SHIM_MSG_WAITALL);
    /// `MSG_EOR`: the end of a record.
    pub(crate) const END_OF_RECORD: Self = Self(bindings::SHIM_MSG_EOR);
    /// `MSG_ERRQUEUE`: read the error queue.
    pub(crate) const ERROR_QUEUE: Self = Self(bindings::SHIM_MSG_ERRQUEUE);

    /// `MSG_ZEROCOPY`: say when the caller's memory may be used again.
    pub(crate) const ZERO_COPY: Self = Self(bindings::SHIM_MSG_ZEROCOPY);

    /// These and `other`.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of `flags` is among them.
    pub(crate) fn meets(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    /// Whether `flag` is among them.
    pub(crate) fn contains(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    pub(super) fn into_raw(self) -> i32 {
        self.0
    }
}

/// A message to be sent.
///
/// # Invariants
///
/// `raw` is valid and exclusively ours for `'a`, and its iterator is a source.
pub(crate) struct SendMessage<'a, T: SocketOps> {
    raw: NonNull<bindings::msghdr>,
    destination: Option<<T::Family as Family>::Address>,
    _for: PhantomData<&'a mut bindings::msghdr>,
}

impl<T: SocketOps> SendMessage<'_, T> {
    /// # Safety
    ///
    /// `raw` must be valid and used by nobody else while the value lives.
    pub(super) unsafe fn new(raw: *mut bindings::msghdr) -> Result<Self> {
        let raw = NonNull::new(raw).ok_or(EINVAL)?;
        // SAFETY: As the caller promises.
        let msg = unsafe { raw.as_ref() };
        if msg.msg_iter.data_source != (bindings::ITER_SOURCE != 0) {
            return Err(EINVAL);
        }

        let destination = if msg.msg_name.is_null() || msg.msg_namelen == 0 {
            None
        } else {
            // SAFETY: The caller has put `msg_namelen` bytes there, which are its own.
            let bytes = unsafe { address::bytes(msg.msg_name, msg.msg_namelen) }?;
            Some(SocketAddress::decode(bytes, family_number::<T::Family>())?)
        };
        // INVARIANT: By the contract of this function, and as checked above.
        Ok(Self {
            raw,
            destination,
            _for: PhantomData,
        })
    }

    /// Where the message is to go, if the call says so.
    pub(crate) fn destination(&self) -> Option<<T::Family as Family>::Address> {
        self.destination
    }

    /// The flags of the call.
    pub(crate) fn flags(&self) -> MessageFlags {
        // SAFETY: By the type invariant the message is valid.
        let flags = unsafe { self.raw.as_ref().msg_flags };
        // CAST: The bits are the same; the kernel itself uses either type.
        MessageFlags(flags as i32)
    }

    /// Whether the call may not block.
    pub(crate) fn is_nonblocking(&self) -> bool {
        self.flags().contains(MessageFlags::DONT_WAIT)
    }

    /// Whether there are control messages.
    pub(crate) fn has_control(&self) -> bool {
        // SAFETY: By the type invariant the message is valid.
        unsafe { self.raw.as_ref().msg_controllen != 0 }
    }

    /// Bytes that are still to be sent.
    pub(crate) fn remaining(&mut self) -> usize {
        self.source().len()
    }

    /// Takes the next `buf.len()` bytes. May sleep.
    ///
    /// # Errors
    ///
    /// `EINVAL` if there are not so many, `EFAULT`.
    pub(crate) fn take(&mut self, buf: &mut [u8]) -> Result {
        let source = self.source();
        if source.len() < buf.len() {
            return Err(EINVAL);
        }
        if source.copy_from_iter(buf) < buf.len() {
            return Err(EFAULT);
        }
        Ok(())
    }

    /// The bytes.
    pub(crate) fn source(&mut self) -> &mut IovIterSource<'_> {
        // SAFETY: By the type invariants the iterator is a valid source and exclusively ours, for
        // as long as `self` is borrowed. To say that it is a source spares the check of that.
        unsafe {
            let iter = &raw mut (*self.raw.as_ptr()).msg_iter;
            core::hint::assert_unchecked((*iter).data_source == (bindings::ITER_SOURCE != 0));
            IovIterSource::from_raw(iter)
        }
    }

    pub(super) fn as_raw(&mut self) -> *mut bindings::msghdr {
        self.raw.as_ptr()
    }

    /// The error of a stream that can't be written to. Raises `SIGPIPE` for `EPIPE` unless
    /// `MSG_NOSIGNAL` says not to; a pending error goes first: `sk_stream_error()`.
    pub(crate) fn stream_error(&self, sk: &Sock<T>, error: Error) -> Error {
        // SAFETY: The sock is valid; the function sends a signal to the current task at most.
        let error = unsafe {
            bindings::sk_stream_error(sk.as_raw(), self.flags().into_raw(), error.to_errno())
        };
        Error::from_errno(error)
    }
}

/// Room for a message to be received.
///
/// # Invariants
///
/// `raw` is valid and exclusively ours for `'a`, and its iterator is a destination.
pub(crate) struct RecvMessage<'a, T: SocketOps> {
    raw: NonNull<bindings::msghdr>,
    flags: MessageFlags,
    _for: PhantomData<(&'a mut bindings::msghdr, T)>,
}

impl<T: SocketOps> RecvMessage<'_, T> {
    /// # Safety
    ///
    /// `raw` must be valid and used by nobody else while the value lives.
    pub(super) unsafe fn new(raw: *mut bindings::msghdr, flags: i32) -> Result<Self> {
        let raw = NonNull::new(raw).ok_or(EINVAL)?;
        // SAFETY: As the caller promises.
        let msg = unsafe { raw.as_ref() };
        if msg.msg_iter.data_source != (bindings::ITER_DEST != 0) {
            return Err(EINVAL);
        }
        // INVARIANT: By the contract of this function, and as checked above.
        Ok(Self {
            raw,
            flags: MessageFlags(flags),
            _for: PhantomData,
        })
    }

    /// The flags of the call.
    pub(crate) fn flags(&self) -> MessageFlags {
        self.flags
    }

    /// Whether the call may not block.
    pub(crate) fn is_nonblocking(&self) -> bool {
        self.flags.contains(MessageFlags::DONT_WAIT)
    }

    /// Bytes that there is still room for.
    #[inline(always)]
    pub(crate) fn remaining(&mut self) -> usize {
        self.dest().len()
    }

    /// The room.
    pub(crate) fn dest(&mut self) -> &mut IovIterDest<'_> {
        // SAFETY: By the type invariants the iterator is a valid destination and exclusively
        // ours, for as long as `self` is borrowed. To say which it is spares the check of that.
        unsafe {
            let iter = &raw mut (*self.raw.as_ptr()).msg_iter;
            core::hint::assert_unchecked((*iter).data_source == (bindings::ITER_DEST != 0));
            IovIterDest::from_raw(iter)
        }
    }

    pub(super) fn as_raw(&mut self) -> *mut bindings::msghdr {
        self.raw.as_ptr()
    }

    /// Whether the caller wants to know how many bytes are left to be read: io_uring does, to go on
    /// without asking, and so does `SO_INQ`.
    pub(crate) fn wants_left(&self, sk: &Sock<T>) -> bool {
        // SAFETY: By the type invariant the message is valid.
        unsafe { self.raw.as_ref() }.msg_get_inq() || sk.wants_inq()
    }

    /// Tells the caller how many bytes are `left` to be read, if it wants to know. May sleep.
    pub(crate) fn tell_left(&mut self, sk: &Sock<T>, left: impl FnOnce() -> usize) {
        if !self.wants_left(sk) {
            return;
        }
        let is_told = sk.wants_inq();
        let left = i32::try_from(left()).unwrap_or(i32::MAX);
        // SAFETY: By the type invariant the message is valid and ours.
        unsafe {
            self.raw.as_mut().msg_inq = left;
            if is_told {
                bindings::shim_msg_put_inq(self.raw.as_ptr(), left);
            }
        }
    }

    /// Tells the caller in `msg_flags` what happened.
    pub(crate) fn report(&mut self, flag: MessageFlags) {
        // SAFETY: By the type invariant the message is valid and ours.
        unsafe { self.raw.as_mut().msg_flags |= flag.into_raw() as u32 };
    }

    /// Tells the caller in `msg_name` who sent the message, if it asked.
    pub(crate) fn set_source(&mut self, source: <T::Family as Family>::Address) {
        let bytes = source.encode(family_number::<T::Family>());
        let bytes = bytes.as_ref();
        // SAFETY: By the type invariant the message is valid and ours.
        let msg = unsafe { self.raw.as_mut() };
        if msg.msg_name.is_null() {
            return;
        }
        let len = bytes
            .len()
            .min(core::mem::size_of::<bindings::__kernel_sockaddr_storage>());
        // SAFETY: A caller that wants the name has room for a `struct sockaddr_storage`
        // (include/linux/net.h, at `recvmsg`).
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), msg.msg_name.cast(), len) };
        msg.msg_namelen = i32::try_from(len).unwrap_or(0);
    }
}
