// SPDX-License-Identifier: GPL-2.0

//! The error queue of a socket: `MSG_ERRQUEUE` in recv(2).
//!
//! It tells when messages were sent (`SO_TIMESTAMPING`), and which buffers may be used again
//! (`MSG_ZEROCOPY`).
//!
//! C header: [`include/linux/errqueue.h`](srctree/include/linux/errqueue.h)

use core::ptr::NonNull;

use kernel::prelude::*;

use super::{
    errno::ENOBUFS,
    MessageFlags,
    RecvMessage,
    SendMessage,
    Sock,
    Socket,
    SocketOps, //
};
use crate::bindings;

impl<T: SocketOps> RecvMessage<'_, T> {
    /// Takes the first entry of the error queue. What it says comes as a control message of
    /// `level` and `kind`. Does not wait.
    ///
    /// # Errors
    ///
    /// `EAGAIN` if there is none, `EFAULT`.
    pub(crate) fn take_queued_error(
        &mut self,
        socket: Socket<'_, T>,
        level: i32,
        kind: i32,
    ) -> Result<usize> {
        // SAFETY: The socket is open and the message valid.
        let count = unsafe {
            bindings::shim_sk_recv_errqueue(socket.as_raw_sock(), self.as_raw(), level, kind)
        };
        kernel::error::to_result(count)?;
        Ok(usize::try_from(count)?)
    }
}

impl<T: SocketOps> Sock<T> {
    /// Whether an entry in the error queue counts as urgent too: `SO_SELECT_ERR_QUEUE`.
    pub(crate) fn is_queued_error_urgent(&self) -> bool {
        // SAFETY: The sock is valid.
        unsafe { bindings::shim_sk_select_err_queue(self.as_raw()) }
    }
}

/// A notice that the bytes of a call with `MSG_ZEROCOPY` may be used again. It says that they were
/// copied.
///
/// # Invariants
///
/// `raw` is valid and ours, and was made for `socket`.
pub(super) struct ZerocopyNotice<'a, T: SocketOps> {
    raw: NonNull<bindings::ubuf_info>,
    socket: Socket<'a, T>,
}

impl<'a, T: SocketOps> ZerocopyNotice<'a, T> {
    /// The notice that `message` asks for. Takes the socket lock.
    ///
    /// # Errors
    ///
    /// `ENOBUFS` if there is no room for it, or `RLIMIT_MEMLOCK` does not allow for so many bytes.
    pub(super) fn new(
        socket: Socket<'a, T>,
        message: &mut SendMessage<'_, T>,
    ) -> Result<Option<Self>> {
        if !message.flags().contains(MessageFlags::ZERO_COPY) {
            return Ok(None);
        }
        let len = message.remaining();
        if len == 0 || !socket.wants_zero_copy() {
            return Ok(None);
        }
        // SAFETY: The socket is open, and its lock is not held.
        let raw = unsafe { bindings::shim_zerocopy_begin(socket.as_raw_sock(), len) };
        // INVARIANT: The function hands it over.
        Ok(Some(Self {
            raw: NonNull::new(raw).ok_or(ENOBUFS)?,
            socket,
        }))
    }

    /// The bytes, or some of them, were sent. Takes the socket lock.
    pub(super) fn complete(self) {
        core::mem::ManuallyDrop::new(self).end(true);
    }

    /// Gives the notice up.
    fn end(&self, sent: bool) {
        // SAFETY: By the type invariant it is ours to give up, and the callers do so once. The
        // socket is open, and its lock is not held.
        unsafe {
            bindings::shim_zerocopy_end(self.socket.as_raw_sock(), self.raw.as_ptr(), sent);
        }
    }
}

impl<T: SocketOps> Drop for ZerocopyNotice<'_, T> {
    /// Nothing was sent, so there is nothing to be told.
    fn drop(&mut self) {
        self.end(false);
    }
}
